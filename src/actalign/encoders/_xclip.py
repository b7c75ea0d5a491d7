"""X-CLIP checkpoints, run by transformers: one vector per window of frames.

Source: "Expanding Language-Image Pretrained Models for General Video Recognition", arXiv
2208.02816. Its prompts, which adapt each text to what the video shows, are left out: here a text
has one embedding for all clips.
"""

from __future__ import annotations

from typing import Any

import torch

from actalign.encoders._checkpoint import features_of
from actalign.encoders._torch import TransformersWindows, of_windows


class XClipEncoder(TransformersWindows):
    """An X-CLIP checkpoint as a `WindowEncoder`.

    A window is one second by default, and a new one starts every half second; this is our choice.
    """

    def facts(self, config: Any) -> dict[str, Any]:
        """Windows of one second."""
        frames = int(config.vision_config.num_frames)
        dim = int(config.projection_dim)
        return of_windows(dim=dim, frames=frames, fps=float(frames), gflop=None)

    def window_features(self, pixels: torch.Tensor) -> torch.Tensor:
        """(N, D) embeddings of (N, F, 3, h, w) windows on the device."""
        return features_of(self.torch_model.get_video_features(pixel_values=pixels))
