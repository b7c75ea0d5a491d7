"""Live pictures: a camera, a network stream, or a file played in real time, by PyAV.

Unlike `decoding`, addresses and devices are opened here, because the user names one to watch it.
A thread decodes and offers the newest frames; who is slow loses the oldest ones, and memory stays
at `HELD_SECONDS` of frames. Not here: what the frames show.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from actalign._types import UInt8
from actalign.decode_limits import DecodeLimits
from actalign.errors import UsageError, VideoError

OPEN_SECONDS = 15.0
READ_SECONDS = 10.0
FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0
HELD_SECONDS = 2.0
MAX_SIDE = 1280
"""Larger pictures are made smaller while they are decoded, in pixels."""
_JUMP_SECONDS = 10.0
_NO_TIMESTAMPS = 0x80
"""FFmpeg's flag of formats whose times it makes up, such as a camera's JPEG pictures over HTTP."""
# A router or a firewall often swallows packets over UDP, which FFmpeg would try first, without end.
_OPTIONS = {"rtsp": {"rtsp_flags": "prefer_tcp"}, "rtsps": {"rtsp_flags": "prefer_tcp"}}


@dataclass(frozen=True, eq=False, slots=True)
class LiveFrame:
    """One picture: (H, W, 3) uint8 RGB; seconds since the watch began, as the source's clock runs;
    when it came, on the monotonic clock; and which connection brought it, counted from 1."""

    image: UInt8
    seconds: float
    came: float
    connection: int


class LiveSource:
    """Watches one source until it is closed; a context manager.

    address: a file, an address such as rtsp://... or http://..., or a device. format: FFmpeg's name
    of an input format, such as v4l2; for /dev/video* it is known. fps: frames offered a second. A
    file is played once, at its own speed. Streams that end or fall silent are opened again, after
    FIRST_WAIT seconds and then twice as long each time, at most LONGEST_WAIT; after give_up
    seconds without a frame `next_frames` raises. on_trouble is called, from another thread, with a
    sentence each time the source is lost. Raises UsageError for a wrong request.
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
        self.name = without_password(address)
        self.is_file = format is None and "://" not in address and not _is_device(address)
        if self.is_file and not Path(address).is_file():
            raise UsageError(
                f"There is no file or device {self.name}; give one, or an address such as rtsp://..."
            )
        if format is not None:
            _check_format(format)
        if not 0 < fps < float("inf"):
            raise UsageError(f"fps is {fps}; give a number above 0.")
        if not give_up >= 0:
            raise UsageError(f"The time to give up after is {give_up} s; give 0 or more.")
        self._most = DecodeLimits.of(None, None).max_pixels
        self.dropped = 0
        """Frames that came while the encoder was busy and that nobody saw."""
        self.connections = 0
        self._on_trouble = on_trouble
        self._address = f"file:{address}" if self.is_file else address
        self._format = format or ("v4l2" if _is_device(address) else None)
        self.fps = fps
        self._give_up = give_up
        self._held: deque[LiveFrame] = deque()
        self._limit = max(2, round(HELD_SECONDS * fps))
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._ended = False
        self._failure: BaseException | None = None
        self._began = time.monotonic()
        self._newest = self._began  # when the last frame came
        self._last = -np.inf  # seconds of the last frame; never decrease, reconnected or not
        self._thread = threading.Thread(target=self._run, daemon=True, name="live source")

    def __enter__(self) -> LiveSource:
        self._began = self._newest = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        # A read that hangs ends by its own time-out; the thread is a daemon and holds nobody up.
        self._thread.join(timeout=2.0)

    def next_frames(self, *, wait: float, most: int) -> list[LiveFrame] | None:
        """The oldest frames held, `most` at most and of one connection; none after `wait` seconds
        without any; None when a file has ended. Raises VideoError when the source is given up."""
        with self._changed:
            if not self._held and not self._ended:
                self._changed.wait(wait)
            if not self._held:
                if self._failure is not None:
                    raise self._failure
                return None if self._ended else []
            found = [self._held.popleft()]
            while (
                self._held
                and len(found) < most
                and self._held[0].connection == found[0].connection
                and self._held[0].image.shape == found[0].image.shape
            ):
                found.append(self._held.popleft())
            return found

    def _run(self) -> None:
        import av

        # A password that was wrong once is wrong the next time, and may lock the camera.
        hopeless = (av.HTTPUnauthorizedError, av.ProtocolNotFoundError, av.OptionNotFoundError)
        wait = FIRST_WAIT / 2
        try:
            while not self._stop.is_set():
                before, asked = self._newest, time.monotonic()
                try:
                    self._watch()
                    reason = "it ended"
                except (av.FFmpegError, OSError, ValueError, IndexError) as error:
                    reason = without_password(getattr(error, "strerror", None) or str(error))
                    if self.is_file or isinstance(error, hopeless):
                        raise VideoError(f"{self.name} can't be played: {reason}.") from error
                    waited = time.monotonic() - max(asked, self._newest)
                    # FFmpeg has many names for what our time-outs end.
                    if waited >= READ_SECONDS and not isinstance(error, av.HTTPError):
                        reason = f"it gave no picture for {waited:.0f} s"
                if self.is_file or self._stop.is_set():
                    return
                wait = FIRST_WAIT if self._newest > before else min(2 * wait, LONGEST_WAIT)
                silent = time.monotonic() - self._newest
                if silent + wait > self._give_up:
                    raise VideoError(
                        f"{self.name} has given no picture for {silent:.0f} s ({reason}); check "
                        "that it is on, or wait longer with --give-up."
                    )
                if self._on_trouble:
                    self._on_trouble(f"{self.name}: {reason}; trying again in {wait:g} s")
                self._stop.wait(wait)
        except BaseException as error:
            self._failure = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _watch(self) -> None:
        """Decode one connection from its beginning to its end."""
        import av

        limits = None if self.is_file else (OPEN_SECONDS, READ_SECONDS)
        opening = time.monotonic() - self._began
        with av.open(
            self._address,
            format=self._format,
            options=_OPTIONS.get(self._address.partition("://")[0].lower(), {}),
            timeout=limits,
            metadata_errors="replace",
        ) as container:
            streams = container.streams.video
            if not streams:
                raise VideoError(f"{self.name} has no video; give another source.")
            stream = streams[0]
            size, most = (stream.codec_context.width, stream.codec_context.height), self._most
            if size[0] * size[1] > most:
                raise VideoError(
                    f"The pictures of {self.name} have {size[0]}x{size[1]} pixels, more than the "
                    f"limit of {most}; make them smaller or raise ACTALIGN_MAX_PIXELS."
                )
            stream.codec_context.options = {"max_pixels": str(2 * most)}  # rows are padded
            stream.thread_type = "SLICE"  # frame threads would hold pictures back
            self.connections += 1
            jump = np.inf if self.is_file else _JUMP_SECONDS
            clock = _Clock(opening, time.monotonic() - self._began, jump)
            # A file without times, such as raw H.264, is played at the speed FFmpeg makes up.
            timeless = not self.is_file and int(container.format.flags) & _NO_TIMESTAMPS
            due = -np.inf
            until = time.monotonic() + OPEN_SECONDS  # a picture must have come
            for packet in container.demux():
                if self._stop.is_set():
                    return
                if time.monotonic() > until and not self.is_file:
                    raise TimeoutError
                if packet.stream.index != stream.index:
                    continue  # sound, which may well go on without a picture
                try:
                    pictures = packet.decode()
                except av.InvalidDataError:
                    continue  # a damaged packet, as after a jump into a stream
                for picture in pictures:
                    now = time.monotonic() - self._began
                    own = None if timeless else picture.time
                    seconds = self._last = clock.seconds(own, now, self._last)
                    if self.is_file:
                        self._stop.wait(max(0.0, seconds - now))
                    self._newest = time.monotonic()
                    until = self._newest + READ_SECONDS
                    if seconds + 1e-6 >= due:
                        due = max(due + 1 / self.fps, seconds + 0.5 / self.fps)
                        self._offer(picture, seconds)
                    if self._stop.is_set():
                        return

    def _offer(self, picture: Any, seconds: float) -> None:
        scale = min(1.0, MAX_SIDE / max(picture.width, picture.height))
        size = [max(2, round(side * scale)) for side in (picture.width, picture.height)]
        image = picture.reformat(width=size[0], height=size[1], format="rgb24").to_ndarray()
        turns = round(picture.rotation / 90) % 4
        frame = LiveFrame(
            np.ascontiguousarray(np.rot90(image, turns)), seconds, self._newest, self.connections
        )
        with self._changed:
            if len(self._held) >= self._limit:
                self._held.popleft()
                self.dropped += 1
            self._held.append(frame)
            self._changed.notify_all()


class _Clock:
    """When one connection's pictures were taken, in seconds since the watch began.

    opening, opened: when the source was asked and when FFmpeg had probed it; the pictures of that
    time are given at once. jump: a picture that is so far from its time begins a new reckoning.
    """

    def __init__(self, opening: float, opened: float, jump: float) -> None:
        self._opening, self._opened, self._jump = opening, opened, jump
        self._anchor: float | None = None  # seconds at the source's time 0

    def seconds(self, time: float | None, now: float, last: float) -> float:
        """Of a picture with a time of its own, or None; never before the last picture's."""
        if time is None:
            return max(self._opening + now - self._opened, last)
        if self._anchor is None:
            self._anchor = max(self._opening, last) - time
        late = now - (self._anchor + time)
        lost = not -self._jump < late < self._jump + self._opened - self._opening
        if lost or self._anchor + time < last:
            self._anchor = max(now, last) - time
        return self._anchor + time


def without_password(text: str) -> str:
    """An address with the user and password cut out, for messages."""
    return re.sub(r"(\w+://)[^/@\s]+@", r"\1***@", text)


def _check_format(name: str) -> None:
    import av

    try:
        av.ContainerFormat(name, "r")
    except ValueError:
        raise UsageError(
            f"FFmpeg has no input format {name!r} here; give another --format, such as v4l2."
        ) from None


def _is_device(address: str) -> bool:
    with contextlib.suppress(OSError, ValueError):
        return Path(address).is_char_device()
    return False
