"""Samples a clip at chosen times: reads timestamps, then decodes once, in bounded memory.

Times are seconds on the file's own timeline, as players show it: presentation times minus the
container's start time. Files are read in `_readers`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import closing
from copy import copy
from dataclasses import dataclass, field
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actalign.arguments import array_of, as_path, check_fps, whole
from actalign.errors import NoFramesError, UsageError, VideoError
from actalign.types import Float64, FrameBatch, UInt8
from actalign.video._content import Content
from actalign.video._limits import DecodeLimits
from actalign.video._paths import is_folder
from actalign.video._readers import ArrayReader, FileReader, FolderReader, Reader

HOLE_SECONDS = 1.0
"""For how long frames must be missing so that a warning says when: steps last about that long."""
REACH_SECONDS = 60.0
"""A file in which more than this has to be decoded to get to a frame is not read in parts: each of
them would decode it again."""
MAX_BATCH_BYTES = 16 * 1024 * 1024
"""Batches of large frames are split at this size. It bounds the memory of queued batches, and much
larger blocks would be allocated from the system each time, which costs more than the copy
(`benchmarks/decode.py`)."""


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """Facts about a clip that are known without decoding.

    width, height: pixels of the stored frames, before rotation and pixel shape are applied.
    native_fps: mean frame rate. end_seconds: the end of the last frame's display.
    """

    width: int
    height: int
    frames: int
    native_fps: float
    end_seconds: float


@dataclass(eq=False, repr=False, slots=True)
class FrameStream:
    """The sampled frames of one clip as `FrameBatch`es; can be iterated over once.

    info: facts about the clip. pts_seconds: (T,) the chosen times. end_seconds: the end of the last
    sampled frame's display, at most the segment's end. warnings: sentences, complete once the
    iteration has ended. only_times: there are no batches, as the frames are to be read in parts.
    """

    batches: Iterator[FrameBatch]
    info: VideoInfo
    pts_seconds: Float64
    end_seconds: float
    warnings: list[str]
    only_times: bool = field(default=False, kw_only=True)

    def __iter__(self) -> Iterator[FrameBatch]:
        return self.batches


def sample_frames(
    source: str | Path | FrameBatch,
    *,
    fps: float | None = None,
    num_frames: int | None = None,
    at_seconds: Sequence[float] | None = None,
    start: float | None = None,
    end: float | None = None,
    batch_size: int = 32,
    max_side: int | None = None,
    max_pixels: int | None = None,
    max_frames: int | None = None,
) -> FrameStream:
    """Choose frames of [start, end) seconds and yield them in batches of (T, H, W, 3) uint8 RGB.

    source: a video file, a folder of images (sorted by name, 2 before 10, IMAGE_FOLDER_FPS per
        second), or frames with timestamps.
    fps: the frames on screen at start, start + 1/fps, ..., each frame at most once.
    num_frames: the frames on screen at the midpoints of that many equal parts. With neither, every
        frame. If the segment begins before the first frame is shown, both count from that frame.
    at_seconds: the frames on screen at these times, each at most once, even outside the segment.
    batch_size: frames per batch; fewer if a batch would exceed MAX_BATCH_BYTES.
    max_side: frames are scaled down so that neither side exceeds this, in pixels.
    max_pixels, max_frames: larger frames and longer clips are refused; the defaults are
        ACTALIGN_MAX_PIXELS and ACTALIGN_MAX_FRAMES if set, else 8192 x 8192 and 1,000,000.

    Rotation is applied and pixels are made square. A truncated file yields the frames that can be
    decoded, and a warning. Raises UsageError for wrong options, ArrayError for a wrong array, and
    VideoError for a file that is missing, not a video, without a decodable frame, or outside the
    segment.
    """
    asked = _Asked(fps, num_frames, at_seconds, start, end, batch_size)
    if max_side is not None:
        whole(max_side, "max_side")
    limits = DecodeLimits.of(max_pixels, max_frames)
    if isinstance(source, FrameBatch):
        return _frames_of(ArrayReader(source, max_side, limits), asked)
    return _frames_of(_reader_of(as_path(source, "video"), max_side, limits), asked)


class Sampler:
    """Samples clips one after another, and scans a file of which it gives several parts only once.

    Not to be shared by threads.
    """

    def __init__(self) -> None:
        self._of: tuple[str, Content] | None = None
        self._reader: FileReader | FolderReader | None = None

    def frames(
        self,
        path: str | Path,
        content: Content | None,
        *,
        most: int | None = None,
        begin: float | None = None,
        **options: Any,
    ) -> FrameStream:
        """`sample_frames` of a file or folder. content: what is there; None if that is not known.

        most: of a clip of more frames than this only the times come, unless parts of the file can't
        be reached without decoding much of the rest. begin: when the first frame is shown of the
        clip of which this is a part; its frames have that one's size, and which of them are missing
        is not among the warnings.
        """
        if content is None:
            return sample_frames(path, **options)
        asked = _Asked(**options)
        if self._reader is None or self._of != (str(path), content):
            self._reader = _reader_of(Path(path), None, DecodeLimits.of())
            self._of = str(path), content
        # The one that is kept has read nothing, as the first frame decides how large all are.
        reader = copy(self._reader)
        reader.warnings, reader._shape = list(reader.warnings), copy(reader._shape)
        if begin is not None:
            frames = np.arange(np.searchsorted(reader.times, begin), len(reader.times))
            with closing(reader.read(frames)) as decoded:
                next(decoded, None)
        stream = _frames_of(reader, asked, losses=begin is None)
        long = most is not None and len(stream.pts_seconds) > most
        if not long or reader.reach_seconds() > REACH_SECONDS:
            return stream
        times, end = stream.pts_seconds, stream.end_seconds
        return FrameStream(iter(()), stream.info, times, end, stream.warnings, only_times=True)


def _reader_of(path: Path, max_side: int | None, limits: DecodeLimits) -> FileReader | FolderReader:
    """What has to be known of a file, all of which is read for it, or of a folder."""
    return (FolderReader if is_folder(path) else FileReader)(path, max_side, limits)


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which frames are asked for; see `sample_frames`. Raises UsageError."""

    fps: float | None = None
    num_frames: int | None = None
    at_seconds: Sequence[float] | None = None
    start: float | None = None
    end: float | None = None
    batch_size: int = 32

    def __post_init__(self) -> None:
        if sum(one is not None for one in (self.fps, self.num_frames, self.at_seconds)) > 1:
            raise UsageError("Give one of fps, num_frames and at_seconds.")
        if self.at_seconds is not None:
            times = array_of(self.at_seconds, np.float64, "at_seconds")
            if times.ndim != 1:
                raise UsageError(f"at_seconds is {self.at_seconds!r}; give a list of seconds.")
            if not (len(times) and np.isfinite(times).all()):
                raise UsageError(
                    "at_seconds contains no times, or one that is not finite; give finite ones."
                )
        if self.fps is not None:
            check_fps(self.fps)
        for name in ("start", "end"):
            given = getattr(self, name)
            if given is not None and not isinstance(given, Real):
                raise UsageError(f"{name} is {given!r}; give a number.")
        if self.num_frames is not None:
            whole(self.num_frames, "num_frames")
        whole(self.batch_size, "batch_size")
        if self.start is not None and not 0 <= self.start < math.inf:
            raise UsageError(f"The segment starts at {self.start} s; give 0 or more.")
        if self.end is not None and not self.end > (self.start or 0.0):
            raise UsageError(f"The segment ends at {self.end} s, which is not after its start.")


def _frames_of(reader: Reader, asked: _Asked, *, losses: bool = True) -> FrameStream:
    """The frames of an open source, whose warnings grow.

    losses: whether the warnings say which frames are missing.
    """
    times, clip_end, at_seconds = reader.times, reader.clip_end, asked.at_seconds
    first, last = _segment(reader, asked.start, asked.end)
    if at_seconds is None:
        chosen = _choose(times, first, last, asked.fps, asked.num_frames)
    else:
        shown = np.searchsorted(times, np.asarray(at_seconds) + 1e-6, "right") - 1
        chosen = np.unique(shown.clip(0))
    following = int(chosen[-1]) + 1
    ends = float(times[following]) if following < len(times) else clip_end
    info = VideoInfo(
        width=reader.width,
        height=reader.height,
        frames=len(times),
        native_fps=len(times) / max(clip_end - float(times[0]), 1e-9),
        end_seconds=clip_end,
    )
    until = min(last, ends) if asked.fps is None and asked.num_frames is None else last
    batches = _batches(reader, chosen, until, asked.batch_size, losses)
    return FrameStream(batches, info, times[chosen], until, reader.warnings)


def _segment(reader: Reader, start: float | None, end: float | None) -> tuple[float, float]:
    """The start and end of what was asked for; raises VideoError if it contains no frame."""
    times, clip_end = reader.times, reader.clip_end
    first = float(times[0]) if start is None else max(start, float(times[0]))
    last = min(end if end is not None else math.inf, clip_end)
    if first >= clip_end or last <= times[0]:
        asked = f"[{start or 0:g}, {'end' if end is None else f'{end:g}'})"
        raise VideoError(
            f"{reader.name} shows frames from {times[0]:.3f} s to {clip_end:.3f} s, so it has none "
            f"in {asked} s."
        )
    return first, last


def _choose(
    times: Float64, first: float, last: float, fps: float | None, num_frames: int | None
) -> NDArray[np.intp]:
    """Indices of the frames to decode, in increasing order, at least one."""
    if fps is not None:
        step, offset = 1 / fps, first
        count = max(1, math.ceil((last - first) * fps - 1e-6))
    elif num_frames is not None:
        step = (last - first) / num_frames
        offset, count = first + step / 2, num_frames
    else:
        inside = np.flatnonzero((times >= first - 1e-9) & (times < last - 1e-9))
        if len(inside):
            return inside
        step, offset, count = 1.0, first, 1
    # Of the times offset + i * step, i < count: how many are before each frame's start?
    before = np.ceil((times - 1e-6 - offset) / step).clip(0, count)
    before[0] = 0
    return np.flatnonzero(np.diff(before, append=count))


def _batches(
    reader: Reader, chosen: NDArray[np.intp], until: float, batch_size: int, losses: bool
) -> Iterator[FrameBatch]:
    """Decoded frames in batches, with warnings about those that are missing if ``losses``.

    until: the end of the last one's display, in seconds.

    If data was lost, a decoder may return a frame too early; frames that follow it but are shown
    before it are left out, so that times never decrease.
    """
    # Each frame is copied immediately, so that the decoder reuses its memory while it is cached.
    batch: UInt8 | None = None
    at: list[float] = []
    done = late = 0
    newest = -1
    got = np.zeros(len(chosen), dtype=bool)
    with closing(reader.read(chosen)) as decoded:
        for index, frame in decoded:
            if index <= newest:
                late += 1
                continue
            newest = index
            got[np.searchsorted(chosen, index)] = True
            if batch is None:
                fitting = min(batch_size, len(chosen) - done, MAX_BATCH_BYTES // frame.nbytes)
                batch = np.empty((max(1, fitting), *frame.shape), np.uint8)
            batch[len(at)] = frame
            at.append(float(reader.times[index]))
            done += 1
            if len(at) == len(batch):
                yield FrameBatch(batch, np.array(at))
                batch, at = None, []
    if done == 0 and reader.width * reader.height == 0:
        raise VideoError(
            f"No frame of {reader.name} has a size that FFmpeg can decode; it is damaged, or its "
            "frames have more than about 16,000x16,000 pixels."
        )
    if done == 0:
        raise NoFramesError(
            f"No frame of {reader.name} can be decoded; it is damaged, encrypted, or of a format "
            "that this FFmpeg can't decode."
        )
    if losses:
        reader.warnings += losses_of(reader.name, reader.times[chosen], until, got, late)
    if batch is not None:
        yield FrameBatch(batch[: len(at)], np.array(at))


def losses_of(
    name: str, times: Float64, until: float, got: NDArray[np.bool_], late: int = 0
) -> list[str]:
    """Warnings about the frames of a clip that did not come.

    times: (T,) seconds of the frames that were asked for. until: the end of the last one's display.
    got: (T,) which came. late: how many were left out because they came out of order.
    """
    lost = {
        "could not be decoded": len(got) - np.count_nonzero(got) - late,
        "came out of order and were left out": late,
    }
    said = [
        f"{count} of {len(got)} frames of {name} {why}." for why, count in lost.items() if count
    ]
    first, last = _longest_hole(np.append(times, until), got)
    if last - first >= HOLE_SECONDS:
        said.append(f"No frame of {name} is seen from {first:.1f} to {last:.1f} s.")
    return said


def _longest_hole(edges: Float64, got: NDArray[np.bool_]) -> tuple[float, float]:
    """The longest time in seconds without a frame that was asked for; (0, 0) if all came.

    edges: (T + 1,) seconds of the frames that were asked for, and the end. got: (T,) which came.
    """
    changes = np.flatnonzero(np.diff(~got, prepend=False, append=False)).reshape(-1, 2)
    holes = [(float(first), float(last)) for first, last in edges[changes]]
    return max(holes, key=lambda hole: hole[1] - hole[0], default=(0.0, 0.0))
