"""Which frames of a clip are encoded, and the keys of what is stored of them."""

from __future__ import annotations

from dataclasses import dataclass

from actalign.arguments import plain
from actalign.clips._store import entry_key

RULES = 2
"""Version of decoding and preprocessing, part of every key; increase it when embeddings change."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """Which frames of a clip are encoded: ``fps`` per second (None: all), in [start, end) seconds.

    skip_duplicates: a frame that is a near-duplicate of the last encoded one reuses its embedding;
    see `video.NearDuplicates`. None for no skipping. Only for encoders that see each frame by
    itself.
    """

    fps: float | None = None
    start: float | None = None
    end: float | None = None
    skip_duplicates: float | None = None

    def __post_init__(self) -> None:
        for name in ("fps", "start", "end", "skip_duplicates"):
            object.__setattr__(self, name, plain(getattr(self, name)))

    def settings(self) -> dict[str, float | None]:
        """The settings that an embedding depends on, for its key in the store."""
        chosen = {"fps": self.fps, "start": self.start, "end": self.end}
        skip = self.skip_duplicates
        return chosen if skip is None else chosen | {"skip_duplicates": skip}

    def provenance(self) -> dict[str, str]:
        """How frames were sampled, for the clip's row."""
        return {
            "fps": "all" if self.fps is None else f"{self.fps:g}",
            "start": "" if self.start is None else f"{self.start:g}",
            "end": "" if self.end is None else f"{self.end:g}",
        }


def clip_key(
    digest: str, fingerprint: str, sampling: Sampling, *, part: tuple[int, int] | None = None
) -> str:
    """The store's key for a clip: a hash of its bytes, the encoder, and the sampling.

    part: of one of the clip's parts, its number and how many there are.
    """
    content = {"content": digest, "encoder": fingerprint, "rules": RULES}
    return entry_key({**content, **({"part": part} if part else {}), **sampling.settings()})
