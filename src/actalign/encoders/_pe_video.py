"""PE-Video, alone or as the video half of PE-AV, through transformers: one vector per window.

Source: "Pushing the Frontier of Audiovisual Perception with Large-Scale Multimodal Correspondence
Learning" (PE-AV, Meta, 2025). Sound is not used. Its frames go through a timm tower, which needs
torchvision.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from actalign.encoders._torch import TransformersWindows, of_windows
from actalign.encoders._vision_shape import VisionShape
from actalign.types import Float32

FRAMES, FPS = 16, 8.0


class PeVideoEncoder(TransformersWindows):
    """A PE-Video or PE-AV checkpoint as a `WindowEncoder`.

    Windows have 16 frames, as many as its fixed-length checkpoints were trained with, at 8 frames a
    second, with a new window every second; this is our choice.

    Its logits are a scale times the product of vectors that are not normalised, plus a bias. Here
    rows are compared by cosine, to which that scale doesn't apply, so it counts as a model without
    a scale.
    """

    full_length = False

    def facts(self, config: Any) -> dict[str, Any]:
        """Windows of FRAMES."""
        dim, gflop = int(config.text_config.hidden_size), _gflop(self.torch_model)
        return of_windows(dim=dim, frames=FRAMES, fps=FPS, gflop=gflop)

    def most_tokens(self) -> int:
        """How many tokens the tower and its tokenizer take."""
        return min(super().most_tokens(), self.tokenizer.model_max_length)

    def as_trained(self, text: str) -> str:
        """The text unchanged."""
        return text

    # transformers 5.23 has get_text_features and get_video_features as functions inside __init__,
    # where they can't be called, so the parts are called as in its forward pass.
    def window_features(self, pixels: torch.Tensor) -> torch.Tensor:
        """(N, D) embeddings of (N, F, 3, h, w) windows on the device."""
        found = self.torch_model.video_encoder(pixel_values_videos=pixels).pooler_output
        rows: torch.Tensor = self.torch_model.video_head(found)
        return rows

    def encode_text(self, texts: Sequence[str]) -> Float32:
        """Embed K texts as (K, D) float32; a text's row never depends on the other texts.

        One at a time, because the amount of padding changes the last bits of a row.
        """
        rows = [super(PeVideoEncoder, self).encode_text([text]) for text in texts]
        return np.concatenate([np.empty((0, self.info.dim), np.float32), *rows])

    def text_features(self, ids: torch.Tensor) -> torch.Tensor:
        """(K, D) of `token_ids` on the device."""
        read = (ids != self.tokenizer.pad_token_id).long()
        states = self.torch_model.text_model(input_ids=ids, attention_mask=read).last_hidden_state
        rows: torch.Tensor = self.torch_model.text_video_head(states[:, 0])
        return rows


def _gflop(model: Any) -> float | None:
    """The tower's blocks for each frame, and the blocks across frames."""
    tower: Any = getattr(model.video_encoder.embedder.vision_model, "timm_model", None)
    blocks = getattr(tower, "blocks", None)
    if not blocks:
        return None
    tokens = tower.patch_embed.num_patches + tower.num_prefix_tokens
    hidden = blocks[0].mlp.fc1.out_features
    frame = VisionShape(tokens, tower.embed_dim, len(blocks), hidden)
    config = model.config.video_config
    # Its MLP has three matrices; the others' have two.
    along = VisionShape(
        FRAMES + 1, config.hidden_size, config.num_hidden_layers, config.intermediate_size * 3 // 2
    )
    return FRAMES * frame.gflop + along.gflop
