"""Replace uninformative steps: those that several candidates share, or that fit any frame.

A language model looks at the scripts of all candidates of a record together, with one request per
wording, and rewrites those steps. The answer is checked: the number of steps must stay, and no two
scripts may share a step afterwards. A record keeps its key, so `generate` still finds it in the
bank; `BankRecord.refinement` says which model replaced which steps.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from pydantic import SecretStr

from actalign.documents import one_line
from actalign.errors import UsageError
from actalign.scripts._answer import read_answer, script_faults, shared_steps
from actalign.scripts._answer_cache import AnswerCache, now
from actalign.scripts._bank import Bank, BankRecord, Refinement, Replaced, read_bank
from actalign.scripts._chat import Answer, ChatRequest, Message, ModelId
from actalign.scripts._conversation import (
    NO_DOMAIN,
    Checked,
    Made,
    Outcome,
    ScriptRequest,
    Steps,
    Talk,
    exchange,
    tokens_and_cost,
)
from actalign.scripts._generate import Run, ScriptResult, results
from actalign.scripts._llm import LLMConfig
from actalign.scripts._models import model_id, open_chat
from actalign.scripts._plan import PlannedRequest
from actalign.scripts._prompts import shipped_text
from actalign.scripts._reply import without_reasoning

MOST_NAMED = 40
"""How many shared steps the prompt names at most; the model sees all scripts anyway."""


def refine_scripts(
    scripts: Path,
    *,
    bank: Path,
    config: LLMConfig,
    api_key: SecretStr | None,
) -> Iterator[ScriptResult]:
    """One result per record of the bank or script file ``scripts``, as soon as it is ready.

    bank: .json or .parquet file to write the records to, the refined ones and, unchanged, those
    that failed; it may be ``scripts`` itself. A record that is already refined in it is left as it
    is.
    The rest is as in `generate_scripts`. Records of one candidate have nothing to differ from, so
    only steps that fit any frame are replaced.
    """
    saved, talks = _talks(scripts, bank, model_id(config))
    chat = open_chat(config, api_key)
    return results(talks, saved, Run(chat, config, AnswerCache(), retry_failed=True))


def plan_refinement(scripts: Path, *, bank: Path, config: LLMConfig) -> list[PlannedRequest]:
    """The first turns that `refine_scripts` would send now; sends and writes nothing, needs no key.

    Tokens are estimated as `plan_requests` does, for as many steps as the scripts have.
    """
    saved, talks = _talks(scripts, bank, model_id(config))
    answers = AnswerCache()
    planned: dict[str, PlannedRequest] = {}
    for key, (talk, requests) in talks.items():
        known = saved.get(key)
        if known is not None and talk.finished(known):
            continue
        for turn, worded in zip(talk.firsts, talk.wordings, strict=True):
            if answers.get(turn) is None:
                steps = sum(map(len, worded.values()))
                one = PlannedRequest.of(requests[0], turn, len(worded), steps)
                planned.setdefault(turn.key, one)
    return list(planned.values())


def _talks(
    scripts: Path, bank: Path, model: ModelId
) -> tuple[Bank, dict[str, tuple[_Refining, list[ScriptRequest]]]]:
    """The bank with the records of a bank or script file, and a conversation for each as the bank
    has it, by key; equal records share one. Raises UsageError if there is no record."""
    saved = Bank(bank)
    # A record without a key, such as one written by hand, gets a key from its content.
    records = [
        one if one.key else one.model_copy(update={"key": one.digest}) for one in read_bank(scripts)
    ]
    if not records:
        raise UsageError(f"{scripts} holds no script; give at least one.")
    saved.adopt(records)
    talks: dict[str, tuple[_Refining, list[ScriptRequest]]] = {}
    for number, record in enumerate(records, start=1):
        assert record.key is not None
        name = scripts.name if len(records) == 1 else f"record {number}"
        request = ScriptRequest(name, record.candidates, record.domain)
        talk = _Refining(saved.get(record.key) or record, model)
        talks.setdefault(record.key, (talk, []))[1].append(request)
    return saved, talks


class _Refining(Talk):
    """A record sent to one model, one request per wording. wordings: the record's."""

    def __init__(self, record: BankRecord, model: ModelId) -> None:
        self._before = record
        self._model = model
        self.wordings = record.wordings()
        self.firsts = [self._first(scripts) for scripts in self.wordings]
        self.key = record.key or ""

    def finished(self, known: BankRecord) -> bool:
        """Whether all wordings of the bank's record are refined."""
        return known.refinement is not None and known.refinement.wordings >= len(known.wordings())

    def _first(self, scripts: Steps) -> ChatRequest:
        shared = sorted(shared_steps(scripts))[:MOST_NAMED]
        named = "; ".join(f'"{step}"' for step in shared)
        values = {
            "domain": self._before.domain or NO_DOMAIN,
            "count": str(len(scripts)),
            "scripts": "\n".join(_numbered(scripts)),
            "shared": f" Worded alike in several scripts are: {named}." if named else "",
        }
        text = shipped_text("refine")
        for name, value in values.items():
            text = text.replace("{" + name + "}", value)
        text = f"{text.strip()}\n\n{shipped_text('answer')}"
        return ChatRequest(self._model, (Message("user", text),))

    def _outcomes(self, cache: AnswerCache, known: BankRecord | None) -> Iterator[Outcome]:
        for first, scripts in zip(self.firsts, self.wordings, strict=True):
            yield exchange(first, cache, partial(self._check, before=scripts), list(scripts))

    def _check(self, answer: Answer, *, before: Steps) -> Checked:
        scripts, faults = read_answer(without_reasoning(answer.text), list(before))
        if faults:
            return scripts, faults
        faults = script_faults(scripts, self._before.domain or NO_DOMAIN)
        faults += [
            f'"{label}" has {len(steps)} steps and had {len(before[label])}; replace steps, but '
            "add none and leave none out."
            for label, steps in scripts.items()
            if len(steps) != len(before[label])
        ]
        shared = shared_steps(scripts)
        faults += [
            f'Step {k} of "{label}" is in another script too ("{step}"); replace it.'
            for label, steps in scripts.items()
            for k, step in enumerate(steps, start=1)
            if step in shared
        ]
        return scripts, faults

    def _record(
        self, made: Sequence[Made], known: BankRecord | None, config: LLMConfig
    ) -> BankRecord:
        """The record with the new steps and their provenance."""
        record, answers = self._before, [answer for one in made for answer in one.answers]
        inputs, outputs, cost = tokens_and_cost(answers, config)
        new = [one.scripts for one in made]
        return record.model_copy(
            update={
                "scripts": {label: tuple(new[0][label]) for label in record.candidates},
                "rewordings": {
                    label: tuple(tuple(one[label]) for one in new[1:] if label in one)
                    for label in record.rewordings
                },
                "refinement": Refinement(
                    refined=record.digest,
                    wordings=len(new),
                    service=self._model.service,
                    model=self._model.name,
                    served_model=answers[-1].served_model,
                    parameters=self._model.parameters,
                    prompt_sha256=hashlib.sha256(shipped_text("refine").encode()).hexdigest(),
                    turns=len(answers),
                    input_tokens=inputs,
                    output_tokens=outputs,
                    cost_usd=cost,
                    created=now(),
                    replaced=tuple(_replaced(record.wordings(), new)),
                ),
            }
        )


def _numbered(scripts: Steps) -> Iterator[str]:
    """The scripts as lines: a numbered label, then its steps."""
    for m, (label, steps) in enumerate(scripts.items(), start=1):
        yield f"{m}. {one_line(label)}"
        yield from (f"   ({k}) {step}" for k, step in enumerate(steps, start=1))


def _replaced(
    before: Sequence[Mapping[str, Sequence[str]]], after: Sequence[Steps]
) -> Iterator[Replaced]:
    for wording, (old, new) in enumerate(zip(before, after, strict=True), start=1):
        for label, steps in old.items():
            for k, (was, now_is) in enumerate(zip(steps, new[label], strict=True), start=1):
                if was != now_is:
                    yield Replaced(label=label, wording=wording, step=k, before=was)
