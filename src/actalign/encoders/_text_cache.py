"""Keeps text embeddings, in memory and in a file, so that each text is encoded only once."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from actalign.encoder_info import EncoderInfo
from actalign.encoders._base import Encoder, encode_texts
from actalign.errors import ActAlignError, EncoderError
from actalign.types import Float32, TextWarning


class TextCache:
    """The text embeddings of one encoder, and its warnings about the texts.

    info: the encoder's. load: returns the encoder; called if a text was never encoded, or if the
    encoder now knows other words than when its stored warnings were made. path: an SQLite file that
    stores both, which several processes may use at once; None for memory only.
    """

    def __init__(
        self, info: EncoderInfo, load: Callable[[], Encoder], *, path: Path | None = None
    ) -> None:
        self._fingerprint = info.fingerprint
        self._words = None if path is None else _known_words(info.model_id)
        self._load = load
        self._path = path
        self._rows: dict[str, Float32] = {}
        self._warnings: dict[str, list[TextWarning]] = {}

    def encode(self, texts: Sequence[str]) -> Float32:
        """(K, D) embeddings of K texts.

        Raises the encoder's UsageError, EncoderError for a wrong number of rows, and ActAlignError
        for problems with the file.
        """
        missing = list(dict.fromkeys(text for text in texts if text not in self._rows))
        self._have(missing, missing)
        return np.stack([self._rows[text] for text in texts])

    def warnings(self, texts: Sequence[str]) -> list[TextWarning]:
        """The encoder's warnings about texts, encoded or not; for example, that one was cut."""
        self._have([], list(dict.fromkeys(text for text in texts if text not in self._warnings)))
        return [note for text in texts for note in self._warnings.get(text, ())]

    def _have(self, encoded: Sequence[str], judged: Sequence[str]) -> None:
        """Get the embeddings of some texts, and the warnings about some, often the same."""
        if judged and self._path is not None:
            with opened(self._path) as file:
                self._complete(file, encoded, judged)
        else:
            self._ask(encoded, judged)

    def _complete(
        self, file: sqlite3.Connection, encoded: Sequence[str], judged: Sequence[str]
    ) -> None:
        """Read the embeddings and warnings that the file has, and store those that it lacks."""
        found = stored_rows(file, self._fingerprint, encoded)
        new = [text for text in encoded if text not in found]
        kept = set(judged).difference(new)
        said = {text: _said_in(file, self._fingerprint, text) for text in kept}
        old = [text for text, (words, _) in said.items() if words != self._words]
        self._warnings.update((text, warnings) for text, (_, warnings) in said.items())
        try:
            self._ask(new, [*new, *old])
        except ActAlignError:
            if new:
                raise
            old = []  # The encoder can't be loaded, and its earlier warnings are all that is known.
        self._rows.update(found)
        keep_rows(file, self._fingerprint, {text: self._rows[text] for text in new})
        file.executemany(
            "INSERT OR REPLACE INTO judged VALUES (?, ?, ?, ?)",
            [
                (self._fingerprint, text, self._words, _json(self._warnings[text]))
                for text in (*new, *old)
            ],
        )

    def _ask(self, new: Sequence[str], unjudged: Sequence[str]) -> None:
        """Encode texts, and get warnings about texts; the encoder is loaded if there are any."""
        if not new and not unjudged:
            return
        encoder = self._load()
        warnings = {text: judge_texts(encoder, [text]) for text in unjudged}
        if new:
            self._rows.update(zip(new, encode_texts(encoder, new), strict=True))
        self._warnings.update(warnings)


def judge_texts(encoder: Encoder, texts: Sequence[str]) -> list[TextWarning]:
    """The encoder's warnings about texts; raises EncoderError for anything else."""
    said = encoder.text_warnings(texts)
    if not isinstance(said, list) or not all(isinstance(one, TextWarning) for one in said):
        raise EncoderError(
            f"The text_warnings of the encoder {encoder.info.model_id} returned {said!r}; it must "
            "return a list of actalign.types.TextWarning, which may be empty."
        )
    return said


def _known_words(model_id: str) -> str:
    """What the encoder's warnings depend on besides its fingerprint: `body`'s list of words."""
    if model_id.partition(":")[0] != "body":
        return ""
    try:
        from actalign.encoders.body._vocabulary import words_hash
    except EncoderError:  # its packages are not installed, so it can't be asked either
        return "unknown"
    return words_hash()


def stored_rows(
    file: sqlite3.Connection, fingerprint: str, texts: Iterable[str]
) -> dict[str, Float32]:
    """The embeddings that the file has of these texts."""
    query = "SELECT embedding FROM texts WHERE fingerprint = ? AND text = ?"
    found: dict[str, Float32] = {}
    for text in texts:
        held: Any = file.execute(query, (fingerprint, text)).fetchone()
        if held is not None:
            found[text] = np.frombuffer(held[0], np.float32)
    return found


def keep_rows(file: sqlite3.Connection, fingerprint: str, rows: Mapping[str, Float32]) -> None:
    """Store embeddings in the file."""
    file.executemany(
        "INSERT OR REPLACE INTO texts VALUES (?, ?, ?)",
        [(fingerprint, text, row.tobytes()) for text, row in rows.items()],
    )


def _json(warnings: Iterable[TextWarning]) -> str:
    return json.dumps([asdict(one) for one in warnings])


def _said_in(
    file: sqlite3.Connection, fingerprint: str, text: str
) -> tuple[str | None, list[TextWarning]]:
    """The words by which a text was judged (None if it never was), and the warnings."""
    query = "SELECT words, warnings FROM judged WHERE fingerprint = ? AND text = ?"
    held: Any = file.execute(query, (fingerprint, text)).fetchone()
    if held is None:
        return None, []
    return held[0], [TextWarning(**one) for one in json.loads(held[1])]


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """The open file, committed at the end; raises ActAlignError if it or the disk is faulty.

    If another process is writing to it, this one waits.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with closing(sqlite3.connect(path, timeout=60)) as file:
            file.execute(
                "CREATE TABLE IF NOT EXISTS texts (fingerprint TEXT, text TEXT, embedding BLOB, "
                "PRIMARY KEY (fingerprint, text))"
            )
            file.execute(
                "CREATE TABLE IF NOT EXISTS judged (fingerprint TEXT, text TEXT, words TEXT, "
                "warnings TEXT, PRIMARY KEY (fingerprint, text))"
            )
            yield file
            file.commit()
    except sqlite3.OperationalError as error:
        raise ActAlignError(
            f"{path} can't be written: {error}; free space, or choose another folder (--out, "
            "or ACTALIGN_CACHE for the cache)."
        ) from error
    except sqlite3.Error as error:
        raise ActAlignError(
            f"{path} is damaged ({error}); delete it, and its texts will be encoded again."
        ) from error
