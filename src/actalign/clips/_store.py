"""A folder of clip embeddings, one safetensors file per clip; the cache of every command.

An entry is named after the clip and a hash of what its content depends on: the video's bytes, the
sampling, the segment and the encoder. Entries are written to a temporary name and renamed, have a
checksum, and are never unpickled, so a reader sees a complete entry or none.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actalign.background import is_background
from actalign.errors import ActAlignError, UsageError, reason_of
from actalign.files import file_stem, write_bytes
from actalign.types import ClipEmbedding

FORMAT = "actalign-clip-embedding-1"
_KEY = re.compile(r"[A-Za-z0-9_-]*")  # empty: an evaluation's of a video that is gone
_KEYED = re.compile(r"\.[0-9a-f]{16}\.(safetensors|parquet)$")


def entry_key(settings: Mapping[str, object]) -> str:
    """A 16-digit hexadecimal hash of the settings an embedding depends on."""
    canonical = json.dumps(dict(settings), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def entry_name(clip_id: str, key: str) -> str:
    """A file name for an entry, without suffix: readable, safe, and different for each clip.

    Raises UsageError for a key that could lead out of the store's folder.
    """
    if not _KEY.fullmatch(key):
        raise UsageError(f"The key is {key!r}; give letters, digits, _ and - only.")
    return f"{file_stem(clip_id)}.{key}"


class Store:
    """Clip embeddings by (clip id, key) in one folder; any number of threads may use it."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)

    def path(self, clip_id: str, key: str) -> Path:
        """Where the entry is or would be."""
        return self.folder / f"{entry_name(clip_id, key)}.safetensors"

    def get(
        self, clip_id: str, key: str, *, damaged: list[str] | None = None
    ) -> ClipEmbedding | None:
        """The entry, or None if there is none or it is damaged.

        damaged: a sentence is appended for a damaged entry.
        """
        path = self.path(clip_id, key)
        if not path.exists():
            return None
        try:
            found = read_entry(path)
        except ActAlignError as error:
            if damaged is not None:
                damaged.append(f"{error} It is made again.")
            return None
        return replace(found, clip_id=clip_id)

    def put(self, clip: ClipEmbedding, key: str) -> Path:
        """Write the entry, all or nothing, and return its path."""
        path = self.path(clip.clip_id, key)
        write_entry(clip, path)
        return path

    def __iter__(self) -> Iterator[Path]:
        """The paths of the entries, sorted by name; a background may be among them."""
        for path in sorted(self.folder.glob("*.safetensors")):
            if has_key(path.name) or not is_background(path):
                yield path


def has_key(name: str) -> bool:
    """Whether a file has the kind of name that a store, or one at an address, gives its entries."""
    return _KEYED.search(name) is not None


def write_entry(clip: ClipEmbedding, path: str | Path) -> None:
    """Write one clip's embeddings as safetensors: embeddings (T, D), pts_seconds (T,)."""
    from safetensors.numpy import save

    path = Path(path)
    arrays: dict[str, NDArray[Any]] = {
        "embeddings": np.ascontiguousarray(clip.embeddings),
        "pts_seconds": np.ascontiguousarray(clip.pts_seconds),
    }
    text = header_text(clip)
    metadata = {"format": FORMAT, "clip": text, "checksum": checksum(arrays, text)}
    write_bytes(path, save(arrays, metadata=metadata))


def read_entry(path: str | Path) -> ClipEmbedding:
    """Read one entry; raises ActAlignError if it is missing, damaged, or not one of ours."""
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    try:
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise ActAlignError(f"{path} is not a clip embedding written by actalign.")
            arrays = {name: file.get_tensor(name) for name in ("embeddings", "pts_seconds")}
        return clip_of(metadata["clip"], arrays, metadata.get("checksum"), str(path))
    except (OSError, SafetensorError, KeyError, ValueError, UsageError) as error:
        raise ActAlignError(
            f"The store's entry {path} can't be read: {reason_of(error)}."
        ) from error


def entry_source(path: Path) -> dict[str, str]:
    """What an entry's embeddings are of, without reading them; empty if that can't be read."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            source = json.loads(file.metadata()["clip"])["provenance"]
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RecursionError):
        return {}
    named = source.items() if isinstance(source, dict) else ()
    return {name: value for name, value in named if isinstance(value, str)}


def header_text(clip: ClipEmbedding) -> str:
    """The contents of an entry other than its arrays, as JSON."""
    header = {
        "clip_id": clip.clip_id,
        "end_seconds": clip.end_seconds,
        "model_id": clip.model_id,
        "fingerprint": clip.fingerprint,
        "provenance": clip.provenance,
        "warnings": list(clip.warnings),
    }
    return json.dumps(header, sort_keys=True)


def clip_of(
    header: str, arrays: Mapping[str, NDArray[Any]], written: str | None, where: str
) -> ClipEmbedding:
    """The clip of `header_text` and its arrays; raises KeyError or ValueError for a bad header.

    written: the entry's checksum; raises ActAlignError, which names ``where``, if it differs.
    """
    if written != checksum(arrays, header):
        raise ActAlignError(f"The store's entry {where} is damaged: its checksum differs.")
    try:
        fields = json.loads(header)
        _check_content(arrays, fields)
    except (TypeError, RecursionError) as error:
        raise ValueError(str(error)) from error
    return ClipEmbedding(
        clip_id=fields["clip_id"],
        embeddings=arrays["embeddings"],
        pts_seconds=arrays["pts_seconds"],
        end_seconds=fields["end_seconds"],
        model_id=fields["model_id"],
        fingerprint=fields["fingerprint"],
        provenance=fields["provenance"],
        warnings=tuple(fields["warnings"]),
    )


def _check_content(arrays: Mapping[str, NDArray[Any]], header: Mapping[str, Any]) -> None:
    """Raise ValueError or KeyError for what `write_entry` never writes, whatever the checksum."""
    for name, kind in (("embeddings", np.float32), ("pts_seconds", np.float64)):
        if arrays[name].dtype != kind or not np.isfinite(arrays[name]).all():
            raise ValueError(f"{name} are not all finite {np.dtype(kind).name}")
    for name in ("clip_id", "model_id", "fingerprint"):
        if not isinstance(header[name], str):
            raise ValueError(f"its {name} is {header[name]!r}")
    end = header["end_seconds"]
    if not isinstance(end, int | float) or not math.isfinite(end):
        raise ValueError(f"its end_seconds is {end!r}")
    notes, source = header["warnings"], header["provenance"]
    whole = isinstance(source, dict) and isinstance(notes, list)
    if not whole or not all(isinstance(text, str) for text in (*source.values(), *notes)):
        raise ValueError("its provenance or warnings are not strings")


def checksum(arrays: Mapping[str, NDArray[Any]], text: str) -> str:
    """SHA-256 (hexadecimal) of an entry's header and arrays."""
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        digest.update(name.encode() + str(arrays[name].shape).encode())
        digest.update(arrays[name].tobytes())
    return digest.hexdigest()
