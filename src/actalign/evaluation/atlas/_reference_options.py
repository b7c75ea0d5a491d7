"""The options that the reference's six commands share, and how they are checked."""

from __future__ import annotations

from typing import Annotated

import typer

from actalign.errors import EncoderError

Model = Annotated[str, typer.Option(help="Encoder: hub id, local folder, or 'body' (built in).")]
Device = Annotated[
    str | None,
    typer.Option(help="cuda:0, cpu, ...; by default cuda:0 if there is one, or else the CPU."),
]
Dtype = Annotated[str | None, typer.Option(help="float32, bfloat16 or float16.")]
BatchSize = Annotated[int | None, typer.Option(min=1, help="Frames or texts in one pass.")]

LogitScaleLog = Annotated[
    float | None, typer.Option(help="Natural logarithm of the scale; no model is loaded.")
]
LogitBias = Annotated[float | None, typer.Option(help="Bias; no model is loaded.")]
SmoothingSeconds = Annotated[
    float | None,
    typer.Option(
        min=0, help="Moving average over frames; by default the encoder's own, 0 without times."
    ),
]
NoSigmoid = Annotated[bool, typer.Option("--no-sigmoid", help="Align cosines, not probabilities.")]
Reference = Annotated[
    bool,
    typer.Option(
        "--reference",
        help="The original script's behaviour: no smoothing, and SigLIP 2's scale and bias.",
    ),
]


def check_device(device: str | None) -> None:
    """Raise EncoderError for a device that was named but isn't available."""
    if device in (None, "cpu"):
        return
    try:
        from actalign.encoders._torch import choose_device
    except ImportError:
        raise EncoderError(
            f"The device {device!r} needs torch, which is not installed; leave the device out."
        ) from None
    choose_device(device)
