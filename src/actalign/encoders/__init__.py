"""Turns frames and texts into rows in one space: the encoders, their files and their export."""

from actalign.encoders._base import (
    ClipEncoder,
    Encoder,
    ImageEncoder,
    PeopleEncoder,
    PersonRows,
    StreamEncoder,
    WindowEncoder,
)
from actalign.encoders._load import DEFAULT_MODEL, ENCODERS, EncoderChoice, load_encoder

__all__ = [
    "DEFAULT_MODEL",
    "ENCODERS",
    "ClipEncoder",
    "Encoder",
    "EncoderChoice",
    "ImageEncoder",
    "PeopleEncoder",
    "PersonRows",
    "StreamEncoder",
    "WindowEncoder",
    "load_encoder",
]
