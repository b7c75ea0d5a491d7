"""Zero-shot fine-grained video classification by language-guided sequence alignment.

`import actalign` loads almost nothing; each public name below loads its module on first use.
"""

from __future__ import annotations

import importlib
import os

__version__ = "0.1.0"

# ONNX Runtime reads this when it is loaded; otherwise it looks up a host and keeps a device id.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

from actalign import _moved  # noqa: F401 - makes old module paths importable

TYPE_CHECKING = False  # `typing` takes longer to load than everything else here
if TYPE_CHECKING:
    from typing import Any

    from actalign.alignment import Detection, align, align_batch
    from actalign.candidates import Candidates
    from actalign.classifier import ActAlign
    from actalign.encoder_info import EncoderInfo
    from actalign.encoders import (
        ClipEncoder,
        Encoder,
        ImageEncoder,
        StreamEncoder,
        WindowEncoder,
        load_encoder,
    )
    from actalign.errors import ActAlignError, ArrayError, EncoderError, UsageError, VideoError
    from actalign.scripts import load_scripts
    from actalign.types import (
        Alignment,
        Candidate,
        ClipEmbedding,
        ClipError,
        FrameBatch,
        Prediction,
        Script,
        Segment,
    )
    from actalign.video import sample_frames

__all__ = [
    "ActAlign",
    "ActAlignError",
    "Alignment",
    "ArrayError",
    "Candidate",
    "Candidates",
    "ClipEmbedding",
    "ClipEncoder",
    "ClipError",
    "Detection",
    "Encoder",
    "EncoderError",
    "EncoderInfo",
    "FrameBatch",
    "ImageEncoder",
    "Prediction",
    "Script",
    "Segment",
    "StreamEncoder",
    "UsageError",
    "VideoError",
    "WindowEncoder",
    "align",
    "align_batch",
    "load_encoder",
    "load_scripts",
    "sample_frames",
]

_ROOM = {
    "ActAlign": "classifier",
    "ActAlignError": "errors",
    "Alignment": "types",
    "ArrayError": "errors",
    "Candidate": "types",
    "Candidates": "candidates",
    "ClipEmbedding": "types",
    "ClipEncoder": "encoders",
    "ClipError": "types",
    "Detection": "alignment",
    "Encoder": "encoders",
    "EncoderError": "errors",
    "EncoderInfo": "encoder_info",
    "FrameBatch": "types",
    "ImageEncoder": "encoders",
    "Prediction": "types",
    "Script": "types",
    "Segment": "types",
    "StreamEncoder": "encoders",
    "UsageError": "errors",
    "VideoError": "errors",
    "WindowEncoder": "encoders",
    "align": "alignment",
    "align_batch": "alignment",
    "load_encoder": "encoders",
    "load_scripts": "scripts",
    "sample_frames": "video",
}


def __getattr__(name: str) -> Any:
    if name in _ROOM:
        return getattr(importlib.import_module(f"actalign.{_ROOM[name]}"), name)
    if name in _ROOM.values():
        return importlib.import_module(f"actalign.{name}")
    raise AttributeError(f"module 'actalign' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_ROOM])


def _notebook_html(value: Alignment | Prediction) -> str:
    """How a notebook shows a value of `types`, which is below the room that draws it."""
    from actalign.output._notebook import html

    return html(value)
