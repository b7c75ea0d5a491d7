"""The options of the `actalign subactions` commands that ask a language model."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import typer

from actalign.cli._candidates import LabelOptions
from actalign.cli._grouped import CANDIDATES
from actalign.errors import UsageError, counted

if TYPE_CHECKING:
    from pydantic import SecretStr

    from actalign.scripts import LLMConfig, ScriptRequest

Questions = Annotated[
    Path | None,
    typer.Option(
        help='JSON or JSON Lines of {"id", "labels", "domain"}.', rich_help_panel=CANDIDATES
    ),
]
DEFAULT_LLM = "gpt-4o-2024-08-06"


def _temperature(given: str | float) -> float | None:
    if str(given).strip().lower() == "none":
        return None
    with suppress(ValueError):
        if 0 <= float(given) <= 2:
            return float(given)
    raise UsageError(f"--temperature is {given!r}; give a number from 0 to 2, or none.")


@dataclass(frozen=True, slots=True)
class ServiceOptions:
    """The language model that is asked, and its prices."""

    PANEL: ClassVar[str] = "Language model"

    llm_model: Annotated[str, typer.Option(help="Model name, as the service knows it.")] = (
        DEFAULT_LLM
    )
    base_url: Annotated[
        str | None,
        typer.Option(help="An OpenAI-compatible service, e.g. http://127.0.0.1:8080/v1."),
    ] = None
    temperature: Annotated[
        float | None,
        typer.Option(
            parser=_temperature,
            metavar="NUMBER|none",
            help="0 to 2, or none for the model's own default, which some models require.",
        ),
    ] = 0.2
    input_price: Annotated[
        float | None, typer.Option(min=0, help="USD per million input tokens.")
    ] = None
    output_price: Annotated[
        float | None, typer.Option(min=0, help="USD per million output tokens.")
    ] = None

    timeout: Annotated[
        float,
        typer.Option(
            min=0.1,
            help="Seconds to wait for the service to respond, per attempt; a whole answer may take "
            "ten times that.",
        ),
    ] = 60.0

    def config(self, **more: Any) -> LLMConfig:
        """The configuration that the flags give; raises UsageError.

        more: further fields of `LLMConfig`.
        """
        from actalign.scripts import LLMConfig
        from actalign.services import KEY_OR_FILE, Told

        return LLMConfig(
            told=Told(key=KEY_OR_FILE, or_wait=" or raise --timeout"),
            model=self.llm_model,
            base_url=self.base_url,
            temperature=self.temperature,
            input_price=self.input_price,
            output_price=self.output_price,
            timeout_seconds=self.timeout,
            **more,
        )


@dataclass(frozen=True, slots=True)
class WritingOptions:
    """What the language model is to write; named as in `LLMConfig`."""

    PANEL: ClassVar[str] = "Language model"

    prompt: Annotated[
        str, typer.Option(help="discriminative, context-rich, short-fixed or a file.")
    ] = "discriminative"
    wordings: Annotated[
        int,
        typer.Option(
            min=1,
            max=20,
            help="Number of differently worded scripts per label; their scores are averaged.",
        ),
    ] = 1


@dataclass(frozen=True, slots=True)
class KeyOptions:
    """Where the service's key is."""

    PANEL: ClassVar[str] = "Language model"

    api_key_file: Annotated[
        Path | None,
        typer.Option(help="File with the API key; by default OPENAI_API_KEY is used."),
    ] = None

    def read(self) -> SecretStr | None:
        """The key; raises UsageError for a file that can't be read."""
        from actalign.services import read_api_key

        return read_api_key(self.api_key_file)


def with_scripts(good: int, total: int) -> str:
    """How many questions came to scripts."""
    return f"{good} of {counted(total, 'question')} {'has' if total == 1 else 'have'} scripts"


def requests_of(asked: LabelOptions, questions: Path | None) -> list[ScriptRequest]:
    """What is asked for, from exactly one of the flags; raises UsageError."""
    from actalign.scripts import ScriptRequest
    from actalign.scripts._generate import read_requests

    if sum(given is not None for given in (asked.labels, asked.labels_file, questions)) != 1:
        raise UsageError("Give one of --labels, --labels-file and --questions.")
    if questions is None:
        return [ScriptRequest("labels", tuple(asked.listed()), asked.domain)]
    if asked.domain is not None:
        raise UsageError("The questions file names the domains; leave --domain out.")
    found = read_requests(questions)
    if not found:
        raise UsageError(f"The questions file {questions} holds no question.")
    return found
