"""SigLIP, SigLIP 2 and CLIP checkpoints, run by transformers (extra `siglip`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from actalign.encoders._checkpoint import Checkpoint, features_of
from actalign.encoders._torch import Placement, TorchEncoder, TransformersTowers, resize
from actalign.encoders._tower import VisionTower
from actalign.encoders._vision_shape import VisionShape
from actalign.errors import EncoderError


class TransformersEncoder(TransformersTowers, TorchEncoder):
    """A SigLIP, SigLIP 2 or CLIP checkpoint as an `Encoder`.

    Every text is lower-cased and padded to the tower's full length without an attention mask, as
    these models were trained; longer texts are cut, and `text_warnings` names them.
    """

    def __init__(self, checkpoint: Checkpoint, placement: Placement) -> None:
        super().__init__(checkpoint, placement)
        self._feed(self._image_tower(float8=placement.dtype == "float8"))

    def facts(self, config: Any) -> dict[str, Any]:
        """The length of its rows, and what one costs."""
        is_clip = self.model_type == "clip"
        return {
            "dim": int(config.projection_dim if is_clip else config.vision_config.hidden_size),
            "gflop_per_row": _gflop(config, self.model_type),
        }

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


def _gflop(config: Any, model_type: str) -> float:
    vision = config.vision_config
    if model_type == "siglip2":
        tokens = int(vision.num_patches)
    else:
        tokens = (vision.image_size // vision.patch_size) ** 2 + (model_type == "clip")
    shape = (vision.hidden_size, vision.num_hidden_layers, vision.intermediate_size)
    return VisionShape(tokens, *shape).gflop
