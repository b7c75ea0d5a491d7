"""One folder per class: `clips/hook_shot/a.mp4` shows a hook shot."""

from __future__ import annotations

from pathlib import Path

from actalign.clips import clip_ids
from actalign.documents import one_line
from actalign.errors import UsageError
from actalign.evaluation._questions import Question, QuestionSet
from actalign.evaluation._readers._source import Source
from actalign.scripts._labels import label_key
from actalign.video import list_videos
from actalign.video._paths import images_in


def matches(source: Source) -> bool:
    """Whether a folder has subfolders, at least one of which holds a video."""
    return source.data.is_dir() and any(_clips(one) for one in _subfolders(source.data))


def read(source: Source) -> QuestionSet:
    """One question per clip, whose candidates are all classes; raises UsageError if there are none.

    Underscores in the name of a class are spaces.
    """
    classes: dict[str, list[Path]] = {}
    notes = []
    for folder in _subfolders(source.data):
        clips = _clips(folder)
        if clips:
            classes.setdefault(label_of(folder.name), []).extend(clips)
        else:
            notes.append(f"{folder} holds no video, so it is not a class")
    if not classes:
        raise UsageError(
            f"{source.data} holds no folder with videos; make one folder per class, such as "
            "clips/hook_shot/a.mp4."
        )
    try:
        loose = [path.name for path in list_videos([source.data]) if path.parent == source.data]
    except UsageError:
        loose = []
    if loose:
        notes.append(f"{len(loose)} videos are in no class's folder ({loose[0]}, ...): left out")
    choices = source.candidates(classes)
    places = {label_key(label): m for m, label in enumerate(choices)}
    labelled = {
        path.relative_to(source.data): label for label, clips in classes.items() for path in clips
    }
    questions = [
        Question(
            id=name,
            video=source.data / path,
            choices=choices,
            answer=places.get(label_key(labelled[path])),
        )
        for name, path in clip_ids(labelled).items()
    ]
    others = frozenset(one.id for one in questions if one.answer is None)
    name = source.data.resolve().name
    return QuestionSet(name, tuple(questions), notes=tuple(notes), others=others)


def label_of(name: str) -> str:
    """A label from the name of a folder or class: underscores are spaces."""
    return one_line(name.replace("_", " "))


def _subfolders(folder: Path) -> list[Path]:
    return sorted(one for one in folder.iterdir() if one.is_dir() and one.name[0] != ".")


def _clips(folder: Path) -> list[Path]:
    """The videos of a class, or its folders of images."""
    try:
        return [path for path in list_videos([folder]) if path != folder]
    except UsageError:
        return [one for one in _subfolders(folder) if images_in(one)]
