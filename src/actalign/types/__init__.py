"""The data that flow between stages: frozen, and checked on construction.

Shapes: ``t`` runs over ``T`` frames, ``k`` over ``K`` steps, ``D`` is the embedding width, ``m`` a
candidate. How they are computed is defined elsewhere, and a result's JSON form is in `rows`.
"""

from __future__ import annotations

from actalign.types._arrays import Float32, Float64, Int32, UInt8
from actalign.types._clips import ClipEmbedding, ClipError, FrameBatch
from actalign.types._results import Alignment, Candidate, Prediction, Script, Segment, TextWarning

__all__ = [
    "Alignment",
    "Candidate",
    "ClipEmbedding",
    "ClipError",
    "Float32",
    "Float64",
    "FrameBatch",
    "Int32",
    "Prediction",
    "Script",
    "Segment",
    "TextWarning",
    "UInt8",
]
