"""Loads a transformers checkpoint of any kind that is known (extra `siglip`).

Only this module, those that it imports in the `try` below, and their kernels need torch.
"""

from __future__ import annotations

from collections.abc import Callable

from actalign.encoders._base import ImageEncoder
from actalign.errors import EncoderError, EncoderUsageError

try:
    from actalign.encoders._checkpoint import read_checkpoint
    from actalign.encoders._pe_video import PeVideoEncoder
    from actalign.encoders._siglip import TransformersEncoder
    from actalign.encoders._torch import Placement
    from actalign.encoders._videoprism import VideoPrismEncoder
    from actalign.encoders._xclip import XClipEncoder
except ImportError as error:
    raise EncoderUsageError(
        f"SigLIP and CLIP models need torch and transformers ({error}); run "
        "`pip install 'actalign[siglip]'`, name a folder exported to ONNX, or use the model body."
    ) from error

WINDOWS: dict[str, Callable[..., ImageEncoder]] = {
    "xclip": XClipEncoder,
    "videoprism": VideoPrismEncoder,
    "pe_video": PeVideoEncoder,
    "pe_audio_video": PeVideoEncoder,
}


def load_pretrained(
    model: str,
    *,
    device: str | None = None,
    dtype: str | None = None,
    revision: str | None = None,
    batch_size: int | None = None,
) -> ImageEncoder:
    """Load a hub id, `ID@REVISION` for one of its commits, tags or branches, or a local folder.

    device: by default the first that torch sees; see `choose_device`. dtype: by default bfloat16 on
    CUDA, else float32; float8 computes the image tower's matrix products in float8 and the rest in
    bfloat16, for SigLIP on a CUDA device that supports it. Raises EncoderError if files, device or
    dtype are not available.
    """
    placement = Placement.choose(device, dtype, batch_size, float8=True)
    checkpoint = read_checkpoint(model, revision)
    kind = WINDOWS.get(checkpoint.model_type, TransformersEncoder)
    if kind is not TransformersEncoder and placement.dtype == "float8":
        raise EncoderError(f"{checkpoint.name!r} can't run in float8; use bfloat16.")
    return kind(checkpoint, placement)
