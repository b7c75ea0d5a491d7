"""A run's questions and its clips' keys, so that it is continued with no others.

`questions.jsonl` of the run folder is a question file; `clips.json` has the key of each clip that
could be read. The data may have been moved and may have more questions than before; those asked
must be the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from actalign.errors import UsageError
from actalign.evaluation._config import read_json, write_json
from actalign.evaluation._examples import EXAMPLE
from actalign.evaluation._question_file import (
    question_text,
    read_question_file,
    write_question_file,
)
from actalign.evaluation._questions import Question, QuestionSet

QUESTIONS, CLIPS = "questions.jsonl", "clips.json"

FIELDS = {
    "choices": "other choices",
    "answer": "another answer",
    "scripts": "other scripts",
    "rewordings": "other scripts",
    "start": "another beginning",
    "end": "another end",
    "domain": "another domain",
    "domains": "other domains",
    "kind": "another kind",
    "intervals": "other true intervals",
    "interval_steps": "other true intervals",
    "question": "another question",
    "subject": "another subject",
    "box": "another box",
}
"""The fields that a run depends on, and what a message says when one differs."""


def check_asked(out: Path, questions: QuestionSet, keys: Mapping[str, str]) -> dict[str, str]:
    """Raise UsageError, saying what changed, if ``out`` was run with other questions or clips, or
    has other questions that no run wrote.

    keys: those of the clips that can be read now. Returns them, with the run's keys for clips that
    can no longer be read.
    """
    if not (out / "config.json").exists():
        path = out / QUESTIONS
        if path.exists() and path.read_bytes() != question_text(questions, path).encode():
            raise UsageError(
                f"{path} would be lost: no run wrote it, since there is no config.json beside it; "
                "choose another --out."
            )
        return dict(keys)
    known = asked(out)
    before = clip_keys_of(out)
    now = {question.id: question for question in questions.questions}
    changes = [
        change
        for one in known.questions
        if (change := _change(one, now.get(one.id), before.get(one.id), keys.get(one.id)))
    ]
    if changes:
        others = f" (and {len(changes) - 1} more samples differ)" if len(changes) > 1 else ""
        raise UsageError(
            f"{out} was run with other data: {changes[0]}{others}; choose another --out."
        )
    return {**before, **keys}


def write_asked(out: Path, questions: QuestionSet, keys: Mapping[str, str]) -> None:
    """Write both files; they must exist before the first prediction does."""
    write_json(out / CLIPS, dict(keys))
    write_question_file(questions, out / QUESTIONS)


def asked(out: Path) -> QuestionSet:
    """A run's questions; raises UsageError for a run by a version that did not keep them."""
    path = out / QUESTIONS
    if not path.exists():
        raise UsageError(
            f"The run {out} has no {QUESTIONS}: an earlier version wrote it; evaluate again into "
            "another folder."
        )
    return read_question_file(path)


def check_examples(out: Path, keys: Mapping[str, str]) -> None:
    """Raise UsageError if ``out`` was run with other examples than those with these keys."""
    before = {name: key for name, key in clip_keys_of(out).items() if name.startswith(EXAMPLE)}
    if (out / "config.json").exists() and before != keys:
        raise UsageError(f"{out} was run with other examples; choose another --out.")


def clip_keys_of(out: Path) -> dict[str, str]:
    """The keys of a run's clips; empty if there is no such file. Raises UsageError."""
    known = read_json(out / CLIPS) if (out / CLIPS).exists() else {}
    if not isinstance(known, dict) or not all(isinstance(key, str) for key in known.values()):
        raise UsageError(f"The file {out / CLIPS} is damaged; choose another --out.")
    return known


def _change(
    before: Question, now: Question | None, old_key: str | None, key: str | None
) -> str | None:
    """What changed in a question, in words; None if nothing did."""
    if now is None:
        return f"sample {before.id!r} is gone"
    for name, what in FIELDS.items():
        was, is_now = getattr(before, name), getattr(now, name)
        if was != is_now:
            if name == "answer":
                return f"the answer of sample {before.id!r} was {was} and is now {is_now}"
            return f"sample {before.id!r} now has {what}"
    # A clip that could not be read then, or can't be read now, doesn't count as another one.
    if None not in (old_key, key) and old_key != key:
        return f"sample {before.id!r} now has another clip, or another way to decode it"
    return None
