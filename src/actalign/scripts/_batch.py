"""OpenAI's Batch API: submit now, collect within a day, at the batch price.

Three steps, each its own command, all safe to repeat after a crash. `<bank>.batch.json` records
what was submitted before and after each call, and the batch itself carries a token from that file,
so that an interrupted submission is found again and never repeated. Collected answers go to the
same cache as live ones; what is still missing (repair turns, expired requests) is sent by the next
`submit`, or directly by `generate`.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, SecretStr, ValidationError, field_validator

from actalign.documents import one_line
from actalign.errors import ActAlignError, UsageError
from actalign.files import write_text
from actalign.scripts._answer import SCHEMA
from actalign.scripts._answer_cache import AnswerCache
from actalign.scripts._bank import Bank, check_bank_path
from actalign.scripts._chat import ChatRequest, LLMError
from actalign.scripts._conversation import ScriptRequest, conversations
from actalign.scripts._generate import ScriptResult
from actalign.scripts._llm import LLMConfig, LLMService
from actalign.scripts._reply import whole_characters
from actalign.services import KEY_OR_FILE, Told

ENDPOINT: Literal["/v1/chat/completions"] = "/v1/chat/completions"
TOLD = Told("--base-url of `actalign subactions batch submit`", KEY_OR_FILE)
ENDED = ("completed", "failed", "expired", "cancelled")


class BatchState(BaseModel):
    """The state of a bank's batch, enough to resume from any point.

    token: identifies the batch at the service. file_id, batch_id: None until the service returns
    them.
    """

    config: LLMConfig
    questions: tuple[ScriptRequest, ...]
    token: str
    requests: int
    file_id: str | None = None
    batch_id: str | None = None
    collected: bool = False


class BatchStatus(BaseModel):
    """A batch's progress, in the service's words."""

    batch_id: str
    status: str
    completed: int
    failed: int
    total: int
    problems: tuple[str, ...] = ()


def state_path(bank: Path) -> Path:
    """The file that holds the state of a bank's batch."""
    return bank.with_name(f"{bank.stem}.batch.json")


def submit(
    requests: Sequence[ScriptRequest],
    *,
    config: LLMConfig,
    bank: Path,
    api_key: SecretStr | None = None,
) -> BatchState | None:
    """Submit every turn that is due now; None if there is none.

    Raises UsageError if the bank's batch has not been collected yet, LLMError if the service fails.
    """
    check_bank_path(bank)
    if config.local_model is not None:
        raise UsageError("A batch needs a service; leave local_model out.")
    state = _read_state(bank)
    if state is not None and not state.collected:
        if state.batch_id is not None:
            raise UsageError(
                f"The batch {state.batch_id} of {bank} has not been collected yet; run `actalign "
                f"subactions batch collect --out {bank}` first."
            )
        requests = state.questions
        config = state.config.model_copy(update={"told": config.told})
    with closing(LLMService(config, SCHEMA, api_key)) as service:
        turns = _turns_due(requests, config, Bank(bank), AnswerCache())
        if not turns:
            return None
        if state is None or state.collected:
            state = BatchState(
                config=config,
                questions=tuple(requests),
                token=uuid.uuid4().hex,
                requests=len(turns),
            )
            _write_state(bank, state)
        else:
            state = state.model_copy(update={"batch_id": _find_batch(service, state.token)})
        if state.batch_id is None:
            state = _send(service, bank, state, turns)
        _write_state(bank, state)
    return state


def poll(bank: Path, *, api_key: SecretStr | None = None) -> BatchStatus:
    """The batch's status at the service. Raises UsageError if none was submitted, or LLMError."""
    state = _submitted(bank)
    with closing(_service(state, api_key)) as service:
        return _status(_retrieve(service, state))


def collect(bank: Path, *, api_key: SecretStr | None = None) -> list[ScriptResult]:
    """Fetch the answers, check them, and add the good scripts to the bank; one result per request.

    Raises UsageError if the batch has not ended or its prompt file has changed since, or LLMError.
    """
    state = _submitted(bank)
    answers = AnswerCache()
    saved = Bank(check_bank_path(bank))
    problems: dict[str, str] = {}
    if not state.collected:
        with closing(_service(state, api_key)) as service:
            batch = _retrieve(service, state)
            status = _status(batch)
            if status.status not in ENDED:
                raise UsageError(
                    f"The batch {status.batch_id} is {status.status} ({status.completed} of "
                    f"{status.total} done); collect it when it has ended."
                )
            turns = _turns_due(state.questions, state.config, saved, answers)
            problems = _take_answers(service, batch, turns, answers)
            for text in status.problems:
                problems.update(dict.fromkeys(turns, text))
        _write_state(bank, state.model_copy(update={"collected": True}))
    results = []
    for talk in conversations(state.questions, state.config.model_id(), state.config):
        known = saved.get(talk.key)
        outcome = talk.due(answers, state.config, known)
        if isinstance(outcome, list):
            repair = all(len(turn.messages) > 1 for turn in outcome)
            turn = "one repair turn" if repair else "an answer"
            why = next((problems[turn.key] for turn in outcome if turn.key in problems), None)
            error = (f"The batch returned no answer: {why}. " if why else "") + (
                f"It still needs {turn}; submit again, or run `actalign subactions generate` "
                "with the same settings."
            )
            results.append(ScriptResult(talk.request, None, error))
        elif isinstance(outcome, str):
            results.append(ScriptResult(talk.request, None, outcome))
        else:
            if outcome is not known:
                saved.add(outcome)
            results.append(ScriptResult(talk.request, outcome, None))
    saved.save()
    return results


def _turns_due(
    requests: Iterable[ScriptRequest], config: LLMConfig, bank: Bank, cache: AnswerCache
) -> dict[str, ChatRequest]:
    """The turns that are due for every unfinished request, by content hash."""
    turns: dict[str, ChatRequest] = {}
    for talk in conversations(requests, config.model_id(), config):
        due = talk.due(cache, config, bank.get(talk.key))
        if isinstance(due, list):
            turns |= {turn.key: turn for turn in due}
    return turns


def unusable(requests: Iterable[ScriptRequest], *, config: LLMConfig, bank: Path) -> int:
    """How many requests have used up their turns without a usable answer."""
    saved, answers = Bank(bank), AnswerCache()
    return sum(
        isinstance(talk.due(answers, config, saved.get(talk.key)), str)
        for talk in conversations(requests, config.model_id(), config)
    )


def _send(
    service: LLMService, bank: Path, state: BatchState, turns: dict[str, ChatRequest]
) -> BatchState:
    client = service.client
    if state.file_id is None:
        lines = [
            {
                "custom_id": key,
                "method": "POST",
                "url": ENDPOINT,
                "body": turn.body("json_schema", SCHEMA),
            }
            for key, turn in sorted(turns.items())
        ]
        data = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()
        file = service.call(
            lambda: client.files.create(file=("actalign.jsonl", data), purpose="batch")
        )
        state = state.model_copy(update={"file_id": file.id})
        _write_state(bank, state)
    file_id = state.file_id or ""
    # No retries: a lost reply may mean that the batch exists; the next `submit` checks first.
    once = client.with_options(max_retries=0)
    batch = service.call(
        lambda: once.batches.create(
            input_file_id=file_id,
            endpoint=ENDPOINT,
            completion_window="24h",
            metadata={"actalign": state.token},
        )
    )
    return state.model_copy(update={"batch_id": batch.id})


def _find_batch(service: LLMService, token: str) -> str | None:
    """The batch with this token, if the service has it among its newest 100."""
    page = service.call(lambda: service.client.batches.list(limit=100))
    for batch in page.data:
        if (batch.metadata or {}).get("actalign") == token:
            return batch.id
    return None


def _retrieve(service: LLMService, state: BatchState) -> Any:
    batch_id = state.batch_id or ""
    return service.call(lambda: service.client.batches.retrieve(batch_id))


def _status(batch: Any) -> BatchStatus:
    counts = batch.request_counts
    faults = batch.errors.data if batch.errors and batch.errors.data else []
    return BatchStatus(
        batch_id=batch.id,
        status=batch.status,
        completed=counts.completed if counts else 0,
        failed=counts.failed if counts else 0,
        total=counts.total if counts else 0,
        problems=tuple(whole_characters(one_line(fault.message)).rstrip(".") for fault in faults),
    )


def _take_answers(
    service: LLMService, batch: Any, turns: dict[str, ChatRequest], cache: AnswerCache
) -> dict[str, str]:
    """Put the answers into the cache; return the errors by content hash."""
    from openai.types.chat import ChatCompletion

    problems: dict[str, str] = {}
    lines: list[_Line] = [
        line
        for file_id in (batch.output_file_id, batch.error_file_id)
        if file_id
        for line in _download(service, file_id)
    ]
    if turns and lines and not any(line.custom_id in turns for line in lines):
        raise UsageError(
            f"No answer of batch {batch.id} belongs to these questions; was the prompt file "
            "changed after the batch was submitted? Restore it and collect again."
        )
    for line in lines:
        turn = turns.get(line.custom_id)
        if turn is None:
            continue
        body = line.response.body or {}
        if line.response.status_code != 200:
            fault = line.error or body.get("error")
            said = fault.get("message") if isinstance(fault, dict) else fault
            message = str(said or f"status {line.response.status_code}")
            problems[turn.key] = service.redact(one_line(message)[:300].rstrip("."))
            continue
        try:
            reply = ChatCompletion.construct(**body)
            cache.put(turn, service.read_reply(reply, "json_schema"))
        except LLMError as error:
            problems[turn.key] = str(error).rstrip(".")
    return problems


class _Reply(BaseModel):
    """The answer to a request of a batch."""

    status_code: int | None = None
    body: dict[str, Any] | None = None


class _Line(BaseModel):
    """A line of a batch's file."""

    custom_id: str
    response: _Reply = _Reply()
    error: Any = None

    @field_validator("response", mode="before")
    @classmethod
    def _none_where_it_failed(cls, value: Any) -> Any:
        return {} if value is None else value


def _download(service: LLMService, file_id: str) -> list[_Line]:
    text = service.call(lambda: service.client.files.content(file_id).text)
    try:
        return [_Line.model_validate_json(line) for line in text.split("\n") if line.strip()]
    except ValueError:
        raise LLMError(
            f"The batch's file {file_id} arrived incomplete; collect again, nothing is lost."
        ) from None


def _service(state: BatchState, api_key: SecretStr | None) -> LLMService:
    """The service that a batch was submitted to."""
    config = state.config.model_copy(update={"told": TOLD})
    return LLMService(config, SCHEMA, api_key)


def _submitted(bank: Path) -> BatchState:
    state = _read_state(bank)
    if state is None or state.batch_id is None:
        raise UsageError(
            f"No batch was submitted for {bank}; run `actalign subactions batch submit` first."
        )
    return state


def _read_state(bank: Path) -> BatchState | None:
    path = state_path(bank)
    if not path.exists():
        return None
    try:
        return BatchState.model_validate_json(path.read_bytes())
    except (OSError, ValidationError, UsageError):
        raise ActAlignError(
            f"{path} is damaged. The answers are still at the service; delete the file only if you "
            "want to submit again."
        ) from None


def _write_state(bank: Path, state: BatchState) -> None:
    write_text(state_path(bank), state.model_dump_json(indent=1) + "\n")
