"""The package's errors. Each message is one sentence for the user: what, where, and what to do."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable


class ActAlignError(Exception):
    """Base of every error this package raises on purpose; the CLI prints it and exits with 1."""


class UsageError(ActAlignError):
    """The request itself is wrong (a flag, a label, a script file); the CLI exits with 2."""


class VideoError(ActAlignError):
    """A clip can't be opened, has no video, or yields no frame; it never stops a batch."""


class EncoderError(ActAlignError):
    """An encoder can't be loaded, or embeddings of different encoders meet."""


def run_program(program: Callable[[], object]) -> None:
    """Run a command line; our errors become one line on stderr and the exit code 2 or 1."""
    _speak_apart()
    try:
        program()
    except ActAlignError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, UsageError) else 1)
    except OSError as error:  # a disk that fails where no one expected it, for example
        where = f": {error.filename}" if error.filename else ""
        print(f"error: {error.strerror or error}{where}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("interrupted; run the same command again to go on", file=sys.stderr)
        sys.exit(130)


def _speak_apart() -> None:
    """Give sys.stderr a descriptor of its own: 2 is silenced while mediapipe's native code talks
    (see `body_pose`), and what other threads say meanwhile must not be lost."""
    said = sys.stderr
    if isinstance(said, io.TextIOWrapper) and said is sys.__stderr__:
        own = io.FileIO(os.dup(said.fileno()), "w", closefd=False)
        sys.stderr = io.TextIOWrapper(
            io.BufferedWriter(own), said.encoding, said.errors, line_buffering=True
        )
