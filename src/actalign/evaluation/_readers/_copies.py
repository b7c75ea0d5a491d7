"""Duplicate clips: the same bytes, or frames, under two names."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from actalign.errors import VideoError
from actalign.evaluation._questions import Question
from actalign.evaluation._readers._source import asked_of, one_of
from actalign.scripts._labels import label_key
from actalign.video._content import content_of


def copy_notes(questions: Sequence[Question]) -> list[str]:
    """A sentence if two names of one clip have the same label, and one if they have two labels.

    Links count as copies. Questions that ask something else about a clip don't.
    """
    asked = [(one.video, one.target, one) for one in questions if one.video and one.target]
    same_as = _first_names(video for video, _, _ in asked)
    first: dict[object, tuple[Path, str]] = {}
    twice, contradicted = [], []
    for video, label, one in asked:
        if video not in same_as:
            continue
        before, other = first.setdefault((same_as[video], asked_of(one)), (video, label))
        if os.path.abspath(before) == os.path.abspath(video):  # noqa: PTH100 - see asked_once
            continue
        if label_key(other) == label_key(label):
            twice.append(f"{video} is the same clip as {before}")
        else:
            contradicted.append(f"{video} ({label}) is the same clip as {before} ({other})")
    sentences = []
    if contradicted:
        sentences.append(f"{one_of(contradicted)}: one label is wrong; remove that one")
    if twice:
        sentences.append(f"{one_of(twice)}: it counts twice; remove one")
    return sentences


def _first_names(paths: Iterable[Path]) -> dict[Path, Path]:
    """The first name of each clip that has several names.

    Only files that have the same size as another one are read, and a file with several names is
    read once. Two folders of images are one clip only if they are links to the same folder.
    """
    alike: dict[object, dict[Path, object]] = defaultdict(dict)
    for path in dict.fromkeys(paths):
        try:
            found = path.stat()
        except (OSError, ValueError):
            continue  # reported where it is read
        place: object = (found.st_dev, found.st_ino)
        alike[place if path.is_dir() else found.st_size][path] = place
    names: dict[Path, Path] = {}
    for group in alike.values():
        if len(group) == 1:
            continue
        digests: dict[object, str | None] = {}
        first: dict[str, Path] = {}
        for path, place in group.items():
            if place not in digests:
                digests[place] = _digest(path)
            if (digest := digests[place]) is not None:
                names[path] = first.setdefault(digest, path)
    return names


def _digest(path: Path) -> str | None:
    try:
        return content_of(path).digest
    except VideoError:
        return None  # reported where it is read
