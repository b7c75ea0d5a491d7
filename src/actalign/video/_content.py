"""What a clip's files hold, as one hash, and whether they are still the same once it is decoded."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from actalign.errors import VideoError
from actalign.video._readers import images_in, is_folder, open_container, unreadable, video_stream

BLOCK_BYTES = 4 << 20
OPENED_BYTES = 256 << 20
"""A larger file is opened before it is hashed: it may be gigabytes of no video."""


@dataclass(frozen=True, slots=True)
class Content:
    """digest: SHA-256 (hexadecimal) of a file's bytes; of a folder, of its images' names and bytes.

    stamp: what changes when a file is written or another one takes its name: the file system's
    numbers, sizes and times.
    """

    digest: str
    stamp: str


def content_of(path: str | Path, *, on_read: Callable[[], None] = lambda: None) -> Content:
    """Read a clip's file, or a folder's images.

    on_read: called again and again while bytes come. Raises VideoError for what can't be read, is
    written meanwhile, or is large and no video.
    """
    path = Path(path)
    try:
        if not is_folder(path):
            if path.stat().st_size > OPENED_BYTES:
                with open_container(path) as container:
                    video_stream(container, str(path))
            digest, stamp = _file(path, on_read)
            return Content(digest, _hashed(stamp))
        names, digests = hashlib.sha256(), []
        for image in images_in(path):
            digest, stamp = _file(image, on_read)
            names.update(os.fsencode(image.name) + b"\0" + digest.encode())
            digests.append(stamp)
        return Content(names.hexdigest(), _hashed(*digests))
    except OSError as error:
        raise unreadable(path, error) from error


def check_unchanged(path: str | Path, content: Content) -> None:
    """Raise VideoError unless the path still leads to the files that were read."""
    path = Path(path)
    try:
        files = images_in(path) if is_folder(path) else [path]
        same = _hashed(*(_stamp(file.stat()) for file in files)) == content.stamp
    except OSError:
        same = False
    if not same:
        raise _changed(path)


def _file(path: Path, on_read: Callable[[], None]) -> tuple[str, str]:
    """The digest of a file, and its stamp."""
    digest = hashlib.sha256()
    block = memoryview(bytearray(BLOCK_BYTES))
    with path.open("rb", buffering=0) as file:
        before = _stamp(os.fstat(file.fileno()))
        while size := file.readinto(block):
            digest.update(block[:size])
            on_read()
        if _stamp(os.fstat(file.fileno())) != before:
            raise _changed(path)
    return digest.hexdigest(), before


def _stamp(found: os.stat_result) -> str:
    return f"{found.st_dev} {found.st_ino} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"


def _hashed(*stamps: str) -> str:
    return hashlib.sha256("\n".join(stamps).encode()).hexdigest()


def _changed(path: Path) -> VideoError:
    return VideoError(f"{path} changed while it was read; run again once it is written.")
