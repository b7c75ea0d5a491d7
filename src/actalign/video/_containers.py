"""Opens a video file, finds its picture stream, and reads what its header says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from actalign.errors import VideoError
from actalign.video._formats import file_options
from actalign.video._paths import IMAGE_FOLDER_FPS, images_in, is_folder, unreadable
from actalign.video._picture import MATRICES, UNKNOWN

HDR_CURVES = {16: "PQ", 18: "HLG"}
"""HDR transfer characteristics, by their numbers in H.273."""


class Colours(NamedTuple):
    """What a file says of its colours, by the numbers of H.273; range by FFmpeg's."""

    primaries: int = UNKNOWN
    transfer: int = UNKNOWN
    matrix: int = UNKNOWN
    range: int = 0


NO_COLOURS = Colours()


@dataclass(frozen=True, slots=True)
class Header:
    """What a clip says of itself before any frame is read.

    seconds: its length; None if it doesn't say. fps: frames per second. width, height: pixels of
    the stored frames; 0 for a folder. start_seconds, ticks: where the file's own clock begins, and
    the picture stream's ticks per second. sound: whether there is any.
    """

    seconds: float | None
    fps: float
    width: int = 0
    height: int = 0
    start_seconds: float = 0.0
    ticks: float = 1.0
    sound: bool = False
    colours: Colours = NO_COLOURS


def open_container(path: Path) -> Any:
    """PyAV's container for a video file; raises VideoError if it is a playlist or not a video."""
    import av

    try:
        if not is_folder(path) and _is_playlist(path):
            # A playlist refers to other files and addresses, and a live one never ends.
            raise VideoError(f"{path} is a playlist; give the video file itself.")
        # The prefix keeps names such as 12:30.mp4 from being parsed as addresses. No `options`:
        # PyAV before 18 passes them in an array that is too short for MPEG program streams.
        return av.open(f"file:{path}", container_options=file_options(), metadata_errors="replace")
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        raise unreadable(path, error) from error
    except (av.FFmpegError, ValueError, OSError) as error:
        if path.stat().st_size == 0:
            raise VideoError(f"{path} is empty; copy or record it again.") from error
        raise VideoError(
            f"{path} is not a video, or is damaged beyond reading; copy it again, or leave it out."
        ) from error


def _is_playlist(path: Path) -> bool:
    with path.open("rb") as file:
        head = file.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    return head.startswith((b"#EXTM3U", b"ffconcat", b"v=0\n", b"v=0\r")) or (
        head[:1] == b"<" and b"<MPD" in head
    )


def video_stream(container: Any, name: str) -> Any:
    """The video stream that is shown by default, or else the first; never a cover picture."""
    from av.stream import Disposition

    streams = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    if not streams:
        kind = "has sound but no video" if container.streams.audio else "contains no video"
        raise VideoError(f"{name} {kind}; give one with a video stream.")
    stream = next((s for s in streams if s.disposition & Disposition.default), streams[0])
    if stream.codec_context is None:
        raise VideoError(f"The video in {name} has a codec that this FFmpeg can't decode.")
    return stream


def colour_warnings(path: Path, stream: Any) -> list[str]:
    """A sentence each about what is not read as a screen shows it: HDR, and an unusual matrix."""
    found: list[str] = []
    if curve := HDR_CURVES.get(stream.codec_context.color_trc):
        found.append(
            f"{path} is HDR ({curve}), and its frames are read without tone mapping, so they look "
            "pale; convert it to SDR for the colours that a screen shows."
        )
    if (matrix := stream.codec_context.colorspace) not in MATRICES:
        found.append(
            f"{path} has colours that FFmpeg can't convert (matrix {matrix} of H.273), so they are "
            "read as BT.601; convert it from its source, with BT.709."
        )
    return found


def frame_rate(stream: Any) -> float:
    """Frames per second of a video stream, as its header or first frames say; 25 where none do."""
    return float(stream.average_rate or stream.guessed_rate or 25)


def header_of(path: Path) -> Header:
    """The header of a file, or what is known of a folder of images.

    Raises VideoError for a file that is not a video.
    """
    if is_folder(path):
        return Header(len(images_in(path)) / IMAGE_FOLDER_FPS, IMAGE_FOLDER_FPS)
    with open_container(path) as container:
        stream = video_stream(container, str(path))
        codec = stream.codec_context
        return Header(
            seconds=container.duration / 1e6 if container.duration else None,
            fps=frame_rate(stream),
            width=codec.width,
            height=codec.height,
            start_seconds=(container.start_time or 0) / 1e6,
            ticks=float(1 / stream.time_base),
            sound=bool(container.streams.audio),
            colours=Colours(
                codec.color_primaries, codec.color_trc, codec.colorspace, codec.color_range
            ),
        )
