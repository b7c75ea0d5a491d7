"""What each stage of a large run costs on this machine, and what that makes of a million clips.

    python benchmarks/scale.py CLIP... [--model body] [--ray] [--gpu-rate 690] [--price 3]

Rates are frames, clips or bytes per second of processor time of one core, children included, so
that a busy machine does not decide; those of --ray are by the clock. Every stage is checked (frames
counted, embeddings equal) before it is timed. The GPU rate is given, not measured here.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from actalign.alignment._scorers import Calibration, get_scorer
from actalign.alignment._similarity import smooth
from actalign.alignment._texts import Texts
from actalign.candidates import Candidates
from actalign.clips._embed import embed_videos
from actalign.clips._keys import Sampling
from actalign.clips._parquet import open_store
from actalign.clips._shards import Shard, merge
from actalign.clips._store import Store
from actalign.clips._stored import list_entries, read_stored
from actalign.competitions import Competition
from actalign.encoder_info import EncoderInfo
from actalign.encoders._base import encode_frames
from actalign.encoders._load import EncoderChoice, load_encoder
from actalign.rows import write_rows
from actalign.types import Candidate, ClipEmbedding, Prediction, Script
from actalign.video._content import content_of
from actalign.video._sampling import sample_frames
from actalign.video._worker import DecodeProcess

FRAMES, WIDTH, CANDIDATES, STEPS = 195, 1152, 5, 10  # ActionAtlas: 6.07 s at 32.18 fps
BATCH = 16


def processor_seconds() -> float:
    """Of this process and its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def spent(work: Callable[[], float]) -> float:
    """What ``work`` returns (how much it did) per second of processor time."""
    before = processor_seconds()
    done = work()
    return done / (processor_seconds() - before)


def decode(clips: list[Path], fps: float | None) -> int:
    return sum(
        len(batch) for clip in clips for batch in sample_frames(clip, fps=fps, batch_size=BATCH)
    )


def decode_in_child(clips: list[Path], fps: float | None) -> int:
    with DecodeProcess() as child:
        return sum(
            len(batch)
            for clip in clips
            for batch in child.sample_frames(clip, fps=fps, batch_size=BATCH)
        )


def random_clip(number: int) -> ClipEmbedding:
    rng = np.random.default_rng(number)
    rows = rng.normal(size=(FRAMES, WIDTH)).astype(np.float32)
    times = np.arange(FRAMES) / 32.18
    source = {"video": f"{number}.mp4", "sha256": "0" * 64, "fps": "all", "start": "", "end": ""}
    return ClipEmbedding(f"clip{number}", rows, times, FRAMES / 32.18, "m", "f", source)


def score(clips: list[ClipEmbedding]) -> list[dict[str, object]]:
    """Rows as `classify` writes them, from embeddings of the paper's size."""
    rng = np.random.default_rng(0)
    texts = [rng.normal(size=(STEPS, WIDTH)).astype(np.float32) for _ in range(CANDIDATES)]
    by, scorer = Calibration(4.7, -16.5), get_scorer("dtw")
    assert scorer.align
    names = [Script(f"label {m}", tuple(f"step {k}" for k in range(STEPS))) for m in range(5)]
    rows = []
    for clip in clips:
        frames = smooth(clip.embeddings, pts_seconds=clip.pts_seconds, seconds=1.0)
        found = scorer.align(frames, texts, by)
        ranked = sorted(
            (
                Candidate(s.label, a.score, s, True, a, clip.edges_seconds)
                for s, a in zip(names, found, strict=True)
            ),
            key=lambda candidate: -candidate.score,
        )
        rows.append(Prediction(clip, tuple(ranked), "dtw", 1.0).to_row())
        json.dumps(rows[-1])
    return rows


def stages(clips: list[Path], model: str, folder: Path) -> dict[str, float]:
    """Every stage's rate by its name, printed as it comes."""
    found: dict[str, float] = {}

    def tell(name: str, rate: float, unit: str) -> None:
        found[name] = rate
        print(f"{name:42s} {rate:12,.1f} {unit} per core-second", flush=True)

    size = sum(clip.stat().st_size for clip in clips)
    tell("hash of the files", spent(lambda: size * bool([*map(content_of, clips)])) / 1e6, "MB")
    frames = decode(clips, None)
    pixels = [b.frames[0].nbytes for c in clips for b in [next(iter(sample_frames(c)))]]
    print(f"  {len(clips)} clips, {frames} frames, {np.mean(pixels) / 1e6:.2f} MB a raw frame")
    assert decode_in_child(clips, None) == frames
    tell("decode every frame, in the process", spent(lambda: decode(clips, None)), "frames")
    piped = spent(lambda: decode_in_child(clips, None))
    tell("decode every frame, in a child, by pipe", piped, "frames")
    encoder = load_encoder(model, device="cpu")
    fps = encoder.info.fps
    sampled = [list(sample_frames(clip, fps=fps, batch_size=BATCH)) for clip in clips[:4]]
    count = sum(len(batch) for batches in sampled for batch in batches)

    def encode() -> int:
        return sum(len(rows) for batches in sampled for rows, _ in encode_frames(encoder, batches))

    assert encode() == count
    tell(f"encode by {model}, frames in memory", spent(encode), "frames")
    made = [random_clip(n) for n in range(200)]
    score(made[:2])
    for kind, place in (("safetensors", str(folder / "s")), ("Parquet", f"file://{folder}/p")):
        store = open_store(place)

        def put(store: object = store) -> int:
            for clip in made:
                store.put(clip, "k")  # type: ignore[attr-defined]
            return len(made)

        def get(store: object = store) -> int:
            back = [store.get(clip.clip_id, "k") for clip in made]  # type: ignore[attr-defined]
            pairs = zip(back, made, strict=True)
            assert all((a.embeddings == b.embeddings).all() for a, b in pairs)
            return len(made)

        tell(f"write to the store, {kind}", spent(put), "clips")
        tell(f"read from the store, {kind}", spent(get), "clips")
    tell("smooth, align, score and write the row", spent(lambda: len(score(made))), "clips")
    rows, parts = score(made), []
    ids = [str(row["doc_id"]) for row in rows]
    for index in range(4):
        shard = Shard(index, 4)
        marks = shard.marks(ids, {})
        mine = [{**r, "shard": marks[i]} for i, r in zip(ids, rows, strict=True) if i in marks]
        parts.append(folder / f"{index}.jsonl")
        write_rows(mine, parts[-1])
    assert list(merge(parts)) == json.loads(json.dumps(rows))
    tell("merge shards", spent(lambda: len(list(merge(parts)))), "clips")
    return found


def by_ray(clip: Path, model: str, folder: Path) -> None:
    """The clock's rates of what Ray adds: clips that are stored already, and raw frames moved."""
    from actalign.cluster import RayCluster, embed_videos_on_ray, ray_engine

    copies = {}
    (folder / "copies").mkdir()
    shutil.copy(clip, folder / "copies" / "clip0.mp4")
    for n in range(600):
        copies[f"clip{n}"] = folder / "copies" / f"clip{n}.mp4"
        if n:
            copies[f"clip{n}"].hardlink_to(copies["clip0"])
    sampling, store = Sampling(1.0, 0.0, 0.5), open_store(folder / "ray")
    choice, machines = ray_engine(EncoderChoice(model, "cpu"), RayCluster())
    embed = partial(embed_videos_on_ray, **machines)
    encoder = choice.load()
    list(embed_videos(encoder, copies, sampling=sampling, store=store))
    for name, run in (("local", embed_videos), ("Ray", embed)):
        start, first = time.perf_counter(), 0.0
        for result in run(encoder, copies, sampling=sampling, store=store):
            first = first or time.perf_counter() - start
            assert result.cached
        rate = (len(copies) - 1) / (time.perf_counter() - start - first)
        print(
            f"stored clips looked up, {name:5s} engine       {rate:12,.1f} clips a second ", end=""
        )
        print(f"(the first after {first:.1f} s)", flush=True)

    align_by_ray(folder)

    import ray

    batches = list(sample_frames(clip, batch_size=BATCH))
    ray.init(address="local", include_dashboard=False, log_to_driver=False)

    class Decoder:
        def batch(self, n: int) -> np.ndarray:
            self._batches = getattr(self, "_batches", None) or [
                b.frames for b in sample_frames(clip, batch_size=BATCH)
            ]
            return self._batches[n % len(self._batches)]

    there: Any = ray.remote(Decoder).remote()
    ray.get(there.batch.remote(0))
    start, frames = time.perf_counter(), 0
    for n in range(60):
        frames += len(np.array(ray.get(there.batch.remote(n))))
    rate = frames / (time.perf_counter() - start)
    size = batches[0].frames[0].nbytes
    print(f"raw frames through Ray's object store      {rate:12,.1f} frames a second,", end="")
    print(f" {rate * size / 1e6:,.0f} MB a second, one machine")
    ray.shutdown()


def align_by_ray(folder: Path, entries: int = 2000) -> None:
    """The clock's rates of `align` from a folder of clips of the paper's size, by both engines."""
    from actalign.cluster import RayCluster, align_stored_on_ray

    rng = np.random.default_rng(0)
    scripts = [Script(f"label {m}", tuple(f"step {k}" for k in range(STEPS))) for m in range(5)]
    steps = [rng.normal(size=(STEPS, WIDTH)).astype(np.float32) for _ in range(CANDIDATES)]
    candidates = Candidates(
        info=EncoderInfo("m", "f", WIDTH, 4.7, -16.5),
        scorer=get_scorer("dtw"),
        smoothing_seconds=1.0,
        domain=None,
        scripts=scripts,
        competitions=[Competition(scripts, [(m, 0) for m in range(len(scripts))], Texts.of(steps))],
        names=[],
        without=[],
        repeats="no",
        settings={},
        warnings=(),
    )
    store = Store(folder / "align")
    made = [store.put(random_clip(n), "0") for n in range(200)]
    for n in range(200, entries):  # the same bytes under other names
        made[n % 200].with_name(f"again{n}.0.safetensors").hardlink_to(made[n % 200])
    stored = list_entries([str(store.folder)])
    rows = []
    for name, run in (
        ("local", (candidates.score(read_stored(*one))[0] for one in stored.items())),
        ("Ray", align_stored_on_ray(candidates, stored, cluster=RayCluster())),
    ):
        start = time.perf_counter()
        rows.append([next(run)])
        first, spent_here = time.perf_counter() - start, time.thread_time()
        rows[-1] += run
        assert len(rows[-1]) == entries
        here = (entries - 1) / (time.thread_time() - spent_here)
        rate = (entries - 1) / (time.perf_counter() - start - first)
        print(
            f"stored clips aligned, {name:5s} engine         {rate:12,.1f} clips a second ", end=""
        )
        print(f"(the first after {first:.1f} s)", flush=True)
    print(f"  rows passed on where the run was started      {here:12,.1f} clips per core-second")
    local, by_ray = ([c["score"] for row in of for c in row["candidates"]] for of in rows)
    # Engines give a product different numbers of threads, which changes its last bits.
    np.testing.assert_allclose(local, by_ray, rtol=1e-5)
    assert [row["label"] for row in rows[0]] == [row["label"] for row in rows[1]]


def arithmetic(found: dict[str, float], gpu_rate: float, price: float) -> None:
    """A million clips of ActionAtlas's mean length, and a billion frames."""
    decoding = found["decode every frame, in a child, by pipe"]
    print(f"\nat {gpu_rate:g} frames/s a GPU and {price:g} a GPU-hour, both given")
    for name, frames in ((f"1 M clips of {FRAMES} frames", 1e6 * FRAMES), ("1 B frames", 1e9)):
        hours = frames / gpu_rate / 3600
        print(
            f"{name:26s} {hours:8,.0f} GPU-hours, cost {hours * price:9,.0f}; decoding "
            f"{frames / decoding / 3600:7,.0f} core-hours ({gpu_rate / decoding:.1f} cores a GPU); "
            f"embeddings {frames * WIDTH * 2 / 1e12:.2f} TB at fp16, "
            f"{frames * WIDTH * 4 / 1e12:.2f} TB as stored (fp32)"
        )
    scoring = found["smooth, align, score and write the row"]
    reading = found["read from the store, safetensors"]
    hours = 1e6 * (1 / scoring + 1 / reading) / 3600
    print(f"1 M clips read and scored by one core: {hours:.1f} h; merged: ", end="")
    print(f"{1e6 / found['merge shards'] / 60:.1f} min")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--model", default="body")
    parser.add_argument("--ray", action="store_true", help="also what Ray adds, by the clock")
    parser.add_argument("--gpu-rate", type=float, default=690.0, help="frames a second of one GPU")
    parser.add_argument("--price", type=float, default=3.0, help="of a GPU-hour, any currency")
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tempfile.TemporaryDirectory() as folder:
        found = stages(options.clips, options.model, Path(folder))
        if options.ray:
            by_ray(min(options.clips, key=lambda c: c.stat().st_size), options.model, Path(folder))
        arithmetic(found, options.gpu_rate, options.price)


if __name__ == "__main__":
    main()
