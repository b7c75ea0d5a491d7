"""Whole sentences about facts that hold together, and the samples that they are true of.

sentences.txt has headings "= STATEMENT; STATEMENT" and under each the sentences that say exactly
these statements. Language models wrote them, who saw the grammar's words for the statements, and
none of the scripts that the encoder is judged by.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.compose import VARIED, Caption, twin
from training.lexicon import sections
from training.postures import SIDED, swap_sides
from training.vary import vary

SAMPLES_PER_SENTENCE = 32


def _mirrored(statement: str) -> str:
    """What the statement is of the same body in a mirror."""
    kind, colon, name = statement.rpartition(":")
    name, bar, side = name.partition("|")
    if colon and side != "any":  # that is about both
        name = twin(name)
    return kind + colon + name + bar + {"L": "R", "R": "L"}.get(side, side)


def _sentences() -> Iterator[tuple[tuple[str, ...], str]]:
    """(statements, sentence), and the mirror image of each that says a side."""
    for heading, lines in sections(Path(__file__).with_name("sentences.txt")).items():
        said = tuple(heading.split("; "))
        for line in lines:
            yield said, line
            if SIDED.search(line):
                yield tuple(_mirrored(s) for s in said), swap_sides(line)


SENTENCES: list[tuple[tuple[str, ...], str]] = list(_sentences())


def sentence_captions(
    truth: NDArray[np.int8], statements: Sequence[str], rng: np.random.Generator
) -> Iterator[tuple[int, Caption]]:
    """(sample, caption): each sentence with up to SAMPLES_PER_SENTENCE samples that it is true of.

    truth: (N, C) of the samples. Sentences about none of them are left out.
    """
    column = {name: c for c, name in enumerate(statements)}
    bits = np.ascontiguousarray(np.packbits(truth == 1, axis=0).T)
    for said, sentence in SENTENCES:
        claims = tuple(column[s] for s in said)
        holds = np.bitwise_and.reduce(bits[list(claims)], axis=0)
        true = np.flatnonzero(np.unpackbits(holds, count=len(truth)))
        count = min(len(true), SAMPLES_PER_SENTENCE)
        for sample in rng.choice(true, count, replace=False):
            text = vary(sentence, rng) if rng.random() < VARIED else sentence
            yield int(sample), Caption(text, claims)
