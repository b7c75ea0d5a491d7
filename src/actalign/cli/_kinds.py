"""What a file holds that people write or correct, which results must not take the place of."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actalign.errors import UsageError
from actalign.files import is_there

if TYPE_CHECKING:
    from actalign.evaluation import QuestionSet

QUESTIONS = "questions with their answers, such as corrections of `actalign serve`,"
SCRIPTS = "scripts"
BROKEN = "text with a syntax error, perhaps scripts,"


def check_no_other_kind(option: str, path: Path, writes: str | None = None) -> None:
    """Raise UsageError where the file to write is there and holds what people write.

    option: as the message names it. writes: what such a file may hold.
    """
    kind = _kind(path)
    if kind is not None and kind != writes:
        raise UsageError(
            f"{option} is {path}, which holds {kind} and would be lost; name another file to write."
        )


def check_no_other_questions(questions: QuestionSet, path: Path) -> None:
    """Raise UsageError where a question file is there and holds anything but these questions.

    Somebody may have written or corrected it.
    """
    from actalign.documents import read_text
    from actalign.evaluation._question_file import is_question_file, question_text

    if not is_question_file(path):
        return
    try:
        same = read_text(path) == question_text(questions, path)
    except (OSError, ValueError):
        same = False
    if not same:
        raise UsageError(
            f"--out is {path}, which holds other questions or corrected ones, and they would be "
            "lost; name another file to write, or delete it first."
        )


def _kind(path: Path) -> str | None:
    """What a file holds, in words; None for results, for what isn't known, and for no file."""
    if not is_there(path) or not path.is_file() or not path.stat().st_size:
        return None
    from actalign.evaluation._question_file import is_question_file

    try:
        return QUESTIONS if is_question_file(path) else _of_names(_names(path))
    except ValueError:  # not ours, which are whole; a slip makes nobody's work worthless
        return BROKEN if path.suffix.lower() in (".json", ".yaml", ".yml") else None
    except (OSError, UsageError):
        return None


def _names(path: Path) -> set[str]:
    """The names of a table's columns, or of the fields of a document or of its first entry."""
    from actalign.documents import parse_json, read_document, read_lines
    from actalign.evaluation._readers._source import TABLES, csv_columns, parquet_columns

    suffix = path.suffix.lower()
    if suffix == ".parquet":
        return parquet_columns(path)
    if suffix in (".csv", ".tsv"):
        return {name.lower() for name in csv_columns(path)}
    found: Any = None
    if suffix in (*TABLES, ".yaml", ".yml"):
        with closing(read_lines(path)) as lines:
            line = next((line for line in lines if line.strip()), "")
        try:
            found = parse_json(line)  # of JSON Lines, which may be long
        except ValueError:
            found = read_document(path)
    if isinstance(found, list) and found:
        found = found[0]
    return {str(name) for name in found} if isinstance(found, dict) else set()


def _of_names(names: set[str]) -> str | None:
    from actalign.evaluation._readers._table import COLUMNS
    from actalign.evaluation._settings import KEYS

    if names & {"schema_version", "score", "affinity"}:  # rows, and tables of them
        return None
    if names & {"scripts", "subactions"} or names >= {"record", "label", "steps"}:
        return SCRIPTS
    if "labels" in names:
        return "questions of `actalign subactions generate`"
    if names and names <= set(KEYS):
        return "settings of `actalign eval tune`"
    labelled = all(names & set(COLUMNS[part]) for part in ("video", "label"))
    return "labels of videos" if labelled else None
