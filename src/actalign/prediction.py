"""What the classifier says of one clip: ranked candidates, their alignments, and the JSON row."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from actalign._types import ClipEmbedding, Script
from actalign.alignment import Alignment
from actalign.atomic import writing
from actalign.errors import ActAlignError

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Segment:
    """When one sub-action happens: [start_seconds, end_seconds) of the source file.

    affinity: mean affinity of the step over its frames on the alignment path.
    """

    step: str
    start_seconds: float
    end_seconds: float
    affinity: float


@dataclass(frozen=True, eq=False, slots=True)
class Candidate:
    """One candidate's score for one clip and, for scorers that align, its alignment."""

    label: str
    score: float
    script: Script
    has_script: bool
    alignment: Alignment | None = None


@dataclass(frozen=True, eq=False, slots=True)
class Prediction:
    """One clip's candidates, best first (equal scores keep the order the labels were given in).

    Scores are path-mean similarities or cosines, not probabilities.
    """

    clip: ClipEmbedding
    candidates: tuple[Candidate, ...]
    scorer: str
    smoothing_seconds: float
    domain: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    text_warnings: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The winning candidate's label."""
        return self.candidates[0].label

    @property
    def margin(self) -> float | None:
        """The winner's score less the runner-up's; None with one candidate."""
        if len(self.candidates) < 2:
            return None
        return self.candidates[0].score - self.candidates[1].score

    def segments(self, candidate: Candidate) -> list[Segment]:
        """The candidate's sub-actions in seconds; empty where the scorer made no alignment."""
        return segments(candidate.script, candidate.alignment, self.clip)

    def top_k(self, k: int | None = None) -> list[dict[str, Any]]:
        """The best k candidates as [{"label", "score"}], best first."""
        return [{"label": c.label, "score": c.score} for c in self.candidates[:k]]

    def to_row(self, *, top_k: int | None = None, target: str | None = None) -> dict[str, Any]:
        """The JSON object of predictions.jsonl; holds lmms-eval's sample keys among others."""
        clip = self.clip
        return {
            "schema_version": SCHEMA_VERSION,
            "doc_id": clip.clip_id,
            "status": "ok",
            "error": None,
            "video": clip.provenance.get("video"),
            "target": target,
            "filtered_resps": [self.label],
            "metrics": {} if target is None else {"top1": float(self.label == target)},
            "margin": self.margin,
            "candidates": [
                {
                    "label": c.label,
                    "score": c.score,
                    "has_script": c.has_script,
                    "path_length": None if c.alignment is None else len(c.alignment.path),
                    "segments": [
                        {
                            "step": s.step,
                            "start_seconds": round(s.start_seconds, 6),
                            "end_seconds": round(s.end_seconds, 6),
                            "affinity": s.affinity,
                        }
                        for s in self.segments(c)
                    ],
                }
                for c in self.candidates[:top_k]
            ],
            "domain": self.domain,
            "frames": len(clip.embeddings),
            "neutral_frames": clip.neutral_frames,
            "start_seconds": float(clip.pts_seconds[0]),
            "end_seconds": clip.end_seconds,
            "warnings": [*clip.warnings, *self.text_warnings],
            "scorer": self.scorer,
            "smoothing_seconds": self.smoothing_seconds,
            "model_id": clip.model_id,
            "fingerprint": clip.fingerprint,
            # Sorted, as an entry of the store holds it: a row is the same from there and fresh.
            "provenance": dict(sorted(clip.provenance.items())),
            "settings": self.settings,
        }

    def __repr__(self) -> str:
        best = self.candidates[0]
        return f"Prediction({self.clip.clip_id!r}: {best.label!r} {best.score:.4f})"

    def _repr_html_(self) -> str:
        from actalign.notebook import prediction_html

        return prediction_html(self)


def segments(script: Script, alignment: Alignment | None, clip: ClipEmbedding) -> list[Segment]:
    """An alignment's frame intervals in seconds; a frame lasts until the next one or the end."""
    if alignment is None:
        return []
    edges = np.append(clip.pts_seconds, max(clip.end_seconds, float(clip.pts_seconds[-1])))
    found = []
    for k, (start, end) in enumerate(alignment.intervals):
        on_path = alignment.path[alignment.path[:, 1] == k, 0]
        found.append(
            Segment(
                step=script.subactions[k],
                start_seconds=float(edges[start]),
                end_seconds=float(edges[end]),
                affinity=float(alignment.affinity[on_path, k].mean()),
            )
        )
    return found


def file_stem(clip_id: str) -> str:
    """The clip's id as a file name without suffix; one cut short or changed carries a hash."""
    stem = re.sub(r"[^\w. -]", "_", clip_id)[-100:].lstrip(".")
    if stem == clip_id:
        return stem
    return f"{stem}.{hashlib.sha256(clip_id.encode('utf-8', 'surrogateescape')).hexdigest()[:8]}"


def error_row(clip_id: str, video: str, error: ActAlignError) -> dict[str, Any]:
    """The JSON object of a clip that could not be classified: it is unscored, not wrong."""
    return {
        "schema_version": SCHEMA_VERSION,
        "doc_id": clip_id,
        "status": "error",
        "error": str(error),
        "video": video,
        "target": None,
        "filtered_resps": [],
        "metrics": {},
        "candidates": [],
    }


class RowWriter:
    """Writes JSON Lines as they come, so that a run of any size holds one row; a context manager.

    The file gets its name when all went well, and nothing is left behind otherwise. Without a path
    rows are only counted. Raises ActAlignError when the file can't be written.
    """

    def __init__(self, path: str | Path | None) -> None:
        self.count = 0
        self._writing = nullcontext() if path is None else writing(path)

    def __enter__(self) -> RowWriter:
        self._file = self._writing.__enter__()
        return self

    def add(self, row: dict[str, Any]) -> None:
        """Write one row."""
        self.count += 1
        if self._file is not None:
            try:
                data = json.dumps(row, ensure_ascii=False, allow_nan=False).encode()
            except UnicodeEncodeError:  # a file name whose bytes are no text
                data = json.dumps(row, allow_nan=False).encode()
            except ValueError as error:
                raise ActAlignError(
                    f"The row of {row.get('doc_id')!r} holds NaN or infinity, which JSON lacks."
                ) from error
            self._file.write(data + b"\n")

    def __exit__(self, *error: Any) -> None:
        self._writing.__exit__(*error)


def write_rows(rows: Iterable[dict[str, Any]], path: str | Path) -> None:
    """Write JSON Lines to ``path``, whole or not at all; see `RowWriter`."""
    with RowWriter(path) as writer:
        for row in rows:
            writer.add(row)
