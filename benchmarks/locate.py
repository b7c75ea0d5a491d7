"""How well `actalign locate` finds planted actions in a long video, and what memory it takes.

    python benchmarks/locate.py [--minutes 180] [--fps 2] [--seed 0] [--out FOLDER]

Makes the video (mini_atlas/long_video.py; drawing takes minutes the first time), runs the real
command on it, and prints precision, recall and F1 at temporal IoU 0.5 with Wilson intervals, the
time of each stage and the peak memory of the command and of its decoder. A find is right when it
has the planted action's label and an IoU of at least 0.5 with it; an action counts once. The
threshold was chosen on seed 1, so measure on another.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "mini_atlas"))

from long_video import WANTED, make

from actalign.evaluation._metrics import temporal_iou, wilson_interval


def run_measured(command: list[str]) -> tuple[float, int, int]:
    """Run actalign; wall seconds, and the peak MiB of its process and of its largest child."""
    before = time.perf_counter()
    own = below = 0
    with tempfile.TemporaryFile("w+") as errors:
        run = subprocess.Popen(
            [sys.executable, "-m", "actalign", *command], stdout=subprocess.DEVNULL, stderr=errors
        )
        while run.poll() is None:
            own = max(own, peak_mib(run.pid))
            with contextlib.suppress(OSError):
                children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text()
                below = max([below, *(peak_mib(int(child)) for child in children.split())])
            time.sleep(0.5)
        if run.returncode:
            errors.seek(0)
            sys.exit(f"The command failed: actalign {' '.join(command)}\n{errors.read()}")
    return time.perf_counter() - before, own, below


def peak_mib(process: int) -> int:
    """The peak resident memory that Linux has noted for a process, in MiB; 0 for none."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) // 1024
    return 0


def matched(finds: list[dict], truth: list[dict], least: float = 0.5) -> list[float]:
    """The IoU of each right find, best scores first, every true action once."""
    left, good = list(truth), []
    for find in sorted(finds, key=lambda row: -row["candidates"][0]["score"]):
        for true in left:
            if true["label"] != find["candidates"][0]["label"]:
                continue
            iou = temporal_iou(
                (true["start_seconds"], true["end_seconds"]),
                (find["start_seconds"], find["end_seconds"]),
            )
            if iou >= least:
                good.append(iou)
                left.remove(true)
                break
    return good


def measure(video: Path, *, fps: float, store: Path) -> tuple[list[dict], list[dict]]:
    """Run the command, printing what it takes, and again from the store; its finds, the truth."""
    out = store / "finds.jsonl"
    command = ["locate", str(video), "--scripts", str(video.with_suffix(".scripts.json"))]
    command += ["--model", "body", "--fps", f"{fps:g}", "--store", str(store), "--quiet"]
    command += ["--decode-timeout", "1800", "--out", str(out)]
    for _ in range(2):
        before = set(store.glob("*.safetensors"))
        wall, own, below = run_measured(command)
        made = set(store.glob("*.safetensors")) - before
        stage = "decode, encode and locate" if made else "locate, embeddings from the store"
        print(
            f"{stage}: {wall:.0f} s; peak {own} MiB"
            + (f", its decoder {below} MiB" if made else ""),
            flush=True,
        )
        if not made:
            break
    finds = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    lines = video.with_suffix(".truth.jsonl").read_text(encoding="utf-8").splitlines()
    return finds, [json.loads(line) for line in lines]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=180.0)
    parser.add_argument("--fps", type=float, default=2.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--performers", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("long-video"))
    parser.add_argument("--store", type=Path, help="Keep the embeddings here.")
    args = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "2")
    video = make(
        args.out, minutes=args.minutes, seed=args.seed, performers=args.performers, processes=2
    )
    size = video.stat().st_size / 1e6
    print(f"{video.name}: {args.minutes:g} minutes, {size:.0f} MB, {args.fps:g} frames a second")
    with tempfile.TemporaryDirectory() as folder:
        finds, truth = measure(video, fps=args.fps, store=args.store or Path(folder))
    shown = {row["piece"] for row in truth}
    good = matched(finds, truth)
    print(f"{len(truth)} planted actions ({len(shown)} different performances), {len(finds)} finds")
    for name, count in (("precision", len(finds)), ("recall", len(truth))):
        low, high = wilson_interval(len(good), count)
        share = len(good) / max(count, 1)
        print(f"{name} at IoU 0.5: {share:.3f} [{low:.3f}, {high:.3f}]")
    print(f"mean IoU of right finds: {sum(good) / max(len(good), 1):.3f}")
    for label in WANTED:
        own = [row for row in finds if row["filtered_resps"] == [label]]
        true = [row for row in truth if row["label"] == label]
        print(f"  {label}: {len(matched(own, true))} of {len(true)} found, {len(own)} finds")


if __name__ == "__main__":
    main()
