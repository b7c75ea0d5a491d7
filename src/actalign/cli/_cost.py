"""What a run costs, said before most of it is done, where that is long: minutes, not seconds."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from actalign.cli._frames_left import FramesLeft
from actalign.errors import counted

if TYPE_CHECKING:
    from pathlib import Path

    from actalign.clips import ClipResult, Sampling, Store
    from actalign.clips._parquet import AnyStore
    from actalign.encoders import Encoder
    from actalign.types import Float64

LONG_SECONDS = 60.0
"""A shorter run is not worth a line."""
WARM_SECONDS = 4.0
"""How long the encoder works before its speed is measured: code is still compiled, and threads and
memory are new."""
MEASURED_SECONDS = 3.0
"""How long its speed is measured."""
FEWER_FPS = 4.0
"""Frames a second that are proposed where more are encoded."""
FASTEST_GFLOPS = 1_000_000.0
"""No device multiplies faster; what is soon done even so is not measured for."""


def with_cost(embed: Callable[..., Generator[ClipResult]], *, quiet: bool) -> Callable[..., Any]:
    """`embed_videos` that says what the run will cost and what would be faster, once it is known.

    Nothing is said under ``quiet`` or of a run of less than LONG_SECONDS. ``on_frames`` also gets
    how many frames are left in all, or None while that is not known.
    """
    if quiet:
        return embed
    told: list[str] = []

    def telling(
        encoder: Encoder,
        videos: dict[str, Path],
        *,
        sampling: Sampling,
        store: AnyStore | None = None,
        others: Store | None = None,
        on_frames: Callable[[str, int, float | None], None] | None = None,
        **more: Any,
    ) -> Iterator[ClipResult]:
        told_before = bool(told)

        def say(sentence: str) -> None:
            if not told_before:
                told.append(sentence)
                _say(sentence)

        cost = Cost(encoder, videos, sampling, say, (store, others))

        def frames(clip_id: str, count: int) -> None:
            cost.frames(clip_id, count)
            if on_frames:
                on_frames(clip_id, count, cost.work.left)

        results = embed(
            encoder,
            videos,
            sampling=sampling,
            store=store,
            others=others,
            on_open=cost.opened,
            on_frames=frames,
            **more,
        )
        try:
            for result in results:
                if result.last:
                    cost.work.done(cached=result.cached)
                yield result
                cost.used()
        finally:
            results.close()
            cost.work.close()

    return telling


def _say(sentence: str) -> None:
    from actalign.cli._show import console_of

    console_of(stderr=True).print(sentence)


class Cost:
    """Estimates a run from its videos' lengths, and says it with ``say``, two lines at most.

    stores: have what need not be encoded. work: the frames that are left.
    """

    def __init__(
        self,
        encoder: Encoder,
        videos: Mapping[str, Path],
        sampling: Sampling,
        say: Callable[[str], None],
        stores: Sequence[AnyStore | None] = (),
    ) -> None:
        from actalign.clips import Store
        from actalign.clips._stored import seem_stored

        self._stores_parts = bool(stores) and isinstance(stores[0], Store)
        self._keeps_parts = False  # of a clip that is open
        self._kept_frames = 0
        self._info = encoder.info
        self._device = str(getattr(encoder, "device", "cpu"))
        self._sampling = sampling
        self._say = say
        self._sizes: list[tuple[int, float]] = []
        self._begun: float | None = None
        self._encoded = 0
        self._measured = self._named = self._used = False
        self._lock = threading.Lock()

        def stored(videos: Mapping[str, Path]) -> Iterator[str]:
            return chain.from_iterable(
                seem_stored(store, videos, encoder.info, sampling) for store in stores
            )

        self.work = FramesLeft(videos, sampling, stored, self._known)

    def opened(self, clip_id: str, pts_seconds: Float64, kept: int | None) -> None:
        """A clip's frames at these times are about to be encoded; kept: see `embed_videos`."""
        with self._lock:
            self._keeps_parts |= kept is not None and self._stores_parts
            self._kept_frames += kept or 0
            self._sizes.append((len(pts_seconds), float(pts_seconds[-1] - pts_seconds[0])))
        self.work.opened(clip_id, pts_seconds)

    def _known(self) -> None:
        """All lengths are known; says the least that all will take."""
        least = self._least_seconds()
        with self._lock:
            if least is not None and least > LONG_SECONDS and not self._named:
                self._name(f"at least {_duration(least)}")

    def frames(self, clip_id: str, count: int) -> None:
        """So many more frames of a clip are encoded; says what all will take, once."""
        self.work.encoded(clip_id, count)
        with self._lock:
            now = time.monotonic()
            if self._begun is None:
                self._begun = now + WARM_SECONDS  # the first frames wait for what has to be loaded
                return
            if now < self._begun:
                return
            self._encoded += count
            left = self.work.left
            if self._measured or left is None:
                return
            seconds = now - self._begun
            if seconds < MEASURED_SECONDS:
                return
            self._measured = True
            seconds_left = seconds / self._encoded * left
            if seconds_left <= LONG_SECONDS:
                return
            told = f"{_speed(self._encoded / seconds)}, about {_duration(seconds_left)} left"
            if self._named:
                self._say(f"Measured: {told}.")
            else:
                self._name(told)

    def used(self) -> None:
        """A clip is scored; code is compiled for the first, so the speed is measured after it."""
        with self._lock:
            if not self._used and self._begun is not None:
                self._begun, self._encoded = max(self._begun, time.monotonic()), 0
            self._used = True

    def _name(self, how_long: str) -> None:
        self._named = True
        clips, total, kept = self.work.clips, self.work.total, self._kept_frames
        each = ""
        if clips and total is not None:
            each = f" of about {round((total + kept) / clips)} frames"
            each += f", {kept} frames kept from before" if kept else ""
        self._say(
            f"{self._info.model_id} on {self._device}: {counted(clips, 'clip')}{each}, "
            f"{how_long}. {self._faster()}"
        )

    def _faster(self) -> str:
        """What would take less time."""
        ways = []
        frames, seconds = (sum(column) for column in zip(*self._sizes, strict=True))
        fewer = seconds * FEWER_FPS
        if self._sampling.fps != FEWER_FPS and 0 < 1.5 * fewer < frames:
            ways.append(f"--fps {FEWER_FPS:g} ({frames / fewer:.0f} times as fast)")
        small = _smaller(self._info.model_id, self._info.gflop_per_row)
        ways += [small] if small else []
        if self._device == "cpu" and self._info.gflop_per_row is not None:
            ways.append("a GPU")
        faster = f"Faster: {', '.join(ways)}. " if ways else ""
        return f"{faster}{self._kept()}".rstrip()

    def _kept(self) -> str:
        """What is kept before the end, if anything is: clips, or parts of a long one."""
        from actalign.clips._parts import PART_FRAMES

        if self.work.clips > 1:
            return "Ctrl-C keeps what is done."
        return f"Ctrl-C keeps parts of about {PART_FRAMES:,} frames." if self._keeps_parts else ""

    def _least_seconds(self) -> float | None:
        """What the arithmetic alone takes here; None where that is not known."""
        from actalign.encoders._catalogue import device_speed

        gflop, total = self._info.gflop_per_row, self.work.total
        if gflop is None or total is None:
            return None
        work = gflop * total / self._info.frames_between_rows
        if work / FASTEST_GFLOPS < LONG_SECONDS:
            return None
        device, speed = device_speed()
        return work / speed if device == self._device else None


def _smaller(model: str, gflop: float | None) -> str | None:
    """A model of the same kind that takes much less work, with how much."""
    from actalign.encoders._catalogue import MODELS, SMALL_MODEL

    known = {one.name: one.gflop_per_row for one in MODELS}
    small = known.get(SMALL_MODEL)
    if gflop is None or small is None or gflop < 3 * small or model == SMALL_MODEL:
        return None
    return f"--model {SMALL_MODEL} ({gflop / small:.0f} times as fast)"


def _speed(frames_per_second: float) -> str:
    if frames_per_second < 1:
        return f"{1 / frames_per_second:.1f} s per frame"
    return f"{frames_per_second:.1f} frames/s"


def _duration(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    return f"{minutes} min" if minutes < 90 else f"{minutes / 60:.1f} h"
