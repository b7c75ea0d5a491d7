"""The package's errors, and helpers for their messages.

Each message is a sentence for the user: what, where, and what to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


class ActAlignError(Exception):
    """Base of every error that we raise on purpose; the CLI prints it and exits with 1."""


class UsageError(ActAlignError):
    """The request itself is wrong (a flag, a label, a script file); the CLI exits with 2."""


class ArrayError(UsageError, ValueError):
    """An array has the wrong shape, type or values; also a ValueError, as NumPy raises."""


class VideoError(ActAlignError):
    """A clip can't be opened, has no video, or no decodable frame; it never stops a batch."""


class NoFramesError(VideoError):
    """None of the frames that were asked for can be decoded."""


class EncoderError(ActAlignError):
    """An encoder can't be loaded, or embeddings of different encoders are mixed."""


class PersonError(VideoError):
    """A clip was read, but which of its people a question is about can't be told."""


class RowsError(EncoderError, VideoError):
    """An encoder returned a wrong number or width of rows for a clip; other clips continue."""


class EncoderUsageError(UsageError, EncoderError):
    """An encoder is requested wrongly: no such name, device or dtype, or another's background.

    The CLI exits with 2.
    """


def reason_of(error: Exception) -> str:
    """Why something failed, without the number and file name that an OSError also includes.

    Never empty: for an error without a message, the name of its class.
    """
    return str(getattr(error, "strerror", None) or error) or type(error).__name__


def brief_reason(error: Exception) -> str:
    """The first line of what a library's error says, or its kind; libraries go on for several."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__).rstrip(".")


def first_fault(error: ValidationError) -> tuple[str, str]:
    """The field that pydantic finds wrong first, "" for the whole, and what is wrong with it."""
    fault = error.errors()[0]
    return ".".join(map(str, fault["loc"])), fault["msg"]


def counted(count: int, noun: str) -> str:
    """Such as "1 clip" or "2 clips"."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
