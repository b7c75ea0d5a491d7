"""Frames a second of a SigLIP base image tower on the CPU: this package beside transformers.

    python benchmarks/encode_cpu.py [--frames 8] [--repeats 2] [--threads N] [--openvino PYTHON]

Weights are random (SigLIP base, patch 16 at 224 pixels, 86 M parameters, 720p frames in), which
changes no timing. First checks that every contender gives the same embeddings, then times them in
turn and prints each one's ratio to the first, by the clock and by processor time, which other
programs disturb less: transformers as its documentation uses it (its Pillow processor on each
image, float32, eager attention). Says how much of each one's time is spent in the tower, and how
much of the tower's in matrix products, as the runtime's own profiler counts it.

PYTHON is the interpreter of an environment with openvino, which then runs the exported towers too.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import torch
import transformers
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from tiny_models import VISION, make_siglip

from actalign.encoders import Encoder, load_encoder
from actalign.encoders._export import export_onnx
from actalign.encoders._onnx import OnnxEncoder
from actalign.encoders._siglip import TransformersEncoder
from actalign.types import Float32, UInt8

BASE = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "image_size": 224,
    "patch_size": 16,
}
BATCH = 8
PEER = "transformers pipeline fp32 eager"
ONNX_PRODUCTS = {
    "Conv",
    "DynamicQuantizeMatMul",
    "FusedConv",
    "FusedGemm",
    "FusedMatMul",
    "Gemm",
    "MatMul",
    "MatMulInteger",
    "MatMulIntegerToFloat",
}
TORCH_PRODUCTS = {
    "aten::_scaled_dot_product_flash_attention_for_cpu",
    "aten::addmm",
    "aten::baddbmm",
    "aten::bmm",
    "aten::mkldnn_convolution",
    "aten::mm",
}
OPENVINO = """
import sys, time, numpy as np, openvino
folder, threads, repeats = sys.argv[1], *map(int, sys.argv[2:])
settings = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY"}
settings["INFERENCE_PRECISION_HINT"] = "f32"
model = openvino.Core().compile_model(folder + "/image.onnx", "CPU", settings)
pixels = np.load(folder + "/pixels.npy")
taken, spent = [], []
for _ in range(repeats + 1):
    start, before = time.perf_counter(), time.process_time()
    rows = next(v for v in model(pixels).values() if v.ndim == 2)
    taken.append(time.perf_counter() - start)
    spent.append(time.process_time() - before)
np.save(folder + "/rows.npy", rows)
print(min(taken[1:]), min(spent[1:]))
"""
Step = Callable[[UInt8], Any]


def transformers_pipeline(folder: Path) -> tuple[Step, Step]:
    """Encode as the model card does: processor on Pillow images, then get_image_features."""
    model = transformers.SiglipModel.from_pretrained(folder, attn_implementation="eager").eval()
    siglip = transformers.models.siglip
    kind = getattr(siglip, "SiglipImageProcessorPil", None) or siglip.SiglipImageProcessor
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
    assert isinstance(encoder, TransformersEncoder)
    return lambda frames: encoder.image_inputs(torch.from_numpy(frames))


def best_seconds(function: Step, frames: UInt8, repeats: int) -> tuple[float, float]:
    """The least of a few runs, by the clock and in processor seconds of all threads."""
    taken, spent = [], []
    for _ in range(repeats):
        start, before = time.perf_counter(), time.process_time()
        function(frames)
        taken.append(time.perf_counter() - start)
        spent.append(time.process_time() - before)
    return min(taken), min(spent)


def products_in_onnx(encoder: OnnxEncoder, folder: Path, frames: UInt8, threads: int) -> float:
    """Share of the image tower's time in matrix products, by ONNX Runtime's profiler."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    options.enable_profiling = True
    options.profile_file_prefix = str(folder / "profile")
    session = onnxruntime.InferenceSession(
        str(folder / "image.onnx"), options, providers=["CPUExecutionProvider"]
    )
    pixels = encoder.config.image.apply(frames)
    for start in range(0, len(pixels), encoder.batch_size):
        session.run(None, {"pixel_values": pixels[start : start + encoder.batch_size]})
    events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    nodes = [e for e in events if e.get("cat") == "Node" and e["name"].endswith("_kernel_time")]
    total = sum(e["dur"] for e in nodes)
    return sum(e["dur"] for e in nodes if e["args"]["op_name"] in ONNX_PRODUCTS) / total


def products_in_torch(encoder: TransformersEncoder, frames: UInt8) -> float:
    """Share of the image tower's time in matrix products, by torch's profiler."""
    inputs = encoder.image_inputs(torch.from_numpy(frames))
    with torch.inference_mode(), torch.profiler.profile() as profile:
        encoder.image_tower(**inputs)
    events = profile.key_averages()
    products = sum(e.self_cpu_time_total for e in events if e.key in TORCH_PRODUCTS)
    return products / sum(e.self_cpu_time_total for e in events)


def run_openvino(
    python: str, folder: Path, pixels: Float32, threads: int, repeats: int
) -> tuple[Float32, float, float]:
    """Rows, and the least seconds by the clock and of the processor, for the tower alone."""
    np.save(folder / "pixels.npy", pixels)
    given = [str(folder), str(threads), str(repeats)]
    done = subprocess.run(
        [python, "-c", OPENVINO, *given], capture_output=True, text=True, check=True
    )
    clock, spent = map(float, done.stdout.split()[-2:])
    return np.load(folder / "rows.npy"), clock, spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--openvino", metavar="PYTHON")
    parser.add_argument("--tiny", action="store_true", help="a tiny tower: does it still run?")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    random = np.random.default_rng(0)
    small = random.integers(0, 256, (options.frames, 12, 20, 3), dtype=np.uint8)
    frames = np.stack([np.asarray(Image.fromarray(f).resize((1280, 720), 3)) for f in small])

    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        folder = make_siglip(root / "siglip", VISION if options.tiny else BASE)
        for precision in ("fp32", "int8"):
            report = export_onnx(str(folder), root / precision, int8=precision == "int8")
            print(f"exported {precision}: least cosine with torch {report.image_cosine:.6f}")
        ours: dict[str, Any] = {
            "actalign torch fp32": load_encoder(str(folder), device="cpu", batch_size=BATCH),
            "actalign torch bf16": load_encoder(
                str(folder), device="cpu", dtype="bfloat16", batch_size=BATCH
            ),
            "actalign onnx fp32": OnnxEncoder(root / "fp32", threads=options.threads),
            "actalign onnx int8": OnnxEncoder(root / "int8", threads=options.threads),
        }
        encode, preprocess = transformers_pipeline(folder)
        contenders = {PEER: (encode, preprocess)}
        contenders |= {n: (e.encode_image, preprocessing_of(e)) for n, e in ours.items()}

        wanted = encode(frames)
        seconds: dict[str, tuple[float, float]] = {}
        load = os.getloadavg()[0]
        print(f"{options.frames} frames of 720x1280, {options.threads} threads, load {load:.1f}")
        for name, (run, before) in contenders.items():
            got = run(frames)
            norms = np.linalg.norm(got, axis=1) * np.linalg.norm(wanted, axis=1)
            cosine = float(((got * wanted).sum(axis=1) / norms).min())
            floor = {"int8": 0.99, "bf16": 0.999}.get(name[-4:], 0.9999)
            if cosine < floor:
                raise SystemExit(f"{name} disagrees: cosine {cosine:.6f} is below {floor}")
            seconds[name] = best_seconds(run, frames, options.repeats)
            share = 1 - best_seconds(before, frames, options.repeats)[1] / seconds[name][1]
            clock, spent = (a / b for a, b in zip(seconds[PEER], seconds[name], strict=True))
            products = ""
            if isinstance(ours.get(name), OnnxEncoder):
                inside = products_in_onnx(ours[name], root / name[-4:], frames, options.threads)
                products = f"  matrix products {inside:6.1%} of it"
            elif name in ours:
                products = f"  matrix products {products_in_torch(ours[name], frames):6.1%} of it"
            speed = options.frames / seconds[name][0]
            print(
                f"{name:32s} {speed:6.2f} frames/s  ratio {clock:5.2f}; "
                f"by processor time {spent:5.2f}  least cosine {cosine:.6f}  "
                f"in the tower {share:6.1%}{products}",
                flush=True,
            )
        for precision in ("fp32", "int8") if options.openvino else ():
            encoder = ours[f"actalign onnx {precision}"]
            pixels = encoder.config.image.apply(frames)
            rows, clock, spent = run_openvino(
                options.openvino, root / precision, pixels, options.threads, options.repeats
            )
            session = encoder._image
            tower = best_seconds(
                lambda given, session=session: session.run(None, {"pixel_values": given}),
                pixels,
                options.repeats,
            )
            norms = np.linalg.norm(rows, axis=1) * np.linalg.norm(wanted, axis=1)
            cosine = float(((rows * wanted).sum(axis=1) / norms).min())
            print(
                f"openvino {precision}, tower alone: {len(rows) / clock:6.2f} frames/s, "
                f"{tower[0] / clock:5.2f} of onnx runtime's, by processor time "
                f"{tower[1] / spent:5.2f}, least cosine {cosine:.6f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
