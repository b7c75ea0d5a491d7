"""Zero-shot fine-grained video classification by language-guided sequence alignment.

`import actalign` loads numpy only; each public name below loads its module when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np  # noqa: F401 - the one thing importing this package may cost

from actalign._types import ClipEmbedding, FrameBatch, Script
from actalign.errors import ActAlignError, EncoderError, UsageError, VideoError

if TYPE_CHECKING:
    from actalign.alignment import Alignment, align, align_batch
    from actalign.classifier import ActAlign
    from actalign.encoder import load_encoder
    from actalign.prediction import Prediction
    from actalign.subactions import load_scripts
    from actalign.video import sample_frames

__version__ = "0.1.0"

__all__ = [
    "ActAlign",
    "ActAlignError",
    "Alignment",
    "ClipEmbedding",
    "EncoderError",
    "FrameBatch",
    "Prediction",
    "Script",
    "UsageError",
    "VideoError",
    "align",
    "align_batch",
    "load_encoder",
    "load_scripts",
    "sample_frames",
]

_HOME = {
    "ActAlign": "classifier",
    "Alignment": "alignment",
    "Prediction": "prediction",
    "align": "alignment",
    "align_batch": "alignment",
    "load_encoder": "encoder",
    "load_scripts": "subactions",
    "sample_frames": "video",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f"actalign.{_HOME[name]}"), name)
    raise AttributeError(f"module 'actalign' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME])
