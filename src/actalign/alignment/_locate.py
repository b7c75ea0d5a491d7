"""Where in a long video actions happen: scripts aligned with parts of it, open at both ends.

docs/long.md says how detections are found and scored, and docs/method.md has the formula. Where
each step of an action fills a share p of the frames, a perfect encoder's score is 1 - log p, so an
action that fills most of a video scores low. Knows arrays and scripts, no video files.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from actalign.alignment._affinities import seen_frames
from actalign.alignment._paths import MIN_STEP_SECONDS
from actalign.alignment._similarity import cosine
from actalign.errors import UsageError
from actalign.types import ClipEmbedding, Float32, Float64, Int32, Script, Segment, TextWarning

if TYPE_CHECKING:
    from actalign.rows import Row

LEVEL = 2.0
"""Value of x that is evidence neither for the step nor against it: that of the best 13.5 %."""
THRESHOLD = 3.5
WEAK_THRESHOLD = 2.5
"""What suits a video that the actions fill: see benchmarks/README.md."""
MAX_STEP_SECONDS = 3.0
OVERLAP = 0.3


@dataclass(frozen=True, slots=True)
class Limits:
    """What counts as a detection; raises UsageError that names the limit which is wrong.

    threshold: least score, in nats. min_step, max_step: seconds that a step lasts. overlap: see
    `suppress`.
    """

    threshold: float = THRESHOLD
    min_step: float = MIN_STEP_SECONDS
    max_step: float = MAX_STEP_SECONDS
    overlap: float = OVERLAP

    def __post_init__(self) -> None:
        for name in ("threshold", "min_step", "max_step", "overlap"):
            if not isinstance(getattr(self, name), Real):
                raise UsageError(f"{name} is {getattr(self, name)!r}; give a number.")
        if not math.isfinite(self.threshold):
            raise UsageError(
                f"The threshold is {self.threshold}; give a number of nats, such as 3.5."
            )
        if not 0 < self.min_step <= self.max_step < math.inf:
            raise UsageError(
                f"A step lasts from {self.min_step:g} to {self.max_step:g} s; give a shortest time "
                "above 0 and a longest that is not below it."
            )
        if not 0 <= self.overlap <= 1:
            raise UsageError(f"The overlap is {self.overlap:g}; give 0 to 1.")

    def frames(self, times: Float64) -> tuple[int, int]:
        """How many frames a step lasts at least and at most, by the frames' median distance."""
        seconds = float(np.median(np.diff(times))) if len(times) > 1 else 1.0
        least = max(1, round(self.min_step / max(seconds, 1e-6)))
        return least, max(least, math.floor(self.max_step / max(seconds, 1e-6) + 1e-6))


@dataclass(frozen=True, slots=True)
class Detection:
    """One place where an action happens: [start_seconds, end_seconds) of the source file.

    score: mean negative log tail probability in nats, minus what several wordings cost; comparable
    only among the detections of one video. segments: the steps of the wording that was found; their
    affinity is the step's own mean. wording: its number, from 1, of ``wordings``.
    """

    label: str
    start_seconds: float
    end_seconds: float
    score: float
    segments: tuple[Segment, ...]
    wording: int = 1
    wordings: int = 1

    @property
    def steps(self) -> tuple[str, ...]:
        """The steps that were found: of a label with several wordings those of one."""
        return tuple(segment.step for segment in self.segments)

    def to_row(
        self, clip: ClipEmbedding, number: int, *, text_warnings: Sequence[TextWarning] = ()
    ) -> Row:
        """The JSON object of a clip's detection; its id is CLIP#NUMBER. See `rows.Row`.

        text_warnings: on the texts that were looked for.
        """
        from actalign.rows._fields import CandidateRow
        from actalign.rows._made import new_row
        from actalign.rows._people import PeopleTimes

        times = clip.pts_seconds
        low, high = np.searchsorted(times, [self.start_seconds - 1e-6, self.end_seconds - 1e-6])
        low = min(low, len(times) - 1)
        own = slice(low, max(high, low + 1))
        # What a row says about frames and people is about the time that it covers, as in a window.
        part = replace(
            clip,
            embeddings=clip.embeddings[own],
            pts_seconds=times[own],
            provenance=PeopleTimes(clip.provenance).between(self.start_seconds, self.end_seconds),
        )
        found: CandidateRow = {"label": self.label, "score": self.score}
        if self.wordings > 1:
            found["wording"], found["wordings"] = self.wording, self.wordings
        found["segments"] = [segment.to_row() for segment in self.segments]
        return new_row(
            {
                **part.row_fields(),
                "clip": f"{clip.clip_id}#{number}",
                "start_seconds": round(self.start_seconds, 6),
                "end_seconds": round(self.end_seconds, 6),
                "label": self.label,
                "warnings": list(clip.warnings),
                "text_warnings": [one.to_row() for one in text_warnings],
                "candidates": [found],
            }
        )


def neg_log_tail(similarity: ArrayLike, *, seen: ArrayLike | None = None) -> Float32:
    """-log of the share of frames that fit a text at least as well: (T, K) -> (T, K) float32.

    similarity: any measure that grows with the fit. seen: (T,) bool, frames that count; the others
    (in which the encoder saw nothing) get 0. Values lie in [0, log(number of frames that count)].
    """
    matrix = np.asarray(similarity, np.float32)
    found = np.zeros(matrix.shape, np.float32)
    rows = np.ones(len(matrix), bool) if seen is None else np.asarray(seen, bool)
    count = int(rows.sum())
    if count == 0:
        return found
    for k in range(matrix.shape[1]):
        column = matrix[rows, k]
        below = np.searchsorted(np.sort(column), column, side="left")
        found[rows, k] = -np.log((count - below) / count)
    return found


def locate(
    clip: ClipEmbedding,
    frames: ArrayLike,
    scripts: Sequence[Script],
    steps: Iterable[ArrayLike],
    *,
    threshold: float = THRESHOLD,
    min_step: float = MIN_STEP_SECONDS,
    max_step: float = MAX_STEP_SECONDS,
    overlap: float = OVERLAP,
) -> list[Detection]:
    """Detect the scripts in a long clip; detections in order of their start. See docs/long.md.

    frames: (T, D) the clip's embeddings, smoothed. scripts: each wording is one, and those of one
    label are its wordings. steps: each script's (K, D) text embeddings. min_step, max_step:
    seconds, converted to frames by the clip's median frame interval. Raises UsageError for
    limits that exclude everything.
    """
    limits = Limits(threshold, min_step, max_step, overlap)
    seen = seen_frames(clip.embeddings)
    values = (neg_log_tail(cosine(frames, texts), seen=seen) for texts in steps)
    return detect(clip, scripts, values, limits)


def detect(
    clip: ClipEmbedding, scripts: Sequence[Script], values: Iterable[Float32], limits: Limits
) -> list[Detection]:
    """`locate`, given what each frame is worth for each script's steps: (T, K) in nats."""
    wordings: dict[str, list[tuple[str, ...]]] = {}
    for script in scripts:
        wordings.setdefault(script.label, []).append(script.steps)
    found: dict[str, dict[tuple[str, ...], list[Detection]]] = {label: {} for label in wordings}
    for script, of_script in zip(scripts, values, strict=True):
        known = wordings[script.label]
        price = math.log(len(set(known))) / len(script.steps)
        number, count = known.index(script.steps) + 1, len(known)
        found[script.label][script.steps] = [
            replace(one, wording=number, wordings=count)
            for one in _of_wording(clip, script, of_script, price, limits)
        ]
    best: list[Detection] = []
    for by_steps in found.values():
        own = [one for steps in sorted(by_steps) for one in by_steps[steps]]
        best += suppress(own, overlap=limits.overlap)
    return sorted(suppress(best, overlap=limits.overlap), key=lambda one: one.start_seconds)


def _of_wording(
    clip: ClipEmbedding, script: Script, values: Float32, price: float, limits: Limits
) -> list[Detection]:
    """The best cuts of one wording that reach the threshold, some of which may overlap; none of
    frames in which the encoder saw nothing."""
    from actalign.alignment._kernels.subsequence import best_cuts

    edges, seen = clip.edges_seconds, seen_frames(clip.embeddings)
    sums, means, starts = best_cuts(values, LEVEL, *limits.frames(clip.pts_seconds))
    found = []
    for t in best_ends(sums, starts[:, 0]):
        score = float(means[t]) - price
        if score < limits.threshold or not seen[starts[t, 0] : t + 1].any():
            continue
        bounds = [*starts[t].tolist(), t + 1]
        segments = tuple(
            Segment(
                step=step,
                start_seconds=float(edges[begin]),
                end_seconds=float(edges[end]),
                affinity=float(values[begin:end, k].mean()),
                number=k + 1,
            )
            for k, (step, begin, end) in enumerate(
                zip(script.steps, bounds, bounds[1:], strict=False)
            )
        )
        begin, end = segments[0].start_seconds, segments[-1].end_seconds
        found.append(Detection(script.label, begin, end, score, segments))
    return found


def best_ends(sums: Float64, begins: Int32) -> list[int]:
    """Of the cuts that begin at one frame, the end (an index into sums) of the best; the first of
    equals. sums: (T,), minus infinity where no cut ends. begins: (T,)."""
    best: dict[int, int] = {}
    for t in np.flatnonzero(sums > -np.inf).tolist():
        known = best.setdefault(int(begins[t]), t)
        if sums[t] > sums[known]:
            best[int(begins[t])] = t
    return list(best.values())


def suppress(detections: Iterable[Detection], *, overlap: float) -> list[Detection]:
    """Non-maximum suppression: by falling score (then earlier start), drop what overlaps a kept one
    with a temporal intersection over union above ``overlap``; where the kept one is of the same
    label by another wording, over the shorter of the two instead of the union."""
    kept: list[Detection] = []
    begins, ends = np.empty(0), np.empty(0)
    for one in sorted(detections, key=lambda f: (-f.score, f.start_seconds)):
        shared = np.minimum(ends, one.end_seconds) - np.maximum(begins, one.start_seconds)
        union = np.maximum(ends, one.end_seconds) - np.minimum(begins, one.start_seconds)
        shorter = np.minimum(ends - begins, one.end_seconds - one.start_seconds)
        reworded = [one.label == other.label and one.steps != other.steps for other in kept]
        if not np.any(shared > overlap * np.where(reworded, shorter, union)):
            kept.append(one)
            begins = np.append(begins, one.start_seconds)
            ends = np.append(ends, one.end_seconds)
    return kept
