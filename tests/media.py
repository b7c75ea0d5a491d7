"""Real files written with PyAV; every frame carries its number as black and white blocks."""

import struct
import zlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

BITS = 8


def numbered_frame(number, width=96, height=64):
    """An (H, W, 3) frame: eight columns, white where the number's bit is 1, on a grey ground.

    The top left corner is red, so that a turned picture can be told.
    """
    frame = np.full((height, width, 3), 90, np.uint8)
    column = width // BITS
    for bit in range(BITS):
        shade = 255 if number >> bit & 1 else 0
        frame[height // 4 : 3 * height // 4, bit * column : (bit + 1) * column] = shade
    frame[: height // 4, : width // 4] = (255, 0, 0)
    return frame


def number_of(frame):
    """The number that a decoded frame carries."""
    height, width = frame.shape[:2]
    column = width / BITS
    middle = frame[height // 2 - 2 : height // 2 + 2].mean(axis=(0, 2))
    shades = [
        middle[int((bit + 0.35) * column) : int((bit + 0.65) * column)] for bit in range(BITS)
    ]
    return sum((shade.mean() > 127) << bit for bit, shade in enumerate(shades))


def write_video(
    path: Path,
    count=24,
    *,
    codec="libx264",
    fps=12,
    size=(96, 64),
    times=None,
    options=None,
    pixel_format="yuv420p",
    aspect=None,
    container_options=None,
    with_sound=False,
    colours=None,
):
    """Write ``count`` numbered frames; ``times`` in milliseconds makes the frame rate variable.

    with_sound: as long as the picture, or of so many seconds. colours: tags, by `colours_of`.
    """
    with av.open(str(path), "w", options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=fps, options=options or {})
        stream.width, stream.height, stream.pix_fmt = *size, pixel_format
        how = {}
        if colours:
            set_colours(stream.codec_context, colours)
            matrix = 5 if colours[2] == 6 else colours[2]  # PyAV's number
            how = {"dst_colorspace": matrix or None, "dst_color_range": colours[3]}
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        if times is not None:
            stream.codec_context.time_base = Fraction(1, 1000)
            stream.time_base = Fraction(1, 1000)
        if with_sound:
            add_sound(container, seconds=count / fps if with_sound is True else with_sound)
        for number in range(count):
            picture = av.VideoFrame.from_ndarray(numbered_frame(number, *size), format="rgb24")
            picture = picture.reformat(format=pixel_format, **how)  # see the note in atlas/clips.py
            if times is not None:
                picture.pts, picture.time_base = times[number], Fraction(1, 1000)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def write_plain(path: Path, ycbcr, colours):
    """Two frames of one colour, given as it is stored. colours: tags, by `colours_of`."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"qp": "0"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        set_colours(stream.codec_context, colours)
        for number in range(2):
            picture = av.VideoFrame(64, 48, "yuv420p")
            for plane, value in zip(picture.planes, ycbcr, strict=True):
                plane.update(bytes([value]) * plane.buffer_size)
            picture.pts = number
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def set_colours(codec, colours):
    codec.color_primaries, codec.color_trc, codec.colorspace, codec.color_range = colours


def colours_of(path):
    """A file's primaries, transfer and matrix, by the numbers of H.273, and range (2: full)."""
    with av.open(str(path)) as file:
        codec = file.streams.video[0].codec_context
        return codec.color_primaries, codec.color_trc, codec.colorspace, codec.color_range


def write_sound(path: Path):
    """An audio file without a picture."""
    with av.open(str(path), "w") as container:
        add_sound(container, seconds=0.5)
    return path


def write_cover(path: Path):
    """An MP3 with a cover picture, which containers present as a video stream."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libmp3lame", rate=44100)
        stream.layout = "mono"
        sound = av.AudioFrame.from_ndarray(
            np.zeros((1, 1152), np.float32), format="fltp", layout="mono"
        )
        sound.rate, sound.pts = 44100, 0
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
    picture = path.with_suffix(".jpg")
    write_video(picture, 1, codec="mjpeg", pixel_format="yuvj420p")
    body = b"\0image/jpeg\0\x03\0" + picture.read_bytes()
    picture.unlink()
    tag = b"APIC" + len(body).to_bytes(4, "big") + b"\0\0" + body
    size = bytes(len(tag) >> shift & 127 for shift in (21, 14, 7, 0))
    path.write_bytes(b"ID3\x03\0\0" + size + tag + path.read_bytes())
    return path


def add_sound(container, *, seconds):
    stream = container.add_stream("aac", rate=44100)
    stream.layout = "mono"
    for start in range(0, int(seconds * 44100), 1024):
        wave = np.sin(np.arange(start, start + 1024) / 30).astype(np.float32)[None]
        sound = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
        sound.rate, sound.pts, sound.time_base = 44100, start, Fraction(1, 44100)
        container.mux(stream.encode(sound))
    container.mux(stream.encode())


DISPLAY_MATRICES = {  # a, b, c, d: the stored pixel (x, y) is shown at (a x + c y, b x + d y)
    "as stored": (1, 0, 0, 1),
    "quarter turn": (0, 1, -1, 0),
    "half turn": (-1, 0, 0, -1),
    "quarter turn back": (0, -1, 1, 0),
    "left-right mirror": (-1, 0, 0, 1),
    "upside-down mirror": (1, 0, 0, -1),
    "mirror at one diagonal": (0, 1, 1, 0),
    "mirror at the other diagonal": (0, -1, -1, 0),
}


def set_matrix(path: Path, matrix):
    """Set the display matrix of an MP4 (in its tkhd box), as phones write it."""
    a, b, c, d = matrix
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd")
    start = at + 4 + 4 + 20 + 8 + 8  # after version/flags, times and ids, reserved, layer/volume
    for i, value in enumerate([a, b, 0, c, d, 0, 0, 0]):
        data[start + 4 * i : start + 4 * i + 4] = (value * 65536).to_bytes(4, "big", signed=True)
    data[start + 32 : start + 36] = (1 << 30).to_bytes(4, "big")
    path.write_bytes(bytes(data))
    return path


def shown_by(matrix, image):
    """An (H, W, 3) image as a display matrix shows it, each pixel put to its place."""
    a, b, c, d = matrix
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    right, down = a * x + c * y, b * x + d * y
    right, down = right - right.min(), down - down.min()
    shown = np.zeros((down.max() + 1, right.max() + 1, 3), np.uint8)
    shown[down, right] = image
    return shown


def blackened(path: Path):
    """Overwrite all coded pictures of an MP4 with zeros, so that none can be decoded."""
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + 4
    end = start + int.from_bytes(data[start - 8 : start - 4], "big") - 8
    data[start:end] = bytes(end - start)
    path.write_bytes(bytes(data))
    return path


def with_times(source: Path, target: Path, times):
    """Write the video packets of a file again, with (pts, dts) in frames."""
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        stream = new.add_stream_from_template(old.streams.video[0])
        rate = old.streams.video[0].average_rate
        packets = [packet for packet in old.demux(video=0) if packet.size]
        for packet, (pts, dts) in zip(packets, times, strict=True):
            packet.stream, packet.time_base = stream, 1 / rate
            packet.pts, packet.dts, packet.duration = pts, dts, 1
            new.mux(packet)
    return target


def write_png(path, width, height):
    """A black picture of one bit a pixel: 256 megapixels are 31 kB."""

    def chunk(kind, data):
        end = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + end

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + bytes((width + 7) // 8)) * height, 9)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )
    return path
