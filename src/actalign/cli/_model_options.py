"""The options that choose the encoder, for every verb that loads one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import typer

from actalign.cli._grouped import MODEL
from actalign.encoders._load import DEFAULT_MODEL, EncoderChoice
from actalign.errors import UsageError

MODEL_HELP = "Encoder: a hub id (ID@COMMIT pins it), a folder, or 'body' (built in)."
Device = Annotated[
    str | None, typer.Option(help="cpu, cuda:0, mps, ...; the first GPU if there is one.")
]
Dtype = Annotated[
    str | None,
    typer.Option(help="float32, bfloat16, float16 or, for SigLIP on a GPU, float8 (less exact)."),
]


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """The encoder."""

    PANEL: ClassVar[str] = MODEL

    model: Annotated[str, typer.Option(help=MODEL_HELP)] = DEFAULT_MODEL
    person: Annotated[
        str | None,
        typer.Option(
            help="body: whom to follow, at first sight: largest, left, right, or 2 for the second "
            "largest."
        ),
    ] = None
    device: Device = None
    dtype: Dtype = None

    @property
    def choice(self) -> EncoderChoice:
        if self.person is None:
            return EncoderChoice(self.model, self.device, self.dtype)
        if self.model != "body":
            raise UsageError("--person is for --model body; other encoders see the whole picture.")
        return EncoderChoice(f"body:{self.person}", self.device, self.dtype)


@dataclass(frozen=True, slots=True)
class BodyModelOptions(ModelOptions):
    """The encoder, by default the one that is built in."""

    model: Annotated[str, typer.Option(help=MODEL_HELP)] = "body"
