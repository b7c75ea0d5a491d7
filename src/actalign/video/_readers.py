"""Readers of one clip: its frame times, and the chosen frames, decoded in order and upright.

Which frames are chosen is decided in `_sampling`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from actalign.errors import ArrayError, VideoError
from actalign.files import usable_cores
from actalign.types import Float64, FrameBatch, UInt8
from actalign.video._containers import colour_warnings, frame_rate, open_container, video_stream
from actalign.video._limits import DecodeLimits
from actalign.video._paths import IMAGE_FOLDER_FPS, images_in
from actalign.video._picture import PictureShape

if TYPE_CHECKING:
    from fractions import Fraction

THREADS_BYTES = 256 * 1024 * 1024
"""Each decoder thread holds its own pictures, so large frames get fewer threads."""
SEEK_AFTER_SECONDS = 4.0
"""Where the keyframe before a frame is later than this, counted from the frame before it that is
read or from the start, it is reached by seeking; others by decoding up to them."""


class ArrayReader:
    """Frames in memory. Raises ArrayError if there is no frame, or the times are all equal."""

    def __init__(self, source: FrameBatch, max_side: int | None, limits: DecodeLimits) -> None:
        if source.frames.size == 0:
            raise ArrayError("The frame array is empty; give at least one frame.")
        steps = np.diff(source.pts_seconds)
        if len(steps) and not steps.any():
            raise ArrayError(
                f"All {len(steps) + 1} frames of the array have the time {source.pts_seconds[0]:g} "
                "s; give each its own."
            )
        self.name = "the frame array"
        self.warnings: list[str] = []
        self.times = source.pts_seconds
        self.clip_end = float(self.times[-1]) + (_typical_step(self.times) or 1 / IMAGE_FOLDER_FPS)
        self.height, self.width = source.frames.shape[1:3]
        self._frames = source.frames
        shrink = max_side is not None and max(self.width, self.height) > max_side
        self._shape = PictureShape(None, max_side, limits) if shrink else None

    def read(self, chosen: NDArray[np.intp]) -> Generator[tuple[int, UInt8]]:
        for index in chosen.tolist():
            frame = self._frames[index]
            if self._shape is not None:
                import av

                frame = self._shape.rgb(av.VideoFrame.from_ndarray(frame, format="rgb24"))
            yield index, frame


class FolderReader:
    """Images in the order of `images_in`, all resized to the size of the first."""

    def __init__(self, folder: Path, max_side: int | None, limits: DecodeLimits) -> None:
        self.name = str(folder)
        self.warnings: list[str] = []
        self._images = images_in(folder)
        if not self._images:
            raise VideoError(
                f"The folder {folder} contains no images; give a video, or a folder of a video's "
                "frames (in Python, list_videos of actalign.video gives the videos of a folder)."
            )
        if len(self._images) > limits.max_frames:
            raise _too_many_frames(folder, limits)
        self.times = np.arange(len(self._images)) / IMAGE_FOLDER_FPS
        self.clip_end = len(self._images) / IMAGE_FOLDER_FPS
        self._shape = PictureShape(None, max_side, limits)
        self._limits = limits
        first = FileReader(self._images[0], max_side, limits)
        self.width, self.height = first.width, first.height

    def reach_seconds(self) -> float:
        """0: no other image has to be decoded to get to one."""
        return 0.0

    def read(self, chosen: NDArray[np.intp]) -> Generator[tuple[int, UInt8]]:
        for index in chosen.tolist():
            try:
                image = FileReader(self._images[index], None, self._limits)
                image._shape = self._shape
                yield from ((index, frame) for _, frame in image.read(np.array([0])))
            except VideoError as error:
                self.warnings.append(str(error))


@dataclass(slots=True)
class _Packets:
    """What a file's packets say of one video stream, in the stream's time base.

    stamps: each frame's presentation and decoding time. keyframes: by presentation time, the
    decoding time and how many bytes. count: packets, with those of frames that are not shown.
    reached: the end in seconds of the data of any stream, including sound. complete: whether all
    could be read. in_order: whether no decoding time is before the one of the frame before.
    """

    stamps: list[tuple[int | None, int | None]] = field(default_factory=list)
    keyframes: dict[int, tuple[int | None, int]] = field(default_factory=dict)
    count: int = 0
    last_duration: int = 0
    reached: float = 0.0
    complete: bool = True
    in_order: bool = True

    def add(self, packet: Any) -> None:
        """Add the next packet of the stream."""
        self.count += 1
        self.complete &= not packet.is_corrupt
        if packet.is_discard:  # decoded only because others refer to it (edit lists)
            return
        before = self.stamps[-1][1] if self.stamps else None
        if packet.dts is not None and before is not None:
            self.in_order &= packet.dts >= before
        self.stamps.append((packet.pts, packet.dts))
        if packet.is_keyframe and packet.pts is not None:
            self.keyframes[packet.pts] = packet.dts, packet.size
        self.last_duration = packet.duration or self.last_duration


class FileReader:
    """One video file, read with PyAV."""

    def __init__(self, path: Path, max_side: int | None, limits: DecodeLimits) -> None:
        self.name = str(path)
        self.warnings: list[str] = []
        self._path = path
        self._limits = limits
        with open_container(path) as container:
            stream = video_stream(container, self.name)
            if _is_animated_webp(path) and not stream.codec_context.width:
                raise VideoError(
                    f"{path} is an animated WebP, which this FFmpeg can't decode; convert it to "
                    "MP4 or GIF."
                )
            self.width, self.height = stream.codec_context.width, stream.codec_context.height
            limits.check_size(self.name, self.width, self.height)
            self._shape = PictureShape(stream, max_side, limits)
            self.warnings += colour_warnings(path, stream)
            self._scan(container, stream)

    def _scan(self, container: Any, stream: Any) -> None:
        """Find out when each frame is shown, where the clip ends, and what is wrong with the file,
        from its packets, without decoding."""
        # In these formats, streams may appear late; PyAV has no number for those.
        late_streams = container.format.name in ("mpeg", "mpegts")
        found = self._packets(container, stream, late_streams)
        base: Fraction = stream.time_base
        rate = frame_rate(stream)
        shown = [pts for pts, _ in found.stamps if pts is not None]
        # AVI has no presentation times, and FFmpeg's guesses are wrong if frames are reordered; raw
        # streams may have no times at all. The nth picture is then shown at the nth decoding time.
        reordered = container.format.name == "avi" and stream.codec_context.has_b_frames
        self._by_count = len(shown) < len(found.stamps) or bool(reordered)
        step = 0.0
        if self._by_count:
            self._ticks, self.times = _decoding_times(found.stamps, base, rate)
        else:
            self._ticks = np.unique(np.array(shown, np.int64))
            origin = float(self._ticks[0] * base)
            if container.start_time is not None:
                origin = min(origin, container.start_time / 1e6)
            self.times = self._ticks * float(base) - origin
            step = float(found.last_duration * base)
        step = step or _typical_step(self.times) or 1 / rate
        self.clip_end = float(self.times[-1]) + step
        # An AVI header also counts "dropped frames", which are empty. In the formats of
        # late_streams, the length is not from a header, but what FFmpeg found in the file.
        expected = 0 if container.format.name == "avi" else stream.frames or 0
        length = 0.0 if late_streams else float((container.duration or 0) / 1e6)
        short = expected > found.count if expected else length > found.reached + 1 + 2 * step
        if short or not found.complete:
            self.warnings.append(
                f"{self._path} is truncated or damaged: {found.count} frames up to "
                f"{self.clip_end:.2f} s are readable."
            )
        self._searches_dts = late_streams
        # Where there are none, nothing is sought: a seek would not find the same frames.
        self._keyframes = found.keyframes if found.in_order and not self._by_count else {}
        if not found.in_order:
            self.warnings.append(
                f"The timestamps of {self._path} start over within the file, so frames may be "
                "missing or out of order; convert it again from its source."
            )

    def _packets(self, container: Any, stream: Any, late_streams: bool) -> _Packets:
        """Read all packets; raises VideoError if the stream has none, or more than the limit."""
        import av

        found = _Packets()
        try:
            for packet in container.demux(*([stream] if late_streams else [])):
                if packet.size == 0:
                    continue
                if packet.dts is not None:
                    end = float((packet.dts + packet.duration) * packet.time_base)
                    found.reached = max(found.reached, end)
                if packet.stream.index == stream.index:
                    found.add(packet)
                    if found.count == 1 and packet.has_sidedata("encryption_info"):
                        raise VideoError(f"{self.name} is encrypted; decrypt it first.")
                    if len(found.stamps) > self._limits.max_frames:
                        raise _too_many_frames(self._path, self._limits)
        except (av.FFmpegError, IndexError):
            found.complete = False
        if not found.stamps:
            raise VideoError(f"{self._path} has a video stream without any frames.")
        return found

    def read(self, chosen: NDArray[np.intp]) -> Generator[tuple[int, UInt8]]:
        """Decode forward and yield (index, frame) for each chosen frame; long gaps are skipped."""
        done = 0
        for end, keyframe in self._runs(chosen):
            with closing(self._decode(chosen[done:end], keyframe)) as found:
                for index, frame in found:
                    if keyframe is not None and index != chosen[done]:
                        break
                    yield index, frame
                    done += 1
            if keyframe is not None and done < end:  # the seek failed, or frames were lost
                yield from self._decode(chosen[done:], None)
                return
            done = end

    def _runs(self, chosen: NDArray[np.intp]) -> Generator[tuple[int, int | None]]:
        """Parts of the chosen frames that are decoded in one go: the end of each in ``chosen``, and
        the time in ticks of the keyframe where its decoding begins; None for the file's start."""
        keys = np.searchsorted(self._ticks, sorted(self._keyframes))
        keys = np.append(0, keys)
        # Pictures that come after a keyframe but are shown before it may need what was before it.
        before = keys[np.searchsorted(keys, chosen, "right") - 1]
        skipped = self.times[before] - self.times[np.append(0, chosen[:-1])]
        starts = np.flatnonzero(skipped > SEEK_AFTER_SECONDS).tolist()
        first: int | None = None
        for start in starts:
            if start:
                yield start, first
            first = int(self._ticks[before[start]])
        yield len(chosen), first

    def _decode(
        self, chosen: NDArray[np.intp], keyframe: int | None
    ) -> Generator[tuple[int, UInt8]]:
        wanted = {int(self._ticks[i]): i for i in chosen.tolist()}
        last = max(wanted)
        with closing(self._pictures(keyframe)) as pictures:
            for tick, picture in pictures:
                index = wanted.pop(tick, None)
                if index is not None:
                    yield index, self._shape.rgb(picture)
                if tick >= last:
                    return

    def reach_seconds(self) -> float:
        """The most seconds of video that have to be decoded to get to one of the frames."""
        keys = sorted(self._keyframes)
        whole = self.clip_end - float(self.times[0])
        if not keys:
            return whole
        with open_container(self._path) as container:
            stream = video_stream(container, self.name)
            packet = self._sought(container, stream, container.demux(stream), keys[-1])
        if packet is None:
            return whole
        *at, asked, landed = self.times[np.searchsorted(self._ticks, [*keys, keys[-1], packet.pts])]
        between = np.diff(at, prepend=self.times[0], append=self.clip_end).max()
        return float(between + asked - landed)

    def _sought(self, container: Any, stream: Any, packets: Iterator[Any], keyframe: int) -> Any:
        """The first packet after a seek to a keyframe; None if the seek doesn't get there."""
        import av

        dts, _ = self._keyframes[keyframe]
        by_dts = self._searches_dts and dts is not None
        try:
            container.seek(dts if by_dts else keyframe, stream=stream, backward=True)
            packet = next(packets, None)
        except (av.FFmpegError, IndexError):
            return None
        if packet is None:
            return None
        _, size = self._keyframes.get(packet.pts, (None, None))
        return packet if size == packet.size and packet.pts <= keyframe else None

    def _pictures(self, keyframe: int | None) -> Generator[tuple[int, Any]]:
        """Decoded pictures with their ticks; packets that can't be decoded are skipped.

        keyframe: the ticks of the one to begin at. If a seek doesn't get there, there are none.
        """
        import av

        count = 0
        with open_container(self._path) as container:
            stream = video_stream(container, self.name)
            stream.thread_type = "AUTO"
            frame = max(1, 3 * self.width * self.height // 2)
            stream.codec_context.thread_count = max(1, min(usable_cores(), THREADS_BYTES // frame))
            # Streams may change size; stored sizes are rounded up to whole blocks.
            stream.codec_context.options = {"max_pixels": str(2 * self._limits.max_pixels)}
            packets = container.demux(stream)
            if keyframe is not None:
                first = self._sought(container, stream, packets, keyframe)
                if first is None:
                    return
                packets = chain([first], packets)
            while True:
                try:
                    packet = next(packets, None)
                    if packet is None:
                        return
                    pictures = packet.decode()
                except IndexError:
                    return
                except av.FFmpegError as error:
                    if isinstance(error, av.EOFError):
                        return
                    continue
                for picture in pictures:
                    if self._by_count:
                        if count < len(self._ticks):
                            yield int(self._ticks[count]), picture
                        count += 1
                    elif picture.pts is not None:
                        yield picture.pts, picture


Reader = ArrayReader | FolderReader | FileReader


def _is_animated_webp(path: Path) -> bool:
    """Whether a file is WebP with more than one picture (the flag in its extended header)."""
    with path.open("rb") as file:
        head = file.read(21)
    return head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and bool(head[20] & 2)


def _decoding_times(
    stamps: list[tuple[int | None, int | None]], base: Fraction, rate: float
) -> tuple[NDArray[np.int64], Float64]:
    """(T,) ticks and seconds at which frames are decoded; by counting where not all have a time."""
    decoded = np.unique(np.array([dts for _, dts in stamps if dts is not None], np.int64))
    if len(decoded) == len(stamps):
        return decoded, (decoded - decoded[0]) * float(base)
    ticks = np.arange(len(stamps))
    return ticks, ticks / rate


def _too_many_frames(path: Path, limits: DecodeLimits) -> VideoError:
    return VideoError(
        f"{path} has more than {limits.max_frames} frames; cut it into parts or raise "
        "ACTALIGN_MAX_FRAMES."
    )


def _typical_step(times: Float64) -> float:
    """Median seconds between frames; 0 for a single frame."""
    return float(np.median(np.diff(times))) if len(times) > 1 else 0.0
