"""Benchmarks and metrics: what the scorers get right, with intervals and controls.

`run` evaluates the questions that `read_questions` reads, into a folder that `read_run` reads back.
The metrics are functions of their own, for any scores.
"""

from actalign.evaluation._benchmarks import BENCHMARKS, read_questions
from actalign.evaluation._config import EvalConfig
from actalign.evaluation._metrics import (
    Difference,
    McNemar,
    Rate,
    expected_chance,
    mcnemar,
    mean_temporal_iou,
    paired_bootstrap,
    rank_of_answer,
    temporal_iou,
    top_k,
    wilson_interval,
)
from actalign.evaluation._questions import Question, QuestionSet
from actalign.evaluation._run import run

__all__ = [
    "BENCHMARKS",
    "Difference",
    "EvalConfig",
    "McNemar",
    "Question",
    "QuestionSet",
    "Rate",
    "expected_chance",
    "mcnemar",
    "mean_temporal_iou",
    "paired_bootstrap",
    "rank_of_answer",
    "read_questions",
    "run",
    "temporal_iou",
    "top_k",
    "wilson_interval",
]
