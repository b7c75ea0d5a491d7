"""A data set's clips and questions to embeddings, resumable: nothing is encoded twice.

While a command runs, what is done is kept in a hidden folder beside the output; a finished output's
rows are used again by a later run if clip, sampling and encoder are the same.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path

import numpy as np

from actalign.clips import Sampling, Store
from actalign.encoders import Encoder
from actalign.encoders._text_cache import TextCache
from actalign.errors import ActAlignError, ArrayError
from actalign.evaluation._embed import ASSUMED_FPS, Clip, Embedder, clip_keys
from actalign.evaluation._questions import Question
from actalign.evaluation.atlas._dataset import Dataset, Entry
from actalign.evaluation.atlas._embeddings import (
    TEXT_FORMAT,
    VIDEO_FORMAT,
    Block,
    Cell,
    IndexRow,
    read_embeddings,
    write_embeddings,
)
from actalign.scripts._templates import step_texts
from actalign.types import ClipEmbedding, FrameBatch

Tell = Callable[[str], None]


def encode_dataset(
    encoder: Encoder, dataset: Dataset, output: Path, *, fps: float | None, tell: Tell
) -> list[IndexRow]:
    """Embed every usable clip and write ``output``; returns the index's rows.

    fps: frames per second, None for all. A clip that can't be decoded is a failed row with no
    embedding. ``tell`` gets one line for each clip that is encoded or fails.
    """
    info, sampling = encoder.info, Sampling(fps)
    work = Store(_work_folder(output))
    clips = [Clip(entry.id, _video(dataset, entry)) for entry in dataset.usable]
    keys = clip_keys(clips, info.fingerprint, sampling)
    _keep_finished(output, keys, work)
    rows: list[IndexRow] = []
    cells: list[Cell] = []
    with closing(Embedder(work, sampling, lambda: encoder).embed_clips(clips, keys)) as results:
        for result in results:
            name, found = result.clip_id, result.clip
            if found is None:
                tell(f"{name}: {result.error}")
                rows.append(IndexRow(name, "failed", "not encoded", str(result.error)))
                cells.append(None)
                continue
            if not result.cached:
                tell(f"{name}: {len(found.embeddings)} frames encoded")
            rows.append(IndexRow(name, pts_seconds=found.pts_seconds.tolist(), key=keys.get(name)))
            cells.append(np.ascontiguousarray(found.embeddings, np.float32))
    missing = [IndexRow(e.id, "failed", e.kind, e.reason) for e in dataset.entries if not e.ok]
    write_embeddings(output, VIDEO_FORMAT, info, rows, cells, missing=missing)
    shutil.rmtree(work.folder, ignore_errors=True)
    return rows


def _video(dataset: Dataset, entry: Entry) -> Path | FrameBatch | None:
    """The clip's file, or the original's (T, 3, H, W) frames, which have no times."""
    if dataset.folder is not None:
        return dataset.clip_path(entry)
    array = dataset.frames.get(entry.id)
    if array is None or array.ndim != 4 or array.shape[1] != 3:
        return None
    frames = array.transpose(0, 2, 3, 1).astype(np.uint8, copy=False)
    return FrameBatch(frames, np.arange(len(array)) / ASSUMED_FPS)


def encode_questions(
    encoder: Encoder,
    questions: Sequence[Question],
    output: Path,
    *,
    template: str | None,
    tell: Tell,
) -> list[IndexRow]:
    """Embed every candidate's steps and write ``output``; a candidate without a script is None."""
    info = encoder.info
    chosen = template or info.step_template
    work = _work_folder(output)
    cache = TextCache(info, lambda: encoder, path=work / "texts.sqlite")
    rows: list[IndexRow] = []
    cells: list[Cell] = []
    for question in questions:
        scripts = {script.label: script for script in question.given_scripts}
        texts = [
            step_texts(scripts[choice], chosen) if choice in scripts else []
            for choice in question.choices
        ]
        blocks: list[Block] = [None] * len(texts)
        if any(texts):
            embedded = cache.encode([text for steps in texts for text in steps])
            ends = np.cumsum([len(steps) for steps in texts])
            parts = np.split(embedded, ends[:-1])
            blocks = [part if len(part) else None for part in parts]
        for choice in question.without_script:
            tell(f"{question.id}: {choice!r} has no script")
        rows.append(IndexRow(question.id, digest=question.digest))
        cells.append(blocks)
    write_embeddings(output, TEXT_FORMAT, info, rows, cells, extra={"template": chosen})
    shutil.rmtree(work, ignore_errors=True)
    return rows


def _work_folder(output: Path) -> Path:
    return output.with_name(f".{output.name}.work")


def _keep_finished(output: Path, keys: Mapping[str, str], work: Store) -> None:
    """Copy the rows that an earlier run finished to the work folder, if they are still valid.

    ``output`` is overwritten, and a kill in the middle of that must not lose them. Rows that can't
    be read count as not finished.
    """
    try:
        known = read_embeddings(output, VIDEO_FORMAT) if output.exists() else None
    except ActAlignError:
        return
    if known is None or known.rows is None or known.encoder is None:
        return
    model = known.encoder
    done = {row.key: (row, cell) for row, cell in zip(known.rows, known.cells, strict=True)}
    for name, key in keys.items():
        if key not in done or work.path(name, key).exists():
            continue
        row, cell = done[key]
        with suppress(ArrayError, ValueError, IndexError):  # times of other frames
            times = known.times(row)
            if times is not None and isinstance(cell, np.ndarray):
                end = float(times[-1])
                clip = ClipEmbedding(name, cell, times, end, model.model_id, model.fingerprint)
                work.put(clip, key)
