"""The examples of --examples, embedded and fitted to the candidates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from actalign.candidates import Candidates
    from actalign.clips import ClipResult
    from actalign.examples import WithExamples


def with_examples(
    folder: Path,
    candidates: Candidates,
    embed: Callable[[dict[str, Path]], Iterator[ClipResult]],
) -> WithExamples:
    """The candidates with the examples of a folder or of a truth file.

    Raises UsageError for a clip that can't be used.
    """
    from actalign.errors import UsageError, VideoError
    from actalign.evaluation._readers import Source, read_data
    from actalign.examples import Examples, WithExamples

    layout = "questions" if folder.is_file() else "folder"
    found = [one for one in read_data(Source(folder), layout).questions if one.target]
    videos = {f"example: {one.target}/{one.id}": one.video for one in found if one.video}
    try:
        clips = [
            (str(one.target), result.embedding())
            for one, result in zip(found, embed(videos), strict=True)
        ]
    except VideoError as error:
        raise UsageError(f"An example can't be used: {error}") from error
    shown = Examples(clips, smoothing_seconds=candidates.smoothing_seconds)
    return WithExamples.fitted(candidates, shown)
