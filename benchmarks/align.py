"""Align one video with its candidates: ours beside the formula in plain Python and other libraries.

Verifies that all contenders give the same scores, then times them in turns and prints ratios.
Usage: python benchmarks/align.py [--frames 195] [--candidates 5] [--steps 12] [--width 1152]
[--sweep 10000 --device cuda]. Libraries that are not installed are left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import platform
import time
from collections.abc import Callable

import numpy as np

from actalign.alignment import align_scores
from actalign.scoring import SCORERS, Calibration

BY = Calibration(logit_scale=4.7245, logit_bias=-16.55)


def formula(frames: np.ndarray, candidates: list[np.ndarray]) -> list[float]:
    """The method as its formula reads, a cell at a time in Python."""
    return [loop(formula_affinity(frames, steps)) for steps in candidates]


def formula_affinity(frames: np.ndarray, steps: np.ndarray) -> np.ndarray:
    v = frames / np.linalg.norm(frames, axis=1, keepdims=True)
    a = steps / np.linalg.norm(steps, axis=1, keepdims=True)
    return 1 / (1 + np.exp(-(np.exp(BY.logit_scale) * (v @ a.T) + BY.logit_bias)))


def loop(affinity: np.ndarray) -> float:
    """Sum of the best path over its length, in plain Python."""
    frames, steps = affinity.shape
    total: dict[tuple[int, int], tuple[float, int]] = {}
    for t in range(frames):
        for k in range(steps):
            before = [total[c] for c in ((t - 1, k - 1), (t - 1, k), (t, k - 1)) if c in total]
            best = max(before, key=lambda entry: entry[0]) if before else (0.0, 0)
            total[t, k] = (best[0] + float(affinity[t, k]), best[1] + 1)
    value, length = total[frames - 1, steps - 1]
    return value / length


def tslearn_dtw(affinities: list[np.ndarray]) -> list[float]:
    from tslearn.metrics import dtw_path_from_metric

    found = []
    for affinity in affinities:
        path, cost = dtw_path_from_metric(-affinity, metric="precomputed")
        found.append(-cost / len(path))
    return found


def librosa_dtw(affinities: list[np.ndarray]) -> list[float]:
    import librosa

    found = []
    for affinity in affinities:
        cost, path = librosa.sequence.dtw(C=-affinity, backtrack=True)
        found.append(-float(cost[-1, -1]) / len(path))
    return found


def aeon_dtw(x: np.ndarray, y: np.ndarray) -> float:
    from aeon.distances import dtw_distance

    return float(dtw_distance(x, y))


def dtaidistance_dtw(x: np.ndarray, y: np.ndarray) -> float:
    from dtaidistance import dtw

    return float(dtw.distance_fast(x, y)) ** 2


def series(args: argparse.Namespace) -> None:
    """Libraries that take series and no cost matrix: the distance of two numbers a frame."""
    peers = {"aeon": aeon_dtw, "dtaidistance": dtaidistance_dtw}
    peers = {name: f for name, f in peers.items() if importlib.util.find_spec(name)}
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=args.frames), rng.normal(size=args.steps)
    matrix = -((x[:, None] - y) ** 2).astype(np.float32)
    score, length = align_scores(matrix, [args.steps])
    ours = seconds(lambda: align_scores(matrix, [args.steps]))
    for name, peer in peers.items():
        np.testing.assert_allclose(peer(x, y), -score[0] * length[0], rtol=1e-4, err_msg=name)
        spent = seconds(lambda peer=peer: peer(x, y))  # type: ignore[misc]
        print(f"DTW of two series, {name:12s}{spent * 1e3:7.3f} ms   {spent / ours:.1f}x ours")


def sweep(args: argparse.Namespace) -> None:
    """Many videos at once, as a sweep needs them: torch in one batch, checked one by one."""
    import torch

    from actalign import alignment_torch

    count = args.sweep * args.candidates
    device = args.device
    affinity = torch.rand(count, args.frames, args.steps, device=device)
    frames, steps = torch.full((count,), args.frames), torch.full((count,), args.steps)
    host = affinity.cpu().numpy()
    one_by_one = np.array([align_scores(matrix, [args.steps])[0][0] for matrix in host])
    batched = alignment_torch.align_scores(affinity, frames, steps)[0].cpu().numpy()
    np.testing.assert_allclose(batched, one_by_one, atol=1e-5)

    def run() -> None:
        alignment_torch.align_scores(affinity, frames, steps)[0].cpu()

    spent = seconds(run)
    print(
        f"{args.sweep} videos x {args.candidates}, torch on {device}: {spent * 1e3:.1f} ms, "
        f"{spent / affinity.numel() * 1e9:.2f} ns/cell"
    )


def seconds(call: Callable[[], object], budget: float = 1.0) -> float:
    """The best of repeated timings within about ``budget`` seconds."""
    call()
    start = time.perf_counter()
    call()
    once = max(time.perf_counter() - start, 1e-7)
    repeats = max(1, int(0.05 / once))
    best = once
    until = time.perf_counter() + budget
    while time.perf_counter() < until:
        start = time.perf_counter()
        for _ in range(repeats):
            call()
        best = min(best, (time.perf_counter() - start) / repeats)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=195)
    parser.add_argument("--candidates", type=int, default=5)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--width", type=int, default=1152)
    parser.add_argument("--sweep", type=int, default=0, help="videos to align at once with torch")
    parser.add_argument("--device", default="cpu", help="of the sweep")
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    frames = rng.normal(size=(args.frames, args.width)).astype(np.float32)
    candidates = [
        rng.normal(size=(args.steps, args.width)).astype(np.float32) for _ in range(args.candidates)
    ]
    texts = np.concatenate(candidates)
    affinities = [formula_affinity(frames, steps).astype(np.float64) for steps in candidates]
    side_by_side = np.concatenate(affinities, axis=1).astype(np.float32)
    sizes = [args.steps] * args.candidates

    expected = formula(frames, candidates)
    np.testing.assert_allclose(SCORERS["dtw"].score(frames, candidates, BY), expected, rtol=1e-4)
    np.testing.assert_allclose(align_scores(side_by_side, sizes)[0], expected, rtol=1e-4)
    peers = {"tslearn": tslearn_dtw, "librosa": librosa_dtw}
    peers = {name: f for name, f in peers.items() if importlib.util.find_spec(name)}
    for name, peer in peers.items():
        np.testing.assert_allclose(peer(affinities), expected, rtol=1e-4, err_msg=name)

    cells = args.frames * args.steps * args.candidates
    product = seconds(lambda: frames @ texts.T)
    ours = seconds(lambda: SCORERS["dtw"].score(frames, candidates, BY))
    reference = seconds(lambda: formula(frames, candidates))
    kernel = seconds(lambda: align_scores(side_by_side, sizes))
    print(f"{platform.processor() or platform.machine()}, numpy {np.__version__}")
    print(f"T={args.frames} K={args.steps} M={args.candidates} D={args.width}; all agree to 1e-4")
    print(f"bare float32 matrix product  {product * 1e3:9.3f} ms   1.00x")
    print(f"actalign, all of it          {ours * 1e3:9.3f} ms   {ours / product:.2f}x the product")
    print(f"formula in Python            {reference * 1e3:9.3f} ms   {reference / ours:.1f}x ours")
    print(
        f"DTW alone, ours              {kernel * 1e3:9.3f} ms   {kernel / cells * 1e9:.2f} ns/cell"
    )
    for name, peer in peers.items():
        spent = seconds(lambda peer=peer: peer(affinities))  # type: ignore[misc]
        print(f"DTW alone, {name:10s}        {spent * 1e3:9.3f} ms   {spent / kernel:.1f}x ours")
    series(args)
    if args.sweep:
        sweep(args)


if __name__ == "__main__":
    main()
