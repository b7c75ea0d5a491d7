"""What an image-text dual encoder offers, and how a clip is run through it.

Implementations: `siglip` (transformers), `onnx` (exported models), `body` (built in). This module
loads none of them until `load_encoder` is called.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from actalign._types import Float32, FrameBatch, UInt8
from actalign.errors import EncoderError

DEFAULT_MODEL = "google/siglip-so400m-patch14-384"


@dataclass(frozen=True, slots=True)
class EncoderDefaults:
    """How an encoder is best used; the CLI's flags override each.

    fps: sampled frames per second, or None for every native frame (the paper's choice).
    smoothing_seconds: width of the moving average over frame embeddings, 0 for none.
    step_template, label_template: texts with {label}, {domain} and {step} to fill in.
    scorer: a name of `scoring.SCORERS`; the paper's is "dtw".
    """

    fps: float | None = None
    smoothing_seconds: float = 1.0
    step_template: str = "This is a video of doing {label} in {domain} with {step}"
    label_template: str = "This is a video of {domain} executing {label}"
    scorer: str = "dtw"


@runtime_checkable
class Encoder(Protocol):
    """An image-text dual encoder with one embedding space.

    model_id: hub id, folder or built-in name. fingerprint: hash of weights, preprocessing and
    tokenizer; embeddings with different fingerprints never meet. logit_scale: natural logarithm
    of the scale, as SigLIP and CLIP store it. logit_bias: SigLIP's bias (0 for CLIP). One whose
    files came from a hub also has their commit as `revision`; see `revision_of`.
    """

    @property
    def model_id(self) -> str: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def dim(self) -> int: ...
    @property
    def logit_scale(self) -> float: ...
    @property
    def logit_bias(self) -> float: ...
    @property
    def defaults(self) -> EncoderDefaults: ...

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

        block: rows to give out at once, for who watches live and can't wait for more.
        """
        ...


@runtime_checkable
class StreamEncoder(Encoder, Protocol):
    """An encoder that fills its batches across blocks of frames, whichever clips they are of.

    across_clips: whether a run should have it do so. On a GPU full batches are worth it; on a CPU
    they gain little, and a frame's last bit could come to depend on its neighbours.
    """

    @property
    def across_clips(self) -> bool: ...

    def encode_image_stream(self, blocks: Iterable[UInt8]) -> Iterator[Float32]:
        """Yield (n, D) rows for each block of (n, H, W, 3) frames, in order, with some delay."""
        ...


def revision_of(encoder: Encoder) -> dict[str, str]:
    """What results say of the hub's commit: {"model_revision": commit}, or {} without a hub."""
    revision = getattr(encoder, "revision", None)
    return {} if revision is None else {"model_revision": str(revision)}


def encode_blocks(encoder: Encoder, blocks: Iterable[UInt8]) -> Iterator[Float32]:
    """Embed blocks of frames of any clips, each frame by itself: rows for each block, in order.

    A `StreamEncoder` takes further blocks before it gives rows out, other encoders don't.
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


def load_encoder(
    model: str = DEFAULT_MODEL,
    *,
    device: str | None = None,
    dtype: str | None = None,
    revision: str | None = None,
    batch_size: int | None = None,
) -> Encoder:
    """Load the encoder that `model` names.

    model: `body` for the built-in encoder, a folder with `image.onnx` for an exported one, else a
    folder or hub id with a SigLIP, SigLIP 2 or CLIP checkpoint, `ID@REVISION` for a commit, tag or
    branch of the hub (`revision` is another way to say it). device, dtype and revision
    are for the last kind; batch_size is the most frames or texts in one forward pass. Raises
    EncoderError with what can be used instead.
    """
    exported = (Path(model).expanduser() / "image.onnx").is_file()
    for_torch = device not in (None, "cpu") or dtype not in (None, "float32")
    for_torch = for_torch or revision is not None
    if for_torch and (model == "body" or exported):
        raise EncoderError(
            f"The encoder {model!r} runs on the CPU in float32 from local files; leave device, "
            "dtype and revision out."
        )
    if model == "body":
        from actalign.body import BodyEncoder

        return BodyEncoder.from_package()
    if exported:
        from actalign.onnx import OnnxEncoder

        return OnnxEncoder.from_folder(Path(model).expanduser(), batch_size=batch_size)
    from actalign.siglip import TransformersEncoder

    return TransformersEncoder.from_pretrained(
        model,
        device=device,
        dtype=dtype,
        revision=revision,
        batch_size=batch_size,
    )
