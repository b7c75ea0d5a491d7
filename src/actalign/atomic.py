"""Files that are written whole or not at all: a temporary name beside them, then a rename.

Does not lock: of two writers of one path, the one that ends last wins.
"""

from __future__ import annotations

import glob
import io
import os
import re
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from actalign.errors import ActAlignError, UsageError

if TYPE_CHECKING:
    from typing_extensions import Buffer


@contextmanager
def writing(path: str | Path) -> Iterator[BinaryIO]:
    """A binary file that takes the name ``path`` when the block ends without an error.

    The folder is made. The bytes are forced to disk before the rename, so that a power cut leaves
    the old file or the new one. After an error, Ctrl-C included, the old file stands as it was and
    the temporary one is gone; only a killed process leaves its temporary file, whose name starts
    with a dot and ends in `.tmp`, so that nothing reads it as ``path``.

    Raises:
        ActAlignError: the file can't be written (disk full, no permission, a folder is in the way).
        UsageError: the path is an address, such as s3://bucket/file.
    """
    path = Path(path)
    if re.match(r"[a-z][a-z0-9+]+:/", str(path)):  # pathlib has made one slash of two
        address = str(path).replace(":/", "://", 1)
        raise UsageError(
            f"{address} is an address, where only embeddings can be kept; name a file or folder "
            "on this machine."
        )
    with suppress(OSError, ValueError):
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            # The rename would put a file in the place of a device: /dev/null, for one.
            raise ActAlignError(f"{path} is a device or a pipe; name a file to write.")
    # A name of its own for every try: two processes may write the same path at the same time.
    temporary = path.with_name(_temporary_name(path, uuid.uuid4().hex[:8]))
    with _told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        raw = _File(temporary, path)
    try:
        with io.BufferedWriter(raw) as file:
            yield file
            file.flush()
            with _told(path):
                os.fsync(file.fileno())
        with _told(path):
            temporary.replace(path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


class _File(io.FileIO):
    """Says which file it was that the disk refused: the block may use other files as well."""

    def __init__(self, temporary: Path, path: Path) -> None:
        super().__init__(temporary, "wb")
        self._path = path

    def write(self, data: Buffer) -> int:
        with _told(self._path):
            return super().write(data)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ActAlignError(
            f"{path} can't be written: {error.strerror or error}; free space or choose another "
            "place."
        ) from error


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write ``data`` to ``path``, whole or not at all; raises ActAlignError as ``writing`` does."""
    with writing(path) as file:
        file.write(data)


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` as UTF-8, whole or not at all; raises ActAlignError as ``writing`` does."""
    write_bytes(path, text.encode())


def remove_left(path: str | Path) -> None:
    """Remove what killed processes left of ``path``; nobody may be writing it."""
    path = Path(path)
    with suppress(OSError):
        for left in path.parent.glob(_temporary_name(Path(glob.escape(path.name)), "*")):
            left.unlink(missing_ok=True)


def _temporary_name(path: Path, word: str) -> str:
    return f".{path.name}.{word}.tmp"
