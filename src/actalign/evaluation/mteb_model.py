"""Our encoders as a model inside mteb: a video is the mean of its normalised frame embeddings.

    import mteb
    from actalign.evaluation.mteb_model import FrameEncoder

    model = FrameEncoder("google/siglip-base-patch16-224")
    mteb.evaluate(model, mteb.get_tasks(["HMDB51ZeroShot"]))

That is the baseline `mean_pool`: mteb compares one vector of a video with one of a text, so nothing
is aligned there. `actalign eval clips` reads the same data and aligns. Needs `actalign[mteb]`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from mteb.models.abs_encoder import AbsEncoder
from mteb.models.model_meta import ModelMeta, ScoringFunction

from actalign.alignment._similarity import normalize
from actalign.clips import Sampling, embed_video
from actalign.encoders import load_encoder
from actalign.errors import UsageError
from actalign.types import Float32


class FrameEncoder(AbsEncoder):  # type: ignore[misc]  # mteb has no types here
    """An encoder that encodes frame by frame, for mteb's video and text tasks.

    model_name: hub id, folder or "body"; revision: a commit of the hub. fps: frames encoded per
    second, None for the encoder's own. Raises EncoderError if the model is not available.
    """

    def __init__(
        self,
        model_name: str,
        revision: str | None = None,
        *,
        device: str | None = None,
        fps: float | None = None,
        **_: Any,
    ) -> None:
        pinned = model_name if revision is None else f"{model_name}@{revision}"
        self._encoder = load_encoder(pinned, device=device)
        info = self._encoder.info
        self._sampling = Sampling(info.fps if fps is None else fps)
        name = model_name if "/" in model_name.strip("/") else f"actalign/{model_name}"
        if Path(model_name).exists():
            name = f"actalign/{Path(model_name).resolve().name}"
        self.mteb_model_meta = ModelMeta.create_empty(
            {
                "name": name,
                "revision": info.revision or info.fingerprint,
                "embed_dim": info.dim,
                "modalities": ["text", "video"],
                "similarity_fn_name": ScoringFunction.COSINE,
            }
        )

    def encode(self, inputs: Iterable[Mapping[str, Any]], **_: Any) -> Float32:
        """(N, D) one row per text or video, in order; other inputs are refused with UsageError.

        A video is a file's path, its bytes, or what `datasets` makes of one.
        """
        rows: list[Float32] = []
        for batch in inputs:
            if "video" in batch and "text" not in batch:
                rows += [self._pooled(video) for video in batch["video"]]
            elif "text" in batch and "video" not in batch:
                rows += list(self._encoder.encode_text(list(batch["text"])))
            else:
                given = ", ".join(batch)
                raise UsageError(
                    f"The inputs are {given}; give texts or videos: one vector can't stand for "
                    "both."
                )
        return np.stack(rows).astype(np.float32)

    def _pooled(self, video: Any) -> Float32:
        """(D,) the mean of the normalised rows of a video's frames."""
        given = getattr(video, "_hf_encoded", video)  # `datasets` leaves a decoder its file
        if isinstance(given, Mapping):
            given = given.get("bytes") or given.get("path")
        if isinstance(given, bytes):
            with tempfile.NamedTemporaryFile(suffix=".mp4") as file:
                file.write(given)
                file.flush()
                return self._rows(Path(file.name))
        if not isinstance(given, str | Path):
            raise UsageError(f"A video is given as {type(video).__name__}, which can't be read.")
        return self._rows(Path(given))

    def _rows(self, path: Path) -> Float32:
        clip = embed_video(self._encoder, path, clip_id=path.name, sampling=self._sampling)
        mean: Float32 = normalize(clip.embeddings).mean(axis=0)
        return mean
