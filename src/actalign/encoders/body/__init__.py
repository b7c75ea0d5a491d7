"""The built-in encoder: embeds a person's poses and words about bodies in one space."""

from actalign.encoders.body._encoder import BodyEncoder

__all__ = ["BodyEncoder"]
