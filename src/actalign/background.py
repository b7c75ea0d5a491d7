"""The background: what an encoder says about frames that have nothing to do with the candidates.

For a unit text vector a, the cosines of unit frames with mean mu and covariance C have mean a.mu
and variance a'Ca. So the mean and covariance of many frames tell what the cosine of *any* text is
worth, and no frame needs to be kept. What scorers do with it is in `alignment`; callers choose the
frames.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from actalign.arguments import as_path
from actalign.encoder_info import EncoderInfo
from actalign.errors import ArrayError, EncoderUsageError, UsageError, reason_of
from actalign.files import write_bytes
from actalign.types import Float32, Float64

FORMAT = "actalign-background-1"
CLIPS = "clips"
"""The value of `--background` for the run's own other clips."""
KINDS = (
    "temperatures", "label_temperatures", "none_temperatures", "none_label_temperatures",
)  # fmt: skip
"""The fields with temperatures."""
LEAST_FRAMES = 2
LEAST_DEVIATION = 1e-4
"""Minimum deviation of a cosine; a text below it counts as the same for every frame."""


@dataclass(frozen=True, eq=False, slots=True)
class Background:
    """Mean (D,) and covariance (D, D) of unit frame embeddings, and how many there were.

    model_id, fingerprint: the encoder that made them. source: where they come from, as shown in
    rows. temperatures: by scorer, the temperature that turns scores into confidences
    (`alignment.confidences`), if it was fitted on labelled clips of this encoder.
    label_temperatures: the same if every candidate is one step, such as its name, which says less
    than a script; see `temperature`. none_temperatures, none_label_temperatures: the same if "none
    of these" is a candidate, so that none of the others may be right.
    """

    mean: Float32
    covariance: Float32
    count: int
    model_id: str
    fingerprint: str
    source: str
    temperatures: Mapping[str, float] = field(default_factory=dict)
    label_temperatures: Mapping[str, float] = field(default_factory=dict)
    none_temperatures: Mapping[str, float] = field(default_factory=dict)
    none_label_temperatures: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not (isinstance(self.mean, np.ndarray) and isinstance(self.covariance, np.ndarray)):
            raise ArrayError("A background needs its mean and covariance as NumPy arrays.")
        width = self.mean.size
        if self.mean.shape != (width,) or self.covariance.shape != (width, width):
            raise ArrayError(
                f"A background needs a mean (D,) and a covariance (D, D), not {self.mean.shape} "
                f"and {self.covariance.shape}."
            )
        if not (np.isfinite(self.mean).all() and np.isfinite(self.covariance).all()):
            raise ArrayError("The background contains NaN or infinity.")
        for kind in KINDS:
            known: Mapping[str, float] = getattr(self, kind)
            for name, value in known.items():
                if not (isinstance(value, Real) and 0 < value < float("inf")):
                    raise ArrayError(
                        f"The temperature of {name!r} is {value!r}; it must be a number above 0."
                    )

    def statistics(self, texts: ArrayLike) -> tuple[Float64, Float64]:
        """Mean and deviation (K,) of each text's cosine on the background; texts: (K, D).

        The deviation is at least LEAST_DEVIATION. Raises ArrayError if the width differs.
        """
        rows = np.asarray(texts, np.float64)
        if rows.ndim != 2 or rows.shape[1] != self.mean.size:
            raise ArrayError(
                f"The background's embeddings have width {self.mean.size}, but the texts have the "
                f"shape {rows.shape}; both must come from the same encoder."
            )
        lengths = np.linalg.norm(rows, axis=1, keepdims=True)
        unit = rows / np.where(lengths > 0, lengths, 1)
        variance = np.einsum("kd,kd->k", unit @ self.covariance.astype(np.float64), unit)
        return unit @ self.mean, np.sqrt(np.maximum(variance, LEAST_DEVIATION**2))

    def temperature(self, scorer: str, single: float, *, none: bool = False) -> float | None:
        """The number that divides a scorer's scores; None if it was never fitted.

        single: the share, 0 to 1, of candidates with one step; between 0 and 1 the temperature is
        interpolated linearly between that for scripts and that for labels alone. none: with a
        candidate "none of these" besides the others; if that was not fitted, the same as without.
        """
        scripts, labels = self.temperatures.get(scorer), self.label_temperatures
        if none and scorer in self.none_temperatures:
            scripts, labels = self.none_temperatures[scorer], self.none_label_temperatures
        if scripts is None:
            return None
        return scripts + single * (labels.get(scorer, scripts) - scripts)

    @property
    def digest(self) -> str:
        """A hash of the numbers and temperatures, 16 hexadecimal digits."""
        kinds = [_numbers(getattr(self, kind)) for kind in KINDS]
        # Backgrounds without the later kinds keep the hash that they had before these existed.
        while len(kinds) > 1 and not kinds[-1]:
            kinds.pop()
        temperatures = json.dumps(kinds if len(kinds) > 1 else kinds[0], sort_keys=True).encode()
        held = self.mean.tobytes() + self.covariance.tobytes() + temperatures
        return hashlib.sha256(held).hexdigest()[:16]

    def checked(self, info: EncoderInfo) -> Background:
        """This background; raises EncoderError unless this encoder made it."""
        if self.fingerprint != info.fingerprint:
            raise EncoderUsageError(
                f"The background ({self.source}) comes from {self.model_id} ({self.fingerprint}), "
                f"but the encoder is {info.model_id} ({info.fingerprint}); make it again with "
                "`actalign background`."
            )
        return self

    def __repr__(self) -> str:
        return f"Background({self.source!r}, {self.count} frames, {self.model_id!r})"


class BackgroundSums:
    """Adds up frames, clip by clip, for a `Background`; keeps D x D numbers and no frames."""

    def __init__(self, model_id: str, fingerprint: str, dim: int) -> None:
        """model_id, fingerprint, dim: of the encoder, see `EncoderInfo`."""
        self._encoder = model_id, fingerprint
        self._count = 0
        self._sum: Float64 = np.zeros(dim)
        self._squares: Float64 = np.zeros((dim, dim))

    @property
    def count(self) -> int:
        """Frames so far; neutral ones (rows of zeros) don't count."""
        return self._count

    def add(self, embeddings: ArrayLike, *, times: int = 1) -> None:
        """Add the rows of (T, D), or remove them with ``times`` -1; raises ArrayError for another
        width and for NaN or infinity."""
        rows = np.asarray(embeddings, np.float64)
        if rows.ndim != 2 or rows.shape[1] != len(self._sum):
            raise ArrayError(
                f"The background's embeddings have width {len(self._sum)}, but a clip's have the "
                f"shape {rows.shape}."
            )
        if not np.isfinite(rows).all():
            raise ArrayError("A clip's embeddings hold NaN or infinity; encode it again.")
        rows = rows[rows.any(axis=1)]
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        self._count += times * len(rows)
        self._sum += times * rows.sum(axis=0)
        self._squares += times * (rows.T @ rows)

    def without(self, embeddings: ArrayLike) -> BackgroundSums:
        """The sums without a clip that was added before."""
        other = deepcopy(self)
        other.add(embeddings, times=-1)
        return other

    def background(self, source: str) -> Background:
        """The background so far; raises UsageError for fewer than two non-neutral frames."""
        if self._count < LEAST_FRAMES:
            raise UsageError(
                f"A background needs frames in which the encoder sees something, but {source} has "
                f"{self._count}; give more clips."
            )
        mean = self._sum / self._count
        covariance = self._squares / self._count - np.outer(mean, mean)
        return Background(
            mean=mean.astype(np.float32),
            covariance=covariance.astype(np.float32),
            count=self._count,
            model_id=self._encoder[0],
            fingerprint=self._encoder[1],
            source=source,
        )


def write_background(background: Background, path: str | Path, *, half: bool = False) -> None:
    """Write it as safetensors, all or nothing. half: with the covariance as float16."""
    from safetensors.numpy import save

    arrays: dict[str, np.ndarray[Any, Any]] = {
        "mean": np.ascontiguousarray(background.mean),
        "covariance": background.covariance.astype(np.float16 if half else np.float32),
    }
    about = {
        "count": background.count,
        "model_id": background.model_id,
        "fingerprint": background.fingerprint,
        "source": background.source,
        **{kind: dict(getattr(background, kind)) for kind in KINDS},
    }
    metadata = {"format": FORMAT, "background": json.dumps(about, sort_keys=True)}
    write_bytes(path, save(arrays, metadata=metadata))


def read_background(path: str | Path, *, source: str | None = None) -> Background:
    """Read what `write_background` wrote; raises UsageError, which names the file.

    source: its name in rows; by default the file's name and its number of frames.
    """
    from safetensors import SafetensorError, safe_open

    path = as_path(path, "background")
    if path.is_dir():
        raise UsageError(
            f"The background {path} is a folder; give a file that `actalign background` made from "
            "it."
        )
    try:
        path.open("rb").close()  # safetensors calls a file that it may not read missing
        with safe_open(path, framework="numpy") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise UsageError(
                    f"{path} is not a background; make one with `actalign background`."
                )
            mean, covariance = file.get_tensor("mean"), file.get_tensor("covariance")
        about = json.loads(metadata["background"])
        count = int(about["count"])
        found = Background(
            mean=mean.astype(np.float32),
            covariance=covariance.astype(np.float32),
            count=count,
            model_id=str(about["model_id"]),
            fingerprint=str(about["fingerprint"]),
            source=source or f"{path.name}, {count} frames",
            **{kind: _numbers(about.get(kind, {})) for kind in KINDS},
        )
    except (OSError, SafetensorError, LookupError, TypeError, ValueError, AttributeError) as error:
        why = reason_of(error).rstrip(".")
        raise UsageError(
            f"The background {path} can't be read ({why}); make it with `actalign background`."
        ) from None
    if count < LEAST_FRAMES:
        raise UsageError(f"The background {path} is made from {count} frames; make it again.")
    return found


def is_background(path: Path) -> bool:
    """Whether `write_background` wrote this file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            return (file.metadata() or {}).get("format") == FORMAT
    except (OSError, SafetensorError):
        return False


def _numbers(values: Mapping[str, float]) -> dict[str, float]:
    return {str(name): float(value) for name, value in values.items()}
