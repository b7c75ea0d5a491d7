"""Frames a second of SigLIP's image tower, from H.264 files to embeddings: ours and transformers'.

    python benchmarks/encode_gpu.py [--device cuda:0] [--dtypes bfloat16 float8] [--clips DIR]
    python benchmarks/encode_gpu.py --tiny          # any machine, in seconds: does it still run?

Random weights at the shape of google/siglip-so400m-patch14-384 by default, which changes no
timing. First compares, on every frame of every clip, with transformers in float32 (the cosine must
be at least 0.999, but for float8, where it is only told); then prints frames a second of

- the bare matrix product: what the tower's operations would take at the speed of its largest one,
- the tower alone, its input on the device already: transformers' as it is and compiled by torch,
  then ours,
- decoding alone, by as many processes as the whole uses,
- the whole, from files to embeddings on the host, for --copies rounds of the clips,

and transformers' own way beside it: Pillow images, its processor, float32, 32 at a time.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
import transformers
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from tiny_models import VISION, make_siglip

from actalign.clips._embed import embed_videos
from actalign.clips._keys import Sampling
from actalign.encoders._load import load_encoder
from actalign.encoders._siglip import TransformersEncoder
from actalign.types import Float32, UInt8
from actalign.video._listing import list_videos
from actalign.video._worker import DecodeProcess

SO400M = {
    "hidden_size": 1152,
    "intermediate_size": 4304,
    "num_hidden_layers": 27,
    "num_attention_heads": 16,
    "image_size": 384,
    "patch_size": 14,
}
LEAST_COSINE = 0.999
BICUBIC = Image.Resampling.BICUBIC


def operations(vision: dict[str, int]) -> float:
    """Floating point operations of the image tower for one frame, matrix products only."""
    width, inner = vision["hidden_size"], vision["intermediate_size"]
    tokens = (vision["image_size"] // vision["patch_size"]) ** 2
    layer = 8 * tokens * width**2 + 4 * tokens**2 * width + 4 * tokens * width * inner
    return vision["num_hidden_layers"] * layer + 6 * tokens * width * vision["patch_size"] ** 2


def write_clips(folder: Path, *, count: int, frames: int, size: tuple[int, int]) -> None:
    """H.264 files of a soft texture that drifts, so that frames differ and decoding has work."""
    width, height = size
    random = np.random.default_rng(0)
    for number in range(count):
        soft = random.integers(0, 256, (24, 40, 3), dtype=np.uint8)
        wide = np.asarray(Image.fromarray(soft).resize((2 * width, height), BICUBIC))
        with av.open(str(folder / f"clip-{number:03d}.mp4"), "w") as container:
            stream = container.add_stream("libx264", rate=30)
            stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            for t in range(frames):
                picture = np.ascontiguousarray(wide[:, t * width // frames :][:, :width])
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                container.mux(stream.encode(frame.reformat(format="yuv420p")))
            container.mux(stream.encode())


class Transformers:
    """Encode as the model card does: Pillow images, the processor, get_image_features."""

    def __init__(self, folder: Path, device: str) -> None:
        self.device = device
        self.model = transformers.SiglipModel.from_pretrained(folder).eval().to(device)
        siglip = transformers.models.siglip
        kind = getattr(siglip, "SiglipImageProcessorPil", None) or siglip.SiglipImageProcessor
        self.processor = kind.from_pretrained(folder)

    def encode(self, path: Path, batch_size: int = 32) -> Float32:
        rows = []
        with av.open(str(path)) as container:
            images = (frame.to_image() for frame in container.decode(video=0))
            while batch := list(islice(images, batch_size)):
                pixels = self.processor(images=batch, return_tensors="pt")["pixel_values"]
                with torch.inference_mode():
                    found = self.model.get_image_features(pixel_values=pixels.to(self.device))
                rows.append(getattr(found, "pooler_output", found).cpu().numpy())
        return np.concatenate(rows)


def decode_all(videos: list[Path], processes: int) -> int:
    """Decode every frame of every clip in child processes and count them."""
    shares = [videos[n::processes] for n in range(processes)]

    def decode(share: list[Path]) -> int:
        with DecodeProcess() as child:
            batches = (batch for path in share for batch in child.sample_frames(path))
            return sum(len(batch) for batch in batches)

    with ThreadPoolExecutor(processes) as pool:
        return sum(pool.map(decode, shares))


def seconds_of(device: str, work: Callable[[], Any], repeats: int) -> float:
    """The least of a few runs, the device's work included."""
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        if device.startswith("cuda"):
            torch.cuda.synchronize(device)
        taken.append(time.perf_counter() - start)
    return min(taken)


def product_rate(device: str, dtype: torch.dtype, rows: int, vision: dict[str, int]) -> float:
    """Operations a second of the tower's largest matrix product, by itself."""
    width, inner = vision["hidden_size"], vision["intermediate_size"]
    a = torch.randn(rows, width, device=device).to(dtype)
    b = torch.randn(width, inner, device=device).to(dtype)

    def work() -> None:
        for _ in range(20):
            a @ b

    work()
    return 20 * 2 * rows * width * inner / seconds_of(device, work, 3)


def describe(device: str) -> str:
    cores = len(os.sched_getaffinity(0))
    name = torch.cuda.get_device_name(device) if device.startswith("cuda") else "the CPU"
    return f"{name}, {cores} cores of {platform.machine()}, torch {torch.__version__}"


def blocks_of(videos: list[Path]) -> Iterator[UInt8]:
    with DecodeProcess() as child:
        for path in videos:
            yield from (batch.frames for batch in child.sample_frames(path))


def agreement(ours: dict[Path, Float32], wanted: dict[Path, Float32]) -> tuple[float, float]:
    """Least cosine of a frame, and how often 1,000 random candidates have the same winner.

    The mean frame is taken off before candidates are compared: it is most of every embedding of a
    tower with random weights, and would have one candidate win everywhere.
    """
    a, b = (np.concatenate([rows[path] for path in wanted]) for rows in (ours, wanted))
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    candidates = np.random.default_rng(0).normal(size=(b.shape[1], 1000)).astype(np.float32)
    first, second = (((rows - b.mean(axis=0)) @ candidates).argmax(axis=1) for rows in (a, b))
    return float(((a * b).sum(axis=1) / norms).min()), float((first == second).mean())


def tower_speed(device: str, tower: Callable[..., torch.Tensor], inputs: dict[str, Any]) -> float:
    """Frames a second of a tower whose input is there already."""
    with torch.inference_mode():
        tower(**inputs)
        seconds = seconds_of(device, lambda: [tower(**inputs) for _ in range(5)], 3)
    return 5 * len(inputs["pixel_values"]) / seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = "cuda:0" if torch.cuda.is_available() else "cpu"
    parser.add_argument("--device", default=default)
    parser.add_argument("--dtypes", nargs="+", help="one after another; bfloat16 on CUDA")
    parser.add_argument("--clips", type=Path, help="folder of videos; else some are made")
    parser.add_argument("--copies", type=int, default=16, help="rounds of the clips a timed run")
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--decoders", type=int, default=max(1, len(os.sched_getaffinity(0)) // 2))
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--tiny", action="store_true", help="a tiny tower and tiny clips")
    options = parser.parse_args()
    device, vision = options.device, VISION if options.tiny else SO400M

    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        folder = make_siglip(root / "siglip", vision)
        clips = options.clips or root / "clips"
        if not options.clips:
            clips.mkdir()
            count, frames = (3, 20) if options.tiny else (6, 160)
            size = (160, 96) if options.tiny else (1280, 720)
            write_clips(clips, count=count, frames=frames, size=size)
        videos = list_videos([clips])
        print(f"device: {describe(device)}")

        theirs = Transformers(folder, device)
        start = time.perf_counter()
        wanted = {path: theirs.encode(path) for path in videos}
        total = sum(map(len, wanted.values()))
        their_speed = total / (time.perf_counter() - start)
        del theirs
        copies = videos * options.copies
        seconds = seconds_of(device, lambda: decode_all(copies, options.decoders), options.repeats)
        decoding = options.copies * total / seconds

        for dtype in options.dtypes or ["bfloat16" if device.startswith("cuda") else "float32"]:
            encoder = load_encoder(
                str(folder), device=device, dtype=dtype, batch_size=options.batch_size
            )
            assert isinstance(encoder, TransformersEncoder)

            def embed(copies: int, encoder: Any = encoder) -> dict[str, Any]:
                named = {f"{n} {i}": path for n in range(copies) for i, path in enumerate(videos)}
                found = embed_videos(encoder, named, sampling=Sampling(), at_once=options.decoders)
                return {result.clip_id: result for result in found}

            got = {result.path: result.clip.embeddings for result in embed(1).values()}
            cosine, same = agreement(got, wanted)
            print(
                f"\n{dtype}: {total} frames of {len(videos)} clips, batch {encoder.batch_size}, "
                f"{options.decoders} decoders\n"
                f"least cosine with transformers float32 {cosine:.6f}, same top-1 {same:.1%}"
            )
            if not cosine >= LEAST_COSINE and dtype != "float8":
                raise SystemExit(f"{dtype} disagrees: {cosine:.6f} is below {LEAST_COSINE}")

            block = next(blocks_of(videos))
            frames = np.resize(block, (encoder.batch_size, *block.shape[1:]))
            with torch.inference_mode():
                inputs = encoder.image_inputs(torch.from_numpy(frames).to(device))
            tokens = (vision["image_size"] // vision["patch_size"]) ** 2
            rate = product_rate(device, encoder.dtype, encoder.batch_size * tokens, vision)
            limit = rate / operations(vision)
            results = {f"bare {encoder.dtype} product ({rate / 1e12:.3g} TFLOP/s)": limit}
            if dtype != "float8":

                def features(model: Any = encoder.torch_model, **inputs: Any) -> torch.Tensor:
                    found = model.get_image_features(**inputs)
                    return getattr(found, "pooler_output", found)

                results[f"transformers {dtype}, tower alone"] = tower_speed(
                    device, features, inputs
                )
                if device.startswith("cuda"):
                    results[f"transformers {dtype} compiled, tower alone"] = tower_speed(
                        device, torch.compile(features, dynamic=False), inputs
                    )
            results[f"actalign {dtype}, tower alone"] = tower_speed(
                device, encoder.image_tower, inputs
            )
            results["decoding alone"] = decoding
            spent = seconds_of(device, partial(embed, options.copies), options.repeats)
            results[f"actalign {dtype}, files to embeddings"] = options.copies * total / spent
            results["transformers float32, files to embeddings"] = their_speed
            for name, speed in results.items():
                print(
                    f"{name:50s} {speed:10.2f} frames/s  {speed / limit:6.1%} of the product  "
                    f"{speed / their_speed:8.2f}"
                )
            del encoder


if __name__ == "__main__":
    main()
