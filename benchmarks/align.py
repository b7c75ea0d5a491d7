"""Align one video with its candidates: ours beside the formula in plain Python and other libraries.

Verifies that all contenders give the same scores, then times them in turns and prints ratios.
Usage: python benchmarks/align.py [--frames 195] [--candidates 5] [--steps 12] [--width 1152]
[--videos 2000] [--sweep 10000 --device cuda]. Libraries that are not installed are left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import platform
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from actalign import ClipEmbedding, EncoderInfo, Script
from actalign.alignment._affinities import Calibration
from actalign.alignment._dtw import align_scores, align_scores_of_clips, interleave
from actalign.alignment._scorers import SCORERS
from actalign.alignment._texts import Texts
from actalign.background import Background, BackgroundSums
from actalign.candidates import Candidates
from actalign.encoders._text_cache import TextCache
from actalign.files import usable_cores

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
    calls: dict[str, Callable[[], object]] = {
        "ours": lambda: align_scores(matrix, [args.steps]),
        **{name: partial(peer, x, y) for name, peer in peers.items()},
    }
    for name, peer in peers.items():
        np.testing.assert_allclose(peer(x, y), -score[0] * length[0], rtol=1e-4, err_msg=name)
    times = in_turns(calls, args.seconds)
    for name, spent in times.items():
        ratio = f"{spent / times['ours']:.1f}x ours"
        print(f"DTW of two series, {name:12s}{spent * 1e3:7.3f} ms   {ratio}")


def videos(args: argparse.Namespace) -> None:
    """Many videos' affinities at once, on one core and on all, checked one by one."""
    sizes = [args.steps] * args.candidates
    shape = (args.videos, args.frames, sum(sizes))
    affinity = np.random.default_rng(2).random(shape, np.float32)

    def run(threads: int) -> np.ndarray:
        return align_scores_of_clips(affinity, sizes, interleaved=True, threads=threads)[0]

    one_by_one = [align_scores(matrix, sizes, interleaved=True)[0] for matrix in affinity]
    np.testing.assert_array_equal(run(usable_cores()), one_by_one)
    counts = sorted({1, usable_cores()})
    times = in_turns({str(count): partial(run, count) for count in counts}, 3 * args.seconds)
    for name, spent in times.items():
        print(
            f"DTW alone, {args.videos} videos, cores: {name}, {spent * 1e3:.1f} ms, "
            f"{spent / affinity.size * 1e9:.2f} ns/cell"
        )


def batch(args: argparse.Namespace, texts: np.ndarray, measured: Texts, by: Calibration) -> None:
    """Many videos one after another, from embeddings to scores, beside their bare products."""
    rng = np.random.default_rng(3)
    clips = [rng.normal(size=(args.frames, args.width)).astype(np.float32) for _ in range(20)]
    some = [clips[n % len(clips)] for n in range(args.videos)]

    def one_by_one(call: Callable[[np.ndarray], object]) -> Callable[[], object]:
        def run() -> None:
            for frames in some:
                call(frames)

        return run

    def scorer(name: str) -> Callable[[np.ndarray], object]:
        return lambda frames: SCORERS[name].score(frames, measured, by)

    times = in_turns(
        {
            "bare float32 matrix product": one_by_one(lambda frames: frames @ texts.T),
            "dtw": one_by_one(scorer("dtw")),
            "competitive": one_by_one(scorer("competitive")),
        },
        5 * args.seconds,
    )
    product = times["bare float32 matrix product"]
    for name, spent in times.items():
        print(f"{args.videos} videos, {name:28s}{spent * 1e3:9.0f} ms   {spent / product:.2f}x")


class Drawn:
    """An encoder that knows no images, and whose texts are drawn."""

    def __init__(self, width: int) -> None:
        self.info = EncoderInfo(
            "drawn", "drawn", width, BY.logit_scale, BY.logit_bias, step_template="{step}"
        )
        self.rng = np.random.default_rng(4)

    def encode_text(self, texts: list[str]) -> np.ndarray:
        return self.rng.normal(size=(len(texts), self.info.dim)).astype(np.float32)

    def text_warnings(self, texts: list[str]) -> list[str]:
        return []


def predictions(args: argparse.Namespace, frames: np.ndarray, background: Background) -> None:
    """What a user runs: `Candidates.predict` of a clip in memory, beside the product and `.score`.

    The paper's smoothing is one second. A row has every candidate's steps.
    """
    encoder = Drawn(args.width)
    times = np.arange(args.frames) / 32
    clip = ClipEmbedding("clip", frames, times, args.frames / 32, "drawn", "drawn")
    for wordings in (1, 5):
        scripts = []
        for m in range(args.candidates):
            first, *more = (
                tuple(f"{m} {n} {k}" for k in range(args.steps)) for n in range(wordings)
            )
            scripts.append(Script(f"label {m}", first, rewordings=tuple(more)))
        calls: dict[str, Callable[[], object]] = {}
        for name in ("dtw", "competitive"):
            plain, smoothed = (
                Candidates.resolve(
                    None,
                    scripts,
                    info=encoder.info,
                    texts=TextCache(encoder.info, lambda: encoder),
                    scorer=name,
                    smoothing_seconds=seconds,
                    background=background,
                )
                for seconds in (0, 1)
            )
            rows, texts = plain._frames(clip), plain.competitions[0].texts
            by = plain._calibration(clip)
            expected = SCORERS[name].score(rows, texts, by).reshape(-1, wordings).mean(axis=1)
            found = {c.label: c.score for c in plain.predict(clip).candidates}
            np.testing.assert_allclose([found[s.label] for s in scripts], expected, rtol=1e-5)
            calls.setdefault("bare float32 matrix product", partial(np.matmul, rows, texts.rows.T))
            calls[f"{name}, score"] = partial(SCORERS[name].score, rows, texts, by)
            calls[f"{name}, predict"] = partial(plain.predict, clip)
            calls[f"{name}, predict, smoothed"] = partial(smoothed.predict, clip)
            calls[f"{name}, that and its row"] = lambda one=smoothed: one.predict(clip).to_row()
        spent = in_turns(calls, args.seconds)
        product = spent["bare float32 matrix product"]
        for name, one in spent.items():
            print(f"wordings: {wordings}, {name:30s}{one * 1e3:7.3f} ms   {one / product:.2f}x")


def sweep(args: argparse.Namespace) -> None:
    """Many videos at once, as a sweep needs them: torch in one batch, checked one by one."""
    import torch

    from actalign.alignment import torch as alignment_torch

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

    spent = in_turns({"torch": run}, args.seconds)["torch"]
    print(
        f"{args.sweep} videos x {args.candidates}, torch on {device}: {spent * 1e3:.1f} ms, "
        f"{spent / affinity.numel() * 1e9:.2f} ns/cell"
    )


def in_turns(calls: dict[str, Callable[[], object]], budget: float) -> dict[str, float]:
    """The best time of each call, in rounds of 20 ms a call, ``budget`` seconds for each."""
    repeats, best = {}, {}
    for name, call in calls.items():
        call()
        start = time.perf_counter()
        call()
        best[name] = time.perf_counter() - start
        repeats[name] = max(1, int(0.02 / max(best[name], 1e-7)))
    until = time.perf_counter() + budget * len(calls)
    while time.perf_counter() < until:
        for name, call in calls.items():
            start = time.perf_counter()
            for _ in range(repeats[name]):
                call()
            best[name] = min(best[name], (time.perf_counter() - start) / repeats[name])
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, default=195)
    parser.add_argument("--candidates", type=int, default=5)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--width", type=int, default=1152)
    parser.add_argument("--videos", type=int, default=0, help="videos to align on all cores")
    parser.add_argument("--sweep", type=int, default=0, help="videos to align at once with torch")
    parser.add_argument("--device", default="cpu", help="of the sweep")
    parser.add_argument("--seconds", type=float, default=1.0, help="to time each call for")
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

    order = interleave(sizes)
    interleaved = np.ascontiguousarray(side_by_side[:, order])
    np.testing.assert_array_equal(
        align_scores(interleaved, sizes, interleaved=True), align_scores(side_by_side, sizes)
    )
    sums = BackgroundSums("drawn", "drawn", args.width)
    sums.add(rng.normal(size=(2 * args.width, args.width)))
    background = sums.background("noise")
    labels = rng.normal(size=(args.candidates, 1, args.width)).astype(np.float32)
    measured = Texts.of(candidates, background, names=list(labels))
    timed = replace(BY, frame_seconds=1 / 32)
    cells = args.frames * args.steps * args.candidates
    whole = {
        "bare float32 matrix product": lambda: frames @ texts.T,
        "actalign, all of it": lambda: SCORERS["dtw"].score(frames, candidates, BY),
        "competitive": lambda: SCORERS["competitive"].score(frames, measured, timed),
        "formula in Python": lambda: formula(frames, candidates),
    }
    alone: dict[str, Callable[[], object]] = {
        "ours": lambda: align_scores(interleaved, sizes, interleaved=True),
        "ours, columns side by side": lambda: align_scores(side_by_side, sizes),
        **{name: partial(peer, affinities) for name, peer in peers.items()},
    }
    times = in_turns(whole, args.seconds)
    product, ours, competitive, reference = times.values()
    print(f"{platform.processor() or platform.machine()}, numpy {np.__version__}")
    print(f"T={args.frames} K={args.steps} M={args.candidates} D={args.width}; all agree to 1e-4")
    print(f"bare float32 matrix product  {product * 1e3:9.3f} ms   1.00x")
    print(f"actalign, all of it          {ours * 1e3:9.3f} ms   {ours / product:.2f}x the product")
    print(
        f"competitive, all of it       {competitive * 1e3:9.3f} ms   "
        f"{competitive / product:.2f}x the product"
    )
    print(f"formula in Python            {reference * 1e3:9.3f} ms   {reference / ours:.1f}x ours")
    predictions(args, frames, background)
    times = in_turns(alone, args.seconds)
    for name, spent in times.items():
        ratio = f"{spent / cells * 1e9:8.2f} ns/cell   {spent / times['ours']:.1f}x ours"
        print(f"DTW alone, {name:28s}{spent * 1e3:7.3f} ms {ratio}")
    series(args)
    if args.videos:
        videos(args)
        batch(args, texts, measured, timed)
    if args.sweep:
        sweep(args)


if __name__ == "__main__":
    main()
