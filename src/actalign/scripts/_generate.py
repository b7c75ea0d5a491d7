"""Labels to scripts by a language model: prompt, answer, check, one repair turn, bank.

    from actalign.scripts import LLMConfig, ScriptRequest, generate_scripts

    requests = [ScriptRequest("q1", ("jump shot", "layup"), "basketball")]
    for result in generate_scripts(requests, config=LLMConfig(), bank=Path("bank.json")):
        if result.scripts is not None:      # a tuple of Script, in the order of the labels
            use(result.request.id, result.scripts)
        else:
            print(result.request.id, result.error)   # one sentence

There is one result per request, in any order. A request that fails never stops the others; an error
that all would share (such as a refused key) occurs once and is reported for all. Requests with the
same labels and domain are sent once. Nothing is paid for twice: a script is taken from the bank if
it is there, or else its answers from the cache; only then is the model asked, and each answer is
cached before it is used. So an interrupted run is continued by running it again. With
`LLMConfig.wordings` each label gets several scripts, with one request per wording.

The model is a service (`LLMConfig.base_url`, key from OPENAI_API_KEY or ``api_key``) or, with
`LLMConfig.local_model`, a transformers chat model run here.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from traceback import extract_tb

from pydantic import SecretStr

from actalign.documents import parse_json, parse_json_lines, read_text
from actalign.errors import ActAlignError, UsageError
from actalign.files import write_text
from actalign.scripts._answer import TokenLimit
from actalign.scripts._answer_cache import AnswerCache
from actalign.scripts._bank import Bank, BankRecord
from actalign.scripts._chat import Answer, ChatModel, LLMError
from actalign.scripts._conversation import ScriptRequest, Talk, check_ids, conversations
from actalign.scripts._llm import LLMConfig
from actalign.scripts._models import model_id, open_chat
from actalign.scripts._script import scripts_for
from actalign.scripts._shipped import missing_notes, shipped_scripts
from actalign.types import Script

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ScriptResult:
    """The result of a request: ``scripts`` or ``error``; the other one is None.

    record: the bank's record. asked: answers that this run requested (0: all from bank or cache).
    input_tokens, output_tokens: of those answers, as far as they are known; if several requests
    share them, only the first has them.
    """

    request: ScriptRequest
    record: BankRecord | None
    error: str | None
    asked: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    @property
    def scripts(self) -> tuple[Script, ...] | None:
        """One Script per label, in the order of the request's labels."""
        return self.record.to_scripts() if self.record else None


def generate_scripts(
    requests: Sequence[ScriptRequest],
    *,
    config: LLMConfig,
    bank: Path | None = None,
    api_key: SecretStr | None = None,
    cache: Path | None = None,
    limit: TokenLimit | None = None,
    retry_failed: bool = False,
) -> Iterator[ScriptResult]:
    """Yield one result per request, as soon as it is ready, in any order.

    A request that fails never stops the others. What is in the bank, or answered in the cache, is
    not asked for again, so an interrupted run is continued by running it again.

    bank: .json or .parquet file to take scripts from and to add them to; records of other
        requests in it are kept. Saved every few seconds, at the end and on interruption, with a
        dataset card beside it.
    api_key: instead of OPENAI_API_KEY. cache: folder of answers (default: the user's cache).
    limit: the encoder's token limit and counter (default: SigLIP's 64, by a rule of thumb).
    retry_failed: ask again if the answers in the cache are unusable.

    Raises UsageError, before anything is sent, for repeated ids, a wrong prompt or bank file, or a
    missing key or package.
    """
    check_ids(requests)
    talks: dict[str, tuple[Talk, list[ScriptRequest]]] = {}
    for talk in conversations(requests, model_id(config), config, limit):
        talks.setdefault(talk.key, (talk, []))[1].append(talk.request)
    saved = Bank(bank)
    chat = open_chat(config, api_key)
    return results(talks, saved, Run(chat, config, AnswerCache(cache), retry_failed))


def add_missing_scripts(
    labels: Sequence[str],
    scripts: Sequence[Script],
    *,
    domain: str | None = None,
    config: LLMConfig | None = None,
    bank: Path | None = None,
    api_key: SecretStr | None = None,
) -> tuple[list[Script], list[str]]:
    """``scripts`` with one more for each label that has none, and sentences on where each is from.

    With a configuration the model is asked about all labels together, so that their scripts differ
    from each other, and its scripts are used for the labels without one. Without a configuration
    the scripts that ship with the package are used; a label that is not among them gets none.

    Raises UsageError as `generate_scripts` does, and LLMError if the model gave no scripts.
    """
    _, without = scripts_for(labels, scripts, domain=domain)
    if not without:
        return list(scripts), []
    names = ", ".join(repr(label) for label in without)
    if config is None:
        shipped = shipped_scripts(without, domain)
        notes = missing_notes(without, domain)
        if not shipped:
            return list(scripts), notes
        names = ", ".join(repr(label) for label in shipped)
        return [*scripts, *shipped.values()], [
            f"scripts of {names}: shipped with actalign, in several wordings",
            *_twice(shipped),
            *notes,
        ]
    request = ScriptRequest("labels", tuple(labels), domain)
    (result,) = generate_scripts([request], config=config, bank=bank, api_key=api_key)
    if result.scripts is None or result.record is None:
        raise LLMError(result.error or "")
    made = [script for script in result.scripts if script.label in without]
    how = "asked now" if result.asked else "kept from before"
    return [*scripts, *made], [f"scripts of {names}: written by {result.record.model} ({how})"]


def _twice(shipped: Mapping[str, Script]) -> list[str]:
    """A sentence for each action given under several names, which share its confidence."""
    names: dict[Sequence[str], list[str]] = {}
    for label, script in shipped.items():
        names.setdefault(script.steps, []).append(label)
    return [
        f"{', '.join(map(repr, same))} are one action and have the same script, so their scores "
        "are equal; give only one of them"
        for same in names.values()
        if len(same) > 1
    ]


def read_requests(path: str | Path) -> list[ScriptRequest]:
    """Requests from a JSON list or JSON Lines file of {"id", "labels", "domain"} objects.

    ``id`` defaults to the position in the file, from 1; ``domain`` may be missing. Raises
    UsageError that names the entry that is wrong.
    """
    path = Path(path)
    try:
        text = read_text(path).strip()
        rows = parse_json(text) if text.startswith("[") else parse_json_lines(text)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or f"it is not JSON or JSON Lines ({error})"
        raise UsageError(f"The questions file {path} can't be read: {reason}.") from None
    requests = []
    for number, row in enumerate(rows, start=1):
        labels = row.get("labels") if isinstance(row, dict) else None
        if not isinstance(labels, list) or not all(isinstance(name, str) for name in labels):
            raise UsageError(f"{path}, entry {number}: 'labels' must be a list of strings.")
        domain = row.get("domain")
        if domain is not None and not isinstance(domain, str):
            raise UsageError(f"{path}, entry {number}: 'domain' must be a string.")
        requests.append(ScriptRequest(str(row.get("id", number)), tuple(labels), domain))
    return requests


def write_errors(bank: Path, failed: Sequence[ScriptResult]) -> Path | None:
    """Write `<bank>.errors.jsonl`, a row per failed request; delete it if none failed."""
    path = bank.with_name(f"{bank.stem}.errors.jsonl")
    if not failed:
        path.unlink(missing_ok=True)
        return None
    rows = [
        {
            "id": result.request.id,
            "domain": result.request.domain,
            "labels": list(result.request.labels),
            "error": result.error,
        }
        for result in sorted(failed, key=lambda result: result.request.id)
    ]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    write_text(path, text)
    return path


_Outcome = tuple[BankRecord | str, list[Answer]]


@dataclass
class Run:
    """Holds conversations with the model, from worker threads."""

    chat: ChatModel
    config: LLMConfig
    cache: AnswerCache
    retry_failed: bool
    fatal: str | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    def hold(self, talk: Talk, known: BankRecord | None) -> _Outcome:
        """The record or the error, and the number of answers requested. Never raises."""
        asked: list[Answer] = []
        try:
            if self.retry_failed:
                talk.forget_unusable(self.cache, known)
            while isinstance(due := talk.due(self.cache, self.config, known), list):
                for turn in due:
                    if self.fatal is not None or self.stop.is_set():
                        return self.fatal or "The run was stopped.", asked
                    answer = self.chat.complete(turn)
                    self.cache.put(turn, answer)
                    asked.append(answer)
            return due, asked
        except LLMError as error:
            if error.fatal:
                self.fatal = str(error)
            return str(error), asked
        except ActAlignError as error:
            return str(error), asked
        except Exception as error:  # a bug must cost one row, not the batch
            logger.debug("%s at %s", type(error).__name__, extract_tb(error.__traceback__))
            return f"An unexpected {type(error).__name__} was raised; please report it.", asked


def results(
    talks: Mapping[str, tuple[Talk, list[ScriptRequest]]], bank: Bank, run: Run
) -> Iterator[ScriptResult]:
    """Hold the talks, which are given by key, and save their results in the bank."""
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[str, BankRecord | str, list[Answer]]] = queue.SimpleQueue()
    stop = run.stop
    before = {key: bank.get(key) for key in talks}
    known = {
        key: record
        for key, record in before.items()
        if record is not None and talks[key][0].finished(record)
    }
    ask = [key for key in talks if key not in known]
    for key in ask:
        waiting.put(key)

    def work() -> None:
        while not stop.is_set():
            try:
                key = waiting.get_nowait()
            except queue.Empty:
                return
            done.put((key, *run.hold(talks[key][0], before[key])))

    count = 1 if run.config.local_model is not None else run.config.concurrency
    workers = [threading.Thread(target=work, daemon=True) for _ in range(min(count, len(ask)))]
    for worker in workers:
        worker.start()
    finished = False
    try:
        for key, record in known.items():
            yield from _finish(talks[key][1], record, [])
        for _ in ask:
            key, outcome, asked = done.get()
            bank.add(outcome)
            yield from _finish(talks[key][1], outcome, asked)
        finished = True
    finally:
        stop.set()
        try:
            if not finished and any(worker.is_alive() for worker in workers):
                logger.warning(
                    "Stopping; waiting for the answers to requests already sent "
                    "(interrupt again to abandon them)."
                )
            for worker in workers:
                worker.join()
            while not done.empty():
                bank.add(done.get()[1])
        finally:
            run.chat.close()
            bank.save()


def _finish(
    requests: list[ScriptRequest], outcome: BankRecord | str, asked: list[Answer]
) -> Iterator[ScriptResult]:
    record, error = (None, outcome) if isinstance(outcome, str) else (outcome, None)
    given = sum(answer.input_tokens or 0 for answer in asked)
    written = sum(answer.output_tokens or 0 for answer in asked)
    for request in requests:
        yield ScriptResult(request, record, error, len(asked), given, written)
        given = written = 0
