"""One question put to one model: prompt, answer, check, one repair turn.

A conversation holds no state of its own. Which request comes next follows from the answers in the
cache, so a live run, a batch and a run after a crash go the same way (`generation`, `llm_batch`).
"""

from __future__ import annotations

from dataclasses import dataclass

from actalign import __version__
from actalign.errors import UsageError
from actalign.llm import Answer, LLMConfig, Message, ModelId, Request
from actalign.prompts import Prompt, shipped_text
from actalign.script_answer import TokenLimit, read_answer, script_faults
from actalign.script_bank import AnswerCache, BankRecord, now

NO_DOMAIN = "human action"
"""What the prompt says where a question has no domain."""


@dataclass(frozen=True, slots=True)
class Question:
    """Candidate actions to be told apart. Raises UsageError for a missing or double label."""

    id: str
    labels: tuple[str, ...]
    domain: str | None = None

    def __post_init__(self) -> None:
        names = tuple(label.strip() for label in self.labels)
        if not names or not all(names):
            raise UsageError(f"Question {self.id!r} has no label, or an empty one; name each.")
        if len({name.casefold() for name in names}) < len(names):
            raise UsageError(f"Question {self.id!r} has the same label twice; labels must differ.")
        object.__setattr__(self, "labels", names)
        object.__setattr__(self, "domain", (self.domain or "").strip() or None)


class Conversation:
    """One question put to one model: which request is next, given what the cache holds."""

    def __init__(
        self, question: Question, model: ModelId, prompt: Prompt, limit: TokenLimit
    ) -> None:
        self.question = question
        self._model = model
        self._prompt = prompt
        self._limit = limit
        text = prompt.render(question.domain or NO_DOMAIN, question.labels)
        text = f"{text}\n{shipped_text('answer')}"
        self.first = self._request((Message("user", text),))

    def next(self, cache: AnswerCache, config: LLMConfig) -> Request | BankRecord | str:
        """The request to be made now, or the finished record, or the error."""
        answers: list[Answer] = []
        request = self.first
        while (answer := cache.get(request)) is not None:
            answers.append(answer)
            scripts, faults = self._check(answer)
            if not faults:
                return self._record(scripts, answers, config)
            if len(answers) == 2:
                return (
                    f"{self._model.name} gave no usable scripts for "
                    f"{', '.join(self.question.labels)}, also when told what was wrong: "
                    f"{' '.join(faults[:3])}"
                )
            request = self._repair(answer, faults)
        return request

    def forget(self, cache: AnswerCache) -> None:
        """Drop the cached answers."""
        answer = cache.get(self.first)
        if answer is not None:
            cache.drop(self._repair(answer, self._check(answer)[1]))
            cache.drop(self.first)

    def _request(self, messages: tuple[Message, ...]) -> Request:
        return Request(self._model, messages)

    def _repair(self, answer: Answer, faults: list[str]) -> Request:
        problems = "\n".join(f"- {fault}" for fault in faults[:20])
        text = shipped_text("repair").replace("{count}", str(len(self.question.labels)))
        text = text.replace("{problems}", problems)
        given = Message("assistant", answer.text or "(no answer)")
        return self._request((*self.first.messages, given, Message("user", text)))

    def _check(self, answer: Answer) -> tuple[dict[str, list[str]], list[str]]:
        if answer.finish in ("refusal", "content_filter"):
            said = " ".join(answer.text.split())[:200] or "no reason given"
            return {}, [f"The request was refused ({said})."]
        scripts, faults = read_answer(answer.text, self.question.labels)
        faults = faults + script_faults(
            scripts,
            self.question.domain or NO_DOMAIN,
            min_steps=self._prompt.min_steps,
            max_steps=self._prompt.max_steps,
            limit=self._limit,
        )
        if faults and answer.finish == "length":
            faults.insert(0, "The answer was cut off before its end; be briefer.")
        elif faults and not scripts and answer.text.strip():
            said = " ".join(answer.text.split())
            faults.append(f'It began: "{said[:120]}".')
        return scripts, faults

    def _record(
        self, scripts: dict[str, list[str]], answers: list[Answer], config: LLMConfig
    ) -> BankRecord:
        inputs = [a.input_tokens for a in answers if a.input_tokens is not None]
        outputs = [a.output_tokens for a in answers if a.output_tokens is not None]
        counted = len(inputs) == len(outputs) == len(answers)
        return BankRecord(
            domain=self.question.domain,
            candidates=self.question.labels,
            scripts={label: tuple(scripts[label]) for label in self.question.labels},
            key=self.first.key,
            prompt=self._prompt.name,
            prompt_version=self._prompt.version,
            prompt_sha256=self._prompt.sha256,
            min_steps=self._prompt.min_steps,
            max_steps=self._prompt.max_steps,
            service=self._model.service,
            model=self._model.name,
            served_model=answers[-1].served_model,
            parameters=self._model.parameters,
            answer_format=answers[-1].answer_format,
            turns=len(answers),
            input_tokens=sum(inputs) if counted else None,
            output_tokens=sum(outputs) if counted else None,
            cost_usd=config.cost(sum(inputs), sum(outputs)) if counted else None,
            created=now(),
            generator=f"actalign {__version__}",
        )
