"""The row: the one JSON object in which every command says what it found of a clip.

It is what predictions.jsonl, the files of `locate`, the lines of `live`, windows, the rows of an
evaluation and of `--scores` hold. Which fields are there depends on the command; `clip`, `status`
and `candidates` always are. `json_schema` publishes it. Not here: how a result becomes a row (its
own `to_row`), and other tools' formats (`output`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext, suppress
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Required

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from actalign.documents import escaped, parse_json, read_lines
from actalign.errors import ActAlignError, UsageError
from actalign.files import writing

SCHEMA_VERSION = 1

Finite = Annotated[float, Field(allow_inf_nan=False, ge=-1e12, le=1e12)]
Text = Annotated[str, Field(min_length=1)]


class StepRow(TypedDict, total=False):
    """When one step of a script happens: [start_seconds, end_seconds) of the source file."""

    step: Required[str]
    start_seconds: Required[Finite]
    end_seconds: Required[Finite]
    affinity: Annotated[Finite | None, Field(description="Mean affinity of the step's frames.")]


class RepetitionRow(TypedDict):
    """One time that a script is performed: [start_seconds, end_seconds) of the source file."""

    start_seconds: Finite
    end_seconds: Finite
    segments: Annotated[list[StepRow], Field(description="Its steps, one after another.")]


class CandidateRow(TypedDict, total=False):
    """One candidate of a clip."""

    label: Required[str]
    score: Required[Finite]
    confidence: Annotated[float, Field(ge=0, le=1, description="Adds up to 1 over candidates.")]
    has_script: Annotated[bool, Field(description="False: its name was its only step.")]
    path_length: Annotated[int | None, Field(description="Cells of the alignment path.")]
    segments: Annotated[
        list[StepRow],
        Field(description="Its steps, which together are the clip; if repeated, all of each time."),
    ]
    repetitions: Annotated[
        list[RepetitionRow], Field(description="Of the best: each time that it is performed.")
    ]


class SecondLookRow(TypedDict, total=False):
    """What a vision-language model said of a clip's best candidates."""

    model: Required[Annotated[Text, Field(description="The model that answered.")]]
    first_label: Annotated[Text, Field(description="The best by the alignment.")]
    label: Required[Annotated[Text, Field(description="The best by the model; the row's label.")]]
    options: Required[Annotated[list[str], Field(description="What it chose among.")]]
    probabilities: Required[Annotated[list[float], Field(description="Of each option; sum 1.")]]
    by: Required[
        Annotated[
            Literal["log-probabilities", "votes"],
            Field(description="How its answers became probabilities."),
        ]
    ]
    frames_seconds: Annotated[list[Finite], Field(description="When its frames are shown.")]
    input_tokens: Annotated[int, Field(description="Of all its answers, kept ones too.")]
    output_tokens: int
    cost_usd: Annotated[Finite, Field(description="Of these tokens, where prices were given.")]


class BoxRow(TypedDict):
    """Where a person is at one time, in shares of the picture's width and height, from 0 to 1."""

    seconds: Finite
    left: Finite
    top: Finite
    right: Finite
    bottom: Finite


class IntervalRow(TypedDict):
    """When a step of the right script truly happens: [start_seconds, end_seconds) of the file."""

    start_seconds: Finite
    end_seconds: Finite
    step: Annotated[int | None, Field(description="Which step, from 0; null for none of them.")]


class ShardRow(TypedDict):
    """Where a row belongs in a run cut into shards; `actalign merge` takes it away."""

    index: int
    count: int
    clips: int
    clip: int
    run: str


class Row(TypedDict, total=False):
    """What was found of one clip."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    schema_version: int
    clip: Required[Annotated[Text, Field(description="The clip's id, unique within a run.")]]
    doc_id: Annotated[Text, Field(description="The same, by lmms-eval's name.")]
    status: Annotated[
        Literal["ok", "error", "unscored", "missing"],
        Field(description="error: it failed; unscored, missing: an evaluation left it out."),
    ]
    error: Annotated[str | None, Field(description="Why it failed or was left out, a sentence.")]
    error_kind: Annotated[str, Field(description="The same as a key, such as 'not encoded'.")]
    video: Annotated[str | None, Field(description="The file or stream.")]
    label: Annotated[
        str | None, Field(description="The best candidate; null without one and where refused.")
    ]
    filtered_resps: Annotated[list[str], Field(description="The same, by lmms-eval's name.")]
    target: Annotated[str | None, Field(description="The true label, where it is known.")]
    metrics: Annotated[dict[str, float], Field(description="top1, top2, top3: 1 right, 0 wrong.")]
    confidence: Annotated[
        float, Field(ge=0, le=1, description="Of the best candidate: how often such are right.")
    ]
    min_confidence: Annotated[float, Field(description="Below it the label is refused.")]
    margin: Annotated[
        Finite | None,
        Field(description="Best score less the second; negative after some second looks."),
    ]
    second_look: Annotated[SecondLookRow, Field(description="With --second-look.")]
    second_look_error: Annotated[Text, Field(description="Why it failed; the first label stands.")]
    candidates: Required[
        Annotated[list[CandidateRow], Field(description="Best first; scores are no probabilities.")]
    ]
    domain: str | None
    frames: Annotated[int, Field(description="Frames that were encoded.")]
    neutral_frames: Annotated[int, Field(description="Of these, frames without a known thing.")]
    person: Annotated[
        int, Field(description="--person all: which of the clip's people, from 1; 0 for nobody.")
    ]
    people: Annotated[int, Field(description="--person all: how many the clip has.")]
    people_frames: Annotated[
        dict[str, int], Field(description="Of how many people how many frames of the clip show.")
    ]
    boxes: Annotated[
        list[BoxRow], Field(description="The person's box in time, at most twice a second.")
    ]
    start_seconds: Annotated[Finite, Field(description="Of the clip, window or detection.")]
    end_seconds: Finite
    warnings: list[str]
    scorer: Annotated[str | None, Field(description="How candidates were scored.")]
    background: Annotated[str, Field(description="What steps were measured against.")]
    smoothing_seconds: Annotated[Finite | None, Field(description="Moving average over frames.")]
    model_id: Annotated[str | None, Field(description="The encoder.")]
    fingerprint: Annotated[str, Field(description="Hash of all that its embeddings depend on.")]
    provenance: Annotated[
        dict[str, str],
        Field(description="The video's hash, sampling, cuts, number type, versions."),
    ]
    settings: Annotated[dict[str, Any], Field(description="Templates of the encoded texts.")]
    shard: Annotated[ShardRow, Field(description="With --num-shards.")]

    seconds: Annotated[Finite, Field(description="live: seconds since the watch began.")]
    window_start_seconds: Annotated[Finite, Field(description="live: the scored window.")]
    window_end_seconds: Finite
    delay_seconds: Annotated[Finite, Field(description="live: age of the newest frame.")]
    dropped_frames: Annotated[int, Field(description="live: frames lost so far.")]
    connections: Annotated[int, Field(description="live: how often the source was opened.")]

    question: Annotated[str, Field(description="eval: what was asked.")]
    kind: Annotated[str, Field(description="eval: the group of questions it belongs to.")]
    options: Annotated[list[str], Field(description="eval: candidates in the question's order.")]
    target_index: Annotated[int | None, Field(description="eval: the true option, from 0.")]
    predicted_index: Annotated[int | None, Field(description="eval: the best option, from 0.")]
    rank: Annotated[int, Field(description="eval: the true label's rank, from 1.")]
    order_margin: Annotated[
        Finite, Field(description="eval: the true script's score less that in other orders.")
    ]
    mean_iou: Annotated[Finite | None, Field(description="eval: of steps and true intervals.")]
    intervals: Annotated[list[IntervalRow], Field(description="eval: when its steps happen.")]

    id: Annotated[str, Field(description="--scores: the sample's id.")]
    scores: Annotated[list[Finite] | None, Field(description="--scores: of each option.")]
    path_lengths: Annotated[list[int] | None, Field(description="--scores: of each option.")]
    correct_index: Annotated[int | None, Field(description="--scores: as target_index.")]


def new_row(fields: Row) -> Row:
    """A row in the order of the schema; what follows from other fields is filled in.

    Bytes of file names that are no text are escaped, so that any file can hold the row.
    """
    label = fields.get("label")
    row: Row = {
        "schema_version": SCHEMA_VERSION,
        "doc_id": fields["clip"],
        "status": "ok",
        "error": None,
        "filtered_resps": [] if label is None else [label],
        **fields,
    }
    warnings = row.get("warnings", [])
    if "boxes" in row:
        first, end = row.get("start_seconds", 0.0), row.get("end_seconds", 0.0)
        row["boxes"] = [box for box in row["boxes"] if first - 0.01 <= box["seconds"] <= end]
    unseen = neutral_warning(row.get("neutral_frames", 0), row.get("frames", 0))
    if unseen and unseen[0] not in warnings:
        row["warnings"] = [*warnings, *unseen]
    return {name: _escaped(row[name]) for name in _FIELDS if name in row}  # type: ignore[literal-required,return-value]


_BOX = tuple(BoxRow.__annotations__)


def people_fields(provenance: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The fields of a row that encoders who follow people write into the provenance; and the rest.

    What can't be read stays where it is.
    """
    found: dict[str, Any] = {}
    readers: dict[str, Callable[[str], Any]] = {
        "person": int,
        "people": int,
        "people_frames": lambda text: {
            str(int(people)): int(frames)
            for people, frames in (part.split(":") for part in text.split())
        },
        "boxes": lambda text: [
            dict(zip(_BOX, map(float, box.split()), strict=True)) for box in text.split(";")
        ],
    }
    for name, read in readers.items():
        with suppress(KeyError, ValueError):
            found[name] = read(provenance[name])
    return found, {name: text for name, text in provenance.items() if name not in found}


def neutral_warning(neutral: int, frames: int) -> list[str]:
    """One sentence if fewer than half of the frames show anything that the encoder knows."""
    if 2 * neutral <= frames:
        return []
    return [f"{neutral} of {frames} frames show nothing that the encoder knows (body: a person)."]


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, dict):
        return {name: _escaped(one) for name, one in value.items()}
    return type(value)(map(_escaped, value)) if isinstance(value, list | tuple) else value


_FIELDS = tuple(Row.__annotations__)


def repetition_row(steps: list[StepRow]) -> RepetitionRow:
    """One repetition of the steps, at least one."""
    return {
        "start_seconds": steps[0]["start_seconds"],
        "end_seconds": steps[-1]["end_seconds"],
        "segments": steps,
    }


class NumberedStep(NamedTuple):
    """A step, numbered from 1; repetition: of which, None where they were not looked for."""

    repetition: int | None
    number: int
    step: StepRow


def numbered_steps(candidate: CandidateRow) -> list[NumberedStep]:
    """A candidate's steps in the order of time, all of every repetition."""
    repetitions = candidate.get("repetitions")
    if not repetitions:
        steps = candidate.get("segments", ())
        return [NumberedStep(None, k, step) for k, step in enumerate(steps, start=1)]
    return [
        NumberedStep(n, k, step)
        for n, repetition in enumerate(repetitions, start=1)
        for k, step in enumerate(repetition["segments"], start=1)
    ]


def action_span(row: Row) -> tuple[float, float] | None:
    """When the winner happens, [start, end) in seconds of the file; None where it is not known.

    From the first step to the last, of all repetitions; without steps, the clip's own interval.
    """
    steps = numbered_steps(row["candidates"][0]) if row["candidates"] else []
    if steps:
        return steps[0].step["start_seconds"], steps[-1].step["end_seconds"]
    start, end = row.get("start_seconds"), row.get("end_seconds")
    return None if start is None or end is None else (start, end)


def refused(row: Row) -> bool:
    """Whether there are candidates and none was sure enough to be the label."""
    return bool(row["candidates"]) and "label" in row and row["label"] is None


def only_by_name(candidate: CandidateRow) -> bool:
    """Whether a candidate was aligned without a script: its name was its only step."""
    return candidate.get("path_length") is not None and not candidate.get("has_script", True)


def error_row(
    clip: str, video: str | None, error: ActAlignError, *, target: str | None = None
) -> Row:
    """The row of a clip that failed: it is unscored, not wrong."""
    return new_row(
        {
            "clip": clip,
            "status": "error",
            "error": str(error),
            "video": video,
            "label": None,
            "target": target,
            "metrics": {},
            "candidates": [],
        }
    )


def renamed(row: Row, clip: str) -> Row:
    """The row with another clip id."""
    return {**row, "clip": clip, "doc_id": clip}


@cache
def _adapter() -> TypeAdapter[Row]:
    return TypeAdapter(Row)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a row (draft 2020-12)."""
    schema = _adapter().json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def score_text(score: float) -> str:
    """A score with four significant digits: pair probabilities may be as small as 1e-8."""
    return f"{score:#.4g}".rstrip(".")


def row_text(row: Row) -> str:
    """A row as one line of JSON; raises ActAlignError for NaN or infinity, which JSON lacks."""
    try:
        text = json.dumps(row, ensure_ascii=False, allow_nan=False)
        text.encode()
    except UnicodeEncodeError:  # a file name whose bytes are no text
        return row_text(_escaped(row))
    except ValueError as error:
        raise ActAlignError(
            f"The row of {row.get('clip')!r} holds NaN or infinity, which JSON lacks."
        ) from error
    return text


def parse_row(line: str | bytes, where: str) -> Row:
    """One line of JSON as a row; rows of versions without `clip` get it from `doc_id`.

    Fields that this version doesn't know are left as they are. Raises UsageError that names
    ``where``, the field and what is wrong.
    """
    try:
        row = _escaped(parse_json(line))  # earlier versions wrote names that are no text
        if isinstance(row, dict) and "doc_id" in row:
            row.setdefault("clip", row["doc_id"])
        _adapter().validate_python(row)
    except (ValueError, TypeError) as error:
        fault = error.errors()[0] if isinstance(error, ValidationError) else None
        field = ".".join(map(str, fault["loc"])) if fault else ""
        why = f" ({field}: {fault['msg']})" if fault and field else "" if fault else f" ({error})"
        raise UsageError(
            f"{where} is not a prediction{why}; "
            "give a .jsonl file that `actalign classify --out` wrote."
        ) from None
    found: Row = row
    return found


class RowFile:
    """The rows of a predictions.jsonl, read one by one whenever they are iterated over.

    Raises UsageError that names the file and the line.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)

    def __iter__(self) -> Iterator[Row]:
        try:
            for number, line in enumerate(read_lines(self._path), start=1):
                if line.strip():
                    yield parse_row(line, f"{self._path}, line {number}")
        except (OSError, ValueError) as error:
            raise UsageError(f"The predictions {self._path} can't be read: {error}.") from error


def read_rows(path: str | Path) -> list[Row]:
    """The rows of a predictions.jsonl; raises UsageError that names the file and the line."""
    return list(RowFile(path))


class RowWriter:
    """Writes JSON Lines as they come, so that a run of any size holds one row; a context manager.

    The file gets its name when all went well, and nothing is left behind otherwise. Without a path
    rows are only counted. Raises ActAlignError when the file can't be written.
    """

    def __init__(self, path: str | Path | None) -> None:
        self.count = 0
        self._writing = nullcontext() if path is None else writing(path)

    def __enter__(self) -> RowWriter:
        self._file = self._writing.__enter__()
        return self

    def add(self, row: Row) -> None:
        """Write one row."""
        self.count += 1
        if self._file is not None:
            self._file.write(row_text(row).encode() + b"\n")

    def __exit__(self, *error: Any) -> None:
        self._writing.__exit__(*error)


def write_rows(rows: Iterable[Row], path: str | Path) -> None:
    """Write JSON Lines to ``path``, whole or not at all; see `RowWriter`."""
    with RowWriter(path) as writer:
        for row in rows:
            writer.add(row)
