"""Writes part of a video to its own file: its frames are copied if that is exact, else encoded.

Runs in the child process of `_worker`, as the video may be anyone's.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Literal

import numpy as np

from actalign.errors import ActAlignError, VideoError
from actalign.types import FrameBatch, UInt8
from actalign.video._containers import (
    NO_COLOURS,
    Colours,
    colour_warnings,
    open_container,
    video_stream,
)
from actalign.video._sampling import sample_frames
from actalign.video._writing import Span, VideoFile, mp4_file, sound_of

COPIED = frozenset(("av1", "h264", "hevc", "mpeg4", "vp9"))
"""Codecs that can be copied into an MP4 file unchanged."""
ROUNDED_SECONDS = 1e-6
"""The precision that times in rows are rounded to."""


def cut_segment(
    span: Span,
    target: Path,
    *,
    part: Path | None = None,
    colours: Colours = NO_COLOURS,
    comment: str = "",
    on_work: Callable[[], None] = lambda: None,
) -> Literal["copied", "encoded"]:
    """Write [start, end) of a video as an MP4 file, all or nothing, and return how it was made.

    The file begins with the frame on screen at the start (if that one is damaged, with the first
    intact one), and frame times are relative to the start. If that frame is a keyframe and the last
    one needs no later frame, the frames are copied; otherwise they are encoded as H.264. The sound
    is kept. part: see `mp4_file`. colours: the video's, which an encoded file gets too. on_work:
    called repeatedly while there is progress.

    Raises VideoError for a video that can't be read there, ActAlignError for a file that can't be
    written.
    """
    first = _on_screen(span)
    end = span.end_seconds - ROUNDED_SECONDS
    # If the first frames of the part are damaged, later ones may be intact.
    start = span.start_seconds if first is None else float(first.pts_seconds[0])
    span = Span(span.path, start, end)
    if first is not None and not span.path.is_dir():
        copied = mp4_file(target, comment, part)
        if _copy(span, copied, first.frames[0], on_work):
            return "copied"
    frames = sample_frames(span.path, start=start, end=max(end, start + 1e-6))
    with VideoFile(target, colours=colours, sound=span, comment=comment, part=part) as file:
        for batch in frames:
            for frame, seconds in zip(batch.frames, batch.pts_seconds, strict=True):
                file.write(frame, float(seconds) - start)
                on_work()
    return "encoded"


def _on_screen(span: Span) -> FrameBatch | None:
    """The frame on screen at the start; None if it can't be decoded."""
    found = sample_frames(span.path, at_seconds=[span.start_seconds])
    if span.start_seconds >= found.info.end_seconds:
        raise VideoError(
            f"{span.path} ends at {found.info.end_seconds:.3f} s, before {span.start_seconds:g} s; "
            "was it replaced after the actions were found?"
        )
    try:
        return next(iter(list(found)), None)
    except VideoError:
        return None


class _InexactError(ActAlignError):
    """The copy is not what was asked for."""


def _copy(
    span: Span, target: AbstractContextManager[Any], first: UInt8, on_work: Callable[[], None]
) -> bool:
    """Copy the span if the copy shows the same frames at the same times, or else write nothing."""
    with open_container(span.path) as container:
        stream = video_stream(container, str(span.path))
        packets = _packets(container, stream, span)
        if packets is None:
            return False
        try:
            with target as output:
                out = output.add_stream_from_template(stream)
                begin = packets[0].pts
                times = sorted(float((packet.pts - begin) * packet.time_base) for packet in packets)
                with sound_of(span, output) as sound:
                    for packet in packets:
                        packet.pts, packet.dts = packet.pts - begin, packet.dts - begin
                        seconds = float(packet.dts * packet.time_base)
                        packet.stream = out
                        output.mux(packet)
                        on_work()
                        if sound:
                            sound.mux_until(seconds)
                    if sound:
                        sound.mux_until(None)
                output.close()
                copy = Path(output.name.removeprefix("file:"))
                _check(copy, times, first, colour_warnings(copy, stream))
        except _InexactError:
            return False
    return True


def _packets(container: Any, stream: Any, span: Span) -> list[Any] | None:
    """The span's coded frames in decoding order; None if they depend on frames outside it."""
    import av

    if stream.codec_context.name not in COPIED or container.format.name == "avi":
        return None
    base = stream.time_base
    origin = (container.start_time or 0) / 1e6
    first = round((span.start_seconds + origin) / base)
    last = (span.end_seconds + origin) / base
    found: list[Any] = []
    gap = False
    try:
        if span.start_seconds > 0:
            container.seek(first, stream=stream, backward=True)
        for packet in container.demux(stream):
            if packet.size == 0:
                continue
            if packet.pts is None or packet.dts is None:
                return None
            if not found and packet.pts != first:
                if packet.dts >= last:
                    return None
                continue
            if packet.dts >= last:
                break
            if packet.pts >= last:
                gap = True
                continue
            if gap or packet.pts < first or packet.is_corrupt or packet.is_discard:
                return None
            found.append(packet)
    except (av.FFmpegError, IndexError):
        return None
    return found if found and found[0].is_keyframe else None


def _check(copy: Path, times: list[float], first: UInt8, warnings: list[str]) -> None:
    """Raise _InexactError unless a file has these frame times and begins with this frame.

    warnings: those that it has to have.
    """
    try:
        found = sample_frames(copy, batch_size=1)
        shown = next(iter(found)).frames[0]
    except VideoError as error:
        raise _InexactError(str(error)) from None
    at = found.pts_seconds
    same = len(at) == len(times) and np.allclose(at, times, rtol=0, atol=1e-5)
    if not same or found.warnings != warnings or not np.array_equal(shown, first):
        raise _InexactError("The copy differs.")
