"""Labelled clips and benchmarks: what the scorers get right, with intervals and controls.

`run` evaluates the questions that `read_data` returns and writes a run folder, which `actalign
report` reads. The metrics are separate functions, for any scores.
"""

from actalign.evaluation._calibration import (
    ReliabilityBin,
    RiskCoverage,
    expected_calibration_error,
    reliability,
    risk_coverage,
)
from actalign.evaluation._config import EvalConfig
from actalign.evaluation._detection import Event, average_precision, mean_average_precision
from actalign.evaluation._metrics import (
    Difference,
    McNemar,
    Rate,
    bootstrap,
    confusion,
    expected_chance,
    macro_accuracy,
    mcnemar,
    paired_bootstrap,
    per_class,
    rank_of_answer,
    temporal_iou,
    top_k,
    wilson_interval,
)
from actalign.evaluation._question_file import (
    question_schema,
    read_question_file,
    write_question_file,
)
from actalign.evaluation._questions import Interval, Question, QuestionSet
from actalign.evaluation._readers import READERS, Source, read_data
from actalign.evaluation._run import run
from actalign.evaluation._segmentation import (
    Counts,
    edit_score,
    frame_accuracy,
    mean_step_iou,
    segment_counts,
)

__all__ = [
    "READERS",
    "Counts",
    "Difference",
    "EvalConfig",
    "Event",
    "Interval",
    "McNemar",
    "Question",
    "QuestionSet",
    "Rate",
    "ReliabilityBin",
    "RiskCoverage",
    "Source",
    "average_precision",
    "bootstrap",
    "confusion",
    "edit_score",
    "expected_calibration_error",
    "expected_chance",
    "frame_accuracy",
    "macro_accuracy",
    "mcnemar",
    "mean_average_precision",
    "mean_step_iou",
    "paired_bootstrap",
    "per_class",
    "question_schema",
    "rank_of_answer",
    "read_data",
    "read_question_file",
    "reliability",
    "risk_coverage",
    "run",
    "segment_counts",
    "temporal_iou",
    "top_k",
    "wilson_interval",
    "write_question_file",
]
