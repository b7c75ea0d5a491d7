"""Video files, written: H.264 in MP4, from frames with their times and the sound of a source.

Not here: which frames, and what is drawn into them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

import numpy as np

from actalign.errors import ActAlignError, VideoError
from actalign.files import writing
from actalign.types import UInt8
from actalign.video._readers import open_container

TIME_BASE = Fraction(1, 90000)
FOR_PEOPLE = MappingProxyType({"crf": "20", "preset": "veryfast", "bf": "0"})
"""H.264 that looks like its source; no B-frames, so that times stay exact."""
COPIED_SOUND = frozenset(("aac", "ac3", "alac", "eac3", "flac", "mp2", "mp3", "opus"))
"""What an MP4 file holds as it is; other sound is encoded as AAC."""


@dataclass(frozen=True, slots=True)
class Span:
    """[start_seconds, end_seconds) of a video file."""

    path: Path
    start_seconds: float
    end_seconds: float


class VideoFile:
    """An MP4 file of RGB frames; a context manager, whole or not at all.

    options: of x264. odd_sides: keep a last row or column for which chroma at half size has no
    room, by chroma at full size, which few players show. sound: whose sound goes along, which
    begins with the first frame. comment: kept in the file. Raises ActAlignError where it can't be
    written, VideoError where no frame is.
    """

    def __init__(
        self,
        path: Path,
        *,
        options: Mapping[str, str] = FOR_PEOPLE,
        odd_sides: bool = False,
        sound: Span | None = None,
        comment: str = "",
    ) -> None:
        self.height = self.width = 0
        self._path = path
        self._options = dict(options)
        self._odd_sides = odd_sides
        self._span = sound
        self._comment = comment
        self._stack = ExitStack()
        self._last = -1

    def __enter__(self) -> VideoFile:
        with ExitStack() as stack:
            self._container = stack.enter_context(mp4_file(self._path, self._comment))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._finish()
        except BaseException as late:
            self._stack.__exit__(type(late), late, late.__traceback__)
            raise
        self._stack.__exit__(kind, error, trace)

    def write(self, frame: UInt8, seconds: float) -> None:
        """Add an (H, W, 3) frame that is shown from so many seconds on, all of one size."""
        import av

        if not self.height:
            self._begin(frame)
        if not (self.height <= frame.shape[0] <= self.height + 1) or not (
            self.width <= frame.shape[1] <= self.width + 1
        ):
            raise VideoError(
                f"The frames for {self._path} change their size to {frame.shape[1]}x"
                f"{frame.shape[0]}."
            )
        shown = np.ascontiguousarray(frame[: self.height, : self.width])
        picture = av.VideoFrame.from_ndarray(shown, format="rgb24")
        # Converted here: left to the encoder, PyAV reuses one buffer that x264 may still read.
        picture = picture.reformat(format=self._stream.pix_fmt)
        self._last = max(self._last + 1, round(seconds / TIME_BASE))
        picture.pts, picture.time_base = self._last, TIME_BASE
        self._container.mux(self._stream.encode(picture))
        if self._sound:
            self._sound.mux_until(seconds)

    def _begin(self, frame: UInt8) -> None:
        odd = self._odd_sides and (frame.shape[0] % 2 or frame.shape[1] % 2)
        even = 1 if odd else 2
        self.height, self.width = (max(even, side // even * even) for side in frame.shape[:2])
        self._stream = self._container.add_stream("libx264", rate=30, options=self._options)
        self._stream.height, self._stream.width = self.height, self.width
        self._stream.pix_fmt = "yuv444p" if odd else "yuv420p"
        self._stream.time_base = self._stream.codec_context.time_base = TIME_BASE
        self._sound = self._stack.enter_context(sound_of(self._span, self._container))

    def _finish(self) -> None:
        if not self.height:
            raise VideoError(f"There is no frame to write to {self._path}.")
        self._container.mux(self._stream.encode())
        if self._sound:
            self._sound.mux_until(None)


@contextmanager
def mp4_file(path: Path, comment: str) -> Iterator[Any]:
    """PyAV's container of an MP4 file that takes its name when the block ends without an error."""
    import av

    try:
        with writing(path) as file:
            # By name, not by the file object: what comes first in the file is written last.
            part = f"file:{file.name}"
            container = av.open(part, "w", format="mp4", options={"movflags": "faststart"})
            try:
                if comment:
                    container.metadata["comment"] = comment
                yield container
                container.close()
            finally:
                with suppress(av.FFmpegError, ValueError):
                    container.close()
    except av.FFmpegError as error:
        raise ActAlignError(
            f"{path} can't be written: {error.strerror}; free space or choose another place."
        ) from error


def comment_of(path: Path) -> str:
    """The comment that `VideoFile` or `mp4_file` wrote; empty where there is none."""
    try:
        with open_container(path) as container:
            return str(container.metadata.get("comment", ""))
    except VideoError:
        return ""


@contextmanager
def sound_of(span: Span | None, output: Any) -> Iterator[Sound | None]:
    """The sound of a span as a stream of an output that is not begun; None where there is none."""
    with ExitStack() as stack:
        found = None
        if span is not None and not span.path.is_dir():
            source = stack.enter_context(open_container(span.path))
            streams = [one for one in source.streams.audio if one.codec_context is not None]
            if streams:
                found = Sound(source, streams[0], span, output)
        yield found


class Sound:
    """One stream of sound, copied or encoded into an output file, a piece at a time."""

    def __init__(self, source: Any, stream: Any, span: Span, output: Any) -> None:
        self._source, self._stream, self._output = source, stream, output
        self._origin = (source.start_time or 0) / 1e6
        self._start, self._end = span.start_seconds, span.end_seconds
        if stream.codec_context.name in COPIED_SOUND:
            self._out = output.add_stream_from_template(stream)
            self._packets = self._copied()
        else:
            self._out = output.add_stream("aac", rate=stream.rate)
            self._out.layout = stream.layout.name
            self._packets = self._encoded()
        self._waiting: tuple[float, Any] | None = None

    def mux_until(self, seconds: float | None) -> None:
        """Write what is heard before so many seconds of the output; None for all."""
        while True:
            self._waiting = self._waiting or next(self._packets, None)
            if self._waiting is None or (seconds is not None and self._waiting[0] > seconds):
                return
            self._output.mux(self._waiting[1])
            self._waiting = None

    def _heard(self, found: Any) -> float:
        """When a packet or a piece of sound begins, in seconds of the output."""
        return float(found.pts * found.time_base) - self._origin - self._start

    def _read(self, items: Iterator[Any]) -> Iterator[Any]:
        """The packets or pieces that begin within the span; what can't be read ends them."""
        import av

        with suppress(av.FFmpegError, IndexError):
            for one in items:
                if one.pts is None or self._heard(one) < -1e-6:
                    continue
                if self._heard(one) >= self._end - self._start:
                    return
                yield one

    def _seek(self) -> None:
        import av

        with suppress(av.FFmpegError):
            if self._start > 0:
                self._source.seek(max(0, int((self._origin + self._start) * 1e6)))

    def _copied(self) -> Iterator[tuple[float, Any]]:
        self._seek()
        for packet in self._read(self._source.demux(self._stream)):
            at = self._heard(packet)
            first = round((self._origin + self._start) / packet.time_base)
            packet.pts = packet.dts = max(0, packet.pts - first)
            packet.stream = self._out
            yield at, packet

    def _encoded(self) -> Iterator[tuple[float, Any]]:
        from av.audio.resampler import AudioResampler

        self._seek()
        rate = self._stream.rate
        resampler = AudioResampler("fltp", self._out.layout, rate)
        for piece in self._read(self._source.decode(self._stream)):
            at = max(0.0, self._heard(piece))
            piece.pts, piece.time_base = round(at * rate), Fraction(1, rate)
            for part in resampler.resample(piece):
                yield at, self._out.encode(part)
        yield self._end - self._start, self._out.encode()
