"""The options that choose the encoder, for every verb that loads one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar

import typer

from actalign.cli._grouped import MODEL
from actalign.encoders._base import CROP, follows_everyone
from actalign.encoders._load import DEFAULT_MODEL, EncoderChoice
from actalign.errors import UsageError

MODEL_HELP = (
    "Encoder: a hub id (ID@COMMIT pins it), a folder, 'body' (built in), or http://HOST/v1#MODEL, "
    "a service that frames are sent to."
)
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
            help="With body or --crop: whom to follow: the largest, left or right person when "
            "first seen, 2 for the second largest, or all for one result per person."
        ),
    ] = None
    crop: Annotated[
        str | None,
        typer.Option(
            help="person: an image encoder sees a box around the person, with context, instead of "
            "the whole picture; needs the extra body."
        ),
    ] = None
    device: Device = None
    dtype: Dtype = None

    @property
    def choice(self) -> EncoderChoice:
        """The encoder of these options; raises UsageError for those that can't go together."""
        if self.crop not in (None, "person"):
            raise UsageError(f"--crop is {self.crop!r}; it can only be person.")
        if self.crop and self.model == "body":
            raise UsageError("--crop is for image encoders; body follows people by itself.")
        if self.crop:
            model = f"{CROP}{self.person or 'largest'}:{self.model}"
            return EncoderChoice(model, self.device, self.dtype)
        named = f"body:{self.person}"
        if self.person is None or self.model == named:
            return EncoderChoice(self.model, self.device, self.dtype)
        if self.model != "body":
            raise UsageError(
                "--person is for --model body, and for image encoders with --crop person; others "
                "see the whole picture."
            )
        model = self.model if self.person == "largest" else named
        return EncoderChoice(model, self.device, self.dtype)

    def choice_where(self, one_only: Mapping[str, object]) -> EncoderChoice:
        """As `choice`; raises UsageError for --person all together with any of these options.

        one_only: what is given of the options that take one sequence a clip, by name.
        """
        for name, given in one_only.items():
            if given:
                return self.choice_of_one(name)
        return self.choice

    def choice_of_one(self, where: str) -> EncoderChoice:
        """As `choice`, where a clip must be one sequence: raises UsageError for --person all."""
        choice = self.choice
        if follows_everyone(choice.model):
            raise UsageError(
                f"--person all gives several results per clip, and {where} takes one; give "
                "largest, left, right or 2 for the second largest."
            )
        return choice


@dataclass(frozen=True, slots=True)
class BodyModelOptions(ModelOptions):
    """The encoder, by default the one that is built in."""

    model: Annotated[str, typer.Option(help=MODEL_HELP)] = "body"
