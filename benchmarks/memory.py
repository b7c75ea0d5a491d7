"""Memory against the number of clips: `actalign encode` and `actalign align`, as a user runs them.

Runs each command on more and more clips and prints the largest resident size of the process and its
decoders together. Usage: python benchmarks/memory.py [--clips 100 300 1000] [--stored 1000 10000
100000] [--model body]
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from actalign.clips._embed import embed_video
from actalign.clips._keys import Sampling
from actalign.clips._store import write_entry
from actalign.demo import demo_clips
from actalign.encoders._load import load_encoder


def resident_bytes(root: int) -> int:
    """Resident memory of a process and its children; pages that they share count in each."""
    parents: dict[int, int] = {}
    sizes: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            parents[int(entry.name)] = int(fields[1])
            sizes[int(entry.name)] = int(fields[21]) * 4096
    family = {root}
    while grown := {p for p, parent in parents.items() if parent in family} - family:
        family |= grown
    return sum(sizes.get(p, 0) for p in family)


def measured(*args: object) -> tuple[float, float, list[float]]:
    """Run a command; its seconds, peak MB, and the MB at each tenth of the run."""
    start = time.perf_counter()
    child = subprocess.Popen([sys.executable, "-m", "actalign", *map(str, args), "--quiet"])
    seen: list[float] = []
    while child.poll() is None:
        seen.append(resident_bytes(child.pid) / 1e6)
        time.sleep(0.1)
    if child.returncode:
        raise SystemExit(f"actalign {args[0]} failed")
    tenths = [seen[min(len(seen) - 1, round(n * len(seen) / 10))] for n in range(1, 11)]
    return time.perf_counter() - start, max(seen), tenths


def report(count: int, what: str, seconds: float, peak: float, curve: list[float]) -> None:
    line = " ".join(f"{mb:.0f}" for mb in curve)
    print(f"{count:7d} {what}: peak {peak:6.0f} MB in {seconds:6.1f} s; at each tenth: {line}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, nargs="*", default=[100, 300, 1000])
    parser.add_argument("--stored", type=int, nargs="*", default=[1000, 10000, 100000])
    parser.add_argument("--seconds", type=float, default=1.0, help="of each clip to encode")
    parser.add_argument("--model", default="body")
    args = parser.parse_args()
    demos = demo_clips()
    with tempfile.TemporaryDirectory() as folder:
        for count in args.clips:
            clips, store = Path(folder) / "clips", Path(folder) / "store"
            clips.mkdir()
            for n in range(count):
                source = demos[n % len(demos)].path
                shutil.copy(source, clips / f"{n:07d}{source.suffix}")
            flags = ("--out", store, "--model", args.model, "--end", args.seconds)
            report(count, "clips encoded", *measured("encode", clips, *flags))
            shutil.rmtree(clips)
            shutil.rmtree(store)
        if args.stored:
            encoder = load_encoder(args.model)
            clip = embed_video(
                encoder, demos[0].path, clip_id="x", sampling=Sampling(encoder.info.fps)
            )
            print(f"stored clips have {clip.embeddings.shape} embeddings")
        store = Path(folder) / "store"
        made = 0
        labels = ",".join(script.label for script in demos[0].scripts)
        for count in sorted(args.stored):
            for n in range(made, count):
                noise = np.random.default_rng(n).normal(0, 0.01, clip.embeddings.shape)
                entry = replace(
                    clip,
                    clip_id=f"{n:07d}",
                    embeddings=(clip.embeddings + noise).astype(np.float32),
                )
                write_entry(entry, store / f"{n:07d}.safetensors")
            made = count
            flags = ("--labels", labels, "--model", args.model)
            out = Path(folder) / "aligned.jsonl"
            report(count, "clips aligned", *measured("align", store, *flags, "--out", out))
            rows = sum(1 for _ in out.open("rb"))
            assert rows == count, f"{rows} rows of {count} clips"


if __name__ == "__main__":
    main()
