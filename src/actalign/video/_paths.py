"""What a clip's path leads to: a file, or a folder and its images; and why it can't be read."""

from __future__ import annotations

import re
import stat
from pathlib import Path

from actalign.addresses import address_in
from actalign.errors import VideoError, reason_of

IMAGE_SUFFIXES = frozenset((".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"))
IMAGE_FOLDER_FPS = 25.0
"""Frame rate assumed for the images of a folder."""


def is_folder(path: Path) -> bool:
    """Whether ``path`` is a folder; raises VideoError unless it is a file or a folder."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from error
    if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        raise VideoError(f"{path} is neither a file nor a folder.")
    return stat.S_ISDIR(mode)


def no_file(address: str) -> str:
    """The error message when an address is given instead of a video file."""
    return (
        f"{address} is an address, but videos are read from files: fetch it and give the file, "
        "or watch it with `actalign live`."
    )


def unreadable(path: Path, error: OSError | ValueError) -> VideoError:
    """The error for a file or folder that can't be opened."""
    if isinstance(error, FileNotFoundError):
        if address := address_in(path):
            return VideoError(no_file(address))
        return VideoError(f"There is no file {'' if path.suffix else 'or folder '}{path}.")
    reason = reason_of(error)
    return VideoError(f"{path} can't be read: {reason}.")


def images_in(folder: Path) -> list[Path]:
    """The folder's images, without hidden files, sorted by name, with 2 before 10."""
    images = [p for p in folder.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES]
    return sorted((p for p in images if p.name[0] != "."), key=_natural)


def _natural(path: Path) -> tuple[list[tuple[int, str]], str]:
    """A sort key: numbers in the name compare by value, the rest as text."""
    parts = re.split(r"(\d+)", path.name)
    return [(int(p), "") if i % 2 else (0, p) for i, p in enumerate(parts)], path.name
