"""A request for scripts sent to one model: prompt, answer, check, one repair turn per wording.

A talk has no state of its own. Which turns are due follows from the answers in the cache,
so a live run (`_generate`), a batch (`_batch`) and a run after a crash take the same steps.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from actalign import __version__
from actalign.arguments import check_listed
from actalign.documents import composed, one_line, unwritable
from actalign.errors import UsageError
from actalign.scripts._answer import TokenLimit, read_answer, same_steps, script_faults
from actalign.scripts._answer_cache import AnswerCache, now
from actalign.scripts._bank import BankRecord
from actalign.scripts._chat import Answer, ChatRequest, Message, ModelId
from actalign.scripts._labels import check_labels
from actalign.scripts._llm import LLMConfig
from actalign.scripts._prompts import Prompt, load_prompt, shipped_text
from actalign.scripts._reply import without_reasoning

NO_DOMAIN = "human action"
"""The domain in the prompt if the request has none."""


@dataclass(frozen=True, slots=True)
class ScriptRequest:
    """Asks a language model for the scripts of candidate actions, all of them together.

    Raises UsageError for a missing or repeated label, and for one that can't be written to a file.
    """

    id: str
    labels: tuple[str, ...]
    domain: str | None = None

    def __post_init__(self) -> None:
        check_listed(self.labels, "labels", f" of question {self.id!r}")
        names = tuple(self.labels)
        if not names:
            raise UsageError(f"Question {self.id!r} has no label; name one or more.")
        check_labels(names, f"Question {self.id!r}: ")
        names = tuple(composed(label).strip() for label in names)
        for text in (*names, self.domain or ""):
            if (wrong := unwritable(text)) is not None:
                raise UsageError(f"Question {self.id!r} has {wrong} in {text!a}; leave it out.")
        object.__setattr__(self, "labels", names)
        object.__setattr__(self, "domain", (self.domain or "").strip() or None)


def check_ids(requests: Sequence[ScriptRequest]) -> None:
    """Raise UsageError if two requests have the same id."""
    seen: set[str] = set()
    for request in requests:
        if request.id in seen:
            raise UsageError(f"Two questions have the id {request.id!r}; ids must differ.")
        seen.add(request.id)


Number = TypeVar("Number", int, float)
Steps = Mapping[str, Sequence[str]]
"""The steps of each label, in one wording."""


@dataclass(frozen=True, slots=True)
class Made:
    """The finished scripts of one wording and the answers that led to them."""

    scripts: Steps
    answers: list[Answer]


Checked = tuple[dict[str, list[str]], list[str]]
"""The scripts of an answer, and a sentence for each fault."""

Outcome = tuple[list[ChatRequest], Made | ChatRequest | str]
"""For one wording: the answered turns, and its scripts, the turn to send next, or the error."""


class Talk(ABC):
    """What is asked of one model until a record is finished: scripts, or better ones.

    firsts: the first turn of each wording. key: the record's content hash.
    """

    key: str
    firsts: list[ChatRequest]

    @abstractmethod
    def finished(self, known: BankRecord) -> bool:
        """Whether the bank's record is all that is asked for."""

    @abstractmethod
    def _outcomes(self, cache: AnswerCache, known: BankRecord | None) -> Iterator[Outcome]:
        """The outcome of each wording that is not known."""

    @abstractmethod
    def _record(
        self, made: Sequence[Made], known: BankRecord | None, config: LLMConfig
    ) -> BankRecord:
        """The finished record."""

    def due(
        self, cache: AnswerCache, config: LLMConfig, known: BankRecord | None = None
    ) -> list[ChatRequest] | BankRecord | str:
        """The turns to send now, at most one per wording, or the finished record, or the first
        error.

        known: the bank's record; it is returned if it is finished.
        """
        if known is not None and self.finished(known):
            return known
        turns: list[ChatRequest] = []
        made: list[Made] = []
        for _, outcome in self._outcomes(cache, known):
            if isinstance(outcome, str):
                return outcome
            if isinstance(outcome, ChatRequest):
                turns.append(outcome)
            else:
                made.append(outcome)
        return turns or self._record(made, known, config)

    def forget_unusable(self, cache: AnswerCache, known: BankRecord | None) -> None:
        """Delete the cached answers of the wordings that failed."""
        for turns, outcome in list(self._outcomes(cache, known)):
            if isinstance(outcome, str):
                for turn in turns:
                    cache.drop(turn)


class Conversation(Talk):
    """A request for scripts.

    Its key doesn't depend on the number of wordings, and those that the bank's record has are not
    requested again.
    """

    def __init__(
        self,
        request: ScriptRequest,
        model: ModelId,
        prompt: Prompt,
        limit: TokenLimit,
        wordings: int,
    ) -> None:
        self.request = request
        self._model = model
        self.prompt = prompt
        self._limit = limit
        self.firsts = [self._first(number) for number in range(1, wordings + 1)]
        self.key = self.firsts[0].key

    def finished(self, known: BankRecord) -> bool:
        """Whether the bank's record has enough wordings."""
        return len(known.wordings()) >= len(self.firsts)

    def _first(self, number: int) -> ChatRequest:
        """The first turn of a wording, counted from 1. For the first wording it names no number, so
        it is the same request whether or not others are wanted."""
        parts = [self.prompt.render(self.request.domain or NO_DOMAIN, self.request.labels)]
        if number > 1:
            parts.append(shipped_text("wording").replace("{number}", str(number)))
        parts.append(shipped_text("answer"))
        return ChatRequest(self._model, (Message("user", "\n".join(parts)),))

    def _outcomes(self, cache: AnswerCache, known: BankRecord | None) -> Iterator[Outcome]:
        earlier: list[Steps] = [] if known is None else list(known.wordings())
        for first in self.firsts[len(earlier) :]:
            check = partial(self._check, earlier=list(earlier))
            turns, outcome = exchange(first, cache, check, self.request.labels)
            if isinstance(outcome, Made):
                earlier.append(outcome.scripts)
            yield turns, outcome

    def _check(self, answer: Answer, *, earlier: Sequence[Steps]) -> Checked:
        text = without_reasoning(answer.text)
        scripts, faults = read_answer(text, self.request.labels)
        faults = faults + script_faults(
            scripts,
            self.request.domain or NO_DOMAIN,
            min_steps=self.prompt.min_steps,
            max_steps=self.prompt.max_steps,
            limit=self._limit,
        )
        faults += [
            f'"{label}" is worded as in another description; word it differently.'
            for label, steps in scripts.items()
            if any(same_steps(steps, other.get(label, ())) for other in earlier)
        ]
        if faults and answer.finish == "length":
            faults.insert(0, "The answer was cut off before its end; be briefer.")
        elif faults and not scripts and text.strip():
            said = one_line(text)
            faults.append(f'It began: "{said[:120]}".')
        return scripts, faults

    def _record(
        self, made: Sequence[Made], known: BankRecord | None, config: LLMConfig
    ) -> BankRecord:
        """The record of all wordings, known and new, with the tokens and cost of both."""
        answers = [answer for wording in made for answer in wording.answers]
        inputs, outputs, cost = tokens_and_cost(answers, config)
        turns: int | None = len(answers)
        if known is not None:
            turns = total((known.turns, turns))
            inputs = total((known.input_tokens, inputs))
            outputs = total((known.output_tokens, outputs))
            cost = total((known.cost_usd, cost))
        scripts = ([] if known is None else known.wordings()) + [one.scripts for one in made]
        of_each = {
            label: [tuple(steps[label]) for steps in scripts if label in steps]
            for label in self.request.labels
        }
        return BankRecord(
            domain=self.request.domain,
            candidates=self.request.labels,
            scripts={label: lists[0] for label, lists in of_each.items()},
            rewordings={label: tuple(lists[1:]) for label, lists in of_each.items() if lists[1:]},
            key=self.key,
            prompt=self.prompt.name,
            prompt_version=self.prompt.version,
            prompt_sha256=self.prompt.sha256,
            min_steps=self.prompt.min_steps,
            max_steps=self.prompt.max_steps,
            service=self._model.service,
            model=self._model.name,
            served_model=answers[-1].served_model,
            parameters={
                name: value
                for name, value in self._model.parameters.items()
                if name not in answers[-1].left_out
            },
            answer_format=answers[-1].answer_format,
            turns=turns,
            input_tokens=inputs,
            output_tokens=outputs,
            cost_usd=cost,
            created=now(),
            generator=f"actalign {__version__}",
            refinement=None if known is None else known.refinement,
        )


def conversations(
    requests: Iterable[ScriptRequest],
    model: ModelId,
    config: LLMConfig,
    limit: TokenLimit | None = None,
) -> list[Conversation]:
    """One for each request, as the configuration words them. Raises UsageError for a wrong prompt.

    limit: the default is SigLIP's.
    """
    prompt, limit = load_prompt(config.prompt), limit or TokenLimit()
    return [Conversation(one, model, prompt, limit, config.wordings) for one in requests]


def exchange(
    first: ChatRequest,
    cache: AnswerCache,
    check: Callable[[Answer], Checked],
    labels: Sequence[str],
) -> Outcome:
    """The answered turns, and their outcome: scripts, the turn that is due, or an error.

    An answer with faults is followed by one repair turn.
    """
    turns: list[ChatRequest] = []
    answers: list[Answer] = []
    turn = first
    while (answer := cache.get(turn)) is not None:
        turns.append(turn)
        answers.append(answer)
        scripts, faults = ({}, [said]) if (said := _refusal(answer)) else check(answer)
        if not faults:
            return turns, Made(scripts, answers)
        if len(answers) == 2:
            return turns, (
                f"{first.model.name} gave no usable scripts for {', '.join(labels)}, even after a "
                f"repair turn: {' '.join(faults[:3])}"
            )
        turn = _repair(first, answer, faults, len(labels))
    return turns, turn


def _repair(first: ChatRequest, answer: Answer, faults: list[str], count: int) -> ChatRequest:
    problems = "\n".join(f"- {fault}" for fault in faults[:20])
    text = shipped_text("repair").replace("{count}", str(count)).replace("{problems}", problems)
    given = Message("assistant", without_reasoning(answer.text).strip() or "(no answer)")
    return ChatRequest(first.model, (*first.messages, given, Message("user", text)))


def _refusal(answer: Answer) -> str | None:
    """A sentence for an answer that is a refusal, None for others."""
    if not answer.refused:
        return None
    said = one_line(answer.text)[:200] or "no reason given"
    return f"The request was refused ({said})."


def tokens_and_cost(
    answers: Sequence[Answer], config: LLMConfig
) -> tuple[int | None, int | None, float | None]:
    """Tokens in and out of all answers, and their price in USD; None for what is not known."""
    inputs = total(answer.input_tokens for answer in answers)
    outputs = total(answer.output_tokens for answer in answers)
    cost = None if inputs is None or outputs is None else config.cost(inputs, outputs)
    return inputs, outputs, cost


def total(values: Iterable[Number | None]) -> Number | None:
    """The sum, or None if one of the values is not known."""
    known = list(values)
    return None if None in known else sum(value for value in known if value is not None)
