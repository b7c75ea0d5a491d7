"""Which encoder a name means; its implementation is imported when it is loaded, not before."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from actalign.encoders._base import Encoder
from actalign.errors import EncoderError

DEFAULT_MODEL = "google/siglip-so400m-patch14-384"


@dataclass(frozen=True, slots=True)
class EncoderChoice:
    """Which encoder to load, as `load_encoder` takes it, here or on another machine."""

    model: str = DEFAULT_MODEL
    device: str | None = None
    dtype: str | None = None

    def load(self) -> Encoder:
        """Load it; raises EncoderError with what can be used instead."""
        return load_encoder(self.model, device=self.device, dtype=self.dtype)


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
    branch of the hub (`revision` is another way to say it). device, dtype and revision are for the
    last kind. batch_size: the most frames or texts in one forward pass. Raises EncoderError with
    what can be used instead.
    """
    exported = (Path(model).expanduser() / "image.onnx").is_file()
    on_cpu = device in (None, "cpu") and dtype in (None, "float32")
    if (not on_cpu or revision is not None) and (model == "body" or exported):
        raise EncoderError(
            f"The encoder {model!r} runs on the CPU in float32 from local files; leave device, "
            "dtype and revision out."
        )
    if model == "body":
        from actalign.encoders.body._encoder import BodyEncoder

        return BodyEncoder.from_package()
    if exported:
        from actalign.encoders._onnx import OnnxEncoder

        return OnnxEncoder.from_folder(Path(model).expanduser(), batch_size=batch_size)
    from actalign.encoders._siglip import TransformersEncoder

    return TransformersEncoder.from_pretrained(
        model, device=device, dtype=dtype, revision=revision, batch_size=batch_size
    )
