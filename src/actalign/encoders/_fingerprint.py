"""The files of an encoder: that they are in one folder, and a hash of their contents."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from actalign.errors import EncoderError
from actalign.files import file_sha256


def inside(folder: Path, name: str, *, by: Path) -> Path:
    """The file in a model's folder that another of its files names; raises EncoderError."""
    place = PurePosixPath(name)
    if place.is_absolute() or ".." in place.parts or "\\" in name or ":" in name or "\0" in name:
        raise EncoderError(
            f"{by} names the file {name!r}, which is outside its folder; a model is read from one "
            "folder only."
        )
    if not (folder / place).is_file():
        raise EncoderError(f"{by} names the file {name!r}, which is missing; fetch it again.")
    return folder / place


def fingerprint_files(files: Iterable[Path]) -> str:
    """Hash the names and contents of an encoder's files, wherever they are, to 16 hex digits.

    In a hub cache, a large file is a link to a blob named after its own SHA-256, so it isn't read
    again.
    """
    total = hashlib.sha256()
    for file in sorted(files, key=lambda file: file.name):
        blob = file.resolve()
        if blob.parent.name == "blobs" and len(blob.name) == 64:
            digest = blob.name
        else:
            digest = file_sha256(file)
        total.update(f"{file.name}\0{digest}\n".encode())
    return total.hexdigest()[:16]
