"""A movement played backwards: what its features and its truth become."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from actalign.encoders.body._features import FEATURES
from training.truth import REVERSES, both_ways

# Played backwards, these change their sign and nothing else changes.
RATES = ("vel.", "turn.", "rise.", "slow-vel.", "slow-turn.", "slow-rise.", "yaw", "root.up",
         "root.forward", "root.left")  # fmt: skip
BACKWARDS = np.array([-1.0 if f.startswith(RATES) else 1.0 for f in FEATURES], np.float32)
# What a movement is called when played backwards; those without a name there are undecided.
OPPOSITES = both_ways((
    *REVERSES, ("turn|L", "turn|R"), ("rotate|L", "rotate|R"), ("tip_side|L", "tip_side|R"),
    ("enter", "leave"),
))  # fmt: skip
UNNAMED = ("jump_up", "landing", "strike", "kick")


def backwards(statements: tuple[str, ...]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(C,) column that is true of a sample where each statement is true of it played backwards, and
    (C,) whether that is known."""
    column = {name: c for c, name in enumerate(statements)}
    to, known = np.arange(len(statements)), np.ones(len(statements), bool)
    for c, name in enumerate(statements):
        known[c] = name.partition("|")[0] not in UNNAMED
        for part in (name, name.partition("|")[0], name.partition(":")[0]):
            if part in OPPOSITES:
                reverse = OPPOSITES[part] + name[len(part) :]
                to[c] = column.get(reverse, c)
                known[c] = reverse in column
    return to, known
