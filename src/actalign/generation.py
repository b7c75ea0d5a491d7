"""Labels to scripts by a language model: prompt, answer, check, one repair turn, bank.

    from actalign.generation import Question, generate_scripts
    from actalign.llm import LLMConfig

    questions = [Question("q1", ("jump shot", "layup"), "basketball")]
    for result in generate_scripts(questions, config=LLMConfig(), bank=Path("bank.json")):
        if result.scripts is not None:      # a tuple of Script, in the order of the labels
            use(result.question.id, result.scripts)
        else:
            print(result.question.id, result.error)   # one sentence

One result for every question, keyed by its id, in any order. A question's failure never stops the
others; a failure that every question would share (a refused key) is asked once and told to all.
Questions with the same labels and domain are asked once. Nothing is paid for twice: a script is
taken from the bank, else its answers from the cache, else the model is asked, and an answer is in
the cache before anything else happens. So an interrupted run is continued by running it again.

The model is a service (`LLMConfig.base_url`, key from OPENAI_API_KEY or ``api_key``) or, with
`LLMConfig.local_model`, a transformers chat model run here.
"""

from __future__ import annotations

import json
import logging
import queue
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from traceback import extract_tb

from pydantic import SecretStr

from actalign._types import Script
from actalign.atomic import write_text
from actalign.conversation import Conversation, Question
from actalign.errors import ActAlignError, UsageError
from actalign.llm import (
    ChatModel,
    LLMConfig,
    LLMError,
    LLMService,
    ModelId,
    Request,
    read_api_key,
)
from actalign.prompts import load_prompt
from actalign.script_answer import SCHEMA, TokenLimit, estimate_tokens
from actalign.script_bank import (
    AnswerCache,
    Bank,
    BankRecord,
)

__all__ = [
    "PlannedRequest",
    "Question",
    "ScriptResult",
    "add_missing_scripts",
    "generate_scripts",
    "plan_requests",
    "read_questions",
    "write_errors",
]
from actalign.shipped_scripts import shipped_scripts
from actalign.subactions import scripts_for

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ScriptResult:
    """What became of one question: ``scripts``, or ``error``; exactly one of them is None.

    record: as it stands in the bank. asked: answers bought in this run for it (0: bank or cache).
    """

    question: Question
    record: BankRecord | None
    error: str | None
    asked: int = 0

    @property
    def scripts(self) -> tuple[Script, ...] | None:
        """One Script a label, in the order of the question's labels."""
        return self.record.to_scripts() if self.record else None


@dataclass(frozen=True, slots=True)
class PlannedRequest:
    """A request that a run would make, with its estimated tokens."""

    question: Question
    prompt: str
    input_tokens: int
    output_tokens: int


def model_id(config: LLMConfig) -> ModelId:
    """The model that the configuration names, for content hashes; asks nothing, needs no key."""
    if config.local_model is not None:
        from actalign.local_chat import local_model_id

        return local_model_id(config)
    return config.model_id()


def open_chat(config: LLMConfig, api_key: SecretStr | None = None) -> ChatModel:
    """The service or the local model that the configuration names. Raises UsageError."""
    if config.local_model is not None:
        from actalign.local_chat import LocalChat

        return LocalChat(config)
    return LLMService(config, SCHEMA, api_key or read_api_key())


def generate_scripts(
    questions: Sequence[Question],
    *,
    config: LLMConfig,
    bank: Path | None = None,
    api_key: SecretStr | None = None,
    cache: Path | None = None,
    limit: TokenLimit | None = None,
    retry_failed: bool = False,
) -> Iterator[ScriptResult]:
    """Yield one result a question, as they come; see the module's docstring.

    bank: .json or .parquet file to take scripts from and to add them to; records of other
        questions in it are kept. Saved every few seconds, at the end and on interruption, with a
        dataset card beside it.
    api_key: instead of OPENAI_API_KEY. cache: folder of answers (default: the user's cache).
    limit: the encoder's token limit and counter (default: SigLIP's 64, by a rule of thumb).
    retry_failed: ask anew where the answers in the cache were unusable.

    Raises UsageError, before anything is asked, for double question ids, a wrong prompt or bank
    file, a missing key or package.
    """
    _check_ids(questions)
    prompt = load_prompt(config.prompt)
    saved = Bank(bank)
    chat = open_chat(config, api_key)
    conversations: dict[str, tuple[Conversation, list[Question]]] = {}
    for question in questions:
        talk = Conversation(question, chat.model_id, prompt, limit or TokenLimit())
        conversations.setdefault(talk.first.key, (talk, []))[1].append(question)
    run = _Run(chat, config, AnswerCache(cache), retry_failed)
    return _results(conversations, saved, run)


def plan_requests(
    questions: Sequence[Question],
    *,
    config: LLMConfig,
    bank: Path | None = None,
    cache: Path | None = None,
) -> list[PlannedRequest]:
    """The first requests that `generate_scripts` would make now; asks nothing, needs no key.

    Tokens are estimated: four characters each, and a step of 14 tokens at the middle of the
    prompt's range for the answer. Repair turns are not in it.
    """
    _check_ids(questions)
    prompt = load_prompt(config.prompt)
    saved = Bank(bank)
    model = model_id(config)
    answers = AnswerCache(cache)
    planned: dict[str, PlannedRequest] = {}
    for question in questions:
        request = Conversation(question, model, prompt, TokenLimit()).first
        if saved.get(request.key) is not None or answers.get(request) is not None:
            continue
        text = request.messages[0].content
        steps = (prompt.min_steps + prompt.max_steps) / 2
        out = round(len(question.labels) * (12 + steps * 14))
        planned.setdefault(request.key, PlannedRequest(question, text, estimate_tokens(text), out))
    return list(planned.values())


def add_missing_scripts(
    labels: Sequence[str],
    scripts: Sequence[Script],
    *,
    domain: str | None = None,
    config: LLMConfig | None = None,
    bank: Path | None = None,
    api_key: SecretStr | None = None,
    limit: TokenLimit | None = None,
) -> tuple[list[Script], list[str]]:
    """``scripts`` and one more for each label that has none, and a sentence on where each is from.

    With a configuration the model is asked about all the labels together, so that it can tell them
    apart, and its scripts are taken for the labels without one. Without a configuration the
    scripts that ship with the package are used; a label that is not among them stays without.

    Raises UsageError as `generate_scripts` does, and LLMError if the model gave no scripts.
    """
    _, without = scripts_for(labels, scripts, domain=domain)
    if not without:
        return list(scripts), []
    names = ", ".join(repr(label) for label in without)
    if config is None:
        shipped = shipped_scripts(without, domain)
        if not shipped:
            return list(scripts), []
        names = ", ".join(repr(label) for label in shipped)
        return [*scripts, *shipped.values()], [f"scripts of {names}: shipped with actalign"]
    question = Question("labels", tuple(labels), domain)
    (result,) = generate_scripts([question], config=config, bank=bank, api_key=api_key, limit=limit)
    if result.scripts is None or result.record is None:
        raise LLMError(result.error or "")
    made = [script for script in result.scripts if script.label in without]
    how = "asked now" if result.asked else "kept from before"
    return [*scripts, *made], [f"scripts of {names}: written by {result.record.model} ({how})"]


def read_questions(path: str | Path) -> list[Question]:
    """Questions from a JSON list or JSON Lines file of {"id", "labels", "domain"} objects.

    ``id`` defaults to the place in the file, from 1; ``domain`` may be missing. Raises UsageError
    naming the entry at fault.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8").strip()
        rows = json.loads(text) if text.startswith("[") else list(map(json.loads, text.split("\n")))
    except (OSError, ValueError, RecursionError) as error:
        reason = getattr(error, "strerror", None) or f"no JSON list or JSON Lines ({error})"
        raise UsageError(f"The questions file {path} can't be read: {reason}.") from None
    questions = []
    for number, row in enumerate(rows, start=1):
        labels = row.get("labels") if isinstance(row, dict) else None
        if not isinstance(labels, list) or not all(isinstance(name, str) for name in labels):
            raise UsageError(f"{path}, entry {number}: 'labels' must be a list of strings.")
        domain = row.get("domain")
        if domain is not None and not isinstance(domain, str):
            raise UsageError(f"{path}, entry {number}: 'domain' must be a string.")
        questions.append(Question(str(row.get("id", number)), tuple(labels), domain))
    return questions


def write_errors(bank: Path, failed: Sequence[ScriptResult]) -> Path | None:
    """Write `<bank>.errors.jsonl`, a row a failed question; remove it if there is none."""
    path = bank.with_name(f"{bank.stem}.errors.jsonl")
    if not failed:
        path.unlink(missing_ok=True)
        return None
    rows = [
        {
            "id": result.question.id,
            "domain": result.question.domain,
            "labels": list(result.question.labels),
            "error": result.error,
        }
        for result in sorted(failed, key=lambda result: result.question.id)
    ]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    write_text(path, text)
    return path


@dataclass
class _Run:
    """Puts conversations to the model, from worker threads."""

    chat: ChatModel
    config: LLMConfig
    cache: AnswerCache
    retry_failed: bool
    fatal: str | None = None

    def hold(self, talk: Conversation) -> tuple[BankRecord | str, int]:
        """The record or the error, and how many answers were bought. Raises nothing."""
        asked = 0
        try:
            if self.retry_failed and isinstance(talk.next(self.cache, self.config), str):
                talk.forget(self.cache)
            while isinstance(step := talk.next(self.cache, self.config), Request):
                if self.fatal is not None:
                    return self.fatal, asked
                answer = self.chat.complete(step)
                self.cache.put(step, answer)
                asked += 1
            return step, asked
        except LLMError as error:
            if error.fatal:
                self.fatal = str(error)
            return str(error), asked
        except ActAlignError as error:
            return str(error), asked
        except Exception as error:  # a defect must cost one row, not the batch
            logger.debug("%s at %s", type(error).__name__, extract_tb(error.__traceback__))
            return f"An unexpected {type(error).__name__} came up; please report it.", asked


def _results(
    conversations: dict[str, tuple[Conversation, list[Question]]], bank: Bank, run: _Run
) -> Iterator[ScriptResult]:
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[str, BankRecord | str, int]] = queue.SimpleQueue()
    stop = threading.Event()
    known = {key: record for key in conversations if (record := bank.get(key)) is not None}
    ask = [key for key in conversations if key not in known]
    for key in ask:
        waiting.put(key)

    def work() -> None:
        while not stop.is_set():
            try:
                key = waiting.get_nowait()
            except queue.Empty:
                return
            done.put((key, *run.hold(conversations[key][0])))

    count = 1 if run.config.local_model is not None else run.config.concurrency
    workers = [threading.Thread(target=work, daemon=True) for _ in range(min(count, len(ask)))]
    for worker in workers:
        worker.start()
    finished = False
    try:
        for key, record in known.items():
            yield from _finish(conversations[key][1], record, 0)
        for _ in ask:
            key, outcome, asked = done.get()
            bank.add(outcome)
            yield from _finish(conversations[key][1], outcome, asked)
        finished = True
    finally:
        stop.set()
        try:
            if not finished and any(worker.is_alive() for worker in workers):
                logger.warning(
                    "Stopping; waiting for the answers that are on their way "
                    "(interrupt again to leave them)."
                )
            for worker in workers:
                worker.join()
            while not done.empty():
                bank.add(done.get()[1])
        finally:
            bank.save()


def _finish(
    questions: list[Question], outcome: BankRecord | str, asked: int
) -> Iterator[ScriptResult]:
    for question in questions:
        if isinstance(outcome, BankRecord):
            yield ScriptResult(question, outcome, None, asked)
        else:
            yield ScriptResult(question, None, outcome, asked)


def _check_ids(questions: Sequence[Question]) -> None:
    seen: set[str] = set()
    for question in questions:
        if question.id in seen:
            raise UsageError(f"Two questions have the id {question.id!r}; ids must differ.")
        seen.add(question.id)
