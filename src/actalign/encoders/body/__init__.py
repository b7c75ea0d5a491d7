"""The built-in encoder: the pose of a person and words about bodies in one space."""

from actalign.encoders.body._encoder import BodyEncoder

__all__ = ["BodyEncoder"]
