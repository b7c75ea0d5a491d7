"""What an image-text dual encoder offers, and how a clip is run through it.

Implementations: `_siglip` (transformers), `_onnx` (exported models), `body` (built in). Not here:
which of them to take (`_load`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, runtime_checkable

from actalign.encoder_info import EncoderInfo
from actalign.types import Float32, FrameBatch, UInt8


@runtime_checkable
class Encoder(Protocol):
    """An image-text dual encoder with one embedding space.

    info: what is known of it without running it; see `EncoderInfo`.
    """

    @property
    def info(self) -> EncoderInfo: ...

    def encode_image(self, frames: UInt8) -> Float32:
        """Embed (T, H, W, 3) uint8 RGB frames, each by itself, as (T, D) float32."""
        ...

    def encode_text(self, texts: Sequence[str]) -> Float32:
        """Embed K texts as (K, D) float32; a text's row never depends on the other texts."""
        ...

    def text_warnings(self, texts: Sequence[str]) -> list[str]:
        """One sentence for each text that is longer than the text tower reads and so gets cut."""
        ...


@runtime_checkable
class ClipEncoder(Encoder, Protocol):
    """An encoder that also looks across frames (movement), so it wants a clip in order."""

    def encode_clip(
        self, batches: Iterable[FrameBatch], *, block: int | None = None
    ) -> Iterator[Float32]:
        """Yield (n, D) blocks whose rows, concatenated, match the clip's frames in order.

        block: rows to yield at once, small for a live video whose results are wanted soon.
        """
        ...


@runtime_checkable
class StreamEncoder(Encoder, Protocol):
    """An encoder that fills its batches across blocks of frames, whichever clips they are of.

    across_clips: whether a run should have it do so. On a GPU full batches are worth it; on a CPU
    they gain little, and the last bit of a frame's row could depend on its neighbours.
    """

    @property
    def across_clips(self) -> bool: ...

    def encode_image_stream(self, blocks: Iterable[UInt8]) -> Iterator[Float32]:
        """Yield (n, D) rows for each block of (n, H, W, 3) frames, in order, with some delay."""
        ...


def encode_blocks(encoder: Encoder, blocks: Iterable[UInt8]) -> Iterator[Float32]:
    """Embed blocks of frames of any clips, each frame by itself: rows for each block, in order.

    A `StreamEncoder` takes further blocks before it yields rows, other encoders don't.
    """
    if isinstance(encoder, StreamEncoder):
        yield from encoder.encode_image_stream(blocks)
    else:
        for block in blocks:
            yield encoder.encode_image(block)


def encode_frames(encoder: Encoder, batches: Iterable[FrameBatch]) -> Iterator[Float32]:
    """Embed one clip's batches in order; rows match frames, memory stays at a few batches."""
    if isinstance(encoder, ClipEncoder):
        yield from encoder.encode_clip(batches)
    else:
        for batch in batches:
            yield encoder.encode_image(batch.frames)
