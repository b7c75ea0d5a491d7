"""The cost of one frame in a vision transformer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VisionShape:
    """A vision transformer's shape, from its configuration. tokens: of one frame."""

    tokens: int
    width: int
    layers: int
    mlp: int

    @property
    def gflop(self) -> float:
        """Arithmetic of its blocks for one frame; a multiplication and an addition count as two.

        A block has 4 w^2 weights in its attention and 2 w m in its MLP, each used once per token,
        and two products of t x t x w.
        """
        weights = 4 * self.width**2 + 2 * self.width * self.mlp
        block = 2 * self.tokens * weights + 4 * self.tokens**2 * self.width
        return self.layers * block / 1e9
