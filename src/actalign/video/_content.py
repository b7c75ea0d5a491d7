"""A hash of a clip's files, and a check that they are still the same after decoding."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from actalign.errors import VideoError
from actalign.video._containers import open_container, video_stream
from actalign.video._paths import images_in, is_folder, unreadable

BLOCK_BYTES = 4 << 20
OPENED_BYTES = 256 << 20
"""A larger file is opened before it is hashed, as it may be gigabytes that are not a video."""


@dataclass(frozen=True, slots=True)
class Content:
    """digest: SHA-256 (hexadecimal) of a file's bytes or of a folder's image names and bytes.

    stamp: the file system's numbers, sizes and times, which change when a file is written or
    replaced by another.
    """

    digest: str
    stamp: str


def content_of(path: str | Path, *, on_read: Callable[[], None] = lambda: None) -> Content:
    """Read a clip's file, or a folder's images.

    on_read: called repeatedly while bytes arrive. Raises VideoError for a file that can't be read,
    changes while it is read, or is large and not a video.
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
    """Raise VideoError if the files at the path are no longer those that were read."""
    path = Path(path)
    try:
        files = images_in(path) if is_folder(path) else [path]
        same = _hashed(*(_stamp(file.stat()) for file in files)) == content.stamp
    except OSError:
        same = False
    if not same:
        raise _changed(path)


def _file(path: Path, on_read: Callable[[], None]) -> tuple[str, str]:
    """The digest and the stamp of a file."""
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
