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
    from actalign.evaluation._examples import labelled, read_examples
    from actalign.examples import Examples, WithExamples

    found = read_examples(folder)
    videos = {name: Path(str(one.video)) for name, one in found.items()}
    # all of them first: what an error leaves open would be ended by whichever thread frees it
    clips = labelled(found.values(), list(embed(videos)))
    shown = Examples(clips, smoothing_seconds=candidates.smoothing_seconds)
    return WithExamples.fitted(candidates, shown)
