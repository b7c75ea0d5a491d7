"""The networks of the `body` encoder on ONNX Runtime."""

from __future__ import annotations

from pathlib import Path

import onnxruntime


def open_network(file: Path) -> onnxruntime.InferenceSession:
    """One of the encoder's networks, to run on one thread: they are small."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
