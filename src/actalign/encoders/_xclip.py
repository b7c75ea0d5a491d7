"""X-CLIP checkpoints through transformers: one vector for several frames.

Source: "Expanding Language-Image Pretrained Models for General Video Recognition", arXiv
2208.02816. Its prompts, which change each text by what the video shows, are left out: here a text
has one embedding for all clips.
"""

from __future__ import annotations

import numpy as np
import torch

from actalign.encoder_info import EncoderInfo
from actalign.encoders._checkpoint import Checkpoint, features_of, licence_of, load_model
from actalign.encoders._preprocessing import check_frames
from actalign.encoders._torch import DTYPES, Placement, TransformersTexts, normalise, prepared
from actalign.errors import ArrayError, EncoderError
from actalign.types import Float32, UInt8


class XClipEncoder(TransformersTexts):
    """An X-CLIP checkpoint as a `WindowEncoder`.

    A window is one second by default, and there is one every half second: our choice.
    """

    def __init__(
        self, checkpoint: Checkpoint, *, model_id: str, revision: str | None, placement: Placement
    ) -> None:
        if placement.dtype == "float8":
            raise EncoderError(f"{model_id!r} can't run in float8; use bfloat16.")
        self.device = torch.device(placement.device)
        self.dtype = DTYPES[placement.dtype]
        self.batch_size = placement.batch_size
        self.preprocessing = checkpoint.preprocessing
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

    def encode_windows(self, windows: UInt8) -> Float32:
        """Embed (N, F, H, W, 3) uint8 RGB windows, each by itself, as (N, D) float32."""
        count = self.info.frames_per_row
        if windows.ndim != 5 or windows.shape[1] != count:
            raise ArrayError(f"Windows must be (N, {count}, H, W, 3), not {windows.shape}.")
        at_once = max(1, self.batch_size // count)
        out = np.empty((len(windows), self.info.dim), np.float32)
        with torch.inference_mode():
            for start in range(0, len(windows), at_once):
                part = windows[start : start + at_once]
                frames = part.reshape(-1, *part.shape[2:])
                check_frames(frames)
                there = torch.from_numpy(np.array(frames)).to(self.device)
                pixels = normalise(prepared(there, self.preprocessing), self.preprocessing)
                pixels = pixels.to(self.dtype).reshape(len(part), count, *pixels.shape[1:])
                rows = features_of(self.torch_model.get_video_features(pixel_values=pixels))
                out[start : start + len(part)] = rows.float().cpu().numpy()
        return out

    def encode_image(self, frames: UInt8) -> Float32:
        """Embed (T, H, W, 3) uint8 RGB frames, each as a window in which nothing moves."""
        check_frames(frames)
        return self.encode_windows(np.repeat(frames[:, None], self.info.frames_per_row, axis=1))
