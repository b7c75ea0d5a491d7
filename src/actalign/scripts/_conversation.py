"""A request for scripts put to one model: prompt, answer, check, one repair turn.

A conversation has no state of its own. Which turn comes next follows from the answers in the cache,
so a live run (`_generate`), a batch (`_batch`) and a run after a crash take the same steps.
"""

from __future__ import annotations

from dataclasses import dataclass

from actalign import __version__
from actalign.documents import composed
from actalign.errors import UsageError
from actalign.scripts._answer import TokenLimit, read_answer, script_faults
from actalign.scripts._bank import AnswerCache, BankRecord, now
from actalign.scripts._llm import Answer, ChatRequest, LLMConfig, Message, ModelId
from actalign.scripts._prompts import Prompt, shipped_text
from actalign.scripts._reply import whole_characters, without_reasoning
from actalign.scripts._script import label_key

NO_DOMAIN = "human action"
"""The domain in the prompt of a request that has none."""


@dataclass(frozen=True, slots=True)
class ScriptRequest:
    """Asks a language model for the scripts of candidate actions, all of them together.

    Raises UsageError for a missing or repeated label, and for one that holds half a character.
    """

    id: str
    labels: tuple[str, ...]
    domain: str | None = None

    def __post_init__(self) -> None:
        names = tuple(composed(label).strip() for label in self.labels)
        if not names or not all(names):
            raise UsageError(f"Question {self.id!r} has no label, or an empty one; name each.")
        if len(set(map(label_key, names))) < len(names):
            raise UsageError(f"Question {self.id!r} has the same label twice; labels must differ.")
        for text in (*names, self.domain or ""):
            if text != whole_characters(text):
                raise UsageError(
                    f"Question {self.id!r} has half a character (a lone surrogate) in {text!a}; "
                    "write the text anew."
                )
        object.__setattr__(self, "labels", names)
        object.__setattr__(self, "domain", (self.domain or "").strip() or None)


class Conversation:
    """A request put to one model: which turn comes next, given the answers in the cache."""

    def __init__(
        self, request: ScriptRequest, model: ModelId, prompt: Prompt, limit: TokenLimit
    ) -> None:
        self.request = request
        self._model = model
        self._prompt = prompt
        self._limit = limit
        text = prompt.render(request.domain or NO_DOMAIN, request.labels)
        text = f"{text}\n{shipped_text('answer')}"
        self.first = ChatRequest(model, (Message("user", text),))

    def next(self, cache: AnswerCache, config: LLMConfig) -> ChatRequest | BankRecord | str:
        """The next turn to send, or the finished record, or the error."""
        answers: list[Answer] = []
        turn = self.first
        while (answer := cache.get(turn)) is not None:
            answers.append(answer)
            scripts, faults = self._check(answer)
            if not faults:
                return self._record(scripts, answers, config)
            if len(answers) == 2:
                return (
                    f"{self._model.name} gave no usable scripts for "
                    f"{', '.join(self.request.labels)}, also after a repair turn: "
                    f"{' '.join(faults[:3])}"
                )
            turn = self._repair(answer, faults)
        return turn

    def forget(self, cache: AnswerCache) -> None:
        """Delete the cached answers."""
        answer = cache.get(self.first)
        if answer is not None:
            cache.drop(self._repair(answer, self._check(answer)[1]))
            cache.drop(self.first)

    def _repair(self, answer: Answer, faults: list[str]) -> ChatRequest:
        problems = "\n".join(f"- {fault}" for fault in faults[:20])
        text = shipped_text("repair").replace("{count}", str(len(self.request.labels)))
        text = text.replace("{problems}", problems)
        given = Message("assistant", without_reasoning(answer.text).strip() or "(no answer)")
        return ChatRequest(self._model, (*self.first.messages, given, Message("user", text)))

    def _check(self, answer: Answer) -> tuple[dict[str, list[str]], list[str]]:
        if answer.finish in ("refusal", "content_filter"):
            said = " ".join(answer.text.split())[:200] or "no reason given"
            return {}, [f"The request was refused ({said})."]
        text = without_reasoning(answer.text)
        scripts, faults = read_answer(text, self.request.labels)
        faults = faults + script_faults(
            scripts,
            self.request.domain or NO_DOMAIN,
            min_steps=self._prompt.min_steps,
            max_steps=self._prompt.max_steps,
            limit=self._limit,
        )
        if faults and answer.finish == "length":
            faults.insert(0, "The answer was cut off before its end; be briefer.")
        elif faults and not scripts and text.strip():
            said = " ".join(text.split())
            faults.append(f'It began: "{said[:120]}".')
        return scripts, faults

    def _record(
        self, scripts: dict[str, list[str]], answers: list[Answer], config: LLMConfig
    ) -> BankRecord:
        inputs = [a.input_tokens for a in answers if a.input_tokens is not None]
        outputs = [a.output_tokens for a in answers if a.output_tokens is not None]
        counted = len(inputs) == len(outputs) == len(answers)
        return BankRecord(
            domain=self.request.domain,
            candidates=self.request.labels,
            scripts={label: tuple(scripts[label]) for label in self.request.labels},
            key=self.first.key,
            prompt=self._prompt.name,
            prompt_version=self._prompt.version,
            prompt_sha256=self._prompt.sha256,
            min_steps=self._prompt.min_steps,
            max_steps=self._prompt.max_steps,
            service=self._model.service,
            model=self._model.name,
            served_model=answers[-1].served_model,
            parameters={
                name: value
                for name, value in self._model.parameters.items()
                if name not in answers[-1].left_out
            },
            answer_format=answers[-1].answer_format,
            turns=len(answers),
            input_tokens=sum(inputs) if counted else None,
            output_tokens=sum(outputs) if counted else None,
            cost_usd=config.cost(sum(inputs), sum(outputs)) if counted else None,
            created=now(),
            generator=f"actalign {__version__}",
        )
