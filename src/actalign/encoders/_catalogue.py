"""Recommended models, what is known about each without its files, and what it costs.

Nothing here contacts the hub: a model is found in the cache or counts as absent.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from actalign.encoders._load import DEFAULT_MODEL
from actalign.encoders._vision_shape import VisionShape
from actalign.errors import EncoderError

CLIP_SECONDS, NATIVE_FPS = 10.0, 25.0
"""The clip for which the cost is given, and its frame rate if an encoder takes all frames."""
SMALL_MODEL = "google/siglip-base-patch16-224"
"""A small model of the default model's family."""


B16 = VisionShape(196, 768, 12, 3072)
L14 = VisionShape(577, 1024, 24, 4096)
SO400M = VisionShape(729, 1152, 27, 4304)


@dataclass(frozen=True, slots=True)
class Model:
    """A model by name. scale: as in `EncoderInfo`. good_at: a phrase. licence: of the weights.

    vision: None if it isn't a vision transformer. across: GFLOP per row in addition to those of its
    frames. fps: sampled by default; None for all frames. modules: those that must be importable.
    hub: where its files are, if not under its name.
    """

    name: str
    scale: str
    good_at: str
    licence: str = "apache-2.0"
    context: int | None = None
    vision: VisionShape | None = None
    across: float = 0.0
    frames_per_row: int = 1
    frames_between_rows: int = 1
    fps: float | None = None
    extra: str = "siglip"
    modules: tuple[str, ...] = ("torch", "transformers")
    hub: str = ""

    @property
    def gflop_per_row(self) -> float | None:
        """For the image tower; None if unknown."""
        if self.vision is None:
            return None
        return self.vision.gflop * self.frames_per_row + self.across

    @property
    def gflop_per_clip(self) -> float | None:
        """For a clip of CLIP_SECONDS."""
        if self.gflop_per_row is None:
            return None
        rows = CLIP_SECONDS * (self.fps or NATIVE_FPS) / self.frames_between_rows
        return rows * self.gflop_per_row

    @property
    def needs(self) -> str | None:
        """The extra and the package that must be installed first; None if nothing is missing."""
        missing = {module for module in self.modules if find_spec(module) is None}
        named = [f"actalign[{self.extra}]"] if missing - {"torchvision"} else []
        if "torchvision" in missing:  # not part of every extra, and its release must match torch's
            named.append("torchvision of torch's release")
        return " and ".join(named) or None

    def cached_bytes(self, cache: Path) -> int | None:
        """Size of its files in the hub's cache; None if its weights are not there."""
        folder = f"models--{(self.hub or self.name).replace('/', '--')}"
        snapshots = cache / folder / "snapshots"
        for found in sorted(snapshots.glob("*")):
            if any(found.glob("*.safetensors")):
                return sum(file.stat().st_size for file in found.rglob("*") if file.is_file())
        return None


_OPEN_CLIP = ("torch", "torchvision", "open_clip")

MODELS = (
    Model(
        "body",
        "sigmoid",
        "human movement, one person at a time; no GPU",
        "apache-2.0, mit",
        extra="body",
        modules=("onnxruntime", "tokenizers"),
    ),
    Model(DEFAULT_MODEL, "sigmoid", "the paper's choice", context=64, vision=SO400M),
    Model(SMALL_MODEL, "sigmoid", "fast", context=64, vision=B16),
    Model("google/siglip2-base-patch16-224", "sigmoid", "fast", context=64, vision=B16),
    Model("google/siglip2-so400m-patch14-384", "sigmoid", "pictures", context=64, vision=SO400M),
    Model(
        "openai/clip-vit-large-patch14",
        "softmax",
        "comparison with earlier work",
        "not stated",
        77,
        VisionShape(257, 1024, 24, 4096),
    ),
    Model(
        "open_clip:PE-Core-B-16/meta",
        "softmax",
        "video frames, fast",
        "apache-2.0",
        32,
        VisionShape(197, 768, 12, 3072),
        hub="timm/PE-Core-B-16",
        extra="open-clip",
        modules=_OPEN_CLIP,
    ),
    Model(
        "open_clip:PE-Core-L-14-336/meta",
        "softmax",
        "frames of videos",
        "apache-2.0",
        32,
        L14,
        hub="timm/PE-Core-L-14-336",
        extra="open-clip",
        modules=_OPEN_CLIP,
    ),
    Model(
        "microsoft/xclip-base-patch32",
        "softmax",
        "movement in windows of 8 frames",
        "mit",
        77,
        VisionShape(50, 768, 12, 3072),
        frames_per_row=8,
        frames_between_rows=4,
        fps=8.0,
    ),
    Model(
        "google/videoprism-lvt-base-f16r288",
        "none",
        "movement in windows of 16 frames",
        context=64,
        vision=VisionShape(256, 768, 12, 3072),
        across=256 * VisionShape(16, 768, 4, 3072).gflop + VisionShape(4096, 768, 2, 3072).gflop,
        frames_per_row=16,
        frames_between_rows=8,
        fps=8.0,
    ),
    Model(
        "facebook/pe-av-large",
        "none",
        "movement in windows of 16 frames; sound is not used",
        "see its card",
        vision=L14,
        across=VisionShape(17, 1792, 6, 7200).gflop,
        frames_per_row=16,
        frames_between_rows=8,
        fps=8.0,
        extra="open-clip",
        modules=("torch", "torchvision", "timm"),
    ),
    Model(
        "st:Qwen/Qwen3-VL-Embedding-2B",
        "none",
        "images and long texts; a language model's knowledge",
        "apache-2.0",
        extra="sentence-transformers",
        modules=("torch", "torchvision", "sentence_transformers"),
        hub="Qwen/Qwen3-VL-Embedding-2B",
    ),
)


def hub_cache() -> Path:
    """Where the hub's client keeps models, according to its environment variables."""
    return Path(os.environ.get("HF_HUB_CACHE") or hub_home() / "hub").expanduser()


def hub_home() -> Path:
    """The folder of the hub's client, according to its environment variables."""
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(os.environ.get("HF_HOME") or Path(base, "huggingface")).expanduser()


def device_speed() -> tuple[str, float]:
    """The device that is used if none is named, and its GFLOP/s in a matrix product.

    In bfloat16 on CUDA, else float32, as encoders compute there. An upper bound on their speed.
    """
    if find_spec("torch") is None:
        a = np.ones((1024, 1024), np.float32)
        return "cpu", _speed(1024, lambda: a @ a)
    import torch

    from actalign.encoders._torch import choose_device

    device = choose_device(None)
    size = 1024 if device == "cpu" else 8192
    dtype = torch.bfloat16 if device.startswith("cuda") else torch.float32
    b = torch.ones((size, size), dtype=dtype, device=device)
    return device, _speed(size, lambda: float((b @ b)[0, 0]))


def _speed(size: int, product: Callable[[], object]) -> float:
    product()
    best = float("inf")
    for _ in range(3):
        begun = time.perf_counter()
        product()
        best = min(best, time.perf_counter() - begun)
    return float(2 * size**3 / best / 1e9)


def body_fetched() -> bool:
    """Whether the weights of `body` and the packages that use them are here; uses no network."""
    try:
        from actalign.encoders.body._weights import missing_weights
    except EncoderError:  # the extra is not installed
        return False
    return not missing_weights()
