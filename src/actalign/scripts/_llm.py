"""Chat completions over HTTP: the only module that connects to a language model's service.

It uses the openai SDK, so any OpenAI-compatible service works (OpenAI, vLLM, Ollama, llama.cpp's
server, OpenRouter). The SDK's own retries are the only ones: it honours Retry-After on 429 and 5xx,
and retries after time-outs and broken connections.

Not here: requests and answers (`_chat`), scripts, prompts and files (`_generate`). The key is kept
in a SecretStr and in the SDK's client, and `LLMService` removes it from every text that the service
returns.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.functional_validators import ModelWrapValidatorHandler

from actalign.addresses import plain_address
from actalign.errors import UsageError, first_fault
from actalign.scripts._chat import FORMATS, Answer, AnswerFormat, ChatRequest, LLMError, ModelId
from actalign.scripts._reply import message_text, token_alternatives, whole_characters
from actalign.services import Asked, Told, client, explain, read_api_key, redact

if TYPE_CHECKING:
    import openai
    from openai.types.chat import ChatCompletion

logger = logging.getLogger(__name__)

T = TypeVar("T")
OPENAI_URL = "https://api.openai.com/v1"


class LLMConfig(BaseModel):
    """Everything the scripts depend on, and how the service is used. It never holds the key.

    model: the service's model name; the default is a dated snapshot, not an alias.
    base_url: the service's address; None means OPENAI_BASE_URL or OpenAI.
    local_model: folder or hub id of a transformers chat model to run here instead of a service.
    temperature: 0 to 2 (paper: 0.2); None leaves it to the model.
    prompt: a shipped prompt's name or a prompt file. wordings: scripts per label, one request each.
    concurrency: requests in flight. timeout_seconds: longest time the service may send nothing; a
    whole answer may take ten times as long.
    max_retries: retries by the SDK. input_price, output_price: USD per million tokens.
    told: how messages name the options for address and key; not kept in files.
    Raises UsageError that names the field.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = "gpt-4o-2024-08-06"
    base_url: str | None = None
    local_model: str | None = None
    temperature: float | None = Field(default=0.2, ge=0, le=2)
    prompt: str = "discriminative"
    wordings: int = Field(default=1, ge=1, le=20)
    concurrency: int = Field(default=4, ge=1, le=64)
    timeout_seconds: float = Field(default=60.0, gt=0)
    max_retries: int = Field(default=4, ge=0, le=20)
    input_price: float | None = Field(default=None, ge=0)
    output_price: float | None = Field(default=None, ge=0)
    told: Told = Field(default=Told(), exclude=True, repr=False)

    @model_validator(mode="wrap")
    @classmethod
    def _explained(cls, fields: Any, read: ModelWrapValidatorHandler[Self]) -> Self:
        try:
            return read(fields)
        except ValidationError as error:
            field, why = first_fault(error)
            raise UsageError(
                f"The language model's {field or 'configuration'} is wrong ({why}); see LLMConfig."
            ) from None

    @field_validator("model")
    @classmethod
    def _named(cls, model: str) -> str:
        if not model.strip():
            raise UsageError("The language model's name is empty; name one that the service has.")
        return model

    @field_validator("base_url")
    @classmethod
    def _without_credentials(cls, url: str | None) -> str | None:
        return None if url is None else plain_address(url)

    def service_url(self) -> str:
        """The address of the service, checked even if it comes from the environment."""
        return self.base_url or plain_address(os.environ.get("OPENAI_BASE_URL") or OPENAI_URL)

    def model_id(self) -> ModelId:
        """The service's model and its parameters."""
        parameters = {} if self.temperature is None else {"temperature": self.temperature}
        return ModelId(self.service_url(), self.model, parameters)

    def cost(self, input_tokens: int, output_tokens: int) -> float | None:
        """The price of these tokens in USD, or None if a price is missing."""
        if self.input_price is None or self.output_price is None:
            return None
        return (input_tokens * self.input_price + output_tokens * self.output_price) / 1e6


class LLMService:
    """An OpenAI-compatible service. Safe to use from several threads.

    schema: of the answers; None for answers in plain text. key: instead of OPENAI_API_KEY. Raises
    UsageError if the openai package or OpenAI's key is missing.
    """

    def __init__(
        self,
        config: LLMConfig,
        schema: dict[str, Any] | None,
        key: SecretStr | None,
    ) -> None:
        try:
            import openai  # noqa: F401
        except ImportError:
            raise UsageError(
                "The openai package is not installed; install it with "
                "`pip install 'actalign[llm]'`."
            ) from None
        self.model_id = config.model_id()
        key = key or read_api_key()
        self._asked = Asked(
            self.model_id.service,
            config.model,
            config.timeout_seconds,
            config.max_retries,
            config.told,
            key=key,
        )
        if key is None and self.model_id.service == OPENAI_URL:
            raise UsageError(
                f"There is no API key in {self._asked.told.key}; set one, or name another "
                f"service with {self._asked.told.address}."
            )
        self._schema = schema or {}
        self._first_format = 0 if schema else FORMATS.index("text")
        self._left_out: tuple[str, ...] = ()
        self.lock = threading.Lock()
        self.client: openai.OpenAI = client(self._asked)

    def close(self) -> None:
        """Close the connections to the service."""
        self.client.close()

    def complete(self, request: ChatRequest) -> Answer:
        """Answer one request in the strictest form that the service accepts. Raises LLMError.

        A parameter of the model that the service refuses by name is left out from then on.
        """
        number = self._first_format
        while True:
            left_out = self._left_out
            body = request.body(FORMATS[number], self._schema)
            body = {name: value for name, value in body.items() if name not in left_out}
            try:
                reply = self.call(
                    lambda body=body: self.client.chat.completions.create(**body)  # type: ignore[misc]
                )
            except LLMError as error:
                if not error.unfit:
                    raise
                if not self._leave_out(
                    error, [name for name in request.model.parameters if name in body]
                ):
                    number += 1
                    if number == len(FORMATS):
                        raise
                continue
            with self.lock:
                self._first_format = max(self._first_format, number)
            return self.read_reply(reply, FORMATS[number], left_out)

    def _leave_out(self, error: LLMError, sent: list[str]) -> bool:
        """Whether the service refused parameters that were sent; they are not sent again."""
        refused = [name for name in sent if re.search(rf"\b{name}\b", error.said)]
        with self.lock:
            new = [name for name in refused if name not in self._left_out]
            self._left_out += tuple(new)
        if new:
            logger.warning(
                "%s refuses %s; continuing without.", self.model_id.name, " and ".join(new)
            )
        return bool(refused)

    def call(self, send: Callable[[], T]) -> T:
        """Run one SDK call; its errors become LLMErrors of one sentence without the key."""
        import openai

        try:
            return send()
        except openai.OpenAIError as error:
            message, fatal = explain(error, self._asked)
            unfit = getattr(error, "status_code", None) in (400, 422)
            body = getattr(error, "body", None)
            said = self.redact(str((isinstance(body, dict) and body.get("param")) or body))
            # "from None": the SDK's own message may contain the key, if a server echoed it
            raise LLMError(self.redact(message), fatal=fatal, unfit=unfit, said=said) from None
        except (ValueError, RecursionError) as error:
            raise self._no_completion(error) from None

    def read_reply(
        self,
        reply: ChatCompletion | Any,
        answer_format: AnswerFormat,
        left_out: tuple[str, ...] = (),
    ) -> Answer:
        """Read a chat completion. Raises LLMError for anything else."""
        given = getattr(reply, "choices", None)
        choices = given if isinstance(given, list) else None
        if not choices or getattr(choices[0], "message", None) is None:
            raise self._no_completion(getattr(reply, "error", None) or reply)
        usage = getattr(reply, "usage", None)
        finish = str(getattr(choices[0], "finish_reason", None) or "stop")
        text, refused = message_text(choices[0].message, finish)
        try:
            return Answer(
                text=self.redact(text),
                finish="refusal" if refused else finish,
                answer_format=answer_format,
                served_model=str(getattr(reply, "model", None) or self.model_id.name),
                input_tokens=getattr(usage, "prompt_tokens", None),
                output_tokens=getattr(usage, "completion_tokens", None),
                left_out=left_out,
                alternatives=token_alternatives(choices[0]),
            )
        except ValidationError:
            raise self._no_completion(reply) from None

    def _no_completion(self, problem: object) -> LLMError:
        said = (
            f"{self.model_id.service} answered with something that is not a chat completion: "
            f"{self._asked.short(problem)}; check {self._asked.told.address} (it usually ends "
            "in /v1)."
        )
        return LLMError(self.redact(said))

    def redact(self, text: str) -> str:
        """``text``, printable and without the key, even if a server echoes only part of it."""
        return redact(whole_characters(text), self._asked.key)
