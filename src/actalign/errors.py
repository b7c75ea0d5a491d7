"""The package's errors. Each message is a sentence for the user: what, where, and what to do."""

from __future__ import annotations

import sys
from collections.abc import Callable


class ActAlignError(Exception):
    """Base of every error this package raises on purpose; the CLI prints it and exits with 1."""


class UsageError(ActAlignError):
    """The request itself is wrong (a flag, a label, a script file); the CLI exits with 2."""


class ArrayError(UsageError, ValueError):
    """An array has the wrong shape, type or values; also a ValueError, as NumPy raises."""


class VideoError(ActAlignError):
    """A clip can't be opened, has no video, or no decodable frame; it never stops a batch."""


class EncoderError(ActAlignError):
    """An encoder can't be loaded, or embeddings of different encoders are mixed."""


def run_program(program: Callable[[], object]) -> None:
    """Run a command line; our errors become one line on stderr and the exit code 2 or 1."""
    try:
        program()
    except ActAlignError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, UsageError) else 1)
    except OSError as error:  # such as a disk error in an unexpected place
        where = f": {error.filename}" if error.filename else ""
        print(f"error: {error.strerror or error}{where}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("interrupted; run the same command again to go on", file=sys.stderr)
        sys.exit(130)
