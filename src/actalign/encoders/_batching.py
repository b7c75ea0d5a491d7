"""Runs frames of many clips through one image tower: full batches, copies during computation.

Blocks of frames go in and blocks of embeddings come out in the same order, but the tower always
sees full batches, whichever blocks they come from. The same code runs on every device; only what
hides the copies on CUDA (pinned memory, a second stream) is used there alone. It knows nothing
about clips, checkpoints or models.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import torch

from actalign.types import Float32, UInt8

Inputs = dict[str, torch.Tensor]

_cuda: Any = torch.cuda  # not typed throughout

UPLOAD_BYTES = 64 * 1024 * 1024
"""Maximum bytes of frames copied to the device and resized at once, so that large ones fit."""

RUNNING = 2
"""Batches queued on a CUDA device before waiting for their embeddings. With two, it has work for a
third of a second if a decoder falls behind."""


class TowerStream:
    """A tower with its input pipeline.

    prepare: turns (n, H, W, 3) uint8 frames on the device into the tower's arguments, n rows in
    each. tower: turns those arguments into (n, dim) embeddings. batch_size: rows in a full batch.
    """

    def __init__(
        self,
        *,
        prepare: Callable[[torch.Tensor], Inputs],
        tower: Callable[..., torch.Tensor],
        dim: int,
        device: torch.device,
        batch_size: int,
    ) -> None:
        self.dim = dim
        self.batch_size = batch_size
        self._prepare = prepare
        self._tower = tower
        self._device = device
        self._copies = _cuda.Stream(device) if device.type == "cuda" else None

    def encode(self, blocks: Iterable[UInt8]) -> Iterator[Float32]:
        """Yield one (n, dim) float32 block for each block of (n, H, W, 3) uint8 frames, in order.

        Takes further blocks before it yields the first one: RUNNING + 2 batches of frames on CUDA,
        where one is copied while others are computed; otherwise one.
        """
        lengths: deque[int] = deque()
        finished: list[Float32] = []
        running: deque[tuple[torch.Tensor, Any]] = deque()

        def blocks_out() -> Iterator[Float32]:
            rows = np.concatenate(finished) if finished else np.empty((0, self.dim), np.float32)
            while lengths and lengths[0] <= len(rows):
                count = lengths.popleft()
                yield rows[:count].copy()
                rows = rows[count:]
            finished[:] = [rows]

        for batch in _full_batches(self._uploads(blocks, lengths), self.batch_size):
            running.append(self._start(batch))
            while len(running) > (RUNNING if self._copies else 0):
                finished.append(_wait(*running.popleft()))
            yield from blocks_out()
        finished.extend(_wait(*batch) for batch in running)
        yield from blocks_out()

    def _uploads(self, blocks: Iterable[UInt8], lengths: deque[int]) -> Iterator[Inputs]:
        for block in blocks:
            lengths.append(len(block))
            fitting = max(1, UPLOAD_BYTES // max(1, block[:1].nbytes))
            for start in range(0, len(block), fitting):
                yield self._upload(block[start : start + fitting])

    @torch.inference_mode()
    def _upload(self, frames: UInt8) -> Inputs:
        # The copy makes views and read-only arrays usable too. Torch reuses pinned blocks once the
        # device has read them, so there is no need to keep buffers here.
        host = torch.empty(frames.shape, dtype=torch.uint8, pin_memory=self._copies is not None)
        host.numpy()[:] = frames
        if self._copies is None:
            return self._prepare(host.to(self._device))
        with _cuda.stream(self._copies):
            there = host.to(self._device, non_blocking=True)
        computing = _cuda.current_stream(self._device)
        computing.wait_stream(self._copies)
        there.record_stream(computing)
        return self._prepare(there)

    @torch.inference_mode()
    def _start(self, parts: list[Inputs]) -> tuple[torch.Tensor, Any]:
        """Request a batch's embeddings: float32 on the host, complete after the event."""
        inputs = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
        rows = self._tower(**inputs).float()
        if self._copies is None:
            return rows.cpu(), None
        there = rows.to("cpu", non_blocking=True)
        event = _cuda.Event()
        event.record(_cuda.current_stream(self._device))
        return there, event


def _full_batches(uploads: Iterable[Inputs], batch_size: int) -> Iterator[list[Inputs]]:
    """Parts that add up to batch_size rows; fewer at the end and before arguments change shape."""
    parts: list[Inputs] = []
    held = 0
    for inputs in uploads:
        if parts and _shapes(inputs) != _shapes(parts[0]):
            yield parts
            parts, held = [], 0
        while held + _rows(inputs) >= batch_size:
            take = batch_size - held
            yield [*parts, {name: value[:take] for name, value in inputs.items()}]
            parts, held = [], 0
            inputs = {name: value[take:] for name, value in inputs.items()}
        if _rows(inputs):
            parts.append(inputs)
            held += _rows(inputs)
    if parts:
        yield parts


def _rows(inputs: Inputs) -> int:
    return len(next(iter(inputs.values())))


def _shapes(inputs: Inputs) -> list[torch.Size]:
    return [value.shape[1:] for value in inputs.values()]


def _wait(rows: torch.Tensor, event: Any) -> Float32:
    if event is not None:
        event.synchronize()
    result: Float32 = rows.numpy()
    return result
