"""Expands what a user names into the paths of videos: files, folders and lists."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from actalign.addresses import address_in
from actalign.arguments import check_listed
from actalign.documents import read_list
from actalign.errors import UsageError, counted, reason_of
from actalign.video._paths import images_in, no_file

VIDEO_SUFFIXES = frozenset((
    ".264", ".265", ".3g2", ".3gp", ".amv", ".asf", ".avi", ".divx", ".dv", ".f4v", ".flv", ".gif",
    ".h264", ".h265", ".hevc", ".ivf", ".m2t", ".m2ts", ".m2v", ".m4v", ".mj2", ".mjpeg", ".mjpg",
    ".mkv", ".mov", ".mp4", ".mpe", ".mpeg", ".mpg", ".mpv", ".mts", ".mxf", ".nut", ".obu", ".ogm",
    ".ogv", ".qt", ".rm", ".rmvb", ".ts", ".vob", ".webm", ".wmv", ".wtv", ".y4m",
))  # fmt: skip
"""Suffixes of the files in a folder that count as videos; a file named by itself is always read."""
TRUTH_FILE = "truth.jsonl"
"""What `actalign serve` keeps beside the videos of a folder; nobody left it there as a clip."""
NAMED = 5  # missing files in one sentence
ANSWER_SECONDS = 5.0
"""How long the file system may take to say whether a path is a folder."""


def list_videos(paths: Sequence[str | Path], *, notes: list[str] | None = None) -> list[Path]:
    """Expand files, folders and `.txt` lists into video paths, sorted within a folder.

    A folder gives the videos in it and its subfolders; one with images and no video is itself a
    clip. A list has one path per line, to a file or a folder, relative to the list's own folder;
    lines that begin with `#` are comments. notes: a sentence is appended for each folder with files
    that are left out, and one for files that don't exist, unless a list names them. Raises
    UsageError for an address, and for a folder or list without any video; a missing file is not an
    error here, nor is an address or such a folder in a list.
    """
    check_listed(paths, "videos")
    found: list[Path] = []
    missing: list[Path] = []
    for given in map(Path, paths):
        if (address := address_in(given)) and not given.exists():
            raise UsageError(no_file(address))
        kind = _kind_in_time(given)
        if kind == "folder":
            videos, note = _in_folder(given, notes)
            if not videos:
                raise UsageError(f"The folder {given} contains no video{note}.")
            found += videos
        elif given.suffix.lower() == ".txt":
            try:
                named = [Path(line) for line in read_list(given, errors="surrogateescape")]
            except (OSError, ValueError) as error:
                raise UsageError(f"The list {given} can't be read: {reason_of(error)}.") from error
            listed = [one if address_in(one) else given.parent / one for one in named]
            if not listed:
                raise UsageError(f"The list {given} contains no video.")
            for one in listed:
                # Paths with a video suffix aren't checked, as a list may have very many.
                asked = one.suffix.lower() not in VIDEO_SUFFIXES
                folder = asked and _kind_in_time(one) == "folder"
                found += (folder and _in_folder(one, notes)[0]) or [one]
        else:
            found.append(given)
            missing += [given] if kind == "missing" else []
    if missing and notes is not None:
        names = ", ".join(repr(str(one)) for one in missing[:NAMED])
        more = ", …" if len(missing) > NAMED else ""
        words = any(one.suffix.lower() not in VIDEO_SUFFIXES for one in missing)
        quotes = "; put quotes around a name or a value that has spaces" if words else ""
        notes.append(f"{counted(len(missing), 'named file')} missing: {names}{more}{quotes}.")
    return found


def _kind_in_time(path: Path) -> str:
    """What a path leads to: "folder", "file" or "missing".

    "file" also where the file system doesn't answer, as on a dead mount: the path then fails when
    it is read, in a child process, and the others continue.
    """
    from actalign.services import within

    def kind() -> str:
        return "folder" if path.is_dir() else "file" if path.exists() else "missing"

    with suppress(OSError):  # reported when the path is read
        return within(ANSWER_SECONDS, kind)
    return "file"


def _in_folder(folder: Path, notes: list[str] | None) -> tuple[list[Path], str]:
    """The clips of a folder and, if other files are left out, how many and which.

    notes: the same as a sentence is appended if there are clips.
    """
    unreadable: list[OSError] = []
    files: list[Path] = []
    kinds: Counter[str] = Counter()
    for place, folders, names in os.walk(folder, onerror=unreadable.append):
        here = Path(place)
        files += [here / name for name in names if name[0] != "." and name != TRUTH_FILE]
        kinds["linked folder"] += sum((here / name).is_symlink() for name in folders)
    kinds["unreadable folder"] = len(unreadable)
    videos = [file for file in files if file.suffix.lower() in VIDEO_SUFFIXES]
    images = [] if videos else images_in(folder)
    taken = {*videos, *images}
    kinds.update(file.suffix or "without a suffix" for file in files if file not in taken)
    left = [f"{count} {kind}" for kind, count in sorted(kinds.items()) if count]
    note = f", left out: {', '.join(left)}; name such a file itself to have it read" if left else ""
    if taken and note and notes is not None:
        notes.append(f"The folder {folder} contains other files too{note}.")
    return ([folder] if images else sorted(videos)), note
