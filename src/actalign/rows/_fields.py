"""The fields of a row and of its parts: names, types and ranges, with a sentence on each.

Rows are made in `_made`, questioned in `_facts`, and read from files and written in `_files`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Required

from pydantic import AfterValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

SCHEMA_VERSION = 1

Finite = Annotated[float, Field(allow_inf_nan=False, ge=-1e12, le=1e12)]
Text = Annotated[str, Field(min_length=1)]


def _in_order(found: Any) -> Any:
    start, end = found.get("start_seconds"), found.get("end_seconds")
    if start is not None and end is not None and end < start:
        raise PydanticCustomError("order", "it ends before it begins")
    return found


class StepRow(TypedDict, total=False):
    """When one step of a script happens: [start_seconds, end_seconds) of the source file."""

    step: Required[str]
    start_seconds: Required[Finite]
    end_seconds: Required[Finite]
    affinity: Annotated[Finite | None, Field(description="Mean affinity of the step's frames.")]


Step = Annotated[StepRow, AfterValidator(_in_order)]


def _numbered(found: Any) -> Any:
    numbers = found.get("partial_steps")
    if numbers is not None and len(numbers) != len(found["segments"]):
        raise PydanticCustomError("numbers", "partial_steps and segments differ in number")
    return _in_order(found)


class RepetitionRow(TypedDict, total=False):
    """One repetition of a script: [start_seconds, end_seconds) of the source file."""

    start_seconds: Required[Finite]
    end_seconds: Required[Finite]
    partial_steps: Annotated[
        list[Annotated[int, Field(ge=1)]],
        Field(
            description="If the clip's start or end cuts it, so that steps are missing: which "
            "steps its segments are, from 1. A whole repetition has no such field."
        ),
    ]
    segments: Required[Annotated[list[Step], Field(description="Its steps, one after another.")]]


Repetition = Annotated[RepetitionRow, AfterValidator(_numbered)]


class CandidateRow(TypedDict, total=False):
    """One candidate of a clip."""

    label: Required[str]
    score: Required[Finite]
    confidence: Annotated[float, Field(ge=0, le=1, description="Adds up to 1 over candidates.")]
    none: Annotated[
        bool,
        Field(
            description="True: it is the candidate of --none, which stands for none of the others."
        ),
    ]
    has_script: Annotated[bool, Field(description="False: its only step was its name.")]
    wording: Annotated[
        int,
        Field(ge=1, description="Of several, the number of the one whose steps these are, from 1."),
    ]
    wordings: Annotated[int, Field(ge=2, description="How many wordings its label has.")]
    path_length: Annotated[int | None, Field(description="Cells of the alignment path.")]
    segments: Annotated[
        list[Step],
        Field(
            description="Its steps, which together cover the clip; if it is repeated, those of "
            "every repetition."
        ),
    ]
    repetitions: Annotated[
        list[Repetition],
        Field(description="Of the best candidate: each repetition, whole or partial."),
    ]


class SecondLookRow(TypedDict, total=False):
    """What a vision-language model said about a clip's best candidates."""

    model: Required[Annotated[Text, Field(description="The model that answered.")]]
    first_label: Annotated[Text, Field(description="The best candidate by the alignment.")]
    label: Required[
        Annotated[Text, Field(description="The best candidate by the model; the row's label.")]
    ]
    options: Required[Annotated[list[str], Field(description="What it chose among.")]]
    probabilities: Required[
        Annotated[list[float], Field(description="One per option; they add up to 1.")]
    ]
    by: Required[
        Annotated[
            Literal["log-probabilities", "votes"],
            Field(description="How its answers became probabilities."),
        ]
    ]
    frames_seconds: Annotated[
        list[Finite], Field(description="The times of the frames it was sent.")
    ]
    input_tokens: Annotated[int, Field(description="Of all its answers, including cached ones.")]
    output_tokens: int
    cost_usd: Annotated[Finite, Field(description="Cost of these tokens, if prices were given.")]


class BoxRow(TypedDict):
    """Where a person is at one time, as fractions of the picture's width and height, from 0 to
    1."""

    seconds: Finite
    left: Finite
    top: Finite
    right: Finite
    bottom: Finite


class TextWarningRow(TypedDict, total=False):
    """What the encoder says about a label or a step."""

    text: Annotated[
        str | None,
        Field(
            description="The text that was cut, or the label or step that is unknown; null for "
            "all texts."
        ),
    ]
    warning: Required[Annotated[Text, Field(description="A sentence.")]]
    unknown: Annotated[
        bool, Field(description="The encoder knows no word of it: its score means nothing.")
    ]


class IntervalRow(TypedDict):
    """When a step of the right script truly happens: [start_seconds, end_seconds) of the file."""

    start_seconds: Finite
    end_seconds: Finite
    step: Annotated[int | None, Field(description="Which step, from 0; null for none of them.")]


class ShardRow(TypedDict):
    """Where a row belongs in a run split into shards; `actalign merge` removes it."""

    index: int
    count: int
    clips: int
    clip: int
    run: str


class Row(TypedDict, total=False):
    """What was found in one clip."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    schema_version: int
    clip: Required[Annotated[Text, Field(description="The clip's id, unique within a run.")]]
    doc_id: Annotated[Text, Field(description="The same, under lmms-eval's name.")]
    status: Annotated[
        Literal["ok", "error", "unscored", "missing"],
        Field(description="error: it failed; unscored, missing: an evaluation left it out."),
    ]
    error: Annotated[str | None, Field(description="Why it failed or was left out, as a sentence.")]
    error_kind: Annotated[str, Field(description="The same as a key, such as 'not encoded'.")]
    video: Annotated[str | None, Field(description="The file or stream.")]
    label: Annotated[
        str | None,
        Field(description="The best candidate; null if there is none or it was refused."),
    ]
    filtered_resps: Annotated[list[str], Field(description="The same, under lmms-eval's name.")]
    target: Annotated[str | None, Field(description="The true label, if known.")]
    metrics: Annotated[dict[str, float], Field(description="top1, top2, top3: 1 right, 0 wrong.")]
    confidence: Annotated[
        float,
        Field(ge=0, le=1, description="Of the best candidate: how often such answers are right."),
    ]
    min_confidence: Annotated[
        float, Field(description="Labels with a lower confidence are refused.")
    ]
    margin: Annotated[
        Finite | None,
        Field(description="Best score minus the second best; may be negative after a second look."),
    ]
    second_look: Annotated[SecondLookRow, Field(description="With --second-look.")]
    second_look_error: Annotated[Text, Field(description="Why it failed; the first label stands.")]
    candidates: Required[
        Annotated[
            list[CandidateRow], Field(description="Best first; scores are not probabilities.")
        ]
    ]
    domain: str | None
    frames: Annotated[
        int, Field(description="Frames of the clip, window or detection that were encoded.")
    ]
    neutral_frames: Annotated[
        int, Field(description="Of these, frames in which the encoder saw nothing it knows.")
    ]
    whole_frames: Annotated[
        int,
        Field(
            description="One person of --crop: of these, frames in which nobody was found, so "
            "that the whole picture was encoded; left out if there are none."
        ),
    ]
    person: Annotated[
        int, Field(description="--person all: which of the clip's people, from 1; 0 for nobody.")
    ]
    people: Annotated[int, Field(description="--person all: how many the clip has.")]
    people_frames: Annotated[
        dict[str, int],
        Field(
            description="--person all: number of frames of the clip, window or detection, by "
            "the number of people they show."
        ),
    ]
    people_looks: Annotated[
        dict[str, int],
        Field(
            description="One person of body or --crop: number of frames searched for people, by "
            "the number of people found, in the clip, window or detection; if none falls into a "
            "window or detection, the one before counts. Searched are the first frame, the first "
            "after a cut, those in which the person is lost, and every fiftieth frame."
        ),
    ]
    boxes: Annotated[
        list[BoxRow], Field(description="The person's box over time, at most twice a second.")
    ]
    start_seconds: Annotated[Finite, Field(description="Of the clip, window or detection.")]
    end_seconds: Finite
    warnings: list[str]
    text_warnings: Annotated[
        list[TextWarningRow],
        Field(description="On labels and steps: the same in all rows of a run."),
    ]
    scorer: Annotated[str | None, Field(description="How candidates were scored.")]
    background: Annotated[str, Field(description="What steps were measured against.")]
    smoothing_seconds: Annotated[Finite | None, Field(description="Moving average over frames.")]
    model_id: Annotated[str | None, Field(description="The encoder.")]
    fingerprint: Annotated[str, Field(description="Hash of everything its embeddings depend on.")]
    provenance: Annotated[
        dict[str, str],
        Field(description="The video's hash, sampling, cuts, number type, versions."),
    ]
    settings: Annotated[dict[str, Any], Field(description="Templates of the encoded texts.")]
    shard: Annotated[ShardRow, Field(description="With --num-shards.")]

    seconds: Annotated[Finite, Field(description="live: seconds since watching began.")]
    window_start_seconds: Annotated[Finite, Field(description="live: the scored window.")]
    window_end_seconds: Finite
    delay_seconds: Annotated[Finite, Field(description="live: age of the newest frame.")]
    dropped_frames: Annotated[int, Field(description="live: frames lost so far.")]
    connections: Annotated[int, Field(description="live: how many times the source was opened.")]

    question: Annotated[str, Field(description="eval, --scores: what was asked.")]
    kind: Annotated[str, Field(description="eval: the group of questions it belongs to.")]
    options: Annotated[
        list[str], Field(description="eval, --scores: candidates in the question's order.")
    ]
    target_index: Annotated[
        int | None, Field(description="eval, --scores: the true option, from 0.")
    ]
    predicted_index: Annotated[
        int | None, Field(description="eval, --scores: the best option, from 0.")
    ]
    rank: Annotated[int, Field(description="eval, --scores: the true label's rank, from 1.")]
    order_margin: Annotated[
        Finite,
        Field(description="eval: the true script's score minus that of its steps in other orders."),
    ]
    mean_iou: Annotated[
        Finite | None,
        Field(description="eval: mean intersection over union of steps and true intervals."),
    ]
    intervals: Annotated[list[IntervalRow], Field(description="eval: when its steps happen.")]
    interval_segments: Annotated[
        list[Step],
        Field(
            description="eval: the right script's steps in the wording that intervals refer to, "
            "if another is shown."
        ),
    ]

    id: Annotated[str, Field(description="--scores: the sample's id.")]
    scores: Annotated[list[Finite] | None, Field(description="--scores: of each option.")]
    path_lengths: Annotated[list[int] | None, Field(description="--scores: of each option.")]
    correct_index: Annotated[int | None, Field(description="--scores: as target_index.")]


CheckedRow = Annotated[Row, AfterValidator(_in_order)]
"""A row for pydantic, which also checks that the clip does not end before it begins."""
