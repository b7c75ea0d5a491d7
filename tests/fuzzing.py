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


def random_pickle(key: str) -> bytes:
    """A pickle of random pieces, many of which fit together: arrays, their types, odd states."""
    chance = random.Random(f"{SEED} {key}")

    def integer() -> bytes:
        return b"J" + chance.choice((0, 1, 1, 1, 2, 2, 8, -1, 63, 1 << 30)).to_bytes(
            4, "little", signed=True
        )

    def text(*choices: str) -> bytes:
        data = chance.choice(choices).encode()
        return b"X" + len(data).to_bytes(4, "little") + data

    def odd(piece: bytes) -> bytes:
        return piece if chance.random() < 0.97 else value(3)

    def shape() -> bytes:
        return b"(" + b"".join(integer() for _ in range(chance.choice((0, 1, 1, 2)))) + b"t"

    def kind() -> bytes:
        usual = b"J\xff\xff\xff\xff" * 2
        code, order, sizes = chance.choice(
            (
                ("O8", "|", usual + b"K?"),
                ("f4", "<", usual + b"K\x00"),
                ("U1", "<", b"K\x04K\x04K\x08"),
            )
        )
        if chance.random() < 0.1:
            code = chance.choice(("V8", "O8,f4", "m8", "O8", "f8"))
        if chance.random() < 0.1:
            sizes = chance.choice((usual + b"K\x00", integer() + integer() + integer()))
        made = b"cnumpy\ndtype\n" + odd(text(code) + b"\x89\x88\x87") + b"R"
        return made + b"(K\x03" + text(order) + odd(b"N") + odd(b"N") + odd(b"N") + sizes + b"tb"

    def content(depth: int) -> bytes:
        size = chance.choice((0, 1, 4, 4, 8, 8, 16))
        if chance.random() < 0.5:
            return b"C" + bytes([size]) + chance.randbytes(size)
        return b"](" + b"".join(value(depth + 1) for _ in range(chance.randrange(3))) + b"e"

    def array(depth: int) -> bytes:
        made = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R"
        memo = b"q\x05" if chance.random() < 0.3 else b""
        state = b"K\x01" + shape() + odd(kind()) + b"\x89" + odd(content(depth))
        return made + memo + b"(" + state + b"tb"

    def value(depth: int) -> bytes:
        if depth > 3:
            return b"N"
        pick = chance.randrange(9)
        if pick < 3:
            return array(depth)
        if pick == 3:
            made = kind() + content(depth) + b"\x86"
            return b"cnumpy.core.multiarray\nscalar\n" + made + b"R"
        if pick == 4:
            made = content(depth) + kind() + shape() + text("C", "F")
            return b"cnumpy.core.numeric\n_frombuffer\n(" + made + b"tR"
        if pick == 5:
            made = shape() + kind() + content(depth)
            return b"cnumpy\nndarray\n" + made + b"\x87R"
        if pick == 6:
            return chance.choice((b"h\x05", integer(), text("a"), kind(), b"2", b"0N"))
        if pick == 7:
            return b"}(" + odd(text("a")) + value(depth + 1) + b"u"
        return b"(" + value(depth + 1) + value(depth + 1) + b"t"

    one = chance.choice((value, array))(0)
    return (
        b"\x80\x03cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85C\x01b\x87R"
        b"(K\x01K\x02\x85cnumpy\ndtype\nX\x02\x00\x00\x00O8\x89\x88\x87R"
        b"(K\x03X\x01\x00\x00\x00|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK?tb\x89](" + one + b"Netb."
    )
