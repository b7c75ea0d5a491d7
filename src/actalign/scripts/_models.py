"""Which language model a configuration names: a service, or a local model."""

from __future__ import annotations

from pydantic import SecretStr

from actalign.scripts._answer import SCHEMA
from actalign.scripts._chat import ChatModel, ModelId
from actalign.scripts._llm import LLMConfig, LLMService


def open_chat(config: LLMConfig, api_key: SecretStr | None) -> ChatModel:
    """The service or the local model that the configuration names. Raises UsageError."""
    if config.local_model is not None:
        from actalign.scripts._local import LocalChat

        return LocalChat(config)
    return LLMService(config, SCHEMA, api_key)


def model_id(config: LLMConfig) -> ModelId:
    """The model that the configuration names, for content hashes; sends nothing, needs no key."""
    if config.local_model is not None:
        from actalign.scripts._local import local_model_id

        return local_model_id(config)
    return config.model_id()
