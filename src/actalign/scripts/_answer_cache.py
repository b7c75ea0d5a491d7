"""The cache of answers: one small file for each answer of a model.

It is written before the answer is used, so that a crash never makes you pay for an answer twice.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from actalign.files import cache_folder, write_text
from actalign.scripts._chat import Answer, ChatRequest


def now() -> str:
    """The current time in UTC, to the second, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class AnswerCache:
    """All answers so far, one file each, named by the request's content hash."""

    def __init__(self, folder: str | Path | None = None) -> None:
        self.folder = Path(folder) if folder is not None else cache_folder() / "answers"

    def get(self, request: ChatRequest) -> Answer | None:
        """The answer to exactly this request, or None."""
        try:
            entry = json.loads(self._path(request.key).read_bytes())
            return Answer.model_validate(entry["answer"])
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def put(self, request: ChatRequest, answer: Answer) -> None:
        """Store an answer atomically."""
        entry = {
            "key": request.key,
            "created": now(),
            "service": request.model.service,
            "model": request.model.name,
            "parameters": request.model.parameters,
            "messages": [{"role": m.role, "content": m.content} for m in request.messages],
            "answer": answer.model_dump(mode="json"),
        }
        text = json.dumps(entry, ensure_ascii=False, indent=1)
        write_text(self._path(request.key), text)

    def drop(self, request: ChatRequest) -> None:
        """Delete an answer."""
        self._path(request.key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"
