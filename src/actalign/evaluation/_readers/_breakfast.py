"""Breakfast Actions (CC BY 4.0): ten activities, each clip cut into action units with times.

Either the original layout, `segmentation_coarse/ACTIVITY/P03_cam01_P03_cereals.txt` with lines such
as "31-150 take_bowl" beside `BreakfastII_15fps_qvga_sync/P03/cam01/P03_cereals.avi`, or a table
with `video_path`, `participant`, `camera` and `labels`, a list of `{start, end, label}`. Units are
counted in frames from 1, both ends included, at 15 frames a second.

Scripts need no language model: an activity's steps are the units that most of its clips have, in
the order in which they usually come. Those for the clips of a split come from the other splits.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

from actalign.documents import read_text
from actalign.errors import UsageError, reason_of
from actalign.evaluation._questions import Interval, Question, QuestionSet
from actalign.evaluation._readers._folder import label_of
from actalign.evaluation._readers._source import Source, parquet_columns, table_rows

FPS = 15.0
SILENCE = "SIL"
SPLITS = {"s1": range(3, 16), "s2": range(16, 29), "s3": range(29, 42), "s4": range(42, 55)}
"""The four splits of the paper (Kuehne et al., CVPR 2014) by participant, P03 to P54."""
_NAME = re.compile(r"(P\d+)_(cam\d+|webcam\d+|stereo\d+)_P\d+_(\w+)")
_LINE = re.compile(r"(\d+)\s*-\s*(\d+)\s+(\S+)")


@dataclass(frozen=True, slots=True)
class _Clip:
    """One video: who does what, and its (start, end, unit) in seconds."""

    id: str
    person: str
    activity: str
    video: Path
    units: tuple[tuple[float, float, str], ...]

    @property
    def split(self) -> str:
        number = int(re.sub(r"\D", "", self.person) or 0)
        return next((name for name, people in SPLITS.items() if number in people), "")


def matches(source: Source) -> bool:
    """Whether there are the original's text files, or a table with its columns."""
    if any(_text_files(source)):
        return True
    return any(parquet_columns(path) >= {"video_path", "labels"} for path in source.tables()[:1])


def read(source: Source) -> QuestionSet:
    """One question per video, of ``source.split`` (s1 to s4) or of all; raises UsageError."""
    if source.split is not None and source.split not in SPLITS:
        raise UsageError(f"--split is {source.split!r}; choose one of {', '.join(SPLITS)}.")
    clips = list(_from_texts(source)) or list(_from_tables(source))
    if not clips:
        raise UsageError(f"{source.data} holds no video of Breakfast with action units.")
    activities = sorted({clip.activity for clip in clips})
    known: dict[str, dict[str, tuple[str, ...]]] = {}
    notes = set()
    questions = []
    for clip in clips:
        if source.split not in (None, clip.split):
            continue
        if clip.split not in known:
            others = [one for one in clips if one.split != clip.split]
            if {one.activity for one in others} != set(activities):
                others = clips
                notes.add(
                    "scripts come from the evaluated clips themselves: the other splits are missing"
                )
            known[clip.split] = {name: _script(others, name) for name in activities}
        questions.append(_question(clip, activities, known[clip.split]))
    return QuestionSet(
        "breakfast",
        tuple(questions),
        license="CC BY 4.0",
        source="https://serre.lab.brown.edu/breakfast-actions-dataset.html",
        notes=tuple(sorted(notes)),
    )


def _question(
    clip: _Clip, activities: Sequence[str], scripts: dict[str, tuple[str, ...]]
) -> Question:
    steps = scripts[clip.activity]
    places = {step: k for k, step in enumerate(steps)}
    return Question(
        id=clip.id,
        video=clip.video,
        domain="kitchen",
        question="Which breakfast is prepared?",
        kind=clip.split,
        choices=tuple(map(label_of, activities)),
        answer=activities.index(clip.activity),
        scripts=tuple(scripts[name] for name in activities),
        intervals=tuple(
            Interval(start, end, places.get(label_of(unit)))
            for start, end, unit in clip.units
            if unit != SILENCE
        ),
        subject=clip.person,
        license="CC BY 4.0",
    )


def _script(clips: Sequence[_Clip], activity: str) -> tuple[str, ...]:
    """The units that at least half of an activity's clips have, by mean position in the clip."""
    mine = [clip for clip in clips if clip.activity == activity]
    places: dict[str, list[float]] = defaultdict(list)
    for clip in mine:
        length = clip.units[-1][1] or 1.0
        by_unit: dict[str, list[float]] = defaultdict(list)
        for start, end, unit in clip.units:
            by_unit[unit].append((start + end) / 2 / length)
        for unit, middles in by_unit.items():
            places[unit].append(mean(middles))
    places.pop(SILENCE, None)
    needed = len(mine) / 2
    common = [u for u, found in places.items() if len(found) >= needed]
    common = common or sorted(places, key=lambda unit: -len(places[unit]))[:1]
    ordered = sorted(common, key=lambda unit: (mean(places[unit]), unit))
    return tuple(map(label_of, ordered)) or (label_of(activity),)


def _text_files(source: Source) -> Iterator[Path]:
    if source.data.is_dir():
        for folder in ("segmentation_coarse", "."):
            yield from sorted(
                path
                for path in (source.data / folder).glob("*/*.txt")
                if _NAME.fullmatch(path.stem)
            )


def _from_texts(source: Source) -> Iterator[_Clip]:
    for path in dict.fromkeys(_text_files(source)):
        found = _NAME.fullmatch(path.stem)
        assert found is not None
        person, camera, activity = found.groups()
        units = []
        for number, line in enumerate(_lines(path), start=1):
            if not line.strip():
                continue
            parts = _LINE.fullmatch(line.strip())
            if parts is None:
                raise UsageError(f"{path}, line {number} is not like '31-150 take_bowl'.")
            units.append(_unit(*parts.groups()))
        if units:
            videos = source.data / "BreakfastII_15fps_qvga_sync" / person
            # Of the stereo camera's two channels, only the second is always there.
            stereo = camera.startswith("stereo")
            file = f"stereo/{person}_{activity}_ch1.avi" if stereo else ""
            video = videos / (file or f"{camera}/{person}_{activity}.avi")
            yield _Clip(path.stem, person, activity, video, tuple(units))


def _lines(path: Path) -> list[str]:
    try:
        return read_text(path).split("\n")
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} can't be read: {reason_of(error)}.") from None


def _from_tables(source: Source) -> Iterator[_Clip]:
    tables = Source(source.data).tables()  # the scripts of a split need the others
    for path in tables:
        for where, row in table_rows(path):
            try:
                video = Path(str(row["video_path"]))
                person = str(row["participant"])
                units = tuple(
                    _unit(one["start"], one["end"], one["label"]) for one in row["labels"]
                )
            except (KeyError, TypeError, ValueError) as error:
                raise UsageError(
                    f"{where} is not a row of Breakfast ({error}); a row has video_path, "
                    "participant, camera and labels."
                ) from None
            activity = re.sub(r"^P\d+_|_ch\d$", "", video.stem)
            name = f"{person}_{row.get('camera', '')}_{video.stem}"
            if units:
                yield _Clip(name, person, activity, source.folder / video, units)


def _unit(start: Any, end: Any, label: Any) -> tuple[float, float, str]:
    first, last = int(start), int(end)
    return max(0, first - 1) / FPS, last / FPS, str(label)
