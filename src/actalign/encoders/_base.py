"""The interface of an image-text dual encoder, and how a clip is run through it.

Implementations: `_siglip`, `_xclip`, `_videoprism`, `_pe_video` (transformers, chosen by
`_transformers`), `_open_clip`, `_sentence` (sentence-transformers), `_service` (over HTTP), `_onnx`
(exported models), `_crop` (boxes of people), `body` (built in). `_load` chooses among them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike

from actalign.arguments import array_of, whole
from actalign.encoder_info import EncoderInfo
from actalign.errors import ArrayError, EncoderError, RowsError, UsageError, counted
from actalign.types import Float32, Float64, FrameBatch, TextWarning, UInt8

CROP = "crop:"
"""Prefix of the names of encoders that see people's boxes; see `load_encoder`."""


@runtime_checkable
class Encoder(Protocol):
    """What every image-text dual encoder, with its one embedding space, provides.

    The protocols below say how it takes frames; an encoder of your own needs one of them.

    info: what is known about it without running it; see `EncoderInfo`.
    """

    @property
    def info(self) -> EncoderInfo: ...

    def encode_text(self, texts: Sequence[str]) -> Float32:
        """Embed K texts as (K, D) float32; a text's row never depends on the other texts."""
        ...

    def text_warnings(self, texts: Sequence[str]) -> list[TextWarning]:
        """One for each text that is cut because it is longer than the text tower's input, or that
        contains no word it knows."""
        ...


@runtime_checkable
class ImageEncoder(Encoder, Protocol):
    """An encoder of single frames."""

    def encode_image(self, frames: UInt8) -> Float32:
        """Embed (T, H, W, 3) uint8 RGB frames, each by itself, as (T, D) float32."""
        ...


@runtime_checkable
class ClipEncoder(Encoder, Protocol):
    """An encoder that also looks across frames (at movement), so it needs a clip in order."""

    def encode_clip(
        self, batches: Iterable[FrameBatch], *, block: int | None = None
    ) -> Iterator[Float32]:
        """Yield (n, D) blocks whose rows, concatenated, match the clip's frames in order.

        block: number of rows to yield at once; small for live video, whose results are needed soon.
        """
        ...


@runtime_checkable
class WindowEncoder(Encoder, Protocol):
    """An encoder that embeds several consecutive frames at once, so that it sees movement.

    `EncoderInfo.frames_per_row` F and `frames_between_rows` say how a clip is cut into windows; the
    row of a window has the time of its middle.
    """

    def encode_windows(self, windows: UInt8) -> Float32:
        """Embed (N, F, H, W, 3) uint8 RGB windows, each by itself, as (N, D) float32."""
        ...


@dataclass(frozen=True, eq=False, slots=True)
class PersonRows:
    """One person's rows of a clip.

    person: the person's number, from 1 in order of appearance; 0 for a clip in which nobody is
    found; None for an encoder that follows only one person. rows: (n, D). pts_seconds: (n,).
    end_seconds: when the person is last seen; None for the clip's end. source: what a result
    reports about the person.
    """

    person: int | None
    rows: Float32
    pts_seconds: Float64
    end_seconds: float | None = None
    source: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


@runtime_checkable
class PeopleEncoder(Encoder, Protocol):
    """An encoder that follows people through a clip, and returns each one's rows separately.

    everyone: whether it follows all people, so that a clip has several sequences of rows.
    """

    everyone: bool

    def encode_people(self, batches: Iterable[FrameBatch]) -> list[PersonRows]:
        """The rows of each person in one clip; never an empty list."""
        ...

    def watch(self) -> PersonWatch:
        """Follow one person through an endless stream; raises UsageError if it follows everyone."""
        ...


class PersonWatch(Protocol):
    """Follows one person through frames that may never end, and reports on those frames."""

    def encode_clip(
        self, batches: Iterable[FrameBatch], *, block: int | None = None
    ) -> Iterator[Float32]:
        """The same as `ClipEncoder.encode_clip`; each call looks for the person afresh."""
        ...

    def forget(self, before: float) -> None:
        """Discard all that was before a time, in seconds, so that it is not reported any more."""
        ...

    def source(self) -> dict[str, str]:
        """What a result reports about the frames since then, as in `PersonRows.source`."""
        ...

    def warnings(self) -> tuple[str, ...]:
        """Warnings about those frames, as sentences."""
        ...


def check_encoder(encoder: object) -> None:
    """Raise UsageError for an object that is not an encoder or lacks a member that all need."""
    # Not isinstance, which since Python 3.12 misses what a wrapper forwards with __getattr__.
    members = "encode_text", "info", "text_warnings"
    if not any(hasattr(encoder, member) for member in members):
        raise UsageError(
            f"{encoder!r} is not an encoder; ActAlign.from_pretrained loads one by its name, such "
            'as "body".'
        )
    if isinstance(encoder, type):
        raise UsageError(
            f"The encoder is the class {encoder.__name__}; give an instance of it, such as "
            f"{encoder.__name__}()."
        )
    for member in members:
        if not hasattr(encoder, member):
            raise UsageError(
                f"The encoder {type(encoder).__name__} has no {member}, which every encoder needs; "
                "see actalign.encoders.Encoder."
            )
    info = encoder.info  # type: ignore[attr-defined]
    if not isinstance(info, EncoderInfo):
        raise UsageError(
            f"The info of the encoder {type(encoder).__name__} is {info!r}; give an "
            "actalign.EncoderInfo."
        )
    for count in ("frames_per_row", "frames_between_rows"):  # 0 would cut a clip for ever
        whole(getattr(info, count), f"{count} of the encoder {info.model_id}")


def follows_everyone(model_id: str) -> bool:
    """Whether the encoder of this name, not yet loaded, gives several results per clip."""
    return model_id == "body:all" or model_id.startswith(f"{CROP}all:")


def one_person_only(encoder: Encoder) -> None:
    """Raise UsageError for an encoder that follows everyone, if a single sequence is needed."""
    if isinstance(encoder, PeopleEncoder) and encoder.everyone:
        raise UsageError(
            f"{encoder.info.model_id} gives rows for each person in a clip, but here a clip must "
            "be one sequence; follow one person (largest, left, right or 2), or call predict_many."
        )


ACROSS_FRAMES = (ClipEncoder, WindowEncoder)
"""Encoders that need whole clips: frames can't be left out or encoded one by one."""


def margin_of_parts(encoder: Encoder) -> float | None:
    """How many seconds around a part of a clip an encoder has to see, so that parts of a long video
    can be encoded by themselves; None for an encoder that needs the whole.

    0 for one that sees each frame by itself. One that looks across frames says so by
    `part_margin_seconds`.
    """
    if not isinstance(encoder, ACROSS_FRAMES):
        return 0.0
    if isinstance(encoder, WindowEncoder):  # its windows are counted from the clip's first frame
        return None
    margin: float | None = getattr(encoder, "part_margin_seconds", None)
    return margin


@runtime_checkable
class StreamEncoder(ImageEncoder, Protocol):
    """An encoder that fills its batches across blocks of frames, whichever clips they are from.

    across_clips: whether a run should let it do so. On a GPU, full batches are worth it; on a CPU
    they gain little, and the last bit of a frame's row could depend on its neighbours.
    """

    @property
    def across_clips(self) -> bool: ...

    def encode_image_stream(self, blocks: Iterable[UInt8]) -> Iterator[Float32]:
        """Yield (n, D) rows for each block of (n, H, W, 3) frames, in order, with some delay."""
        ...


def cut_warning(model_id: str, text: str, most: int, length: int | None = None) -> TextWarning:
    """For a text of which only `most` tokens are read. length: of the whole text, if known."""
    if length is None:
        said = f"is longer than {most} tokens; {model_id} reads only its beginning."
    else:
        said = f"has {length} tokens; {model_id} reads only the first {most}."
    return TextWarning(f"The text {text[:60]!r}... {said}", text)


def encode_pictures(encoder: Encoder, frames: UInt8) -> Float32:
    """Embed frames independently: one row for each, else RowsError.

    Raises UsageError for an encoder that has no method for frames.
    """
    if not hasattr(encoder, "encode_image"):  # not isinstance, as in `check_encoder`
        raise UsageError(
            f"The encoder {encoder.info.model_id} has no method that takes frames; add "
            "encode_image, encode_clip or encode_windows."
        )
    return _rows(encoder, encoder.encode_image(frames), len(frames))


def encode_texts(encoder: Encoder, texts: Sequence[str]) -> Float32:
    """Embed texts: one row of finite numbers for each, else EncoderError."""
    rows = _rows(encoder, encoder.encode_text(texts), len(texts), "text", EncoderError)
    check_width(encoder.info, rows, "texts", EncoderError)
    for text, finite in zip(texts, np.isfinite(rows).all(axis=1), strict=True):
        if not finite:
            raise EncoderError(
                f"The encoder {encoder.info.model_id} returned NaN or infinity for the text "
                f"{text!r}; try another dtype, or correct the encoder if it is your own."
            )
    return rows


def _rows(
    encoder: Encoder,
    given: ArrayLike,
    taken: int | None,
    noun: str = "frame",
    kind: type[EncoderError] = RowsError,
) -> Float32:
    """What an encoder returned, as rows; raises an error of this kind for what holds no numbers,
    and unless it is as many rows as were taken (None: not checked)."""
    name = f"What the encoder {encoder.info.model_id} returns for {noun}s"
    try:
        rows: Float32 = array_of(given, np.float32, name)
    except ArrayError as error:
        raise kind(str(error)) from None
    if rows.ndim != 2:
        rows = np.empty((0, 0), np.float32)
    if taken is not None:
        _check_rows(encoder, len(rows), taken, noun, kind)
    return rows


def check_width(
    info: EncoderInfo, rows: Float32, noun: str, kind: type[EncoderError] = RowsError
) -> None:
    """Raise an error of this kind unless rows are (n, D), with the encoder's D."""
    if rows.ndim != 2 or rows.shape[1] != info.dim:
        raise kind(
            f"The encoder {info.model_id} returned an array of shape {rows.shape} for {noun}; it "
            f"must return ({len(rows)}, {info.dim}), since the dim of its info is {info.dim}."
        )


def _check_rows(
    encoder: Encoder,
    rows: int,
    taken: int,
    noun: str = "frame",
    kind: type[EncoderError] = RowsError,
) -> None:
    if rows != taken:
        raise kind(
            f"The encoder {encoder.info.model_id} returned {counted(rows, 'row')} for "
            f"{counted(taken, noun)}; it must return one for each."
        )


def encode_blocks(encoder: Encoder, blocks: Iterable[UInt8]) -> Iterator[Float32]:
    """Embed blocks of frames from any clips, each frame by itself: rows for each block, in order.

    A `StreamEncoder` takes further blocks before it yields rows; other encoders don't. Raises
    RowsError for a wrong number of rows.
    """
    if not isinstance(encoder, StreamEncoder):
        for block in blocks:
            yield encode_pictures(encoder, block)
        return
    sizes: deque[int] = deque()  # of the blocks whose rows are still to come

    def noted() -> Iterator[UInt8]:
        for block in blocks:
            sizes.append(len(block))
            yield block

    taken = noted()
    for given in encoder.encode_image_stream(taken):
        rows = _rows(encoder, given, sizes[0] if sizes else 0)
        sizes.popleft()
        yield rows
    next(taken, None)  # an encoder that leaves out blocks would be asked for them forever
    if sizes:
        _check_rows(encoder, 0, sum(sizes))


def encode_frames(
    encoder: Encoder,
    batches: Iterable[FrameBatch],
    *,
    block: int | None = None,
    watch: PersonWatch | None = None,
) -> Iterator[tuple[Float32, Float64]]:
    """Embed one clip's batches in order: blocks of (n, D) rows and their (n,) times in seconds.

    Rows match frames, but those of a `WindowEncoder` match windows. Memory use stays at a few
    batches. block: as in `ClipEncoder`. watch: from the encoder; it then follows the person. Raises
    RowsError for a wrong number of rows.
    """
    if isinstance(encoder, WindowEncoder):
        yield from _encode_windows(encoder, batches)
    elif isinstance(encoder, ClipEncoder):
        times: deque[float] = deque()
        taken = given = 0

        def noted() -> Iterator[FrameBatch]:
            nonlocal taken
            for batch in batches:
                times.extend(batch.pts_seconds.tolist())
                taken += len(batch)
                yield batch

        frames = noted()
        for block_rows in (watch or encoder).encode_clip(frames, block=block):
            rows = _rows(encoder, block_rows, None)
            given += len(rows)
            if given > taken:
                _check_rows(encoder, given, taken)
            yield rows, np.array([times.popleft() for _ in range(len(rows))], np.float64)
        for _ in frames:  # frames that it left; otherwise the clip would seem to end here
            pass
        _check_rows(encoder, given, taken)
    else:
        for batch in batches:
            yield encode_pictures(encoder, batch.frames), batch.pts_seconds


def _encode_windows(
    encoder: WindowEncoder, batches: Iterable[FrameBatch]
) -> Iterator[tuple[Float32, Float64]]:
    """A window every `frames_between_rows` frames; an incomplete one repeats its last frame."""
    length, stride = encoder.info.frames_per_row, encoder.info.frames_between_rows
    frames: list[UInt8] = []
    times: list[float] = []
    covered = 0  # how many of the held frames have been in a window
    for batch in batches:
        frames.extend(frame.copy() for frame in batch.frames)
        times.extend(batch.pts_seconds.tolist())
        windows, middles = [], []
        while len(frames) >= length:
            windows.append(np.stack(frames[:length]))
            middles.append((times[0] + times[length - 1]) / 2)
            del frames[:stride], times[:stride]
            covered = length - stride
        if windows:
            rows = _rows(encoder, encoder.encode_windows(np.stack(windows)), len(windows), "window")
            yield rows, np.array(middles)
    if len(frames) > covered:
        last = np.stack(frames + frames[-1:] * (length - len(frames)))
        rows = _rows(encoder, encoder.encode_windows(last[None]), 1, "window")
        yield rows, np.array([(times[0] + times[-1]) / 2])
