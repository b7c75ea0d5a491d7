"""Readers of one clip: when its frames are shown, and the chosen frames decoded, upright, in order.

Not here: which frames are chosen (`video`).
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from actalign._types import Float64, FrameBatch, UInt8
from actalign.errors import UsageError, VideoError

if TYPE_CHECKING:
    from fractions import Fraction

IMAGE_SUFFIXES = frozenset((".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"))
IMAGE_FOLDER_FPS = 25.0
"""Frames a second that the images of a folder are taken to show."""
SEEK_AFTER_SECONDS = 4.0
"""A segment that begins later is reached by a seek, an earlier one by decoding up to it."""


class ArrayReader:
    """Frames that are in memory already."""

    def __init__(self, source: FrameBatch) -> None:
        if len(source) == 0:
            raise UsageError("The frame array is empty; give at least one frame.")
        self.name = "the frame array"
        self.warnings: list[str] = []
        self.times = source.pts_seconds
        self.clip_end = float(self.times[-1]) + _typical_step(self.times)
        self.height, self.width = source.frames.shape[1:3]
        self._frames = source.frames

    def read(self, chosen: NDArray[np.intp]) -> Generator[tuple[int, UInt8]]:
        for index in chosen.tolist():
            yield index, self._frames[index]


class FolderReader:
    """Images in name order; the first one's size holds for all."""

    def __init__(self, folder: Path, max_side: int | None, max_pixels: int) -> None:
        self.name = str(folder)
        self.warnings: list[str] = []
        self._images = images_in(folder)
        if not self._images:
            raise VideoError(f"The folder {folder} holds no image.")
        self.times = np.arange(len(self._images)) / IMAGE_FOLDER_FPS
        self.clip_end = len(self._images) / IMAGE_FOLDER_FPS
        self._shape = _Shape(max_side)
        self._max_pixels = max_pixels
        first = FileReader(self._images[0], max_side, max_pixels)
        self.width, self.height = first.width, first.height

    def read(self, chosen: NDArray[np.intp]) -> Generator[tuple[int, UInt8]]:
        for index in chosen.tolist():
            try:
                image = FileReader(self._images[index], None, self._max_pixels)
                image._shape = self._shape
                yield from ((index, frame) for _, frame in image.read(np.array([0])))
            except VideoError as error:
                self.warnings.append(str(error))


class FileReader:
    """One video file through PyAV."""

    def __init__(self, path: Path, max_side: int | None, max_pixels: int) -> None:
        self.name = str(path)
        self.warnings: list[str] = []
        self._path = path
        self._shape = _Shape(max_side)
        with _open(path) as container:
            stream = container.streams.video[0]
            self.width, self.height = stream.codec_context.width, stream.codec_context.height
            if self.width * self.height > max_pixels:
                raise VideoError(
                    f"The frames of {path} have {self.width}x{self.height} pixels, more than the "
                    f"limit of {max_pixels}; make the video smaller or raise max_pixels."
                )
            shape = getattr(stream, "sample_aspect_ratio", None)
            self._shape.pixel_aspect = float(shape) if shape else 1.0
            self._scan(container, stream)

    def _scan(self, container: Any, stream: Any) -> None:
        """Read all packets, decode none: presentation times, in units of the time base."""
        import av

        ticks: list[int] = []
        last_duration = 0
        complete = True
        packets = 0
        try:
            for packet in container.demux(stream):
                if packet.size == 0 or getattr(packet, "is_discard", False):
                    continue
                packets += 1
                if packet.pts is not None:
                    ticks.append(packet.pts)
                    last_duration = packet.duration or last_duration
        except av.FFmpegError:
            complete = False
        if packets == 0:
            raise VideoError(f"{self._path} has a video stream without any frame in it.")
        base: Fraction = stream.time_base
        rate = stream.average_rate or stream.guessed_rate or 25
        self._by_count = len(ticks) < packets
        if self._by_count:
            # No presentation times (raw streams, some AVI): frames follow each other evenly.
            self._ticks = np.arange(packets)
            self.times = self._ticks / float(rate)
            step = 1 / float(rate)
        else:
            self._ticks = np.unique(np.array(ticks, np.int64))
            origin = float(self._ticks[0] * base)
            if container.start_time is not None:
                origin = min(origin, container.start_time / 1e6)
            self.times = self._ticks * float(base) - origin
            step = float(last_duration * base) or _typical_step(self.times) or 1 / float(rate)
        self.clip_end = float(self.times[-1]) + step
        expected = stream.frames or 0
        length = float(container.duration / 1e6) if container.duration else 0.0
        short = expected > packets or (not expected and length > self.clip_end + 1 + 2 * step)
        if not complete or short:
            self.warnings.append(
                f"{self._path} is truncated or damaged: {packets} frames up to "
                f"{self.clip_end:.2f} s can be read."
            )

    def read(self, chosen: NDArray[np.intp]) -> Generator[tuple[int, UInt8]]:
        """Decode forward and yield (index, frame) of the chosen frames."""
        late = float(self.times[chosen[0]]) > SEEK_AFTER_SECONDS and not self._by_count
        if late:
            before = int(self._ticks[chosen[0]])
            if (frames := self._decode(chosen, seek_to=before)) is not None:
                yield from frames
                return
        frames = self._decode(chosen, seek_to=None)
        assert frames is not None
        yield from frames

    def _decode(
        self, chosen: NDArray[np.intp], *, seek_to: int | None
    ) -> Generator[tuple[int, UInt8]] | None:
        """An iterator over the chosen frames, or None when the seek landed after the first."""
        decoded = self._pictures(seek_to)
        first = next(decoded, None)
        if seek_to is not None and (first is None or first[0] > seek_to):
            decoded.close()
            return None
        return self._chosen(first, decoded, chosen)

    def _chosen(
        self,
        first: tuple[int, Any] | None,
        decoded: Generator[tuple[int, Any]],
        chosen: NDArray[np.intp],
    ) -> Generator[tuple[int, UInt8]]:
        wanted = {int(self._ticks[i]): i for i in chosen.tolist()}
        last = max(wanted)
        with closing(decoded):
            item = first
            while item is not None:
                tick, picture = item
                index = wanted.pop(tick, None)
                if index is not None:
                    yield index, self._shape.rgb(picture)
                if tick >= last or not wanted:
                    return
                item = next(decoded, None)

    def _pictures(self, seek_to: int | None) -> Generator[tuple[int, Any]]:
        """Decoded pictures with their tick; packets that don't decode are passed over."""
        import av

        count = 0
        with _open(self._path) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            if seek_to is not None:
                try:
                    container.seek(seek_to, stream=stream, backward=True)
                except av.FFmpegError:
                    return
            packets = container.demux(stream)
            while True:
                try:
                    packet = next(packets, None)
                    if packet is None:
                        return
                    pictures = packet.decode()
                except av.FFmpegError as error:
                    if isinstance(error, av.EOFError):
                        return
                    continue
                for picture in pictures:
                    if self._by_count:
                        yield count, picture
                        count += 1
                    elif picture.pts is not None:
                        yield picture.pts, picture


Reader = ArrayReader | FolderReader | FileReader


class _Shape:
    """Turns decoded pictures upright, square-pixelled, all of the first one's size."""

    def __init__(self, max_side: int | None) -> None:
        self.pixel_aspect = 1.0
        self._max_side = max_side
        self._size: tuple[int, int] | None = None

    def rgb(self, picture: Any) -> UInt8:
        """(H, W, 3) uint8."""
        if self._size is None:
            self._size = self._target(picture)
        width, height = self._size
        if (width, height) == (picture.width, picture.height):
            image = picture.to_ndarray(format="rgb24")
        else:
            image = picture.reformat(
                width=width, height=height, format="rgb24", interpolation="AREA"
            ).to_ndarray()
        # The display matrix's angle is counter-clockwise, as numpy's quarter turns are.
        turns = round(getattr(picture, "rotation", 0) / 90) % 4
        return np.ascontiguousarray(np.rot90(image, turns)) if turns else image

    def _target(self, picture: Any) -> tuple[int, int]:
        width, height = picture.width, picture.height
        ratio = self.pixel_aspect
        if 0 < ratio < 64 and ratio != 1:
            # Enlarge the shorter direction, so that no detail is lost.
            if ratio > 1:
                width = max(1, round(width * ratio))
            else:
                height = max(1, round(height / ratio))
        if self._max_side is not None and max(width, height) > self._max_side:
            scale = self._max_side / max(width, height)
            width, height = max(1, round(width * scale)), max(1, round(height * scale))
        return width, height


def _open(path: Path) -> Any:
    import av

    try:
        container = av.open(str(path), metadata_errors="replace")
    except FileNotFoundError as error:
        raise VideoError(f"There is no file {path}.") from error
    except (PermissionError, IsADirectoryError) as error:
        raise unreadable(path, error) from error
    except (av.FFmpegError, ValueError, OSError) as error:
        raise VideoError(f"{path} is not a video, or is damaged beyond reading.") from error
    if not container.streams.video:
        kind = "has sound but no video" if container.streams.audio else "holds no video"
        container.close()
        raise VideoError(f"{path} {kind}; give a file with a video stream.")
    if container.streams.video[0].codec_context is None:
        container.close()
        raise VideoError(f"The video in {path} has a codec that can't be decoded here.")
    return container


def unreadable(path: Path, error: OSError) -> VideoError:
    if isinstance(error, FileNotFoundError):
        return VideoError(f"There is no file {path}.")
    return VideoError(f"{path} can't be read: {error.strerror or error}.")


def images_in(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES)


def _typical_step(times: Float64) -> float:
    """Median seconds between frames; a 25th of a second for a single frame."""
    return float(np.median(np.diff(times))) if len(times) > 1 else 1 / IMAGE_FOLDER_FPS
