"""Reads and decodes in a child process, so that a file that hangs or crashes it costs one clip.

The child runs `content_of`, `header_of`, `sample_frames` or `cut_segment` for one request after
another. Requests are JSON lines on its stdin; each answer on its stdout is the length of a JSON
object, the object, and the arrays that it announces.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import numpy as np

from actalign.errors import ActAlignError, NoFramesError, UsageError, VideoError
from actalign.files import writing
from actalign.types import FrameBatch
from actalign.video._containers import NO_COLOURS, Colours, Header, header_of
from actalign.video._content import Content, check_unchanged, content_of
from actalign.video._cut import cut_segment
from actalign.video._sampling import FrameStream, Sampler, VideoInfo
from actalign.video._writing import Span

SILENT_SECONDS = 300.0
"""Longest wait for a frame (or for a file's bytes or timestamps) before the child is killed."""
PIPE_BYTES = 1 << 20
_ENDS_SECONDS = 5.0
"""How long to wait for a killed child, as one that hangs in the kernel may never end."""
_TELL_SECONDS = 0.5
"""How often the child reports that it is still reading a file's bytes."""

STILL_READING = {"reading": True}
"""What the child reports meanwhile, so that it is not taken for silent."""

_ERRORS = {kind.__name__: kind for kind in (NoFramesError, UsageError, VideoError)}
"""The errors of the child that are raised here; any other is a VideoError."""

# Ctrl-C is sent to the whole process group; the parent decides when its child ends. Said before the
# imports, which take long enough to be interrupted.
_CHILD = (
    "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); "
    "import sys; sys.path.append(sys.argv[1]); from actalign.video._worker import main; main()"
)


class SilentError(VideoError):
    """The child sent nothing for too long and was stopped."""


class DecodeProcess:
    """One child process that decodes; started when first needed, and restarted after a crash.

    silent_seconds: how long the child may send nothing while data is expected; then it is killed,
    and the clip's error says so. Not thread-safe.
    """

    def __init__(self, *, silent_seconds: float = SILENT_SECONDS) -> None:
        if not silent_seconds > 0:
            raise UsageError(f"The decode time-out is {silent_seconds} s; give more than 0.")
        self._silent_seconds = silent_seconds
        self._child: subprocess.Popen[bytes] | None = None
        self._busy = False
        self._waiting_since: float | None = None
        self._gave_up = False

    def content_of(self, source: str | Path) -> Content:
        """The content of a file or folder, read by the child. Raises as `sample_frames` does."""
        return Content(**self._told(str(source), {"do": "content"}))

    def header_of(self, source: str | Path) -> Header:
        """`header_of` for a file or folder, read by the child. Raises as `sample_frames` does."""
        message = self._told(str(source), {"do": "header"})
        return Header(**message | {"colours": Colours(*message["colours"])})

    def sample_frames(
        self,
        source: str | Path,
        *,
        content: Content | None = None,
        most: int | None = None,
        begin: float | None = None,
        **options: Any,
    ) -> FrameStream:
        """`sample_frames` for a file or folder, decoded by the child.

        content: what the file must contain, before and after; the child then keeps what it knows of
        the file for the next request. most, begin: see `Sampler.frames`. Raises the same errors,
        and VideoError if the file has changed or the child hangs or crashes.
        """
        name = str(source)
        known = None if content is None else asdict(content)
        options |= {"most": most, "begin": begin}
        asked = {"do": "frames", "content": known, "options": options}
        child = self._ask(name, asked)
        head = self._message(child, name)
        warnings: list[str] = []
        batches = self._batches(child, name, warnings)
        times = np.frombuffer(self._bytes(child, name, head["times"] * 8), np.float64)
        return FrameStream(
            batches,
            VideoInfo(**head["info"]),
            times,
            head["end_seconds"],
            warnings,
            only_times=head["only_times"],
        )

    def cut_segment(
        self, span: Span, target: Path, *, colours: Colours = NO_COLOURS, comment: str = ""
    ) -> Literal["copied", "encoded"]:
        """`cut_segment` by the child. Raises as `sample_frames` does."""
        # Begun and named here, so that nothing of it is left where the child is killed.
        with writing(target) as file, ExitStack() as stack:
            stack.callback(self.interrupt)
            how = {"target": str(target), "part": str(file.name), "comment": comment}
            seconds = (span.start_seconds, span.end_seconds)
            asked = {"do": "cut", "span": seconds, "colours": colours, **how}
            done: Literal["copied", "encoded"] = self._told(str(span.path), asked)["how"]
        return done

    def close(self) -> None:
        """End the child; the next request starts another."""
        if (child := self._child) is not None:
            self._child = None
            child.kill()
            for pipe in (child.stdin, child.stdout):
                with suppress(OSError):
                    pipe and pipe.close()
            with suppress(subprocess.TimeoutExpired):
                child.wait(_ENDS_SECONDS)
        self._busy = False

    def __enter__(self) -> DecodeProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def interrupt(self) -> None:
        """End the child if it is at work, from any thread; its reader then gets a VideoError."""
        if self._busy and (child := self._child) is not None:
            child.kill()

    def start(self) -> subprocess.Popen[bytes]:
        """Return the child, started if it isn't running, so that it is ready when it is needed."""
        if self._child is None or self._child.poll() is not None:
            self.close()
            # -P: no module is imported from the working folder.
            self._child = subprocess.Popen(
                [sys.executable, "-P", "-c", _CHILD, str(Path(__file__).parents[2])],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
            )
            self._gave_up = False
            threading.Thread(target=self._watch, args=(self._child,), daemon=True).start()
            with suppress(ImportError, AttributeError, OSError):
                import fcntl

                assert self._child.stdout is not None
                fcntl.fcntl(self._child.stdout, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        return self._child

    def _watch(self, child: subprocess.Popen[bytes]) -> None:
        """Kill the child if it is silent too long; its reader then reaches the end of the pipe."""
        tick = min(1.0, self._silent_seconds / 10)
        while child.poll() is None:
            since = self._waiting_since
            if since is not None and time.monotonic() - since > self._silent_seconds:
                self._gave_up = True
                child.kill()
                return
            time.sleep(tick)

    def _ask(self, name: str, request: dict[str, Any]) -> subprocess.Popen[bytes]:
        if self._busy:  # the last clip was not read to its end; discard the rest
            self.close()
        child = self.start()
        self._busy = True
        assert child.stdin is not None
        with suppress(BrokenPipeError):  # reading the answer reports it
            child.stdin.write(json.dumps({"source": name, **request}).encode() + b"\n")
        return child

    def _told(self, name: str, request: dict[str, Any]) -> dict[str, Any]:
        """The one answer to a request, after which the child has nothing more to send."""
        child = self._ask(name, request)
        while (message := self._message(child, name)) == STILL_READING:
            pass
        self._busy = False
        return message

    def _batches(
        self, child: subprocess.Popen[bytes], name: str, warnings: list[str]
    ) -> Iterator[FrameBatch]:
        while "shape" in (message := self._message(child, name)):
            shape = tuple(message["shape"])
            times = np.frombuffer(self._bytes(child, name, shape[0] * 8), np.float64)
            frames = np.empty(shape, np.uint8)
            self._read(child, name, frames.reshape(-1).data)
            yield FrameBatch(frames, times)
        self._busy = False
        warnings += message["warnings"]

    def _message(self, child: subprocess.Popen[bytes], name: str) -> dict[str, Any]:
        """The next answer; an error in the child is raised here."""
        size = int.from_bytes(self._bytes(child, name, 4), "little")
        message: dict[str, Any] = json.loads(self._bytes(child, name, size))
        if "error" in message:
            self._busy = False
            raise _ERRORS[message["kind"]](message["error"])
        return message

    def _bytes(self, child: subprocess.Popen[bytes], name: str, size: int) -> bytearray:
        data = bytearray(size)
        self._read(child, name, memoryview(data))
        return data

    def _read(self, child: subprocess.Popen[bytes], name: str, into: memoryview[int]) -> None:
        """Fill a buffer from the child; raises VideoError if it ends or is silent too long."""
        pipe: Any = child.stdout  # unbuffered, so a FileIO
        done = 0
        try:
            while done < len(into):
                self._waiting_since = time.monotonic()
                got = pipe.readinto(into[done:])
                if not got:
                    raise self._lost(child, name)
                done += got
        finally:
            self._waiting_since = None

    def _lost(self, child: subprocess.Popen[bytes], name: str) -> VideoError:
        with suppress(subprocess.TimeoutExpired):  # its pipe closes a moment before it ends
            child.wait(_ENDS_SECONDS)
        self.close()
        if self._gave_up:
            return SilentError(
                f"The reader of {name} returned nothing for {self._silent_seconds:g} s and was "
                "stopped; convert the file again, or allow more time with --decode-timeout, if "
                "the command has it."
            )
        code = child.returncode
        why = f"signal {-code}" if code < 0 else f"exit code {code}"
        return VideoError(
            f"The decoder crashed on {name} ({why}); convert the file again from its source."
        )


def main() -> None:
    """The child's main loop: answer requests until stdin ends."""
    # A library's output must not get between the frames.
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    requests: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests,), daemon=True).start()
    sampler = Sampler()
    while True:
        request = json.loads(requests.get())
        path, content = request["source"], request.get("content")
        try:
            if request["do"] == "content":
                _write(out, asdict(content_of(path, on_read=_Telling(out))))
            elif request["do"] == "header":
                _write(out, asdict(header_of(Path(path))))
            elif request["do"] == "cut":
                _write(out, {"how": _cut(request, _Telling(out))})
            else:
                known = None if content is None else Content(**content)
                stream = sampler.frames(path, known, **request["options"])
                _answer(out, stream, path, known)
        except ActAlignError as error:
            names = (name for name, kind in _ERRORS.items() if isinstance(error, kind))
            _write(out, {"kind": next(names, "VideoError"), "error": str(error)})
        except MemoryError:
            _write(out, {"kind": "VideoError", "error": str(too_large(path))})
        except Exception as error:  # what libraries raise when memory runs out
            why = f"{path} can't be read ({type(error).__name__}: {error}); try again."
            _write(out, {"kind": "VideoError", "error": why})


def _listen(requests: queue.SimpleQueue[bytes]) -> None:
    """Pass requests on; exit with the parent, whatever the other thread is waiting for."""
    with os.fdopen(os.dup(0), "rb", buffering=0) as lines:
        for line in lines:
            requests.put(line)
    os._exit(0)


def _cut(request: dict[str, Any], telling: _Telling) -> str:
    return cut_segment(
        Span(Path(request["source"]), *request["span"]),
        Path(request["target"]),
        part=Path(request["part"]),
        colours=Colours(*request["colours"]),
        comment=request["comment"],
        on_work=telling,
    )


class _Telling:
    """Reports from time to time that the child is still at work."""

    def __init__(self, out: Any) -> None:
        self._out = out
        self._told = time.monotonic()

    def __call__(self) -> None:
        if time.monotonic() - self._told > _TELL_SECONDS:
            self._told = time.monotonic()
            _write(self._out, STILL_READING)


def too_large(path: str | Path) -> VideoError:
    """The error for a clip that needs more memory than is available."""
    return VideoError(f"{path} needs more memory than is available; make its frames smaller.")


def _answer(out: Any, stream: FrameStream, path: str, content: Content | None) -> None:
    head = {
        "info": asdict(stream.info),
        "end_seconds": stream.end_seconds,
        "times": len(stream.pts_seconds),
        "only_times": stream.only_times,
    }
    _write(out, head, stream.pts_seconds)
    for batch in stream:
        frames = np.ascontiguousarray(batch.frames)
        _write(out, {"shape": frames.shape}, batch.pts_seconds, frames)
        del batch, frames  # before the next are decoded
    if content is not None:
        check_unchanged(path, content)
    _write(out, {"warnings": stream.warnings})


def _write(out: Any, message: dict[str, Any], *arrays: np.ndarray[Any, Any]) -> None:
    text = json.dumps(message).encode()
    head = len(text).to_bytes(4, "little") + text
    for data in (memoryview(head), *(array.reshape(-1).view(np.uint8).data for array in arrays)):
        rest = data
        try:
            while rest:
                rest = rest[out.write(rest) :]
        except BrokenPipeError:  # the parent has ended
            os._exit(0)
