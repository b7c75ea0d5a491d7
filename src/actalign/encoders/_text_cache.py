"""Text embeddings, each text encoded once: in memory for a run, in a file for all runs after it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from actalign.encoder_info import EncoderInfo
from actalign.encoders._base import Encoder
from actalign.errors import ActAlignError
from actalign.types import Float32


class TextCache:
    """The text embeddings of one encoder.

    info: the encoder's. load: gives the encoder, called when a text was never encoded. path: an
    SQLite file that keeps the embeddings, which several processes may use at once; None for memory
    only.
    """

    def __init__(
        self, info: EncoderInfo, load: Callable[[], Encoder], *, path: Path | None = None
    ) -> None:
        self._fingerprint = info.fingerprint
        self._load = load
        self._path = path
        self._rows: dict[str, Float32] = {}
        self._warnings: dict[str, list[str]] = {}

    def encode(self, texts: Sequence[str]) -> Float32:
        """(K, D) embeddings of K texts.

        Raises UsageError from the encoder, ActAlignError about the file.
        """
        missing = list(dict.fromkeys(text for text in texts if text not in self._rows))
        if missing and self._path is not None:
            self._rows.update(stored_rows(self._path, self._fingerprint, missing))
            self._warnings.update(_stored_warnings(self._path, self._fingerprint, missing))
            missing = [text for text in missing if text not in self._rows]
        if missing:
            encoder = self._load()
            rows = np.asarray(encoder.encode_text(missing), np.float32)
            self._rows.update(zip(missing, rows, strict=True))
            warnings = {text: encoder.text_warnings([text]) for text in missing}
            self._warnings.update(warnings)
            if self._path is not None:
                new = {text: self._rows[text] for text in missing}
                keep_rows(self._path, self._fingerprint, new, warnings=warnings)
        return np.stack([self._rows[text] for text in texts])

    def warnings(self, texts: Sequence[str]) -> list[str]:
        """The encoder's sentences on the texts that were encoded: one was cut, say."""
        return [note for text in texts for note in self._warnings.get(text, ())]


def stored_rows(path: Path, fingerprint: str, texts: Iterable[str]) -> dict[str, Float32]:
    """The embeddings of these texts that the file has; raises ActAlignError about the file."""
    query = "SELECT embedding FROM texts WHERE fingerprint = ? AND text = ?"
    found: dict[str, Float32] = {}
    with _open(path) as file:
        for text in texts:
            held: Any = file.execute(query, (fingerprint, text)).fetchone()
            if held is not None:
                found[text] = np.frombuffer(held[0], np.float32)
    return found


def _stored_warnings(path: Path, fingerprint: str, texts: Iterable[str]) -> dict[str, list[str]]:
    """What the encoder said of these texts when the file got them; raises as `stored_rows`."""
    query = "SELECT warning FROM warnings WHERE fingerprint = ? AND text = ? ORDER BY rowid"
    with _open(path) as file:
        return {
            text: [warning for (warning,) in file.execute(query, (fingerprint, text))]
            for text in texts
        }


def keep_rows(
    path: Path,
    fingerprint: str,
    rows: Mapping[str, Float32],
    *,
    warnings: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """Put embeddings into the file, and what the encoder says of their texts.

    Raises ActAlignError about the file.
    """
    said = [(fingerprint, text, one) for text, of in (warnings or {}).items() for one in of]
    with _open(path) as file:
        file.executemany("INSERT OR IGNORE INTO warnings VALUES (?, ?, ?)", said)
        file.executemany(
            "INSERT OR REPLACE INTO texts VALUES (?, ?, ?)",
            [(fingerprint, text, row.tobytes()) for text, row in rows.items()],
        )


@contextmanager
def _open(path: Path) -> Iterator[sqlite3.Connection]:
    """The open file, committed at the end; raises ActAlignError where the disk or it is at fault.

    Another process may write it at the same time: it is waited for.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with closing(sqlite3.connect(path, timeout=60)) as file:
            file.execute(
                "CREATE TABLE IF NOT EXISTS texts (fingerprint TEXT, text TEXT, embedding BLOB, "
                "PRIMARY KEY (fingerprint, text))"
            )
            file.execute(
                "CREATE TABLE IF NOT EXISTS warnings (fingerprint TEXT, text TEXT, warning TEXT, "
                "PRIMARY KEY (fingerprint, text, warning))"
            )
            yield file
            file.commit()
    except sqlite3.OperationalError as error:
        raise ActAlignError(
            f"{path} can't be written: {error}; free space or choose another --out."
        ) from error
    except sqlite3.Error as error:
        raise ActAlignError(
            f"{path} is damaged ({error}); delete it, and its texts are encoded again."
        ) from error
