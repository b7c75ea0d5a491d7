"""The command line: in the tests' own process, or in one of its own, and how to wait for it.

In the tests' process `actalign` takes no time to start. It is for what another process would not
show differently: usage, results, messages, exit codes. `start` is for kills and Ctrl-C, for limits
of memory or of files, and for Ray.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from unittest import mock

from actalign.cli import main

T = TypeVar("T")

DEADLOCK_SECONDS = 600
"""Nothing takes so long, on however busy a machine: what isn't over by then never will be."""


@dataclass(frozen=True)
class Ended:
    """How a command ended: as `subprocess.run` says it."""

    returncode: int
    stdout: str
    stderr: str


def actalign(*arguments: object, cwd: Path | None = None, **environment: object) -> Ended:
    """Run `actalign ARGUMENTS` in a folder, with more environment variables."""
    variables = {name: str(value) for name, value in environment.items()}
    # Strict, as a process's own stdout: what can't be written must not go unseen.
    out, err = (
        io.TextIOWrapper(io.BytesIO(), "utf-8", errors, newline="", write_through=True)
        for errors in ("strict", "backslashreplace")
    )
    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.dict(os.environ, variables))
        stack.enter_context(mock.patch.object(sys, "argv", ["actalign", *map(str, arguments)]))
        stack.enter_context(contextlib.redirect_stdout(out))
        stack.enter_context(contextlib.redirect_stderr(err))
        if cwd is not None:
            stack.enter_context(contextlib.chdir(cwd))
        try:
            main()
            code: object = 0
        except SystemExit as end:
            code = end.code
    ended = Ended(int(code or 0), *(one.buffer.getvalue().decode() for one in (out, err)))
    assert "Traceback" not in ended.stderr, ended.stderr
    return ended


def start(*arguments: object, cwd: Path, **environment: object) -> subprocess.Popen[str]:
    """Start `actalign ARGUMENTS` in a process of its own, whose output can be read."""
    return subprocess.Popen(
        [sys.executable, "-m", "actalign", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, **{name: str(value) for name, value in environment.items()}},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> Ended:
    """Wait for the end of a command that was started, lines of which may have been read."""
    assert process.stdout is not None
    assert process.stderr is not None
    with process.stdout, process.stderr, ThreadPoolExecutor(2) as pool:
        # Not `communicate`, which passes over what an earlier readline left in the buffer.
        readers = [pool.submit(stream.read) for stream in (process.stdout, process.stderr)]
        try:
            process.wait(DEADLOCK_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        out, err = (reader.result() for reader in readers)
    assert "Traceback" not in err, err
    return Ended(process.returncode, out, err)


def run(*arguments: object, cwd: Path, **environment: object) -> Ended:
    """Run `actalign ARGUMENTS` in a process of its own."""
    return finish(start(*arguments, cwd=cwd, **environment))


def printed_by(*arguments: object, env: Mapping[str, str] | None = None) -> str:
    """What `python ARGUMENTS` prints in a fresh interpreter, once it has ended well."""
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        env=env,
        capture_output=True,
        text=True,
        timeout=DEADLOCK_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def decoding_children() -> list[int]:
    """The decoding processes that this process has started."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                status = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                command = (entry / "cmdline").read_text()
            except OSError:
                continue
            if int(status[1]) == os.getpid() and "actalign.video._worker" in command:
                found.append(int(entry.name))
    return found


def wait_for(happened: Callable[[], T], *, by: subprocess.Popen[str] | None = None) -> T:
    """The first true answer; the wait is over where the process that should bring it has ended."""
    until = time.monotonic() + DEADLOCK_SECONDS
    while True:
        ended = by is not None and by.poll() is not None
        if found := happened():
            return found
        if ended:
            said = by.communicate() if by.stderr else ""
            raise AssertionError(f"the command ended with {by.returncode} before it: {said}")
        assert time.monotonic() < until, "it never happens"
        time.sleep(0.02)
