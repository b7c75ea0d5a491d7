"""X-CLIP checkpoints through transformers: one vector for several frames.

Source: "Expanding Language-Image Pretrained Models for General Video Recognition", arXiv
2208.02816. Its prompts, which change each text by what the video shows, are left out: here a text
has one embedding for all clips.
"""

from __future__ import annotations

import torch

from actalign.encoder_info import EncoderInfo
from actalign.encoders._checkpoint import Checkpoint, features_of, licence_of, load_model
from actalign.encoders._torch import Placement, TorchWindows, TransformersTexts


class XClipEncoder(TransformersTexts, TorchWindows):
    """An X-CLIP checkpoint as a `WindowEncoder`.

    A window is one second by default, and there is one every half second: our choice.
    """

    def __init__(
        self, checkpoint: Checkpoint, *, model_id: str, revision: str | None, placement: Placement
    ) -> None:
        super().__init__(checkpoint.preprocessing, placement)
        self.torch_model, self.tokenizer = load_model(checkpoint, self.dtype)
        self.torch_model.to(self.device).eval()
        config = self.torch_model.config
        self.max_length = int(config.text_config.max_position_embeddings)
        frames = int(config.vision_config.num_frames)
        self.info = EncoderInfo(
            model_id=model_id,
            fingerprint=placement.marked(checkpoint.fingerprint),
            dim=int(config.projection_dim),
            logit_scale=checkpoint.logit_scale,
            logit_bias=checkpoint.logit_bias,
            dtype=placement.dtype,
            revision=revision,
            fps=float(frames),
            smoothing_seconds=0.0,
            context_length=self.max_length,
            licence=licence_of(checkpoint.folder),
            frames_per_row=frames,
            frames_between_rows=max(1, frames // 2),
        )

    def window_features(self, pixels: torch.Tensor) -> torch.Tensor:
        """(N, D) embeddings of (N, F, 3, h, w) windows on the device."""
        return features_of(self.torch_model.get_video_features(pixel_values=pixels))
