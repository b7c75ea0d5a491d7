"""Writes video files: H.264 in MP4, from frames with their times, with colour tags and the sound of
a source.

Callers decide which frames are written, and what is drawn on them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from actalign.errors import ActAlignError, VideoError, reason_of
from actalign.files import writing
from actalign.types import UInt8
from actalign.video._containers import HDR_CURVES, NO_COLOURS, Colours, open_container
from actalign.video._picture import MATRICES

TIME_BASE = Fraction(1, 90000)
FOR_PEOPLE = MappingProxyType({"crf": "20", "preset": "veryfast", "bf": "0"})
"""H.264 settings for output that looks like its source; no B-frames, so that times stay exact."""
COPIED_SOUND = frozenset(("aac", "ac3", "alac", "eac3", "flac", "mp2", "mp3", "opus"))
"""Sound that can be copied into an MP4 file unchanged; other sound is encoded as AAC."""


@dataclass(frozen=True, slots=True)
class Span:
    """[start_seconds, end_seconds) of a video file."""

    path: Path
    start_seconds: float
    end_seconds: float


class VideoFile:
    """An MP4 file of RGB frames, written completely or not at all; a context manager.

    options: for x264. odd_sides: keep the last row or column of frames with an odd height or width,
    by storing chroma at full size, which few players support. colours: those of the video that the
    frames are from. sound: where the file's sound is from, which begins with the first frame.
    comment: stored in the file. part: see `mp4_file`. Raises ActAlignError if the file can't be
    written, VideoError if no frame was.
    """

    def __init__(
        self,
        path: Path,
        *,
        options: Mapping[str, str] = FOR_PEOPLE,
        odd_sides: bool = False,
        colours: Colours = NO_COLOURS,
        sound: Span | None = None,
        comment: str = "",
        part: Path | None = None,
    ) -> None:
        self.height = self.width = 0
        self._path = path
        self._options = dict(options)
        self._odd_sides = odd_sides
        self._colours = _writable(colours)
        self._span = sound
        self._file = mp4_file(path, comment, part)
        self._stack = ExitStack()
        self._last = -1
        self._before: int | None = None

    def __enter__(self) -> VideoFile:
        self._container = self._stack.enter_context(self._file)
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        with self._stack:
            if error is not None:
                raise error
            if not self.height:
                raise VideoError(f"There is no frame to write to {self._path}.")
            packets = self._stream.encode()
            if packets and self._before is not None:
                # The last frame is shown as long as the one before it; x264 would give it 1/30 s.
                packets[-1].duration = self._last - self._before
            self._container.mux(packets)
            if self._sound:
                self._sound.mux_until(None)

    def write(self, frame: UInt8, seconds: float) -> None:
        """Add an (H, W, 3) frame, shown from `seconds` on. All frames have the same size."""
        import av

        if not self.height:
            self._begin(frame)
        if not (self.height <= frame.shape[0] <= self.height + 1) or not (
            self.width <= frame.shape[1] <= self.width + 1
        ):
            raise VideoError(
                f"The frames for {self._path} change in size to {frame.shape[1]}x{frame.shape[0]}."
            )
        shown = np.ascontiguousarray(frame[: self.height, : self.width])
        picture = av.VideoFrame.from_ndarray(shown, format="rgb24")
        # As the frames of the source had when they became RGB, so that this goes back the same way.
        picture.colorspace = self._colours.matrix
        # Converted here because the encoder would reuse one buffer that x264 may still be reading.
        picture = picture.reformat(format=self._stream.pix_fmt)
        self._before = self._last if self._last >= 0 else None
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
        full = "j" if self._colours.range == _FULL else ""
        self._stream.pix_fmt = f"yuv{full}444p" if odd else f"yuv{full}420p"
        self._stream.time_base = self._stream.codec_context.time_base = TIME_BASE
        codec, said = self._stream.codec_context, self._colours
        codec.color_primaries, codec.color_trc = said.primaries, said.transfer
        codec.colorspace, codec.color_range = said.matrix, said.range
        self._sound = self._stack.enter_context(sound_of(self._span, self._container))


_FULL = 2
"""FFmpeg's number for values that use all of their range."""


def _writable(found: Colours) -> Colours:
    """Colours that a YUV file can have, also where the source is RGB.

    The primaries and the transfer characteristics stay: frames are RGB in those of their source.
    """
    return found if found.matrix in MATRICES - {0} else found._replace(matrix=1, range=1)


def shared_colours(first: Colours, second: Colours) -> Colours:
    """The colours of a file made from two videos: BT.709 where theirs differ."""
    return first if first == second else Colours(1, 1, 1, 1)


def hdr_note(path: Path, colours: Colours) -> list[str]:
    """A sentence about an HDR video whose frames are written again; nothing of any other."""
    curve = HDR_CURVES.get(colours.transfer)
    if curve is None:
        return []
    return [
        f"{path} is HDR ({curve}) and is written with 8 bits per colour, tagged as HDR, so it "
        "looks pale in players that can't show that; convert it to SDR first for the colours that "
        "any screen shows."
    ]


@contextmanager
def mp4_file(path: Path, comment: str, part: Path | None = None) -> Iterator[Any]:
    """PyAV's container for an MP4 file, which gets its name if the block ends without an error.

    part: the file of another process that will give it the name; None for one of this process.
    """
    import av

    try:
        with ExitStack() as stack:
            part = part or Path(stack.enter_context(writing(path)).name)
            # By name, not by the file object, because the beginning of the file is written last.
            name = f"file:{part}"
            container = av.open(name, "w", format="mp4", options={"movflags": "faststart"})
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
            f"{path} can't be written: {reason_of(error)}; free space or choose another place."
        ) from error


def comment_of(path: Path) -> str:
    """The comment that `VideoFile` or `mp4_file` wrote; empty if there is none."""
    try:
        with open_container(path) as container:
            return str(container.metadata.get("comment", ""))
    except VideoError:
        return ""


@contextmanager
def sound_of(span: Span | None, output: Any) -> Iterator[Sound | None]:
    """A span's sound as a stream of an output that has not begun; None if there is no sound."""
    with ExitStack() as stack:
        found = None
        if span is not None and not span.path.is_dir():
            source = stack.enter_context(open_container(span.path))
            streams = [one for one in source.streams.audio if one.codec_context is not None]
            if streams:
                found = Sound(source, streams[0], span, output)
        yield found


class Sound:
    """One audio stream, copied or encoded into an output file piece by piece."""

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
        """Write the sound before `seconds` of the output; None for all of it."""
        while True:
            self._waiting = self._waiting or next(self._packets, None)
            if self._waiting is None or (seconds is not None and self._waiting[0] > seconds):
                return
            self._output.mux(self._waiting[1])
            self._waiting = None

    def _heard(self, found: Any) -> float:
        """When a packet or piece of sound begins, in seconds of the output."""
        return float(found.pts * found.time_base) - self._origin - self._start

    def _read(self, items: Iterator[Any]) -> Iterator[Any]:
        """The packets or pieces that begin within the span, up to the first that can't be read."""
        import av

        with suppress(av.FFmpegError):
            if self._start > 0:
                self._source.seek(max(0, int((self._origin + self._start) * 1e6)))
        with suppress(av.FFmpegError, IndexError):
            for one in items:
                if one.pts is None or self._heard(one) < -1e-6:
                    continue
                if self._heard(one) >= self._end - self._start:
                    return
                yield one

    def _copied(self) -> Iterator[tuple[float, Any]]:
        for packet in self._read(self._source.demux(self._stream)):
            at = self._heard(packet)
            first = round((self._origin + self._start) / packet.time_base)
            packet.pts = packet.dts = max(0, packet.pts - first)
            packet.stream = self._out
            yield at, packet

    def _encoded(self) -> Iterator[tuple[float, Any]]:
        from av.audio.resampler import AudioResampler

        rate = self._stream.rate
        resampler = AudioResampler("fltp", self._out.layout, rate)
        for piece in self._read(self._source.decode(self._stream)):
            at = max(0.0, self._heard(piece))
            piece.pts, piece.time_base = round(at * rate), Fraction(1, rate)
            for part in resampler.resample(piece):
                yield at, self._out.encode(part)
        yield self._end - self._start, self._out.encode()
