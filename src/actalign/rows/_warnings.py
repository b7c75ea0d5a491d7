"""What makes an answer doubtful: warnings about a clip, and the same in a few words."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from actalign.rows._facts import (
    clock,
    cuts_inside,
    nobody_cropped,
    numbered_steps,
    only_by_name,
    steps_once,
    unseen,
)
from actalign.rows._fields import CandidateRow, Row
from actalign.rows._people import mostly_unseen, neutral_warning

LONG_CLIP_SECONDS = 180.0
"""A longer clip hardly shows a single action, even one that is performed many times."""
_SAME = 1e-6  # of a score: what rounding can make of equal ones
_APART = 0.25  # in seconds, between frames: a repetition's steps last at least 0.2 s
_WORTH_SAYING = 0.2  # of the frames


def clip_warnings(row: Row) -> list[str]:
    """Sentences about what makes the answer for this clip doubtful, as far as its fields say."""
    # Of frames that --crop encodes whole, the encoder has said that they show nobody.
    frames = row.get("frames", 0)
    of_clip = None if row.get("whole_frames") else row.get("people_frames")
    few = neutral_warning(row.get("neutral_frames", 0), frames, of_clip)
    return [*few, *_short_warning(row), *_tied_warning(row), *_apart_warning(row)]


def _short_warning(row: Row) -> list[str]:
    """A sentence if the clip has fewer than two frames for each of the best candidate's steps: they
    then leave next to no choice of when a step begins. One step alone needs none."""
    if not row["candidates"]:
        return []
    best, frames = row["candidates"][0], row.get("frames", 0)
    steps = steps_once(best) or len(best.get("segments", ()))
    if steps < 2 or not 0 < frames < 2 * steps or unseen(row):
        return []
    have = "1 frame was" if frames == 1 else f"{frames} frames were"
    return [
        f"{have} looked at for the {steps} steps of {best['label']!r}, so the answer and times "
        "mean little; use more frames per second (fps), if the file has them, or a longer clip."
    ]


def _tied_warning(row: Row) -> list[str]:
    """A sentence if the best two candidates have the same score although the clip shows somebody,
    for example if a model's output never changes or two scripts are the same."""
    margin = row.get("margin")
    if margin is None or len(row["candidates"]) < 2 or unseen(row):
        return []
    best, second = row["candidates"][:2]
    if margin > _SAME * abs(best["score"]):
        return []
    if best.get("none") and _of_unknown_words(row, second):  # which the texts' warnings say
        return []
    return [
        f"{best['label']!r} and {second['label']!r} have the same score, so the answer is a guess: "
        "give them scripts that differ, or check what the model says about other clips."
    ]


def _apart_warning(row: Row) -> list[str]:
    """A sentence if repetitions were counted in frames that are too far apart for quick ones."""
    best = row["candidates"][0] if row["candidates"] else None
    seconds = row.get("end_seconds", 0.0) - row.get("start_seconds", 0.0)
    apart = seconds / max(row.get("frames", 0), 1)
    steps = steps_once(best) if best else 0
    if not best or not steps or apart <= _APART:
        return []
    least = apart * steps
    return [
        f"frames are {apart:.2g} s apart on average, so repetitions of {best['label']!r} that take "
        f"less than {least:.2g} s can't be counted; use more frames per second (fps), if the "
        "file has them."
    ]


def all_warnings(row: Row, *, without: Collection[str] = ()) -> list[str]:
    """The warnings about the clip, then those about the texts. without: texts of unknown words that
    are not to be named."""
    of_texts = [
        one["warning"]
        for one in row.get("text_warnings") or ()
        if not (one.get("unknown") and one.get("text") in without)
    ]
    return [*(row.get("warnings") or ()), *of_texts]


def unknown_words(row: Row) -> bool:
    """Whether the encoder knows no word of the winner: of its label, if that is used, or of any of
    its steps; or of all that is compared with none of these, if that wins. The answer then means
    nothing."""
    return bool(unknown_texts(row))


def unknown_texts(row: Row) -> set[str]:
    """The labels and steps of what has `unknown_words`; empty if the answer means something."""
    if not row["candidates"]:
        return set()
    best, *others = row["candidates"]
    compared = others if best.get("none") else [best]
    if best.get("none") and "confidence" in best:  # it was compared with more, which --top-k cut
        return set()
    if not all(_of_unknown_words(row, one) for one in compared):
        return set()
    return {text for one in compared for text in (one["label"], *_steps(one))}


def _of_unknown_words(row: Row, candidate: CandidateRow) -> bool:
    """Whether the score of one of the row's candidates means nothing."""
    unknown = {one.get("text") for one in row.get("text_warnings") or () if one.get("unknown")}
    return means_nothing(candidate["label"], _steps(candidate), unknown)


def _steps(candidate: CandidateRow) -> list[str]:
    return [one.step["step"] for one in numbered_steps(candidate)]


def means_nothing(label: str, steps: Sequence[str], unknown: Collection[str | None]) -> bool:
    """Whether a candidate's score means nothing: its label, if that is used, or each of its steps
    is among the texts of which the encoder knows no word."""
    return label in unknown or (bool(steps) and set(steps) <= set(unknown))


def tag(row: Row) -> str:
    """What makes the best candidate's score unreliable, in two words; else empty."""
    if unseen(row):
        return "nothing seen"
    if unknown_words(row):
        return "unknown words"
    if nobody_cropped(row):
        return "nobody seen"
    if mostly_unseen(row):
        return "mostly unseen"
    if _short_warning(row) or _apart_warning(row):
        return "few frames"
    if _tied_warning(row):
        return "tied"
    if row["candidates"] and only_by_name(row["candidates"][0]):
        return "no script"
    return partly_unseen(row)


def partly_unseen(row: Row) -> str:
    """Such as "24% unseen", for a fifth to a half of the frames; for more, a warning says so."""
    frames = row.get("neutral_frames", 0) + row.get("whole_frames", 0)
    share = frames / max(row.get("frames", 0), 1)
    return f"{share:.0%} unseen" if share >= _WORTH_SAYING and not mostly_unseen(row) else ""


def long_for_one_action(row: Row) -> bool:
    """Whether a clip with an answer is so long that one action hardly says what it shows."""
    seconds = row.get("end_seconds", 0) - row.get("start_seconds", 0)
    return row["status"] == "ok" and seconds > LONG_CLIP_SECONDS


def long_note(which: str, finder: str = "`actalign locate`") -> str:
    """What suits long clips better than one answer. which: the clips and a verb, such as "week is";
    finder: what finds where each action happens."""
    return (
        f"{which} long for a single action; {finder} finds where each action happens, and "
        "`actalign classify --window 5` gives an answer for every 5 s"
    )


def asides(row: Row) -> list[str]:
    """Other things that make an answer doubtful, in a few words each: several people, and cuts."""
    most = max(map(int, row.get("people_looks", ())), default=0)
    return [*([f"up to {most} people"] if most > 1 else ()), *cuts_within(row)]


def cuts_within(row: Row) -> list[str]:
    """The same in a few words, if there are any."""
    cuts = cuts_inside(row)
    if len(cuts) > 3:
        return [f"{len(cuts)} cuts"]
    return ["cut at " + " and ".join(map(clock, cuts))] if cuts else []
