"""A run's result for each clip, and its row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from actalign.addresses import named_place
from actalign.errors import ActAlignError, EncoderError, UsageError, VideoError
from actalign.rows import Row
from actalign.rows._people import neutral_warning, people_fields
from actalign.types import ClipEmbedding, ClipError, Prediction


@dataclass(frozen=True, slots=True)
class ClipResult:
    """One video of a run: its embeddings, or the error that says why there are none.

    cached: the embeddings were in the store. notes: sentences about problems with the store. last:
    no other result of the same video follows; there are several if everyone is followed.
    """

    clip_id: str
    path: Path | str
    clip: ClipEmbedding | None = None
    error: ActAlignError | None = None
    cached: bool = False
    notes: tuple[str, ...] = ()
    last: bool = True

    @property
    def failure(self) -> ClipError:
        """The error of a clip without embeddings, for its row."""
        error = self.error or VideoError(f"{self.path} has no embeddings.")
        return ClipError(self.clip_id, named_place(self.path), error)

    @property
    def remarks(self) -> list[str]:
        """What to report about the clip: its notes, its warnings, neutral frames."""
        if self.clip is None:
            return list(self.notes)
        people = people_fields(self.clip.provenance)[0].get("people_frames")
        neutral = neutral_warning(self.clip.neutral_frames, len(self.clip.embeddings), people)
        return [*self.notes, *self.clip.warnings, *neutral]

    def embedding(self) -> ClipEmbedding:
        """The embeddings; raises the clip's error if there are none."""
        if self.clip is None:
            raise self.failure.error
        return self.clip


def of_one_video(results: Iterator[ClipResult]) -> list[ClipResult]:
    """A run's results for the next video: several if everyone is followed."""
    found = [next(results)]
    while not found[-1].last:
        found.append(next(results))
    return found


def scored_clip(
    predict: Callable[[ClipEmbedding], Prediction], result: ClipResult, top_k: int | None
) -> tuple[Row, Prediction | None]:
    """The row of a run's clip, and its prediction if it has one; never raises for a clip."""
    if result.clip is None:
        return result.failure.to_row(), None
    try:
        prediction = predict(result.clip)
    except (EncoderError, UsageError) as error:
        return replace(result, clip=None, error=error).failure.to_row(), None
    return prediction.to_row(top_k=top_k), prediction


def person_id(clip_id: str, person: int) -> str:
    """The id of one person's embeddings in a clip, if everyone is followed; 0 for nobody."""
    return f"{clip_id}-person{person}"
