"""VideoPrism's video-text checkpoints, run by transformers: one vector per window of frames.

Source: "VideoPrism: A Foundational Visual Encoder for Video Understanding", arXiv 2402.13217. Only
its models with a text tower are dual encoders (`videoprism-lvt-...`).
"""

from __future__ import annotations

import string
from typing import Any

import torch

from actalign.encoders._checkpoint import features_of
from actalign.encoders._torch import TransformersWindows, of_windows
from actalign.encoders._vision_shape import VisionShape

FPS = 8.0
_SPACES = str.maketrans(string.punctuation, " " * len(string.punctuation))


class VideoPrismEncoder(TransformersWindows):
    """A VideoPrism checkpoint as a `WindowEncoder`.

    Frames are sampled at FPS, so that a window of 16 is two seconds, and a new window starts every
    half window; this is our choice. Its checkpoints store no scale, so it has none.
    """

    def facts(self, config: Any) -> dict[str, Any]:
        """A window has as many frames as the checkpoint was trained with."""
        vision = config.vision_config
        dim, frames = int(vision.hidden_size), int(vision.num_frames)
        return of_windows(dim=dim, frames=frames, fps=FPS, gflop=_gflop(vision))

    def window_features(self, pixels: torch.Tensor) -> torch.Tensor:
        """(N, D) embeddings of (N, F, 3, h, w) windows on the device."""
        rows = features_of(self.torch_model.get_video_features(pixel_values_videos=pixels))
        return rows.reshape(len(pixels), -1)

    def as_trained(self, text: str) -> str:
        """The text as the authors' repository has it: in lower case, without punctuation and
        repeated spaces, and with a full stop."""
        return " ".join(text.translate(_SPACES).lower().split()) + "."

    def text_features(self, ids: torch.Tensor) -> torch.Tensor:
        """(K, D) of `token_ids` on the device."""
        read = (ids != self.tokenizer.pad_token_id).long()
        return features_of(self.torch_model.get_text_features(input_ids=ids, attention_mask=read))


def _gflop(vision: Any) -> float:
    """Blocks within each frame, across time for each patch, and over all patches of all frames."""
    size = vision.image_size
    height, width = (size, size) if isinstance(size, int) else size
    patches = (height // vision.tubelet_size[1]) * (width // vision.tubelet_size[2])
    frames = vision.num_frames
    wide, mlp = vision.hidden_size, vision.intermediate_size
    return (
        frames * VisionShape(patches, wide, vision.num_spatial_layers, mlp).gflop
        + patches * VisionShape(frames, wide, vision.num_temporal_layers, mlp).gflop
        + VisionShape(patches * frames, wide, vision.num_auxiliary_layers, mlp).gflop
    )
