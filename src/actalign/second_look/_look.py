"""`SecondLook`: shows frames to a vision-language model; caches, counts and records its answers."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import SecretStr

from actalign.arguments import plain, whole
from actalign.documents import one_line
from actalign.errors import ActAlignError, UsageError, counted
from actalign.rows import Row
from actalign.rows._fields import SecondLookRow
from actalign.rows._made import new_row
from actalign.scripts._answer_cache import AnswerCache
from actalign.scripts._chat import Answer, ChatRequest, LLMError, ModelId
from actalign.scripts._llm import LLMConfig, LLMService
from actalign.second_look._frames import best_times, pictures_at
from actalign.second_look._question import LETTERS, Opinion, letter_of, opinion_of, questions
from actalign.services import Told, spent
from actalign.types import Candidate, FrameBatch, Prediction
from actalign.video._worker import SILENT_SECONDS, DecodeProcess

TOP_K = 3
CLOSE = 0.2
"""Candidates are close if the second's confidence is less than this below the best's."""
TOLD = Told("--second-look-url", "OPENAI_API_KEY or the file given with --second-look-key-file")
TOP_LOGPROBS = 20
"""The most that OpenAI and vLLM return."""


class SecondLookError(ActAlignError):
    """A clip's second look gave no answer; the first answer stands."""


def unsure(scorer: str) -> UsageError:
    """The error for a setup in which it can't be known whether clips are close."""
    return UsageError(
        f"The scorer {scorer} gives no confidence with this encoder, so it isn't known "
        "which clips are close; give --second-look-close 1 to send all of them."
    )


@dataclass(slots=True)
class Counts:
    """The totals of a run's second looks. input_tokens, output_tokens: without cached answers."""

    looked: int = 0
    changed: int = 0
    failed: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


class Looked(NamedTuple):
    """A clip's row and prediction after a second look. warning: why it failed."""

    row: Row
    prediction: Prediction
    warning: str | None = None


class SecondLook:
    """Asks a vision-language model about clips whose best candidates are close; a context manager.

    config: the model and its service, any OpenAI-compatible vision chat. top_k: how many of the
    best candidates it chooses among, 2 to 26. close: clips whose best two confidences differ by
    less are looked at; 1 or more for all. api_key: instead of OPENAI_API_KEY. cache: folder of
    answers (default: the user's cache). silent_seconds: how long a decoder may return nothing.
    Raises UsageError for numbers out of range, for a local model, and if the openai package or
    OpenAI's key is missing.
    """

    def __init__(
        self,
        config: LLMConfig,
        *,
        top_k: int = TOP_K,
        close: float = CLOSE,
        api_key: SecretStr | None = None,
        cache: Path | None = None,
        silent_seconds: float = SILENT_SECONDS,
    ) -> None:
        top_k = whole(top_k, "The second look's top_k", len(LETTERS), least=2)
        close = plain(close)
        if not (isinstance(close, float) and close > 0):
            raise UsageError(f"With {close}, no clip gets a second look; give more than 0.")
        if config.local_model is not None:  # else frames would go to a service that was not named
            raise UsageError("A second look needs a service; leave local_model out.")
        self.counts = Counts()
        self._config, self._top_k, self._close = config, top_k, close
        service, name, parameters = config.service_url(), config.model, config.model_id().parameters
        asked = {"logprobs": True, "top_logprobs": TOP_LOGPROBS}
        self._model = ModelId(service, name, {**parameters, **asked})
        self._service = LLMService(config.model_copy(update={"told": TOLD}), None, api_key)
        self._cache = AnswerCache(cache)
        self._decoder = DecodeProcess(silent_seconds=silent_seconds)
        self._fatal: SecondLookError | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """What its answers depend on, as values for JSON; without the key."""
        return {
            "model": self._model.name,
            "service": self._model.service,
            "top_k": self._top_k,
            "close": self._close,
        }

    def __enter__(self) -> SecondLook:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the decoder and the connections."""
        self._decoder.close()
        self._service.close()

    def wants(self, prediction: Prediction) -> bool:
        """Whether the clip gets a second look: if its best candidates are close, or if all do."""
        best = prediction.candidates[:2]
        if len(best) < 2:
            return False
        if self._close >= 1:
            return True
        first, second = best[0].confidence, best[1].confidence
        return first is not None and second is not None and first - second < self._close

    def look(self, prediction: Prediction, video: str | Path) -> tuple[Prediction, SecondLookRow]:
        """The prediction with its best candidates in the model's order, and the row's second look.

        video: where the clip's frames are. Raises SecondLookError if there is no answer.
        """
        options = prediction.candidates[: self._top_k]
        times = best_times(prediction.clip, options)
        opinion, said = self.ask(options, times, video, prediction.domain)
        ranked = tuple(options[m] for m in opinion.ranked)
        changed = replace(prediction, candidates=(*ranked, *prediction.candidates[len(ranked) :]))
        return changed, {**said, "first_label": prediction.label}

    def ask(
        self,
        options: Sequence[Candidate],
        times: Sequence[float],
        video: str | Path | FrameBatch,
        domain: str | None,
    ) -> tuple[Opinion, SecondLookRow]:
        """The model's opinion of 1 to 26 options from frames at these times, and the second look's
        row.

        Raises SecondLookError if there is no answer.
        """
        if self._fatal is not None:
            raise self._fatal
        if len(options) > len(LETTERS):
            raise SecondLookError(
                f"There are {len(options)} candidates, more than the {len(LETTERS)} letters."
            )
        try:
            pictures = pictures_at(video, times, self._decoder)
            asked = questions(self._model, pictures, options, domain)
            with ThreadPoolExecutor(min(len(asked), self._config.concurrency)) as pool:
                answers = list(pool.map(lambda one: self._answer(one, len(options)), asked))
        except ActAlignError as error:
            found = SecondLookError(str(error))
            if isinstance(error, LLMError) and error.fatal:
                self._fatal = found
            raise found from None
        opinion = opinion_of(answers, [one.label for one in options])
        return opinion, self._row(opinion, answers, times)

    def at(self, prediction: Prediction, video: str | Path, *, top_k: int | None = None) -> Looked:
        """A clip's row and prediction after a second look, if it wants one.

        Never raises for a clip: if the look fails, the first answer stands with a warning.
        """
        if not self.wants(prediction):
            return Looked(prediction.to_row(top_k=top_k), prediction)
        self.counts.looked += 1
        try:
            second, said = self.look(prediction, video)
        except SecondLookError as error:
            self.counts.failed += 1
            warning = f"The second look failed, so the first answer stands: {error}"
            row = prediction.to_row(top_k=top_k)
            row["warnings"] = [*row["warnings"], warning]
            return Looked(new_row({**row, "second_look_error": str(error)}), prediction, warning)
        self.counts.changed += second.label != prediction.label
        return Looked(new_row({**second.to_row(top_k=top_k), "second_look": said}), second)

    def summary(self) -> str:
        """A sentence about the run so far, with tokens and cost of answers that were not cached."""
        n = self.counts
        looked, changed = counted(n.looked, "clip"), counted(n.changed, "answer")
        line = f"second look: {looked}, {changed} changed, {n.failed} failed"
        return f"{line}; {self.tokens()}"

    def tokens(self) -> str:
        """Tokens and cost of the answers that were not cached, in words."""
        given, written = self.counts.input_tokens, self.counts.output_tokens
        return spent(given, written, self._config.cost(given, written))

    def _answer(self, request: ChatRequest, count: int) -> Answer:
        """The answer, from the cache or the service; raises LLMError if it names no letter."""
        if (known := self._cache.get(request)) is not None:
            return known
        answer = self._service.complete(request)
        with self._service.lock:
            self.counts.input_tokens += answer.input_tokens or 0
            self.counts.output_tokens += answer.output_tokens or 0
        if letter_of(answer, count) is None:
            said = one_line(answer.text)[:200] or "nothing"
            how = "refused" if answer.refused else "named no option"
            raise LLMError(f"{self._model.name} {how}; it said: {said}")
        self._cache.put(request, answer)
        return answer

    def _row(
        self, opinion: Opinion, answers: Sequence[Answer], times: Sequence[float]
    ) -> SecondLookRow:
        given = sum(answer.input_tokens or 0 for answer in answers)
        written = sum(answer.output_tokens or 0 for answer in answers)
        row: SecondLookRow = {
            "model": answers[0].served_model,
            "label": opinion.labels[opinion.ranked[0]],
            "options": list(opinion.labels),
            "probabilities": list(opinion.probabilities),
            "by": opinion.by,
            "frames_seconds": [round(one, 6) for one in times],
            "input_tokens": given,
            "output_tokens": written,
        }
        cost = self._config.cost(given, written)
        return row if cost is None else {**row, "cost_usd": cost}
