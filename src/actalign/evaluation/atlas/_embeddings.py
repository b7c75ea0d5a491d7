"""Frame and text embeddings of a whole data set, in the reference's `.npy` layout or a folder.

`.npy`: an object array, one row per sample. What that layout can't hold (ids, encoder, times,
reasons) is in `<name>.npy.json` beside it. A row is None for a video that failed or a candidate
without a script, so no later row moves. A folder holds the same `index.json` and one safetensors
file per row. Files of the original scripts have no index: their rows are matched by position.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from actalign.documents import parse_json, read_text
from actalign.encoder_info import EncoderInfo
from actalign.encoders import Encoder
from actalign.errors import EncoderError, UsageError, reason_of
from actalign.evaluation.atlas._npy import load_objects, object_column, save_objects
from actalign.files import file_sha256, write_bytes, write_text
from actalign.types import Float32, Float64

VIDEO_FORMAT = "actalign-video-embeddings-1"
TEXT_FORMAT = "actalign-text-embeddings-1"
NOT_ENCODED = ("not encoded", "no embedding")

Block = Float32 | None
Cell = Float32 | list[Block] | None


@dataclass(frozen=True, slots=True)
class IndexRow:
    """What the index says about one sample.

    status: "ok" or "failed", with kind and reason. pts_seconds: time of each frame (videos).
    key: of the clip's bytes, the sampling and the encoder (videos). digest: of the options and
    steps that were encoded (texts).
    """

    id: str
    status: str = "ok"
    kind: str = ""
    reason: str = ""
    pts_seconds: list[float] | None = None
    key: str | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class EmbeddingFile:
    """A file of embeddings, read.

    rows: the index's rows, or None for a file of the original scripts. cells: one per row: (T, D)
    frames, or a list with (K, D) or None for each candidate; None for a failed row. missing:
    samples of the data set that have no clip and so no row.
    """

    path: Path
    encoder: EncoderInfo | None
    rows: tuple[IndexRow, ...] | None
    cells: tuple[Cell, ...]
    missing: tuple[IndexRow, ...] = ()

    def by_id(self, ids: Sequence[str]) -> dict[str, tuple[IndexRow, Cell]]:
        """Rows and cells by sample id.

        Without an index the rows are those of ``ids``, in order; raises UsageError unless there are
        as many.
        """
        if self.rows is not None:
            return {r.id: (r, c) for r, c in zip(self.rows, self.cells, strict=True)}
        if len(ids) != len(self.cells):
            raise UsageError(
                f"{self.path} has {len(self.cells)} rows without ids for {len(ids)} samples, so "
                "they can't be matched; encode again, which writes the ids beside the file."
            )
        return {
            i: (IndexRow(i) if cell is not None else IndexRow(i, "failed", *NOT_ENCODED), cell)
            for i, cell in zip(ids, self.cells, strict=True)
        }

    def times(self, row: IndexRow) -> Float64 | None:
        """(T,) seconds of a video's frames, if the file has them."""
        return None if row.pts_seconds is None else np.asarray(row.pts_seconds, np.float64)


def write_embeddings(
    path: Path,
    kind: str,
    encoder: EncoderInfo,
    rows: Sequence[IndexRow],
    cells: Sequence[Cell],
    *,
    missing: Sequence[IndexRow] = (),
    extra: dict[str, Any] | None = None,
) -> None:
    """Write an `.npy` with its index, or a folder; ``kind`` is VIDEO_FORMAT or TEXT_FORMAT."""
    index: dict[str, Any] = {
        "format": kind,
        "encoder": encoder.to_json(),
        **(extra or {}),
        "rows": [asdict(row) for row in rows],
        "missing": [asdict(row) for row in missing],
    }
    if path.suffix == ".npy":
        save_objects(path, object_column(cells))
        index["sha256"] = file_sha256(path)
        target = path.with_name(path.name + ".json")
    else:
        target = path / "index.json"
        # If this is interrupted, an older index must not vouch for a mix of old and new rows.
        target.unlink(missing_ok=True)
        for number, cell in enumerate(cells):
            if cell is not None:
                _save_cell(path / f"{number:06d}.safetensors", cell)
    write_text(target, json.dumps(index) + "\n")


def read_embeddings(path: Path, kind: str) -> EmbeddingFile:
    """Read an `.npy` with or without an index, or a folder.

    Raises UsageError for a missing or damaged file, one of the other kind, or an index that
    belongs to another file.
    """
    folder = path.is_dir()
    target = path / "index.json" if folder else path.with_name(path.name + ".json")
    if not folder and not target.exists():
        cells = tuple(_cell(one, kind, path) for one in load_objects(path))
        return EmbeddingFile(path, None, None, cells)
    try:
        index = parse_json(read_text(target))
        if index["format"] != kind:
            raise UsageError(f"{path} holds {index['format']}, but {kind} is needed here.")
        info = EncoderInfo.from_json(index["encoder"])
        rows = tuple(IndexRow(**row) for row in index["rows"])
        missing = tuple(IndexRow(**row) for row in index["missing"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"The index {target} can't be read ({reason_of(error)}); encode again."
        ) from None
    if folder:
        cells = tuple(
            _load_cell(path / f"{n:06d}.safetensors", kind) if row.status == "ok" else None
            for n, row in enumerate(rows)
        )
    else:
        if not path.is_file():
            raise UsageError(f"The file {path} is missing, only its index is there; encode again.")
        if file_sha256(path) != index.get("sha256"):
            raise UsageError(
                f"{path} is not the file that {target.name} describes; encode again, or delete "
                f"{target.name} to read the rows by position."
            )
        cells = tuple(_cell(one, kind, path) for one in load_objects(path))
    if len(cells) != len(rows):
        raise UsageError(f"{path} has {len(cells)} rows, its index {len(rows)}; encode again.")
    return EmbeddingFile(path, info, rows, cells, missing)


def check_same_encoder(*files: EmbeddingFile, encoder: Encoder | None = None) -> None:
    """Raise EncoderError, naming both, if two of these come from different encoders."""
    known = [(str(f.path), f.encoder.model_id, f.encoder.fingerprint) for f in files if f.encoder]
    if encoder is not None:
        known.append(("--model", encoder.info.model_id, encoder.info.fingerprint))
    for (name, model, fingerprint), (other, other_model, other_fingerprint) in pairwise(known):
        if fingerprint != other_fingerprint:
            raise EncoderError(
                f"{name} comes from the encoder {model} ({fingerprint}), but {other} from "
                f"{other_model} ({other_fingerprint}); use one encoder for both."
            )


def _cell(value: Any, kind: str, path: Path) -> Cell:
    """One row of an `.npy`; a row of equal-shaped arrays may have lost its list."""
    try:
        if value is None:
            return None
        if kind == VIDEO_FORMAT:
            return _matrix(value)
        return [None if one is None else _matrix(one) for one in value]
    except (TypeError, ValueError) as error:
        raise UsageError(f"{path} holds a row that is not an embedding ({error}).") from None


def _matrix(value: Any) -> Float32:
    array = np.asarray(value).astype(np.float32)
    if array.ndim != 2 or 0 in array.shape:
        raise ValueError(f"an array of shape {array.shape}")
    return array


def _save_cell(path: Path, cell: Cell) -> None:
    blocks = cell if isinstance(cell, list) else [cell]
    tensors = {f"{n:03d}": np.ascontiguousarray(b) for n, b in enumerate(blocks) if b is not None}
    write_bytes(path, save(tensors, metadata={"blocks": str(len(blocks))}))


def _load_cell(path: Path, kind: str) -> Cell:
    try:
        with safe_open(path, framework="numpy") as file:
            count = int((file.metadata() or {})["blocks"])
            held = set(file.keys())
            names = [f"{n:03d}" for n in range(count)]
            blocks = [np.asarray(file.get_tensor(n)) if n in held else None for n in names]
    except (OSError, SafetensorError, KeyError, ValueError) as error:
        raise UsageError(f"{path} can't be read ({reason_of(error)}); encode again.") from None
    return blocks[0] if kind == VIDEO_FORMAT else list(blocks)
