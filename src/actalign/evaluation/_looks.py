"""The scorers that ask a vision-language model: alone, by aligned frames, and as a second look.

`vlm` and `vlm_aligned` differ in their frames only: those of `vlm` are spread evenly over the clip,
those of `vlm_aligned` are the best of each candidate's steps. Both choose among all candidates, in
an order that is drawn for each question, so that neither learns anything from the order given.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from actalign.candidates import Candidates
from actalign.encoder_info import EncoderInfo
from actalign.errors import UsageError
from actalign.evaluation._config import LOOKS, SECOND_LOOK, VLM, EvalConfig, of_words
from actalign.evaluation._questions import Question
from actalign.evaluation._rows import row_of_scores, scored_row
from actalign.rows import Row
from actalign.second_look import SecondLook
from actalign.second_look._frames import best_times
from actalign.second_look._look import unsure
from actalign.types import ClipEmbedding


def check_look(config: EvalConfig, look: SecondLook | None) -> None:
    """Raise UsageError for a scorer that needs a model and has none."""
    asked = [name for name in config.scorers if name in LOOKS]
    if asked and look is None:
        raise UsageError(
            f"The scorer {asked[0]} asks a vision-language model; name it with --second-look MODEL."
        )


def check_confidence(config: EvalConfig, info: EncoderInfo, look: SecondLook | None) -> None:
    """Raise UsageError if it can't be known which clips are close; config: resolved."""
    if look is None or SECOND_LOOK not in config.scorers or look.settings["close"] >= 1:
        return
    words = next(name for name in config.scorers if of_words(name))
    if words not in config.confident(info):
        raise unsure(words)


def looked_row(
    scorer: str,
    question: Question,
    clip: ClipEmbedding,
    *,
    words: Candidates,
    look: SecondLook,
    drawn: Sequence[int],
) -> Row:
    """The row of a question by one of LOOKS; raises SecondLookError if `vlm*` has no answer.

    words: the question's choices by the scorer that aligns. drawn: the choices in a random order.
    """
    assert question.video is not None
    prediction = words.predict(clip)
    if scorer == SECOND_LOOK:
        row = look.at(prediction, question.video).row
        return scored_row({**row, "scorer": scorer}, question)
    by_label = {one.label: one for one in prediction.candidates}
    options = [by_label[question.choices[m]] for m in drawn]
    times = best_times(clip, [] if scorer == VLM else options)
    opinion, said = look.ask(options, times, question.video, question.domain or None)
    scores = np.zeros(len(options))
    scores[list(drawn)] = opinion.probabilities
    ranked = [drawn[m] for m in opinion.ranked]
    row = row_of_scores(question, scores, scorer, about=clip.row_fields(), ranked=ranked)
    return {**row, "second_look": said}


def look_figures(rows: Sequence[Row]) -> dict[str, Any]:
    """How often the model was asked for a scorer's rows, and what second looks changed.

    Tokens and cost are those of all answers behind the rows, including cached ones.
    """
    said = [row["second_look"] for row in rows if "second_look" in row]
    failed = sum("second_look_error" in row for row in rows)
    if not said and not failed:
        return {}
    found: dict[str, Any] = {
        "looked": len(said) + failed,
        "failed": failed,
        "by_votes": sum(one["by"] == "votes" for one in said),
        "input_tokens": sum(one.get("input_tokens", 0) for one in said),
        "output_tokens": sum(one.get("output_tokens", 0) for one in said),
    }
    costs = [one["cost_usd"] for one in said if "cost_usd" in one]
    if costs:
        found["cost_usd"] = sum(costs)
    second = [row for row in rows if row.get("second_look", {}).get("first_label") is not None]
    if second:
        changed = [row for row in second if row["label"] != row["second_look"]["first_label"]]
        found["changed"] = len(changed)
        found["to_right"] = sum(row["label"] == row["target"] for row in changed)
        found["from_right"] = sum(
            row["second_look"]["first_label"] == row["target"] for row in changed
        )
    return {"looks": found}
