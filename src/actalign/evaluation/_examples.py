"""The clips of `--examples`: labelled, and compared with beside the words."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from actalign.clips import ClipResult
from actalign.errors import UsageError, VideoError
from actalign.evaluation._questions import Question
from actalign.evaluation._readers import Source, read_data
from actalign.types import ClipEmbedding

EXAMPLE = "example: "
"""What an example's id begins with."""


def read_examples(data: Path) -> dict[str, Question]:
    """Those of a folder a class or of a truth file, by their clips' ids; raises UsageError."""
    found = read_data(Source(data), "questions" if data.is_file() else "folder").questions
    if one := next((one for one in found if one.box is not None), None):
        raise UsageError(
            f"Example {one.id!r} in {data} is one of several people (`box`), and an example is a "
            "whole clip; leave it out."
        )
    return {f"{EXAMPLE}{one.target}/{one.id}": one for one in found if one.target and one.video}


def labelled(
    examples: Iterable[Question], results: Iterable[ClipResult]
) -> list[tuple[str, ClipEmbedding]]:
    """Each one's label and embedding; raises UsageError for a clip that can't be used."""
    try:
        return [
            (str(one.target), result.embedding())
            for one, result in zip(examples, results, strict=True)
        ]
    except VideoError as error:
        raise UsageError(f"An example can't be used: {error}") from error
