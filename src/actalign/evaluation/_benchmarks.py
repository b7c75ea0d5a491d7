"""The benchmarks by name, and how their questions are read: the table BENCHMARKS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from actalign.errors import UsageError
from actalign.evaluation import _mini_atlas
from actalign.evaluation._config import EvalConfig
from actalign.evaluation._questions import QuestionSet
from actalign.evaluation.atlas import _questions as atlas

BENCHMARKS: dict[str, Callable[[EvalConfig], QuestionSet]] = {
    atlas.NAME: lambda config: atlas.read_actionatlas(config.data, Path(config.scripts)),
    _mini_atlas.NAME: lambda config: _mini_atlas.read_mini_atlas(Path(config.data)),
}


def read_questions(config: EvalConfig) -> QuestionSet:
    """The questions that a configuration names; raises UsageError."""
    read = BENCHMARKS.get(config.benchmark)
    if read is None:
        raise UsageError(
            f"There is no benchmark {config.benchmark!r}; choose of {', '.join(BENCHMARKS)}."
        )
    return read(config)
