"""SigLIP, SigLIP 2 and CLIP checkpoints, run by transformers (extra `siglip`).

`load_pretrained` also chooses among the models of windows, which have modules of their own.

Only this module, those that it imports in the `try` below, and their kernels need torch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from actalign.encoder_info import EncoderInfo
from actalign.encoders._base import ImageEncoder
from actalign.encoders._vision_shape import VisionShape
from actalign.errors import EncoderError

try:
    import torch

    from actalign.encoders._checkpoint import (
        Checkpoint,
        features_of,
        find_files,
        licence_of,
        read_checkpoint,
    )
    from actalign.encoders._pe_video import PeVideoEncoder
    from actalign.encoders._torch import Placement, TorchEncoder, TransformersTexts, resize
    from actalign.encoders._tower import VisionTower
    from actalign.encoders._videoprism import VideoPrismEncoder
    from actalign.encoders._xclip import XClipEncoder
except ImportError as error:
    raise EncoderError(
        f"SigLIP and CLIP models need torch and transformers ({error}); install "
        "`actalign[siglip]`, point --model at a folder exported to ONNX, or use --model body."
    ) from error


class TransformersEncoder(TransformersTexts, TorchEncoder):
    """A SigLIP, SigLIP 2 or CLIP checkpoint as an `Encoder`.

    Every text is lower-cased and padded to the tower's full length without an attention mask, as
    these models were trained; longer texts are cut, and `text_warnings` names them.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        model_id: str,
        revision: str | None,
        placement: Placement,
    ):
        super().__init__(checkpoint.preprocessing, placement)
        self.model_type = checkpoint.model_type
        config = self.load(checkpoint)
        is_clip = self.model_type == "clip"
        self.info = EncoderInfo(
            model_id=model_id,
            fingerprint=placement.marked(checkpoint.fingerprint),
            dim=int(config.projection_dim if is_clip else config.vision_config.hidden_size),
            logit_scale=checkpoint.logit_scale,
            logit_bias=checkpoint.logit_bias,
            dtype=placement.dtype,
            revision=revision,
            context_length=self.max_length,
            licence=licence_of(checkpoint.folder),
            gflop_per_row=_gflop(config, self.model_type),
        )
        self._feed(self._image_tower(float8=placement.dtype == "float8"))

    @classmethod
    def from_pretrained(
        cls,
        model: str,
        *,
        device: str | None = None,
        dtype: str | None = None,
        revision: str | None = None,
        batch_size: int | None = None,
    ) -> TransformersEncoder:
        """Load a hub id, `ID@REVISION` for one of its commits, tags or branches, or a local folder.

        device: by default the first that torch sees; see `choose_device`. dtype: by default
        bfloat16 on CUDA, else float32; float8 computes the image tower's matrix products in float8
        and the rest in bfloat16, for SigLIP on a CUDA device that supports it. Raises EncoderError
        if files, device or dtype are not available.
        """
        found = load_pretrained(
            model, device=device, dtype=dtype, revision=revision, batch_size=batch_size
        )
        if not isinstance(found, cls):
            raise EncoderError(
                f"{model!r} embeds windows of frames; use a model that embeds single frames."
            )
        return found

    def _image_tower(self, *, float8: bool) -> Callable[..., torch.Tensor]:
        fused = self.device.type == "cuda" and VisionTower.can_run(self.torch_model)
        if not float8:
            return VisionTower(self.torch_model) if fused else self._image_features
        if not (fused and VisionTower.has_float8(self.device)):
            raise EncoderError(
                f"{self.info.model_id!r} can't run in float8 on {self.device}; float8 is for "
                "SigLIP models with a fixed image size on CUDA devices with compute capability "
                "8.9 or higher. Use bfloat16."
            )
        return VisionTower(self.torch_model, float8=True)

    def _image_features(self, **inputs: torch.Tensor) -> torch.Tensor:
        return features_of(self.torch_model.get_image_features(**inputs))

    def image_inputs(self, frames: torch.Tensor) -> dict[str, torch.Tensor]:
        """The image tower's arguments for (T, H, W, 3) uint8 frames already on the device."""
        if self.model_type != "siglip2":
            return super().image_inputs(frames)
        height, width = frames.shape[1:3]
        vision = self.torch_model.config.vision_config
        patch = int(vision.patch_size)
        rows, columns = naflex_grid(height, width, int(vision.num_patches))
        planes = resize(frames, (rows * patch, columns * patch), self.preprocessing.resample)
        count = len(planes)
        patches = self._normalise(planes).reshape(count, 3, rows, patch, columns, patch)
        patches = patches.permute(0, 2, 4, 3, 5, 1).reshape(count, rows * columns, -1)
        sides = [torch.full((count, 1), side, device=self.device) for side in (rows, columns)]
        mask = torch.ones(count, rows * columns, dtype=torch.int32, device=self.device)
        return {
            "pixel_values": patches,
            "pixel_attention_mask": mask,
            "spatial_shapes": torch.cat([*sides], dim=1),
        }


def naflex_grid(height: int, width: int, budget: int) -> tuple[int, int]:
    """The largest grid of patches, (rows, columns), of at most `budget`, with the same aspect
    ratio.

    Considers the scales at which one edge is a whole number of patches and the other is rounded up.
    """
    by_rows = [(n, -(-n * width // height)) for n in range(1, budget + 1)]
    by_columns = [(-(-n * height // width), n) for n in range(1, budget + 1)]
    fitting = [grid for grid in by_rows + by_columns if grid[0] * grid[1] <= budget]
    return max(fitting, key=lambda grid: grid[0] + grid[1])


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
    """Load any kind of transformers checkpoint; see `TransformersEncoder.from_pretrained`."""
    placement = Placement.choose(device, dtype, batch_size, float8=True)
    folder, model, commit = find_files(model, revision)
    checkpoint = read_checkpoint(folder)
    kind = WINDOWS.get(checkpoint.model_type, TransformersEncoder)
    if kind is not TransformersEncoder and placement.dtype == "float8":
        raise EncoderError(f"{model!r} can't run in float8; use bfloat16.")
    return kind(checkpoint, model_id=model, revision=commit, placement=placement)


def _gflop(config: Any, model_type: str) -> float:
    vision = config.vision_config
    if model_type == "siglip2":
        tokens = int(vision.num_patches)
    else:
        tokens = (vision.image_size // vision.patch_size) ** 2 + (model_type == "clip")
    shape = (vision.hidden_size, vision.num_hidden_layers, vision.intermediate_size)
    return VisionShape(tokens, *shape).gflop
