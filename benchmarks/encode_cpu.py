"""Frames a second of a SigLIP base image tower on the CPU: this package beside transformers.

    python benchmarks/encode_cpu.py [--frames 8] [--repeats 2] [--threads N]

Weights are random (SigLIP base, patch 16 at 224 pixels, 86 M parameters, 720p frames in), which
changes no timing. First checks that every contender gives the same embeddings, then times them in
turn and prints each one's ratio to the first: transformers as its documentation uses it (its
Pillow processor on each image, float32, eager attention).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from tiny_models import make_siglip

from actalign._types import Float32, UInt8
from actalign.encoder import Encoder, load_encoder
from actalign.export import export_onnx
from actalign.onnx import OnnxEncoder

BASE = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "image_size": 224,
    "patch_size": 16,
}
BATCH = 8
Step = Callable[[UInt8], Any]


def transformers_pipeline(folder: Path) -> tuple[Step, Step]:
    """Encode as the model card does: processor on Pillow images, then get_image_features."""
    model = transformers.SiglipModel.from_pretrained(folder, attn_implementation="eager").eval()
    kind = transformers.models.siglip
    kind = getattr(kind, "SiglipImageProcessorPil", None) or kind.SiglipImageProcessor
    processor = kind.from_pretrained(folder)

    def preprocess(frames: UInt8) -> list[torch.Tensor]:
        return [
            processor(
                images=[Image.fromarray(f) for f in frames[i : i + BATCH]], return_tensors="pt"
            )["pixel_values"]
            for i in range(0, len(frames), BATCH)
        ]

    def encode(frames: UInt8) -> Float32:
        with torch.inference_mode():
            outputs = [model.get_image_features(pixel_values=p) for p in preprocess(frames)]
        return np.concatenate([getattr(o, "pooler_output", o).numpy() for o in outputs])

    return encode, preprocess


def preprocessing_of(encoder: Encoder) -> Step:
    """The part of encode_image that comes before the tower."""
    if isinstance(encoder, OnnxEncoder):
        return encoder.config.image.apply
    return lambda frames: encoder.image_inputs(torch.from_numpy(frames))


def best_seconds(function: Step, frames: UInt8, repeats: int) -> float:
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        function(frames)
        taken.append(time.perf_counter() - start)
    return min(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    random = np.random.default_rng(0)
    small = random.integers(0, 256, (options.frames, 12, 20, 3), dtype=np.uint8)
    frames = np.stack([np.asarray(Image.fromarray(f).resize((1280, 720), 3)) for f in small])

    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        folder = make_siglip(root / "siglip-base", BASE)
        for precision in ("fp32", "int8"):
            report = export_onnx(str(folder), root / precision, int8=precision == "int8")
            print(f"exported {precision}: least cosine with torch {report.image_cosine:.6f}")
        ours = {
            "actalign torch fp32": load_encoder(str(folder), device="cpu", batch_size=BATCH),
            "actalign onnx fp32": OnnxEncoder.from_folder(root / "fp32", threads=options.threads),
            "actalign onnx int8": OnnxEncoder.from_folder(root / "int8", threads=options.threads),
        }
        encode, preprocess = transformers_pipeline(folder)
        contenders = {"transformers pipeline fp32 eager": (encode, preprocess)}
        contenders |= {n: (e.encode_image, preprocessing_of(e)) for n, e in ours.items()}

        wanted = encode(frames)
        seconds: dict[str, float] = {}
        print(f"{options.frames} frames of 720x1280, {options.threads} threads")
        for name, (run, before) in contenders.items():
            got = run(frames)
            norms = np.linalg.norm(got, axis=1) * np.linalg.norm(wanted, axis=1)
            cosine = float(((got * wanted).sum(axis=1) / norms).min())
            floor = 0.99 if "int8" in name else 0.9999
            if cosine < floor:
                raise SystemExit(f"{name} disagrees: cosine {cosine:.6f} is below {floor}")
            seconds[name] = best_seconds(run, frames, options.repeats)
            share = 1 - best_seconds(before, frames, options.repeats) / seconds[name]
            ratio = seconds["transformers pipeline fp32 eager"] / seconds[name]
            print(
                f"{name:34s} {options.frames / seconds[name]:6.2f} frames/s  ratio {ratio:5.2f}  "
                f"in the tower {share:6.1%}  least cosine {cosine:.6f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
