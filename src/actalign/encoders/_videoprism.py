"""VideoPrism's video-text checkpoints through transformers: one vector for several frames.

Source: "VideoPrism: A Foundational Visual Encoder for Video Understanding", arXiv 2402.13217. Only
its models with a text tower are dual encoders (`videoprism-lvt-...`).
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

import torch

from actalign.encoder_info import EncoderInfo
from actalign.encoders._checkpoint import Checkpoint, features_of, licence_of, load_model
from actalign.encoders._torch import Placement, TorchWindows
from actalign.encoders._vision_shape import VisionShape

FPS = 8.0
_SPACES = str.maketrans(string.punctuation, " " * len(string.punctuation))


class VideoPrismEncoder(TorchWindows):
    """A VideoPrism checkpoint as a `WindowEncoder`.

    Its frames are taken at FPS, so that a window of 16 is two seconds, and there is one every half
    window: our choice. It was trained without a scale that it keeps, so it has none.
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
            dim=int(config.vision_config.hidden_size),
            logit_scale=None,
            logit_bias=None,
            dtype=placement.dtype,
            revision=revision,
            fps=FPS,
            smoothing_seconds=0.0,
            context_length=self.max_length,
            licence=licence_of(checkpoint.folder),
            frames_per_row=frames,
            frames_between_rows=max(1, frames // 2),
            gflop_per_row=_gflop(config.vision_config),
        )

    def window_features(self, pixels: torch.Tensor) -> torch.Tensor:
        """(N, D) embeddings of (N, F, 3, h, w) windows on the device."""
        rows = features_of(self.torch_model.get_video_features(pixel_values_videos=pixels))
        return rows.reshape(len(pixels), -1)

    def token_ids(self, texts: Sequence[str]) -> torch.Tensor:
        """The text tower's (K, max_length) int64 input, on the CPU."""
        ids: torch.Tensor = self.tokenizer(
            [canonical(text) for text in texts],
            padding="max_length",
            truncation=True,
            max_length=self.max_length,
            return_tensors="pt",
        )["input_ids"]
        return ids

    def count_tokens(self, text: str) -> int:
        """How many tokens the whole text has."""
        return len(self.tokenizer(canonical(text), verbose=False)["input_ids"])

    def text_features(self, ids: torch.Tensor) -> torch.Tensor:
        """(K, D) of `token_ids` on the device."""
        read = (ids != self.tokenizer.pad_token_id).long()
        return features_of(self.torch_model.get_text_features(input_ids=ids, attention_mask=read))


def canonical(text: str) -> str:
    """The text as the model was trained on it, by the authors' repository: in lower case, without
    punctuation and repeated spaces, and with a full stop."""
    return " ".join(text.translate(_SPACES).lower().split()) + "."


def _gflop(vision: Any) -> float:
    """Blocks within each frame, along each patch's times, and over all patches of all frames."""
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
