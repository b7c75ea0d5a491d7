"""PE-Video, alone or as the video half of PE-AV, through transformers: a vector for several frames.

Source: "Pushing the Frontier of Audiovisual Perception with Large-Scale Multimodal Correspondence
Learning" (PE-AV, Meta, 2025). Sound is not listened to. Its frames go through a tower of timm,
which needs torchvision.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from actalign.encoder_info import EncoderInfo
from actalign.encoders._checkpoint import Checkpoint, licence_of, load_model
from actalign.encoders._torch import Placement, TorchWindows
from actalign.encoders._vision_shape import VisionShape
from actalign.types import Float32

FRAMES, FPS = 16, 8.0


class PeVideoEncoder(TorchWindows):
    """A PE-Video or PE-AV checkpoint as a `WindowEncoder`.

    Windows are of 16 frames, as many as its checkpoints of a fixed length were trained with, at
    8 a second, one every second: our choice.

    Its logits are a scale times the product of vectors that are not normalised, plus a bias. Here
    rows are compared by cosine, of which that scale says nothing, so it counts as one without.
    """

    def __init__(
        self, checkpoint: Checkpoint, *, model_id: str, revision: str | None, placement: Placement
    ) -> None:
        super().__init__(checkpoint.preprocessing, placement)
        self.torch_model, self.tokenizer = load_model(checkpoint, self.dtype)
        self.torch_model.to(self.device).eval()
        text = self.torch_model.config.text_config
        self.max_length = min(int(text.max_position_embeddings), self.tokenizer.model_max_length)
        self.info = EncoderInfo(
            model_id=model_id,
            fingerprint=placement.marked(checkpoint.fingerprint),
            dim=int(text.hidden_size),
            logit_scale=None,
            logit_bias=None,
            dtype=placement.dtype,
            revision=revision,
            fps=FPS,
            smoothing_seconds=0.0,
            context_length=self.max_length,
            licence=licence_of(checkpoint.folder),
            frames_per_row=FRAMES,
            frames_between_rows=FRAMES // 2,
            gflop_per_row=_gflop(self.torch_model),
        )

    # transformers 5.23 has get_text_features and get_video_features as functions inside __init__,
    # where nobody can call them, so the parts are called as its forward pass calls them.
    def window_features(self, pixels: torch.Tensor) -> torch.Tensor:
        """(N, D) embeddings of (N, F, 3, h, w) windows on the device."""
        found = self.torch_model.video_encoder(pixel_values_videos=pixels).pooler_output
        rows: torch.Tensor = self.torch_model.video_head(found)
        return rows

    def token_ids(self, texts: Sequence[str]) -> torch.Tensor:
        """The tokens of the texts, (K, length) int64, filled up with the padding token."""
        ids: torch.Tensor = self.tokenizer(
            list(texts),
            padding=True,
            truncation=True,
            max_length=self.max_length,
            return_tensors="pt",
        )["input_ids"]
        return ids

    def count_tokens(self, text: str) -> int:
        """How many tokens the whole text has, with those that mark its ends."""
        return len(self.tokenizer(text, verbose=False)["input_ids"])

    def encode_text(self, texts: Sequence[str]) -> Float32:
        """Embed K texts as (K, D) float32; a text's row never depends on the other texts.

        One at a time, because how far a text is filled up changes its last bits.
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
    """The tower's blocks for each frame, and those along the frames."""
    tower: Any = getattr(model.video_encoder.embedder.vision_model, "timm_model", None)
    blocks = getattr(tower, "blocks", None)
    if not blocks:
        return None
    tokens = tower.patch_embed.num_patches + tower.num_prefix_tokens
    hidden = blocks[0].mlp.fc1.out_features
    frame = VisionShape(tokens, tower.embed_dim, len(blocks), hidden)
    config = model.config.video_config
    # Its perceptron has three matrices, the others' two.
    along = VisionShape(
        FRAMES + 1, config.hidden_size, config.num_hidden_layers, config.intermediate_size * 3 // 2
    )
    return FRAMES * frame.gflop + along.gflop
