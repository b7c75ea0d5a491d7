"""A command line as a program: its exit codes, its final message, and the signals that end it."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import NoReturn

from actalign.errors import ActAlignError, UsageError, reason_of

_AGAIN_SECONDS = 0.1  # after which a lost signal is sent again
_PATIENCE_SECONDS = 1.0  # during which a repeated Ctrl+C counts as the first


def run_program(program: Callable[[], object]) -> None:
    """Run a command line; our errors become one line on stderr and exit code 2 or 1.

    SIGTERM and SIGHUP end it like an exit, so that it leaves no temporary file or process. So does
    Ctrl+C; pressed again during the cleanup, it counts only after a second, and then ends it
    immediately.
    """
    began: list[float] = []
    with _exiting_on("SIGTERM", "SIGHUP"), _interrupted_once(began), _raised_again(began):
        _run(program)


@contextmanager
def _interrupted_once(began: list[float]) -> Iterator[None]:
    """Keep a second SIGINT from interrupting the cleanup after one; some launchers send two.

    began: filled with the time of the first.
    """
    here = threading.current_thread() is threading.main_thread()
    if not here or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return

    def interrupt(number: int, _: object) -> None:
        if not began:
            began.append(time.monotonic())
            raise KeyboardInterrupt
        if time.monotonic() - began[0] > _PATIENCE_SECONDS:
            os._exit(128 + number)

    signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        if not began:  # else it stays: the interpreter also cleans up
            signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def _raised_again(began: list[float]) -> Iterator[None]:
    """Send a signal again whose exception was lost where none can be raised.

    Such a place is a call from a compiler's library, as of numba while it compiles.
    """
    report = sys.unraisablehook
    # Sent to the process it interrupts what the main thread waits for; sent to a thread it may not.
    send = signal.raise_signal if os.name == "nt" else partial(os.kill, os.getpid())

    def again(lost: sys.UnraisableHookArgs) -> None:
        if isinstance(lost.exc_value, Ended):
            number = lost.exc_value.code - 128
        elif lost.exc_type is KeyboardInterrupt:
            began.clear()
            number = signal.SIGINT
        else:
            report(lost)
            return
        timer = threading.Timer(_AGAIN_SECONDS, send, [number])
        timer.daemon = True
        timer.start()

    sys.unraisablehook = again
    try:
        yield
    finally:
        sys.unraisablehook = report


@contextmanager
def _exiting_on(*names: str) -> Iterator[None]:
    """Handle signals that would end the process immediately; ignored ones stay ignored."""
    numbers = [number for name in names if (number := getattr(signal, name, None)) is not None]
    here = threading.current_thread() is threading.main_thread()
    ours = [n for n in numbers if here and signal.getsignal(n) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, _exit)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


class Ended(SystemExit):
    """A signal told the program to end. said: whether the command has said how to go on."""

    code: int
    said = False


@contextmanager
def stopped_with(say: Callable[[], object]) -> Iterator[None]:
    """Call this where Ctrl+C or a signal ends the block; the general advice is then not printed."""
    try:
        yield
    except Ended as ended:
        say()
        ended.said = True
        raise
    except KeyboardInterrupt:
        say()
        raise KeyboardInterrupt from None  # said: see `_run`


def _exit(number: int, _: object) -> NoReturn:
    raise Ended(128 + number)


def _run(program: Callable[[], object]) -> None:
    for stream in (sys.stdout, sys.stderr):
        # A label that the terminal's encoding lacks is shown escaped; it must not end the run.
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")
    try:
        program()
    except ActAlignError as error:
        if _interrupted(error):
            _say_interrupted()
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, UsageError) else 1)
    except OSError as error:  # such as a disk error in an unexpected place
        where = f": {error.filename}" if error.filename else ""
        print(f"error: {reason_of(error)}{where}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        _say_interrupted()
    except Ended as ended:
        if not ended.said:
            print("terminated; run the same command again to continue", file=sys.stderr)
        raise
    except SystemExit as error:
        # Of Ctrl+C typer makes an exit. A command that has said how to go on raises "from None".
        said = any(one.__suppress_context__ and one.__cause__ is None for one in _causes(error))
        if _interrupted(error) and not said:
            _say_interrupted()
        raise


def _interrupted(error: BaseException) -> bool:
    """Whether Ctrl+C is the cause: typer, and compiled packages that are loading, raise another."""
    return any(isinstance(cause, KeyboardInterrupt) for cause in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    """What an error was raised from or during, the latest first."""
    while cause := error.__cause__ or error.__context__:
        yield cause
        error = cause


def _say_interrupted() -> NoReturn:
    print("interrupted; run the same command again to continue", file=sys.stderr)
    sys.exit(130)
