"""The backgrounds that ship with the package, by the fingerprint of their encoder."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from actalign.background import Background, read_background
from actalign.types import EncoderInfo

FILES = {"body": Path(__file__).parent / "body" / "model" / "background.safetensors"}
"""By model id. `python training/make_background.py` makes that of `body`."""


def shipped_background(info: EncoderInfo) -> Background | None:
    """The encoder's own background, None where none ships for exactly this encoder."""
    path = FILES.get(info.model_id)
    if path is None or not path.is_file():
        return None
    found = _read(path)
    return found if found.fingerprint == info.fingerprint else None


@cache
def _read(path: Path) -> Background:
    return read_background(path, source="shipped, simulated movements")
