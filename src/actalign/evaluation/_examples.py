"""The clips of `--examples`: labelled clips that others are compared with, beside the words."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from actalign.clips import ClipResult
from actalign.errors import UsageError, VideoError
from actalign.evaluation._questions import Question
from actalign.evaluation._readers import Source, read_data
from actalign.types import ClipEmbedding

EXAMPLE = "example: "
"""The prefix of an example's id."""


def read_examples(data: Path) -> dict[str, Question]:
    """The examples of a folder of classes or a truth file, by clip id; raises UsageError."""
    found = read_data(Source(data), "questions" if data.is_file() else "folder").questions
    if one := next((one for one in found if one.box is not None), None):
        raise UsageError(
            f"Example {one.id!r} in {data} is one of several people (`box`), but an example is a "
            "whole clip; leave it out."
        )
    return {f"{EXAMPLE}{one.target}/{one.id}": one for one in found if one.target and one.video}


def labelled(
    examples: Iterable[Question], results: Iterable[ClipResult]
) -> list[tuple[str, ClipEmbedding]]:
    """Each example's label and embedding; raises UsageError for a clip that can't be used."""
    try:
        return [
            (str(one.target), result.embedding())
            for one, result in zip(examples, results, strict=True)
        ]
    except VideoError as error:
        raise UsageError(f"An example can't be used: {error}") from error
