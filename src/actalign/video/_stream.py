"""Live frames from a camera, a network stream, or a file played in real time, using PyAV.

`sample_frames` reads files only; addresses and devices are opened only here, where the user asks to
watch one. A thread decodes and queues the newest `HELD_SECONDS` of frames; if the consumer is slow,
the oldest are dropped, so that memory is bounded. What is done with the frames is decided
elsewhere.
"""

from __future__ import annotations

import contextlib
import errno
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue

import numpy as np

from actalign.addresses import is_address, with_plain_scheme, without_password
from actalign.arguments import check_fps
from actalign.errors import UsageError, VideoError, reason_of
from actalign.types import UInt8
from actalign.video._containers import video_stream
from actalign.video._formats import stream_options
from actalign.video._limits import DecodeLimits
from actalign.video._picture import PictureShape
from actalign.video._sampling import sample_frames

OPEN_SECONDS = 15.0
READ_SECONDS = 10.0
FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0
HELD_SECONDS = 2.0
MAX_SIDE = 1280
"""Larger frames are scaled down so that neither side exceeds this, in pixels."""
JUMP_SECONDS = 10.0
_NO_TIMESTAMPS = 0x80
"""FFmpeg's flag for formats that carry no times, such as a camera's JPEG images over HTTP."""
# Routers and firewalls often drop UDP packets. FFmpeg would try UDP first and wait forever.
_OPTIONS = {"rtsp": {"rtsp_flags": "prefer_tcp"}, "rtsps": {"rtsp_flags": "prefer_tcp"}}


@dataclass(frozen=True, eq=False, slots=True)
class LiveFrame:
    """One frame of a live source.

    image: (H, W, 3) uint8 RGB. seconds: time since the start, by the source's clock.
    arrived_seconds: when it was decoded, as time.monotonic(). connection: the number of the
    connection it came from, counted from 1.
    """

    image: UInt8
    seconds: float
    arrived_seconds: float
    connection: int


class LiveSource:
    """Reads frames from one source until it is closed; a context manager.

    address: a file, an address such as rtsp://... or http://..., a device, or a pipe ("-" is
        standard input, whose end is the end). A file is played once, at its own speed, and its
        frames have the times that `sample_frames` gives them.
    fps: frames queued per second.
    format: FFmpeg's name of an input format, such as v4l2 or mpegts; required for a pipe, not
        needed for /dev/video*.
    give_up: after this many seconds without a frame `next_frames` raises VideoError. Until then, a
        stream that ends or stalls is reopened after FIRST_WAIT seconds, then after twice as long
        each time, up to LONGEST_WAIT, and one last time when the give_up seconds have passed.
    on_trouble: called from another thread with a sentence each time the connection is lost, and
        with a file's warnings when it ends.

    Raises UsageError for wrong options.
    """

    def __init__(
        self,
        address: str,
        *,
        fps: float,
        format: str | None = None,
        give_up: float = 300.0,
        on_trouble: Callable[[str], None] | None = None,
    ) -> None:
        # FFmpeg accepts no scheme in capitals, and no other name for standard input.
        self._is_stdin = address == "-"
        address = "/dev/stdin" if self._is_stdin else with_plain_scheme(address)
        self.name = "stdin" if self._is_stdin else without_password(address)
        self.is_file = format is None and not is_address(address) and not _is_device(address)
        if self._is_stdin and format is None and _is_device(address):
            raise UsageError(
                "Standard input is a terminal or an empty device, not a video; write one into it, "
                "with its format, such as `... | actalign live - --format mpegts`."
            )
        if self.is_file and not Path(address).is_file():
            if Path(address).is_dir():
                raise UsageError(
                    f"{self.name} is a folder, but only a single stream can be played; give a file "
                    "in it, a device or an address."
                )
            if Path(address).is_fifo():
                raise UsageError(
                    f"{self.name} is a pipe; name its format with --format (format), such as "
                    "mpegts."
                )
            raise UsageError(
                f"There is no file or device {self.name}; give one, or an address such as "
                "rtsp://..."
            )
        if format is not None:
            _check_format(format)
        check_fps(fps)
        if not give_up >= 0:
            raise UsageError(f"The time to give up after is {give_up} s; give 0 or more.")
        self._limits = DecodeLimits.of()
        self.dropped = 0
        """Frames dropped so far because the consumer was too slow."""
        self.connections = 0
        self._on_trouble = on_trouble
        self._address = address
        self._format = format or ("v4l2" if _is_device(address) else None)
        self.fps = fps
        self._give_up = give_up
        # Frames that have arrived and were not asked for yet; None once no more will come. A
        # SimpleQueue because Ctrl+C can interrupt a Condition's wait while it doesn't hold its
        # lock.
        self._held: SimpleQueue[LiveFrame | None] = SimpleQueue()
        self._limit = max(2, round(HELD_SECONDS * fps))
        self._next: LiveFrame | None = None  # taken from there, for the next call
        self._stop = threading.Event()
        self._ended = False  # None has been taken
        self._failure: BaseException | None = None
        self._began = time.monotonic()
        self._newest = self._began  # when the last frame arrived
        self._last = -np.inf  # seconds of the last frame; never decreases, reconnected or not
        self._thread = threading.Thread(target=self._run, daemon=True, name="live source")

    def __enter__(self) -> LiveSource:
        self._began = self._newest = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        # A read that hangs ends by its own time-out; the thread is a daemon and doesn't block exit.
        self._thread.join(timeout=2.0)

    def next_frames(self, *, wait: float, most: int) -> list[LiveFrame] | None:
        """The oldest frames in the queue, at most `most`, all from one connection and of one size.

        An empty list after `wait` seconds without a frame; None once a file or stdin has ended.
        Raises VideoError if the source can't be opened, or after give_up seconds without a frame.
        """
        first, self._next = self._next, None
        if first is None and not self._ended:
            try:
                first = self._held.get(timeout=wait)
            except Empty:
                return []
            self._ended = first is None
        if first is None:
            if self._failure is not None:
                raise self._failure
            return None
        found = [first]
        while len(found) < most and not self._ended:
            try:
                frame = self._held.get_nowait()
            except Empty:
                break
            if frame is None:
                self._ended = True
            elif frame.connection == first.connection and frame.image.shape == first.image.shape:
                found.append(frame)
            else:
                self._next = frame
                break
        return found

    def _run(self) -> None:
        import av

        # A wrong password stays wrong, and repeating it may lock the camera.
        permanent = (av.HTTPUnauthorizedError, av.ProtocolNotFoundError, av.OptionNotFoundError)
        wait = FIRST_WAIT / 2
        try:
            while not self._stop.is_set():
                before, opened = self._newest, time.monotonic()
                try:
                    (self._play if self.is_file else self._watch)()
                    reason = "it ended"
                except (av.FFmpegError, OSError, ValueError, IndexError) as error:
                    reason = without_password(reason_of(error))
                    if self._is_empty(error):
                        raise VideoError(
                            f"{self.name} is no camera or is empty ({reason}); give a device that "
                            "sends a video."
                        ) from error
                    if self.is_file or self._is_stdin or isinstance(error, permanent):
                        raise VideoError(f"{self.name} can't be played: {reason}.") from error
                    waited = time.monotonic() - max(opened, self._newest)
                    # FFmpeg reports our time-outs as various errors.
                    if waited >= READ_SECONDS and not isinstance(error, av.HTTPError):
                        reason = f"it sent no frame for {waited:.0f} s"
                if self.is_file or self._stop.is_set():
                    return
                if self._is_stdin:  # it can't be opened again
                    if self._newest == before:
                        raise VideoError("stdin ended without a frame; check what writes to it.")
                    return
                wait = FIRST_WAIT if self._newest > before else min(2 * wait, LONGEST_WAIT)
                silent = time.monotonic() - self._newest
                if silent >= self._give_up:
                    raise VideoError(
                        f"{self.name} has sent no frame for {silent:.0f} s ({reason}); check "
                        "that it is on, or wait longer with --give-up (give_up)."
                    )
                pause = min(wait, self._give_up - silent)
                if self._on_trouble:
                    self._on_trouble(f"{self.name}: {reason}; trying again in {pause:.3g} s")
                self._stop.wait(pause)
        except BaseException as error:
            self._failure = error
        finally:
            self._held.put(None)

    def _is_empty(self, error: Exception) -> bool:
        """Whether this says that a device, such as /dev/null, will never send a frame."""
        if self._newest > self._began or self._is_stdin or not _is_device(self._address):
            return False
        return isinstance(error, EOFError) or getattr(error, "errno", None) == errno.ENOTTY

    def _play(self) -> None:
        """Queue a file's frames at its own speed, with their times from `sample_frames`."""
        self.connections = 1
        frames = sample_frames(self._address, fps=self.fps, batch_size=1, max_side=MAX_SIDE)
        began = time.monotonic() - float(frames.pts_seconds[0])
        for batch in frames:
            seconds = float(batch.pts_seconds[0])
            self._stop.wait(max(0.0, began + seconds - time.monotonic()))
            if self._stop.is_set():
                return
            self._offer(batch.frames[0], seconds)
        for warning in frames.warnings:
            if self._on_trouble:
                self._on_trouble(warning)

    def _watch(self) -> None:
        """Decode one connection from its start to its end."""
        import av

        opening = time.monotonic() - self._began
        with av.open(
            self._address,
            format=self._format,
            options=_OPTIONS.get(self._address.partition("://")[0], {}),
            container_options=stream_options(self._address, any_format=self._format is not None),
            timeout=(OPEN_SECONDS, READ_SECONDS),
            metadata_errors="replace",
        ) as container:
            stream = video_stream(container, self.name)
            codec, most = stream.codec_context, self._limits
            most.check_size(self.name, codec.width, codec.height)
            # Rows are padded.
            codec.options = {"max_pixels": str(2 * most.max_pixels)}
            stream.thread_type = "SLICE"  # frame threads would delay pictures
            shape = PictureShape(stream, MAX_SIDE, most)
            self.connections += 1
            clock = _Clock(opening, time.monotonic() - self._began)
            timeless = int(container.format.flags) & _NO_TIMESTAMPS
            due = -np.inf
            deadline = time.monotonic() + OPEN_SECONDS  # for the next picture
            for packet in container.demux():
                if self._stop.is_set():
                    return
                if time.monotonic() > deadline:
                    raise TimeoutError
                if packet.stream.index != stream.index:
                    continue  # sound, which may continue without pictures
                try:
                    pictures = packet.decode()
                except av.InvalidDataError:
                    continue  # a damaged packet, as after a jump into a stream
                for picture in pictures:
                    now = time.monotonic() - self._began
                    own = None if timeless else picture.time
                    seconds = self._last = clock.seconds(own, now, self._last)
                    self._newest = time.monotonic()
                    if seconds + 1e-6 >= due:
                        due = max(due + 1 / self.fps, seconds + 0.5 / self.fps)
                        self._offer(shape.rgb(picture), seconds)
                    deadline = self._newest + READ_SECONDS  # _offer sets _newest too
                    if self._stop.is_set():
                        return

    def _offer(self, image: UInt8, seconds: float) -> None:
        """Queue a frame that has just arrived."""
        self._newest = time.monotonic()
        frame = LiveFrame(np.ascontiguousarray(image), seconds, self._newest, self.connections)
        if self._held.qsize() >= self._limit:
            with contextlib.suppress(Empty):  # the consumer has taken them in the meantime
                self._held.get_nowait()
                self.dropped += 1
        self._held.put(frame)


class _Clock:
    """Times of one connection's pictures, in seconds since the start.

    opening, opened: when connecting began, and when FFmpeg had finished probing the stream; it then
    returns all pictures of that period at once. A picture whose own time differs from its arrival
    by more than JUMP_SECONDS resets the clock.
    """

    def __init__(self, opening: float, opened: float) -> None:
        self._opening, self._opened = opening, opened
        self._anchor: float | None = None  # seconds at the source's time 0

    def seconds(self, time: float | None, now: float, last: float) -> float:
        """A picture's time, given its timestamp or None; never before the last picture's time."""
        if time is None:
            return max(self._opening + now - self._opened, last)
        if self._anchor is None:
            self._anchor = max(self._opening, last) - time
        late = now - (self._anchor + time)
        lost = not -JUMP_SECONDS < late < JUMP_SECONDS + self._opened - self._opening
        if lost or self._anchor + time < last:
            self._anchor = max(now, last) - time
        return max(last, self._anchor + time)  # rounding may make it less


def _check_format(name: str) -> None:
    import av

    try:
        av.ContainerFormat(name, "r")
    except ValueError:
        raise UsageError(
            f"FFmpeg has no input format {name!r} here; give another format, such as v4l2."
        ) from None


def _is_device(address: str) -> bool:
    with contextlib.suppress(OSError, ValueError):
        return Path(address).is_char_device()
    return False
