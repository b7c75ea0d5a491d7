"""Questions from `generated_subactions.json`, and a folder of text embeddings by content.

The file has the reference's keys: a list of objects with youtube_id, id, domain, action, question,
cleaned_options, correct_answer_index (from 0) and subactions {"option in domain": [step, ...]}.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from actalign._types import Float32, Script
from actalign.atlas.dataset import Entry
from actalign.atomic import write_bytes, write_text
from actalign.encoder import Encoder
from actalign.errors import UsageError


@dataclass(frozen=True, slots=True)
class Question:
    """One sample's candidates.

    correct: 0-based, or None where the file has no valid index. scripts: one a candidate, in
    order; None where it has none. missing: why, by candidate.
    """

    id: str
    domain: str
    options: tuple[str, ...]
    correct: int | None
    scripts: tuple[Script | None, ...]
    missing: dict[str, str]

    @property
    def digest(self) -> str:
        """A hash of the options and their steps, so that stale embeddings are noticed."""
        parts = [
            [o, list(s.subactions) if s else None]
            for o, s in zip(self.options, self.scripts, strict=True)
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def read_questions(path: str | Path) -> list[Question]:
    """Read `generated_subactions.json`; a candidate whose value is no list of steps is missing.

    Raises UsageError when the file can't be read, a row has no id, or two rows share one.
    """
    rows = read_rows(path)
    questions = [_question(row, number, path) for number, row in enumerate(rows, start=1)]
    seen: set[str] = set()
    for question in questions:
        if question.id in seen:
            raise UsageError(f"The id {question.id!r} occurs twice in {path}; remove one.")
        seen.add(question.id)
    return questions


def read_rows(path: str | Path) -> list[dict[str, Any]]:
    """The file's objects as they are."""
    try:
        rows = json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(
            f"The sub-actions file {path} is missing; make it with generate_subactions.py."
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"The sub-actions file {path} can't be read: {error}.") from None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise UsageError(f"The sub-actions file {path} must hold a list of objects, one a sample.")
    return rows


def _question(row: dict[str, Any], number: int, path: str | Path) -> Question:
    if row.get("id") is None or not isinstance(row.get("cleaned_options"), list):
        raise UsageError(f"Sample {number} of {path} lacks id or cleaned_options; make it again.")
    domain = str(row.get("domain") or "")
    options = tuple(str(option) for option in row["cleaned_options"])
    given: Any = row.get("subactions")
    if not isinstance(given, dict):
        given = {}
    missing: dict[str, str] = {}
    scripts: list[Script | None] = []
    for option in options:
        steps = given.get(f"{option} in {domain}", given.get(option))
        if (
            isinstance(steps, list)
            and steps
            and all(isinstance(s, str) and s.strip() for s in steps)
        ):
            scripts.append(Script(option, tuple(steps), domain or None))
        else:
            scripts.append(None)
            missing[option] = "has no script" if steps is None else "its script is not a step list"
    correct = row.get("correct_answer_index")
    valid = isinstance(correct, int) and 0 <= correct < len(options)
    return Question(
        str(row["id"]), domain, options, correct if valid else None, tuple(scripts), missing
    )


def question_row(entry: Entry, scripts: Sequence[Script | None]) -> dict[str, Any]:
    """The object of one sample with the reference's keys; options without a script are left out."""
    return {
        "youtube_id": entry.youtube_id,
        "id": entry.id,
        "domain": entry.domain,
        "action": entry.action,
        "question": entry.question,
        "cleaned_options": list(entry.choices),
        "correct_answer_index": -1 if entry.correct is None else entry.correct,
        "subactions": {
            f"{option} in {entry.domain}": list(script.subactions)
            for option, script in zip(entry.choices, scripts, strict=True)
            if script is not None
        },
    }


def write_rows(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Write the file whole or not at all."""
    write_text(path, json.dumps(list(rows), indent=2, ensure_ascii=False) + "\n")


class TextStore:
    """Text embeddings in a folder, one safetensors file for each list of texts of one encoder."""

    def __init__(self, folder: str | Path, fingerprint: str) -> None:
        self._folder = Path(folder)
        self._fingerprint = fingerprint

    def _path(self, texts: Sequence[str]) -> Path:
        content = json.dumps([self._fingerprint, list(texts)]).encode()
        return self._folder / f"{hashlib.sha256(content).hexdigest()[:24]}.safetensors"

    def get(self, texts: Sequence[str]) -> Float32 | None:
        """(K, D) embeddings, or None where they are not there or the file is damaged."""
        from safetensors import SafetensorError
        from safetensors.numpy import load

        path = self._path(texts)
        with suppress(OSError, SafetensorError, KeyError):
            found = load(path.read_bytes())["embeddings"]
            if found.shape[0] == len(texts):
                return np.asarray(found, np.float32)
        return None

    def put(self, texts: Sequence[str], embeddings: Float32) -> None:
        """Keep (K, D) embeddings of K texts."""
        from safetensors.numpy import save

        rows = np.ascontiguousarray(embeddings, np.float32)
        write_bytes(self._path(texts), save({"embeddings": rows}))

    def encode(self, encoder: Encoder, lists: Sequence[Sequence[str]]) -> list[Float32]:
        """Embeddings of several lists of texts; what the folder lacks is encoded in one call."""
        found = [self.get(texts) for texts in lists]
        lacking = [i for i, one in enumerate(found) if one is None]
        if lacking:
            rows = encoder.encode_text([text for i in lacking for text in lists[i]])
            ends = np.cumsum([len(lists[i]) for i in lacking])
            for i, block in zip(lacking, np.split(np.asarray(rows), ends[:-1]), strict=True):
                self.put(lists[i], block)
                found[i] = np.ascontiguousarray(block, np.float32)
        return [one for one in found if one is not None]
