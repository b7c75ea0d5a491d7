"""FineDiving: dives cut into steps, whose types make scripts without any language model.

`Annotations/FineDiving_fine-grained_annotation.pkl` maps (competition, number) to the dive's
`action_type`, the names of its `sub-action_types` and `frames_labels`, the type of each frame.
`Sub_action_Types_Table.pkl` has the names of all types, `test_split.pkl` and `train_split.pkl` the
dives of a split. A dive is a folder of images. Nothing is unpickled: `_pickled` reads the files.

The images have no times: `video` assumes IMAGE_FOLDER_FPS, and so do the intervals here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from actalign.errors import UsageError
from actalign.evaluation._questions import Interval, Question, QuestionSet
from actalign.evaluation._readers._source import Source
from actalign.evaluation.atlas._pickled import load_pickle
from actalign.video._paths import IMAGE_FOLDER_FPS

ANNOTATION = "FineDiving_fine-grained_annotation.pkl"
IMAGES = ("FINADiving_MTL_256s", "Trimmed_Video_Frames/FINADiving_MTL_256s", "FineDiving", ".")
Run = tuple[str, int, int]
"""A step's name and its frames, [first, end)."""


def matches(source: Source) -> bool:
    """Whether the annotation file exists."""
    return source.data.is_dir() and (source.data / "Annotations" / ANNOTATION).is_file()


def read(source: Source) -> QuestionSet:
    """One question per dive, whose candidates are the split's action types; raises UsageError.

    The split is "test" if none is named and that one exists.
    """
    folder = source.data / "Annotations"
    dives = _load(folder / ANNOTATION, dict)
    table = folder / "Sub_action_Types_Table.pkl"
    names = _load(table, dict) if table.is_file() else {}
    runs = {key: _runs(key, dive, names) for key, dive in dives.items()}
    chosen = [key for key in _split(source, folder) or runs if key in runs]
    kinds = sorted({str(dives[key]["action_type"]) for key in chosen})
    scripts = {kind: _script(kind, dives, runs) for kind in kinds}
    questions = []
    for key in chosen:
        kind = str(dives[key]["action_type"])
        places = {step: k for k, step in enumerate(scripts[kind])}
        questions.append(
            Question(
                id="/".join(map(str, key)),
                video=_images(source.data, key),
                domain="diving",
                question="Which dive is it?",
                choices=tuple(kinds),
                answer=kinds.index(kind),
                scripts=tuple(scripts[one] for one in kinds),
                intervals=tuple(
                    Interval(first / IMAGE_FOLDER_FPS, end / IMAGE_FOLDER_FPS, places.get(step))
                    for step, first, end in runs[key]
                ),
                source="https://github.com/xujinglin/FineDiving",
            )
        )
    return QuestionSet("finediving", tuple(questions))


def _load(path: Path, kind: type) -> Any:
    found = load_pickle(path)
    if not isinstance(found, kind):
        raise UsageError(f"{path} holds a {type(found).__name__}; it is not FineDiving's file.")
    return found


def _split(source: Source, annotations: Path) -> Sequence[Any]:
    """The dives of the split; none if there are no splits."""
    name = f"{source.split or 'test'}_split.pkl"
    places = [annotations / name, source.data / "train_test_split" / name]
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        if source.split is not None:
            raise UsageError(f"{places[0]} is missing; --split is test or train.")
        return ()
    return [tuple(key) for key in _load(path, list)]


def _runs(key: Any, dive: Any, table: Mapping[Any, Any]) -> list[Run]:
    """The steps of a dive in order, with their frames."""
    try:
        competition, number = key
        names = {int(k): str(v) for k, v in {**table, **dive["sub-action_types"]}.items()}
        labels = [int(label) for label in dive["frames_labels"]]
        str(dive["action_type"]), str(competition), int(number)
        runs: list[Run] = []
        for label, frames in groupby(labels):
            first = runs[-1][2] if runs else 0
            runs.append((names[label], first, first + len(list(frames))))
        return runs
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"The dive {key!r} of {ANNOTATION} can't be read ({type(error).__name__}: {error}); "
            "it must have action_type, sub-action_types and frames_labels."
        ) from None


def _script(kind: str, dives: Mapping[Any, Any], runs: Mapping[Any, list[Run]]) -> tuple[str, ...]:
    """The order of steps that most dives of this type have; the dive number defines it."""
    orders = Counter(
        tuple(step for step, _, _ in runs[key])
        for key, dive in dives.items()
        if str(dive["action_type"]) == kind and runs[key]
    )
    if not orders:
        raise UsageError(f"No dive of the type {kind!r} has a frame with a step.")
    return max(sorted(orders), key=orders.__getitem__)


def _images(data: Path, key: Sequence[Any]) -> Path:
    places = [data / place / str(key[0]) / str(key[1]) for place in IMAGES]
    return next((place for place in places if place.is_dir()), places[0])
