"""Cuts long videos into parts, which are encoded at once and kept until all of them are there."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from actalign.clips._store import Store
from actalign.rows._people import joined_people, looks_warning
from actalign.types import ClipEmbedding, Float64
from actalign.video._sampling import losses_of

PART_FRAMES = 1000
"""About how many frames a part has: a minute or two of video, which take `body` half a minute."""
LEAST_AROUND = 20
"""Frames that are read on both sides of a part, so that cuts near its ends are found."""
PARTS_FOLDER = "parts"
"""Where a store keeps the parts of videos of which it does not have all."""


@dataclass(frozen=True, eq=False, slots=True)
class Part:
    """Consecutive frames of a clip.

    number: from 1. of: how many parts the clip has. times: (n,) seconds of the frames to be read,
    with those around the part that the encoder looks at. begin, end: the seconds of the part's own
    frames, [begin, end).
    """

    number: int
    of: int
    times: Float64
    begin: float
    end: float

    def own(self, pts_seconds: Float64) -> NDArray[np.bool_]:
        """(n,) whether these times are of the part's own frames."""
        return np.asarray((pts_seconds >= self.begin) & (pts_seconds < self.end))

    @property
    def own_times(self) -> Float64:
        return self.times[self.own(self.times)]


def longest() -> int:
    """The most frames of a clip that is not cut."""
    return 3 * PART_FRAMES // 2


def parts_of(pts_seconds: Float64, margin_seconds: float) -> list[Part]:
    """The parts of a clip, about equally long; empty if it is too short for two.

    pts_seconds: (T,) times of its frames. margin_seconds: how far around a part frames are read, at
    least; see `margin_of_parts`.
    """
    if len(pts_seconds) <= longest():
        return []
    count = max(2, round(len(pts_seconds) / PART_FRAMES))
    firsts = np.linspace(0, len(pts_seconds), count + 1).round().astype(int)
    edges = [*pts_seconds[firsts[:-1]].tolist(), math.inf]
    lows = np.searchsorted(pts_seconds, np.array(edges[:-1]) - margin_seconds)
    lows = np.minimum(lows, firsts[:-1] - LEAST_AROUND).clip(0)
    highs = np.searchsorted(pts_seconds, np.array(edges[1:]) + margin_seconds)
    highs = np.maximum(highs, firsts[1:] + LEAST_AROUND)
    return [
        Part(number, count, pts_seconds[low:high], edges[number - 1], edges[number])
        for number, (low, high) in enumerate(zip(lows, highs, strict=True), start=1)
    ]


def join(
    name: str, parts: Sequence[tuple[Part, ClipEmbedding | None]], end_seconds: float
) -> ClipEmbedding:
    """A clip from all of its parts, in order, of which some may have no frame, but not all.

    name: where its file is.
    """
    clips = [clip for _, clip in parts if clip]
    provenance: dict[str, str] = {}
    said: dict[str, None] = {}
    for clip in clips:
        provenance = {**clip.provenance, **provenance}
        of_part = looks_warning(clip.provenance)
        said |= dict.fromkeys(one for one in clip.warnings if one not in of_part)
    provenance["video"] = name  # where it is now, also of parts that are kept from before
    asked = np.concatenate([part.own_times for part, _ in parts])
    came = np.concatenate([clip.pts_seconds for clip in clips])
    losses = losses_of(name, asked, end_seconds, np.isin(asked, came))
    provenance |= joined_people(
        [(clip.provenance, part.begin, part.end) for part, clip in parts if clip]
    )
    if cuts := [text for clip in clips if (text := clip.provenance.get("cuts_seconds"))]:
        provenance["cuts_seconds"] = " ".join(cuts)
    if "frames_reused" in provenance:
        reused = sum(int(clip.provenance["frames_reused"]) for clip in clips)
        provenance["frames_reused"] = str(reused)
    return replace(
        clips[0],
        embeddings=np.concatenate([clip.embeddings for clip in clips]),
        pts_seconds=came,
        end_seconds=end_seconds,
        provenance=provenance,
        warnings=(*said, *losses, *looks_warning(provenance)),
    )


class KeptParts:
    """The parts of one clip in a folder within the store's; nothing is kept without a store on
    this machine."""

    def __init__(self, store: object, clip_id: str, keys: Sequence[str]) -> None:
        folder = store.folder / PARTS_FOLDER if isinstance(store, Store) else None
        self._store = None if folder is None else Store(folder)
        self._clip_id, self._keys = clip_id, keys

    def get(self, part: Part) -> ClipEmbedding | None:
        """What is kept of a part; None if it has to be encoded."""
        if self._store is None:
            return None
        return self._store.get(self._clip_id, self._keys[part.number - 1])

    def put(self, part: Part, clip: ClipEmbedding) -> None:
        """Keep a part."""
        if self._store:
            self._store.put(clip, self._keys[part.number - 1])

    def discard(self) -> None:
        """Delete the clip's parts, as the store has the whole."""
        if self._store is None:
            return
        for key in self._keys:
            with suppress(OSError):
                self._store.path(self._clip_id, key).unlink(missing_ok=True)
        with suppress(OSError):  # other clips' parts are there
            self._store.folder.rmdir()
