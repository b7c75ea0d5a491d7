"""Rows as tables: one line per clip, per step of every candidate, or per detection.

Not here: the files of tables (`_table_files`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from actalign.clips._background import TRANSDUCTIVE
from actalign.errors import UsageError
from actalign.rows import Row
from actalign.rows._facts import (
    Times,
    action_span,
    has_action,
    numbered_steps,
    only_by_name,
    refused,
    too_unsure,
    unseen,
)
from actalign.rows._fields import CandidateRow
from actalign.rows._warnings import (
    all_warnings,
    cuts_within,
    partly_unseen,
    unknown_texts,
    unknown_words,
)

if TYPE_CHECKING:
    import pandas

    from actalign.types import ClipError, Prediction

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Table:
    """A kind of table. columns: the type of each column's cells; records: a row's lines.

    A cell that a record lacks is empty.
    """

    columns: Mapping[str, type]
    records: Callable[[Row], Iterator[dict[str, Cell]]]


def _clip_records(row: Row) -> Iterator[dict[str, Cell]]:
    found: dict[str, Any] = {name: row.get(name) for name in CLIPS.columns}
    told = [*_unseen(row), *_refusal(row), *_without_script(row), *_unknown(row), *cuts_within(row)]
    found["warnings"] = "; ".join([*told, *all_warnings(row, without=unknown_texts(row))])
    found |= _times(row)
    for name, candidate in zip(("score", "second_score"), row["candidates"], strict=False):
        found[name] = candidate["score"]
    if row["candidates"]:
        found |= _which(row["candidates"][0])
    if len(row["candidates"]) > 1:
        found["second_label"] = row["candidates"][1]["label"]
    yield found


def _times(row: Row) -> dict[str, Cell]:
    """How often the winner is performed wholly and, if so, partly, if that was looked for."""
    times = Times.of(row["candidates"][0]) if has_action(row) else None
    if times is None:
        return {}
    return {"repetitions": times.whole, "partial_repetitions": times.partial or None}


def _which(candidate: CandidateRow) -> dict[str, Cell]:
    """Whether it is the candidate that stands for none of the others, and the wording that its
    steps are from, if there are several."""
    return {"none": "yes" if candidate.get("none") else None, "wording": candidate.get("wording")}


def _unseen(row: Row) -> list[str]:
    """Says if nothing is seen in any frame, or in many, if no warning of the row says so."""
    if unseen(row):
        return ["nothing seen: its label means nothing"]
    return [said] if (said := partly_unseen(row)) else []


def _refusal(row: Row) -> list[str]:
    """Says why there is no label if the winner was not sure enough."""
    if not refused(row):
        return []
    sure, least = row.get("confidence"), row.get("min_confidence")
    why = "" if sure is None or least is None else f" has {too_unsure(sure, least)}"
    return [f"no label: {row['candidates'][0]['label']}{why}"]


def _without_script(row: Row) -> list[str]:
    """Says if the winner is aligned without a script."""
    alone = row["candidates"] and only_by_name(row["candidates"][0])
    return ["no script: its name was its only step"] if alone else []


def _unknown(row: Row) -> list[str]:
    """Says if the encoder knows no word of the winner, in place of the warnings about its texts."""
    return ["unknown words: its score means nothing"] if unknown_words(row) else []


CLIPS = Table(
    {
        "clip": str,
        "video": str,
        "status": str,
        "error": str,
        "label": str,
        "score": float,
        "confidence": float,
        "margin": float,
        "none": str,
        "wording": int,
        "repetitions": int,
        "partial_repetitions": int,
        "second_label": str,
        "second_score": float,
        "target": str,
        "domain": str,
        "frames": int,
        "neutral_frames": int,
        "whole_frames": int,
        "start_seconds": float,
        "end_seconds": float,
        "person": int,
        "scorer": str,
        "background": str,
        "model_id": str,
        "warnings": str,
    },
    _clip_records,
)
"""One line per row: what `--out` writes under a table's name."""


def _notes(row: Row) -> list[str]:
    none = bool(row["candidates"]) and row["candidates"][0].get("none", False)
    others_fail = ["none of the other candidates fits"] if none and not refused(row) else []
    of_clip = row.get("warnings") or ()  # warnings about texts are the same in every row
    background = row.get("background", "")
    others = [f"measured against {background}"] if TRANSDUCTIVE in background else []
    times = _times(row).get("partial_repetitions")
    partial = [f"{times} partial repetition{'s' if times == 2 else ''} besides"] if times else []
    return [
        *_unseen(row), *_refusal(row), *others_fail, *_without_script(row),
        *_unknown(row), *cuts_within(row), *partial, *others, *of_clip,
    ]  # fmt: skip


def _summary_records(row: Row) -> Iterator[dict[str, Cell]]:
    second = row["candidates"][1]["label"] if len(row["candidates"]) > 1 else None
    start, end = action_span(row) or (None, None)
    yield {
        "clip": row["clip"],
        "action": row.get("label"),
        "confidence": row.get("confidence"),
        "margin": row.get("margin"),
        "runner-up": second,
        "start": start,
        "end": end,
        "repetitions": _times(row).get("repetitions"),
        "scorer": row.get("scorer"),
        "notes": row.get("error") or "; ".join(_notes(row)),
    }


SUMMARY = Table(
    {
        "clip": str,
        "action": str,
        "confidence": float,
        "margin": float,
        "runner-up": str,
        "start": float,
        "end": float,
        "repetitions": int,
        "scorer": str,
        "notes": str,
    },
    _summary_records,
)
"""One line per row with what fits on a page: Markdown."""


def _step_records(row: Row) -> Iterator[dict[str, Cell]]:
    base: dict[str, Any] = {name: row.get(name) for name in ("video", "error", "scorer", "target")}
    base |= {"clip": row["clip"], "status": row.get("status", "ok"), "person": row.get("person")}
    if not row["candidates"]:
        yield base
    for rank, candidate in enumerate(row["candidates"], start=1):
        named = {**base, "rank": rank, "label": candidate["label"], "score": candidate["score"]}
        named |= {"confidence": candidate.get("confidence"), **_which(candidate)}
        named["answer"] = "yes" if rank == 1 and has_action(row) else None
        steps = numbered_steps(candidate)
        if not steps:
            yield named
        for repetition, number, step, partial in steps:
            which: dict[str, Cell] = {"repetition": repetition, "step_number": number}
            yield named | which | {"partial": "yes" if partial else None} | dict(step)


STEPS = Table(
    {
        "clip": str,
        "video": str,
        "status": str,
        "error": str,
        "person": int,
        "scorer": str,
        "target": str,
        "rank": int,
        "answer": str,
        "label": str,
        "score": float,
        "confidence": float,
        "none": str,
        "wording": int,
        "repetition": int,
        "partial": str,
        "step_number": int,
        "step": str,
        "start_seconds": float,
        "end_seconds": float,
        "affinity": float,
    },
    _step_records,
)
"""One line per step of every candidate; a clip that failed has one line. answer: "yes" in the lines
of the row's answer, and in none if it is refused, is none of the candidates, or nothing is seen."""


def _detection_records(row: Row) -> Iterator[dict[str, Cell]]:
    found: dict[str, Any] = {name: row.get(name) for name in DETECTIONS.columns}
    if row["candidates"]:
        best = row["candidates"][0]
        found |= {"label": best["label"], "score": best["score"]}
        found["clip"] = row["clip"].rpartition("#")[0]
    yield found


DETECTIONS = Table(
    {
        "clip": str,
        "video": str,
        "person": int,
        "status": str,
        "label": str,
        "start_seconds": float,
        "end_seconds": float,
        "score": float,
    },
    _detection_records,
)
"""One line per detection, and one for each video that failed."""


def predictions_frame(
    predictions: Iterable[Row | Prediction | ClipError], *, steps: bool = False
) -> pandas.DataFrame:
    """Predictions, errors or rows as a pandas DataFrame: a line per clip or, with steps, per step.

    The columns are those of `actalign classify --out rows.csv` and of `rows.steps.csv`. Raises
    UsageError if pandas is missing.
    """
    try:
        import pandas
    except ImportError as error:
        raise UsageError(
            f"A data frame needs pandas ({error}); run `pip install pandas`."
        ) from error
    table = STEPS if steps else CLIPS
    rows = (one if isinstance(one, dict) else one.to_row() for one in predictions)
    records = [record for row in rows for record in table.records(row)]
    frame = pandas.DataFrame(records, columns=[*table.columns])
    # A column without any number is one of objects to pandas, which it can't round or plot.
    numbers = [name for name, kind in table.columns.items() if kind in (int, float)]
    return frame.astype({name: "float64" for name in numbers if frame[name].isna().all()})
