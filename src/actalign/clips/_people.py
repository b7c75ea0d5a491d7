"""Finds which of a clip's people is meant, if everyone is followed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from actalign.clips._result import person_id
from actalign.errors import PersonError
from actalign.rows._fields import BoxRow
from actalign.rows._people import box_area, box_near, people_fields
from actalign.types import ClipEmbedding

LEAST_OVERLAP = 0.2
"""Minimum intersection over union of a box and the person's box that is nearest in time."""
MOST_SECONDS = 1.0
"""How far away in time that box may be."""


def stored_clips(
    entry: Callable[[str], ClipEmbedding | None], clip_id: str, *, everyone: bool
) -> tuple[ClipEmbedding, ...]:
    """A clip from a store or, if everyone is followed, all of its people; empty if one is missing.

    entry: returns an entry by its id.
    """
    if not everyone:
        return tuple(filter(None, [entry(clip_id)]))
    people: list[ClipEmbedding] = []
    count = 1
    while len(people) < count:
        found = entry(person_id(clip_id, len(people) + 1))
        if found is None:
            break
        people.append(found)
        people_of = found.provenance.get("people", "")
        count = int(people_of) if people_of.isdecimal() else 0
    if len(people) == count:
        return tuple(people)
    nobody = entry(person_id(clip_id, 0))
    return (nobody,) if nobody else ()


def person_at(people: Sequence[ClipEmbedding], box: BoxRow) -> ClipEmbedding | None:
    """The person whose box overlaps most with this one at its time; None if none does enough."""
    overlap, found = max(((_overlap(one, box), n) for n, one in enumerate(people)), default=(0, 0))
    return people[found] if overlap >= LEAST_OVERLAP else None


def person_asked(people: Sequence[ClipEmbedding], box: BoxRow | None, name: str) -> ClipEmbedding:
    """The person in a clip that a question is about: at its box or, without a box, the only one.

    name: the question's, for the message. Raises PersonError if there is no such person.
    """
    if len(people) == 1 and box is None:
        return people[0]
    if box is None:
        raise PersonError(
            f"The clip of question {name!r} shows {len(people)} people, but no `box` says which of "
            "them is meant; add one, as in the rows of `actalign classify --person all`, or give "
            "--person largest, left or right."
        )
    found = person_at(people, box)
    if found is None:
        raise PersonError(
            f"None of the people found in the clip of question {name!r} is where its `box` is at "
            f"{box['seconds']:g} s."
        )
    return found


def _overlap(person: ClipEmbedding, box: BoxRow) -> float:
    """Intersection over union of a box and the person's box that is nearest in time."""
    boxes: list[BoxRow] = people_fields(person.provenance)[0].get("boxes", [])
    near = box_near(boxes, box["seconds"], within=MOST_SECONDS)
    if near is None:
        return 0.0
    width = min(near["right"], box["right"]) - max(near["left"], box["left"])
    height = min(near["bottom"], box["bottom"]) - max(near["top"], box["top"])
    shared = max(width, 0.0) * max(height, 0.0)
    return shared / max(box_area(near) + box_area(box) - shared, 1e-9)
