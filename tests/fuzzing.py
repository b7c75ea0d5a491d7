"""Seeded mutations of files, for the fuzzing tests.

ACTALIGN_FUZZ multiplies how many files are tried (default 1: what CI takes), ACTALIGN_FUZZ_SEED
gives others. A failure prints the seed and the number of the file, which make it again.
"""

from __future__ import annotations

import copy
import json
import os
import random
from collections.abc import Sequence
from typing import Any

TIMES = int(os.environ.get("ACTALIGN_FUZZ", "1"))
SEED = os.environ.get("ACTALIGN_FUZZ_SEED", "actalign")
EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def mutated(data: bytes, others: Sequence[bytes], key: str, *, head: int = 1024) -> bytes:
    """``data`` with one to five faults, most of them within its first or last ``head`` bytes.

    others: files of which pieces may be put in. key: names the mutation; the same key and SEED give
    the same bytes.
    """
    chance = random.Random(f"{SEED} {key}")
    made = bytearray(data)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 5))):
        if not made:
            break
        length = len(made)
        at = chance.choice(
            (
                chance.randrange(min(head, length)),
                length - 1 - chance.randrange(min(head, length)),
                chance.randrange(length),
            )
        )
        kind = chance.randrange(8)
        if kind == 0:
            made[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            made[at] = chance.randrange(256)
        elif kind == 2:  # a number of a header: a length, a count, a size
            size = chance.choice((1, 2, 4, 8))
            value = chance.choice(EXTREMES) % 256**size
            made[at : at + size] = value.to_bytes(size, chance.choice(("big", "little")))
        elif kind == 3:
            del made[at : at + chance.choice((1, 2, 4, 16, 256, length))]
        elif kind == 4:
            piece = made[at : at + chance.choice((1, 4, 16, 256))]
            made[at:at] = piece * chance.choice((1, 2, 8))
        elif kind == 5:
            other = chance.choice(others)
            start = chance.randrange(len(other))
            piece = other[start : start + chance.choice((4, 16, 64, 512))]
            made[at : at + len(piece)] = piece
        elif kind == 6:
            size = chance.choice((4, 8, 32))
            made[at : at + size] = chance.randbytes(size)
        else:
            to = chance.randrange(length)
            size = chance.choice((4, 8, 16))
            made[at : at + size], made[to : to + size] = made[to : to + size], made[at : at + size]
    return bytes(made)


ODD = (
    None,
    True,
    0,
    -1,
    10**30,
    1.5,
    -1e308,
    float("nan"),
    float("inf"),
    "",
    " ",
    "x",
    "../../x",
    "a\0b",
    "\ud800",
    "é\u202e\n{step}",
    "x" * 5000,
    [],
    {},
    [[]],
    [None],
    [1, "2"],
    {"": ""},
    {"label": None},
)


def odd_json(value: Any, key: str) -> Any:
    """A copy of parsed JSON with one to three of its values odd, gone, renamed or doubled."""
    chance = random.Random(f"{SEED} {key}")
    made = json.loads(json.dumps(value))
    if chance.random() < 0.03:
        return copy.deepcopy(chance.choice(ODD))
    for _ in range(chance.choice((1, 1, 2, 3))):
        places = _places(made)
        if not places:
            break
        holder, at = chance.choice(places)
        kind = chance.randrange(5)
        if kind == 0:
            del holder[at]
        elif kind == 1 and isinstance(holder, dict):
            holder[chance.choice(("x", "", "label", "doc_id", "scripts", "ID"))] = holder.pop(at)
        elif kind == 2 and isinstance(holder, list):
            holder.insert(at, copy.deepcopy(holder[at]))
        elif kind == 3:
            other, there = chance.choice(places)
            holder[at] = copy.deepcopy(other[there])
        else:
            holder[at] = copy.deepcopy(chance.choice(ODD))
    return made


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) within parsed JSON."""
    keys = value if isinstance(value, dict) else range(len(value) if type(value) is list else 0)
    return [place for key in keys for place in ((value, key), *_places(value[key]))]
