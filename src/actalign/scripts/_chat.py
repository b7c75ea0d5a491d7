"""What is said to a language model and what it answers, however it is reached."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, field_validator

from actalign.errors import ActAlignError
from actalign.scripts._reply import whole_characters

AnswerFormat = Literal["json_schema", "json_object", "text"]
FORMATS: tuple[AnswerFormat, ...] = ("json_schema", "json_object", "text")
"""Ways to request the form of an answer, strictest first; if a service refuses one, the next is
tried."""


def content_hash(content: object) -> str:
    """A key of 40 hexadecimal digits for what JSON can hold: equal for equal contents."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:40]


class LLMError(ActAlignError):
    """A request that got no answer.

    fatal: every other request would fail in the same way. unfit: the service refused the request's
    form; ``said`` is the parameter that it names, or all that it says.
    """

    def __init__(
        self, message: str, *, fatal: bool = False, unfit: bool = False, said: str = ""
    ) -> None:
        super().__init__(message)
        self.fatal = fatal
        self.unfit = unfit
        self.said = said


@dataclass(frozen=True, slots=True)
class ModelId:
    """A model and its sampling parameters: what an answer depends on, besides the conversation.

    service: the address, or the fingerprint of a local model.
    """

    service: str
    name: str
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Picture:
    """A JPEG in a message, and the text just before it."""

    caption: str
    jpeg: bytes

    def parts(self) -> list[dict[str, Any]]:
        """The caption and the picture, as the parts of a message's content."""
        url = f"data:image/jpeg;base64,{base64.b64encode(self.jpeg).decode()}"
        return [
            {"type": "text", "text": self.caption},
            {"type": "image_url", "image_url": {"url": url}},
        ]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation; pictures come before the content."""

    role: Literal["user", "assistant"]
    content: str
    pictures: tuple[Picture, ...] = ()

    def body(self) -> dict[str, Any]:
        """The message in a request."""
        if not self.pictures:
            return {"role": self.role, "content": self.content}
        shown = [part for picture in self.pictures for part in picture.parts()]
        return {"role": self.role, "content": [*shown, {"type": "text", "text": self.content}]}

    def identity(self) -> list[Any]:
        """What an answer depends on, with hashes in place of the pictures."""
        shown = [[one.caption, hashlib.sha256(one.jpeg).hexdigest()] for one in self.pictures]
        return [self.role, self.content, *([shown] if shown else [])]


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """Messages for a model to answer. ``key``: hash of everything that the answer depends on."""

    model: ModelId
    messages: tuple[Message, ...]
    key: str = field(init=False)

    def __post_init__(self) -> None:
        turns = [message.identity() for message in self.messages]
        content = [self.model.service, self.model.name, self.model.parameters, turns]
        object.__setattr__(self, "key", content_hash(content))

    def body(self, answer_format: AnswerFormat, schema: dict[str, Any]) -> dict[str, Any]:
        """The request's body for /chat/completions."""
        body: dict[str, Any] = {
            "model": self.model.name,
            "messages": [message.body() for message in self.messages],
            **self.model.parameters,
        }
        if answer_format == "json_schema":
            wrapped = {"name": "scripts", "strict": True, "schema": schema}
            body["response_format"] = {"type": "json_schema", "json_schema": wrapped}
        elif answer_format == "json_object":
            body["response_format"] = {"type": "json_object"}
        return body


class Answer(BaseModel):
    """The answer to a request, as it is cached.

    finish: the service's finish reason; "length" is an answer that was cut off, "refusal" a refused
    request. Token counts are None if the service doesn't return them. left_out: parameters of the
    request that the model refused, so that it answered without them. alternatives: for each of the
    text's last tokens, the log-probabilities of the possible tokens there, if the request asked for
    them and the service gives them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    finish: str
    answer_format: AnswerFormat
    served_model: str
    input_tokens: int | None = None
    output_tokens: int | None = None
    left_out: tuple[str, ...] = ()
    alternatives: tuple[dict[str, float], ...] = ()

    @field_validator("text", "finish", "served_model")
    @classmethod
    def _whole(cls, text: str) -> str:
        return whole_characters(text)

    @property
    def refused(self) -> bool:
        """Whether the model, or a filter of its service, refused to answer."""
        return self.finish in ("refusal", "content_filter")


class ChatModel(Protocol):
    """Something that answers requests: a service, or a local model (`_local`)."""

    @property
    def model_id(self) -> ModelId: ...

    def complete(self, request: ChatRequest) -> Answer:
        """Answer one request. Raises LLMError."""
        ...

    def close(self) -> None:
        """Release what the model holds, such as connections."""
        ...
