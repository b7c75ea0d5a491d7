"""The background that ships with the package, which is for `body`."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from actalign.background import Background, read_background
from actalign.encoder_info import EncoderInfo
from actalign.encoders._fingerprint import fingerprint_files

BODY = Path(__file__).parent / "body" / "model" / "background.safetensors"
"""Made by `python training/make_background.py`; its fingerprint is that of the two towers, since
simulated movements don't depend on how poses are estimated."""


def shipped_background(info: EncoderInfo) -> Background | None:
    """The encoder's own background; None if none ships for exactly this encoder."""
    name, _, person = info.model_id.partition(":")
    if name != "body" or not BODY.is_file():
        return None
    return _of_body(info.fingerprint, person or "largest")


@cache
def _of_body(fingerprint: str, person: str) -> Background | None:
    from actalign.encoders.body._encoder import PACKAGE_FOLDER, fingerprint_of, tower_files

    found = read_background(BODY, source="shipped, simulated movements")
    fits = found.fingerprint == fingerprint_files(tower_files(PACKAGE_FOLDER))
    if not fits or fingerprint != fingerprint_of(PACKAGE_FOLDER, person):
        return None
    return replace(found, fingerprint=fingerprint)
