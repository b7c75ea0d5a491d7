"""Packages that need torchvision, beside the CPU build of torch.

The torchvision of the package index is built for CUDA: beside the CPU build of torch its compiled
operators can't be loaded, and its import fails since two of them were never declared. They are
declared here, without anything behind them; the resizing and the pictures' types, which is all that
open_clip, timm and sentence-transformers use, need no operator.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.util import find_spec

_OPERATORS = {
    "nms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}


@cache
def beside_torchvision(*packages: str) -> str | None:
    """None where the packages can be imported beside torch, and torchvision if it is there, else
    why not."""
    missing = [name for name in ("torch", *packages) if find_spec(name) is None]
    if missing:
        return f"not installed: {', '.join(missing)} (scripts/test-torchvision)"
    if find_spec("torchvision") is not None:
        _declare_operators()
    for package in packages:
        try:
            import_module(package)
        except (ImportError, RuntimeError) as error:
            return f"{package} can't be imported beside this torch ({error})"
    return None


def _declare_operators() -> None:
    import torch

    if torch.version.cuda is None:
        for name, schema in _OPERATORS.items():
            if not hasattr(torch.ops.torchvision, name):
                torch.library.define(f"torchvision::{name}", schema)
