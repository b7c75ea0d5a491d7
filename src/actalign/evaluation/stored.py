"""An encoder that is loaded only when something was never encoded: scoring again needs none.

Text embeddings are kept in one SQLite file, frame embeddings in a `Store`; both in the run folder.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from actalign._types import Float32, UInt8
from actalign.encoder import Encoder, EncoderDefaults, revision_of
from actalign.errors import ActAlignError, EncoderError


@dataclass(frozen=True, slots=True)
class EncoderFacts:
    """What is known of an encoder without loading it; see `encoder.Encoder`."""

    model_id: str
    fingerprint: str
    dim: int
    logit_scale: float
    logit_bias: float
    fps: float | None
    smoothing_seconds: float
    step_template: str
    label_template: str
    model_revision: str | None = None

    @classmethod
    def of(cls, encoder: Encoder) -> EncoderFacts:
        """The facts of a loaded encoder."""
        defaults = encoder.defaults
        return cls(
            encoder.model_id,
            encoder.fingerprint,
            encoder.dim,
            float(encoder.logit_scale),
            float(encoder.logit_bias),
            defaults.fps,
            defaults.smoothing_seconds,
            defaults.step_template,
            defaults.label_template,
            **revision_of(encoder),
        )


class StoredEncoder:
    """An `Encoder` by its facts; texts come from the file, the model is loaded for new ones."""

    def __init__(self, facts: EncoderFacts, texts: Path, load: Callable[[], Encoder]) -> None:
        self.facts = facts
        self._texts = texts
        self._load = load
        self._encoder: Encoder | None = None

    @property
    def model_id(self) -> str:
        return self.facts.model_id

    @property
    def fingerprint(self) -> str:
        return self.facts.fingerprint

    @property
    def revision(self) -> str | None:
        return self.facts.model_revision

    @property
    def dim(self) -> int:
        return self.facts.dim

    @property
    def logit_scale(self) -> float:
        return self.facts.logit_scale

    @property
    def logit_bias(self) -> float:
        return self.facts.logit_bias

    @property
    def defaults(self) -> EncoderDefaults:
        facts = self.facts
        return EncoderDefaults(
            facts.fps, facts.smoothing_seconds, facts.step_template, facts.label_template
        )

    @property
    def real(self) -> Encoder:
        """The loaded encoder; raises EncoderError when it isn't the one of the facts."""
        if self._encoder is None:
            encoder = self._load()
            if encoder.fingerprint != self.fingerprint:
                raise EncoderError(
                    f"The run's embeddings come from {self.model_id} ({self.fingerprint}), but "
                    f"the model is now {encoder.model_id} ({encoder.fingerprint}); choose another "
                    "--out."
                )
            self._encoder = encoder
        return self._encoder

    def encode_image(self, frames: UInt8) -> Float32:
        """As `Encoder.encode_image`; loads the model."""
        return self.real.encode_image(frames)

    def text_warnings(self, texts: Sequence[str]) -> list[str]:
        """As `Encoder.text_warnings`, while the model is loaded: what it cut it said then."""
        return [] if self._encoder is None else self._encoder.text_warnings(texts)

    def encode_text(self, texts: Sequence[str]) -> Float32:
        """As `Encoder.encode_text`; loads the model only for texts it has never seen."""
        wanted = list(dict.fromkeys(texts))
        with _open(self._texts) as file:
            known = {text: row for text in wanted if (row := self._get(file, text)) is not None}
        lacking = [text for text in wanted if text not in known]
        if lacking:
            rows = np.asarray(self.real.encode_text(lacking), np.float32)
            known.update(zip(lacking, rows, strict=True))
            with _open(self._texts) as file:
                file.executemany(
                    "INSERT OR REPLACE INTO texts VALUES (?, ?, ?)",
                    [(self.fingerprint, t, known[t].tobytes()) for t in lacking],
                )
        return np.stack([known[text] for text in texts])

    def _get(self, file: sqlite3.Connection, text: str) -> Float32 | None:
        query = "SELECT embedding FROM texts WHERE fingerprint = ? AND text = ?"
        found: Any = file.execute(query, (self.fingerprint, text)).fetchone()
        return None if found is None else np.frombuffer(found[0], np.float32)


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
