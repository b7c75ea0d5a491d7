"""The `actalign` command: one file a verb."""

from __future__ import annotations

import os

TYPE_CHECKING = False  # as in the package's `__init__`: this is what Ctrl+C may meet first
if TYPE_CHECKING:
    from types import FrameType


def main() -> None:
    """Run the command line; Ctrl+C ends it with 130 from here on, without a traceback."""
    # Loading the verbs takes a while, in which packages may take an interrupt for an error of
    # their own, so that none is raised then. A signal that is ignored stays so.
    try:
        import signal
        import threading

        told = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        waiting = told and threading.current_thread() is threading.main_thread()
        if waiting:
            signal.signal(signal.SIGINT, _end)
    except KeyboardInterrupt:
        os._exit(130)
    from actalign.cli._main import main as run

    if waiting:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    run()


def _end(number: int, frame: FrameType | None) -> None:
    os._exit(128 + number)
