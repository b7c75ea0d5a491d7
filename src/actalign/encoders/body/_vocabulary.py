"""Which words of a text say something of a body, by a list kept by hand, model/words.txt."""

from __future__ import annotations

import functools
import re
from pathlib import Path

_FILE = Path(__file__).with_name("model") / "words.txt"


@functools.cache
def _vocabulary() -> frozenset[str]:
    return frozenset(_FILE.read_text(encoding="utf-8").split())


def known_words(text: str) -> list[str]:
    """The text's words about postures and movements, in order; words for things don't count."""
    return [word for word in re.findall(r"[^\W\d_]+", text.lower()) if word in _vocabulary()]
