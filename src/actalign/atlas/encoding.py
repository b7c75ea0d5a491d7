"""A data set's clips and questions to embeddings, resumable: nothing is encoded twice.

While a command runs, what is done lies in a hidden folder beside the output; a finished output's
rows are taken again by a later run where clip, sampling and encoder are the same.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from actalign import ahead
from actalign._types import ClipEmbedding, Float32, FrameBatch
from actalign.atlas.align import ASSUMED_FPS
from actalign.atlas.dataset import Dataset, Entry
from actalign.atlas.embeddings import (
    TEXT_FORMAT,
    VIDEO_FORMAT,
    Block,
    Cell,
    EncoderNote,
    Row,
    read_embeddings,
    write_embeddings,
)
from actalign.atlas.texts import Question, TextStore
from actalign.encoder import Encoder, encode_frames, revision_of
from actalign.errors import ActAlignError, UsageError, VideoError
from actalign.pipeline import Embedded, Sampling, embed_video, embed_videos
from actalign.store import Store
from actalign.subactions import step_texts
from actalign.video import content_hash

Tell = Callable[[str], None]


def encode_dataset(
    encoder: Encoder, dataset: Dataset, output: Path, *, fps: float | None, tell: Tell
) -> list[Row]:
    """Embed every usable clip and write ``output``; returns the index's rows.

    fps: frames a second, None for all. A clip that can't be decoded is a failed row with no
    embedding. ``tell`` gets a line a clip that is encoded or fails.
    """
    note = EncoderNote.of(encoder)
    done = _finished(output)
    work = Store(_work_folder(output))
    keys: dict[str, str] = {}
    for entry in dataset.usable:
        with suppress(VideoError):  # said below, where it is encoded
            keys[entry.id] = clip_key(dataset, entry, encoder.fingerprint, fps)
    wanted = [entry for entry in dataset.usable if keys.get(entry.id) not in done]
    if dataset.folder is None:
        coming = _embed_arrays(encoder, dataset, wanted, keys, work, fps)
    else:
        files = {entry.id: dataset.clip_path(entry) for entry in wanted}
        coming = embed_videos(encoder, files, sampling=Sampling(fps), store=work)
    rows: list[Row] = []
    cells: list[Cell] = []
    for entry in dataset.usable:
        key = keys.get(entry.id)
        if key in done:
            pts, frames = done[key]
        else:
            result = next(coming)
            if result.clip is None:
                tell(f"{entry.id}: {result.error}")
                rows.append(Row(entry.id, "failed", "not encoded", str(result.error)))
                cells.append(None)
                continue
            pts, frames = result.clip.pts_seconds.tolist(), result.clip.embeddings
            if not result.cached:
                tell(f"{entry.id}: {len(frames)} frames encoded")
        rows.append(Row(entry.id, pts_seconds=pts, key=key))
        cells.append(np.ascontiguousarray(frames, np.float32))
    missing = [Row(e.id, "failed", e.kind, e.reason) for e in dataset.failed]
    write_embeddings(output, VIDEO_FORMAT, note, rows, cells, missing=missing)
    shutil.rmtree(work.folder, ignore_errors=True)
    return rows


def encode_questions(
    encoder: Encoder, questions: list[Question], output: Path, *, template: str | None, tell: Tell
) -> list[Row]:
    """Embed every candidate's steps and write ``output``; a candidate without a script is None."""
    note = EncoderNote.of(encoder)
    chosen = template or encoder.defaults.step_template
    work = _work_folder(output)
    store = TextStore(work, encoder.fingerprint)
    rows: list[Row] = []
    cells: list[Cell] = []
    for question in questions:
        lists = [step_texts(s, chosen) for s in question.scripts if s is not None]
        found = iter(store.encode(encoder, lists)) if lists else iter(())
        blocks: list[Block] = [None if s is None else next(found) for s in question.scripts]
        for option, why in question.missing.items():
            tell(f"{question.id}: {option!r} {why}")
        rows.append(Row(question.id, digest=question.digest))
        cells.append(blocks)
    write_embeddings(output, TEXT_FORMAT, note, rows, cells, extra={"template": chosen})
    shutil.rmtree(work, ignore_errors=True)
    return rows


def _work_folder(output: Path) -> Path:
    return output.with_name(f".{output.name}.work")


def _finished(output: Path) -> dict[str, tuple[list[float], Float32]]:
    """Rows of an output that an earlier run finished, by key; none where it can't be read."""
    with suppress(ActAlignError):
        known = read_embeddings(output, VIDEO_FORMAT) if output.exists() else None
        if known is not None and known.rows is not None:
            return {
                row.key: (row.pts_seconds, cell)
                for row, cell in zip(known.rows, known.cells, strict=True)
                if row.key and row.pts_seconds is not None and isinstance(cell, np.ndarray)
            }
    return {}


def clip_key(dataset: Dataset, entry: Entry, fingerprint: str, fps: float | None) -> str:
    """A hash of what an entry's embeddings depend on: pixels, encoder and sampling."""
    if dataset.folder is None:
        frames = dataset.frames.get(entry.id)
        if frames is None:
            raise UsageError(f"The data set has no frames (column 10) for sample {entry.id!r}.")
        data = np.ascontiguousarray(frames)
        content = hashlib.sha256(repr((data.shape, str(data.dtype))).encode() + data.tobytes())
        digest = content.hexdigest()
    else:
        digest = content_hash(dataset.clip_path(entry))
    return ahead.clip_key(digest, fingerprint, Sampling(fps))


def embed_entry(
    encoder: Encoder, dataset: Dataset, entry: Entry, fps: float | None
) -> ClipEmbedding:
    """Embed one entry's clip, or its frames from an original's file; raises VideoError."""
    if dataset.folder is None:
        return _embed_array(encoder, dataset, entry, fps)
    path = dataset.clip_path(entry)
    return embed_video(encoder, path, clip_id=entry.id, sampling=Sampling(fps))


def _embed_arrays(
    encoder: Encoder,
    dataset: Dataset,
    entries: Sequence[Entry],
    keys: dict[str, str],
    store: Store,
    fps: float | None,
) -> Iterator[Embedded]:
    """`embed_videos` for entries that are frames in an original's file."""
    for entry in entries:
        clip, error = store.get(entry.id, keys[entry.id]), None
        cached = clip is not None
        try:
            if clip is None:
                clip = _embed_array(encoder, dataset, entry, fps)
                store.put(clip, keys[entry.id])
        except VideoError as failure:
            error = failure
        yield Embedded(entry.id, Path(), clip=clip, error=error, cached=cached)


def _embed_array(
    encoder: Encoder, dataset: Dataset, entry: Entry, fps: float | None
) -> ClipEmbedding:
    """Embed the original's (T, 3, H, W) frames, which have no times: 30 a second are assumed."""
    array = dataset.frames[entry.id]
    if array.ndim != 4 or array.shape[1] != 3 or len(array) == 0:
        raise VideoError(
            f"The frames of sample {entry.id!r} are an array of shape {array.shape}, not "
            "(T, 3, H, W)."
        )
    times = np.arange(len(array)) / ASSUMED_FPS
    if fps is not None:
        wanted = np.arange(times[0], times[-1] + 1e-9, 1 / fps)
        kept = np.unique(np.searchsorted(times, wanted - 1e-9))
        array, times = array[kept], times[kept]

    def batches() -> Iterator[FrameBatch]:
        for start in range(0, len(array), 16):
            pictures = array[start : start + 16].transpose(0, 2, 3, 1).astype(np.uint8)
            yield FrameBatch(np.ascontiguousarray(pictures), times[start : start + 16])

    rows = [np.asarray(block, np.float32) for block in encode_frames(encoder, batches())]
    return ClipEmbedding(
        clip_id=entry.id,
        embeddings=np.concatenate(rows),
        pts_seconds=times,
        end_seconds=float(times[-1] + 1 / ASSUMED_FPS),
        model_id=encoder.model_id,
        fingerprint=encoder.fingerprint,
        provenance=revision_of(encoder),
    )
