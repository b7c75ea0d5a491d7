"""The options of a second look by a vision-language model, and how they are read."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from actalign.cli._grouped import SECOND_LOOK
from actalign.cli._options import DECODE_SECONDS
from actalign.errors import UsageError

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from actalign.candidates import Candidates
    from actalign.second_look import SecondLook


@dataclass(frozen=True, slots=True)
class SecondLookOptions:
    """Which model is asked again about close clips, and how."""

    PANEL: ClassVar[str] = SECOND_LOOK

    second_look: Annotated[
        str | None,
        typer.Option(
            metavar="MODEL",
            help="Vision-language model that is sent frames of the clips whose best candidates are "
            "close, and chooses among them.",
        ),
    ] = None
    second_look_url: Annotated[
        str | None,
        typer.Option(
            help="Its OpenAI-compatible service, e.g. http://127.0.0.1:8000/v1; the key is "
            "OPENAI_API_KEY."
        ),
    ] = None
    second_look_key_file: Annotated[
        Path | None, typer.Option(help="File that holds the service's key.")
    ] = None
    second_look_top: Annotated[
        int, typer.Option(min=2, max=26, help="Number of best candidates that it chooses among.")
    ] = 3
    second_look_close: Annotated[
        float,
        typer.Option(
            min=0.001,
            help="A clip is close if its two best confidences differ by less than this; 1 for all "
            "clips.",
        ),
    ] = 0.2
    second_look_price: Annotated[
        str | None, typer.Option(help="USD per million tokens in and out, e.g. 2.50,10.")
    ] = None

    def check(self, *, examples: bool = False, refuses: bool = False) -> None:
        """Raise UsageError for what can't be used, before any work is done.

        examples: there are --examples. refuses: there is a --min-confidence.
        """
        if self.second_look is None:
            if self.second_look_url or self.second_look_key_file or self.second_look_price:
                raise UsageError("The options of a second look need --second-look MODEL.")
            return
        if examples or refuses:
            raise UsageError("--second-look can't be used with --examples or --min-confidence.")
        self._prices()

    def identity(self) -> dict[str, object]:
        """What rows depend on, as JSON can hold it."""
        if self.second_look is None:
            return {}
        url, top, close = self.second_look_url, self.second_look_top, self.second_look_close
        return {"second_look": [self.second_look, url, top, close]}

    def check_confidence(self, candidates: Candidates) -> None:
        """Raise UsageError where no clip can be known to be close."""
        if self.second_look and self.second_look_close < 1 and candidates.temperature is None:
            from actalign.second_look._look import unsure

            raise unsure(candidates.scorer.name)

    def open(
        self, silent_seconds: float = DECODE_SECONDS
    ) -> AbstractContextManager[SecondLook | None]:
        """The second look that the flags ask for, or None; raises UsageError."""
        if self.second_look is None:
            return nullcontext()
        from actalign.scripts import LLMConfig
        from actalign.second_look import SecondLook
        from actalign.services import read_api_key

        given, written = self._prices()
        config = LLMConfig(
            model=self.second_look,
            base_url=self.second_look_url,
            temperature=0.0,
            input_price=given,
            output_price=written,
        )
        return SecondLook(
            config,
            top_k=self.second_look_top,
            close=self.second_look_close,
            api_key=read_api_key(self.second_look_key_file),
            silent_seconds=silent_seconds,
        )

    def _prices(self) -> tuple[float | None, float | None]:
        if self.second_look_price is None:
            return None, None
        try:
            given, written = map(float, self.second_look_price.split(","))
        except ValueError:
            given = written = -1.0
        if not (0 <= given < 1e6 and 0 <= written < 1e6):
            raise UsageError(
                f"--second-look-price is {self.second_look_price!r}; give two numbers, such as "
                "2.50,10."
            )
        return given, written
