"""What a run would ask a language model, and what that may cost; sends nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from actalign.scripts._answer import estimate_tokens
from actalign.scripts._answer_cache import AnswerCache
from actalign.scripts._bank import Bank
from actalign.scripts._chat import ChatRequest
from actalign.scripts._conversation import ScriptRequest, check_ids, conversations
from actalign.scripts._llm import LLMConfig
from actalign.scripts._models import model_id

TOKENS_A_SCRIPT, TOKENS_A_STEP = 12, 14
"""The approximate number of tokens in an answer for each script, and for each of its steps."""


@dataclass(frozen=True, slots=True)
class PlannedRequest:
    """A request that a run would send, its prompt, and its estimated tokens."""

    request: ScriptRequest
    prompt: str
    input_tokens: int
    output_tokens: int

    @classmethod
    def of(
        cls, request: ScriptRequest, turn: ChatRequest, scripts: int, steps: float
    ) -> PlannedRequest:
        """By the turn that is sent, and how many scripts and steps the answer holds."""
        text = turn.messages[0].content
        out = round(scripts * TOKENS_A_SCRIPT + steps * TOKENS_A_STEP)
        return cls(request, text, estimate_tokens(text), out)


def plan_requests(
    requests: Sequence[ScriptRequest],
    *,
    config: LLMConfig,
    bank: Path | None = None,
) -> list[PlannedRequest]:
    """The first turns that `generate_scripts` would send now; sends nothing, needs no key.

    Tokens are estimated: four characters each, and for the answer 12 per script and 14 per step,
    with a number of steps in the middle of the prompt's range. Repair turns are not included.
    """
    check_ids(requests)
    talks = conversations(requests, model_id(config), config)
    saved, answers = Bank(bank), AnswerCache()
    planned: dict[str, PlannedRequest] = {}
    for talk in talks:
        record = saved.get(talk.key)
        for turn in talk.firsts[0 if record is None else len(record.wordings()) :]:
            if answers.get(turn) is None:
                count = len(talk.request.labels)
                steps = count * (talk.prompt.min_steps + talk.prompt.max_steps) / 2
                planned.setdefault(turn.key, PlannedRequest.of(talk.request, turn, count, steps))
    return list(planned.values())
