"""A local transformers chat model instead of a service (extra `siglip`: torch, transformers).

Only safetensors weights are loaded and no code from the model's repository is run. Sampling is
seeded by the request's content hash, so the same request gives the same answer on one machine.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from actalign.documents import one_line
from actalign.errors import UsageError
from actalign.scripts._chat import Answer, ChatRequest, LLMError, ModelId
from actalign.scripts._llm import LLMConfig

_MAX_NEW_TOKENS = 4096


def local_model_id(config: LLMConfig) -> ModelId:
    """The model's identity: its name, and for a folder a fingerprint of its files."""
    name = config.local_model or ""
    parameters: dict[str, Any] = {"max_tokens": _MAX_NEW_TOKENS}
    if config.temperature is not None:
        parameters["temperature"] = config.temperature
    folder = Path(name)
    if not folder.is_dir():
        return ModelId("transformers", name, parameters)
    digest = hashlib.sha256()
    for file in sorted(folder.iterdir()):
        if file.is_file() and not file.name.startswith("."):
            with file.open("rb") as stream:
                head = stream.read(1 << 20)
            digest.update(f"{file.name} {file.stat().st_size} ".encode() + head)
    return ModelId(f"transformers:{digest.hexdigest()[:16]}", folder.resolve().name, parameters)


class LocalChat:
    """A causal language model with a chat template; answers one request at a time.

    Raises UsageError if torch or transformers is missing, the model can't be loaded, or its
    tokenizer has no chat template.
    """

    def __init__(self, config: LLMConfig) -> None:
        try:
            import torch
            from transformers import AutoModelForCausalLM, AutoTokenizer
        except ImportError:
            raise UsageError(
                "A local chat model needs torch and transformers; install them with "
                "`pip install 'actalign[siglip]'`."
            ) from None
        self.model_id = local_model_id(config)
        self._temperature = config.temperature
        name = config.local_model or ""
        here = Path(name).is_dir()  # then the hub isn't asked, even if its files refer to it
        try:
            # Explicitly False: the default asks at the terminal, and "y" would run remote code.
            self._tokenizer: Any = AutoTokenizer.from_pretrained(
                name, local_files_only=here, trust_remote_code=False
            )
            self._model: Any = AutoModelForCausalLM.from_pretrained(
                name, local_files_only=here, use_safetensors=True, trust_remote_code=False
            )
        except (OSError, ValueError, KeyError) as error:
            reason = one_line(error)[:200]
            raise UsageError(
                f"The local chat model {name!r} can't be loaded: {reason}. Give the folder of a "
                "transformers model with safetensors weights, or a hub id that is reachable."
            ) from None
        if not self._tokenizer.chat_template:
            raise UsageError(
                f"The local model {name!r} has no chat template; use an instruction-tuned model."
            )
        if torch.cuda.is_available():
            self._model.to("cuda")
        self._model.eval()

    def close(self) -> None:
        """Nothing to release: the model is freed with the object."""

    def complete(self, request: ChatRequest) -> Answer:
        """Answer one request. Raises LLMError if the model's context is too short for it."""
        import torch

        tokens = self._tokenizer.apply_chat_template(
            [{"role": m.role, "content": m.content} for m in request.messages],
            add_generation_prompt=True,
            return_tensors="pt",
            return_dict=True,
        ).to(self._model.device)
        given = int(tokens["input_ids"].shape[1])
        context = getattr(self._model.config, "max_position_embeddings", None) or 1 << 30
        room = min(_MAX_NEW_TOKENS, context - given)
        if room <= 0:
            raise LLMError(
                f"The prompt has {given} tokens, more than the {context} that "
                f"{self.model_id.name!r} reads; use a model with a longer context."
            )
        sampling: dict[str, Any] = {}
        if self._temperature is not None:
            sampling = {"do_sample": self._temperature > 0}
            if self._temperature > 0:
                sampling["temperature"] = self._temperature
        torch.manual_seed(int(request.key[:8], 16))
        with torch.inference_mode():
            out = self._model.generate(**tokens, max_new_tokens=room, **sampling)[0, given:]
        return Answer(
            text=self._tokenizer.decode(out, skip_special_tokens=True),
            finish="length" if len(out) >= room else "stop",
            answer_format="text",
            served_model=self.model_id.name,
            input_tokens=given,
            output_tokens=len(out),
        )
