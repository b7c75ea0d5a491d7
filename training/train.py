"""Trains the `body` encoder: python training/train.py , from nothing or from weights it exported.

Makes samples, trains both towers with SigLIP's sigmoid loss, measures on held-out movements and
wordings, exports ONNX and config into src/actalign/encoders/body/model, and writes
training/train.log.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

# before numpy: one thread each in the generating workers; torch gets its own setting below
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np  # noqa: E402
import torch  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from torch import Tensor  # noqa: E402
from torch.nn import functional  # noqa: E402

from actalign.encoders.body._features import FEATURE_VERSION, FEATURES  # noqa: E402
from actalign.encoders.body._text import MAX_TOKENS, VECTOR_SCALE, WordVectors  # noqa: E402
from actalign.encoders.body._weights import weights  # noqa: E402
from training.model import DIM, ImageTower, TextTower  # noqa: E402
from training.postures import SIDED  # noqa: E402
from training.reverse import BACKWARDS, backwards  # noqa: E402
from training.samples import Samples, generate  # noqa: E402

TEXTS, IMAGES = 192, 768  # of a batch
POSITIVE_WEIGHT = 4.0
# Of a text that fails on its own sample's mirror image: left is not right. Texts that name both
# sides are nearly the same words as their mirror image, so they need more.
MIRROR_WEIGHT, MIRROR_WEIGHT_BOTH = 40.0, 120.0
REVERSED_WEIGHT = 20.0  # of a text that fails on its own sample played backwards: up is not down
# A text's target where it is true: its surprise -log(rate) over SPECIFIC, between these bounds.
SPECIFIC, LEAST_WORTH = 4.0, 0.15
FPS, SMOOTHING_SECONDS = 10.0, 0.3
# Features that real clips may have otherwise: visibility and drift in the picture; feet and hands.
SHAKY = torch.tensor([f.startswith(("vis.", "root.")) for f in FEATURES])
FAR = torch.tensor(["toe" in f or "foot" in f or "hand" in f for f in FEATURES])


class Log:
    """Prints lines and keeps them in a file, with the seconds since the start."""

    def __init__(self, path: Path) -> None:
        self.start, self.file = time.time(), path.open("w")

    def __call__(self, line: str) -> None:
        line = f"[{time.time() - self.start:6.0f} s] {line}"
        print(line, flush=True)
        self.file.write(line + "\n")
        self.file.flush()


def load_vectors() -> Tensor:
    """(32001, 256) word vectors, scaled as the runtime does; the last row is padding."""
    from safetensors.numpy import load_file

    table = (
        load_file(weights("words.safetensors")[0])["embedding.weight"].astype(np.float32)
        * VECTOR_SCALE
    )
    return torch.from_numpy(np.concatenate([table, np.zeros((1, 256), np.float32)]))


def tokenize(texts: list[str], words: WordVectors) -> NDArray[np.int32]:
    """(M, MAX_TOKENS) ids, padded with 32000."""
    out = np.full((len(texts), MAX_TOKENS), 32000, np.int32)
    for m, text in enumerate(texts):
        ids = words.ids(text)[:MAX_TOKENS]
        out[m, : len(ids)] = ids
    return out


def neighbours(table: Tensor, used: NDArray[np.int32], count: int = 8) -> NDArray[np.int32]:
    """(32001, count) nearest tokens of every used token (itself elsewhere)."""
    unit = functional.normalize(table[:32000], dim=-1)
    out = np.repeat(np.arange(32001, dtype=np.int32)[:, None], count, 1)
    rows = torch.from_numpy(used.astype(np.int64))
    for chunk in rows.split(500):
        best = (unit[chunk] @ unit.T).topk(count + 1).indices[:, 1:]
        out[chunk.numpy()] = best.numpy()
    return out


def augment(
    ids: NDArray[np.int32], near: NDArray[np.int32], rng: np.random.Generator
) -> NDArray[np.int32]:
    """Drop a few words and replace a few by neighbours, so that unseen words are no surprise."""
    ids = ids.copy()
    real = ids < 32000
    swap = real & (rng.random(ids.shape) < 0.07)
    ids[swap] = near[ids[swap], rng.integers(near.shape[1], size=int(swap.sum()))]
    keep = real & (rng.random(ids.shape) >= 0.05)
    keep[:, 0] |= ~keep.any(1)
    order = np.argsort(~keep, axis=1, kind="stable")
    ids[~keep] = 32000
    return np.take_along_axis(ids, order, 1)


def labels(table: NDArray[np.int8], claims: NDArray[np.int16]) -> NDArray[np.int8]:
    """(I, T): 1 where all claims of a text hold for a sample, -1 where one fails, else 0.

    table: (I, C) truth of the samples.
    """
    out = np.ones((len(table), len(claims)), np.int8)
    for j in range(claims.shape[1]):
        has = np.flatnonzero(claims[:, j] >= 0)
        out[:, has] = np.minimum(out[:, has], table[:, claims[has, j]])
    return out


class Towers(torch.nn.Module):
    def __init__(self, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.image, self.text = ImageTower(mean, std), TextTower()
        self.scale = torch.nn.Parameter(torch.tensor(math.log(10.0)))
        self.bias = torch.nn.Parameter(torch.tensor(-5.0))

    def logits(self, image: Tensor, text: Tensor) -> Tensor:
        return image @ text.T * self.scale.exp() + self.bias


def blur(x: Tensor, tower: ImageTower, rng: np.random.Generator) -> Tensor:
    """Noise on features, and some that an estimator gets wrong set to their mean."""
    x = x + 0.06 * tower.std * torch.randn_like(x)
    lost = torch.from_numpy(rng.random(x.shape) < 0.03)
    for columns, share in ((SHAKY, 0.25), (FAR, 0.1)):
        rows = torch.from_numpy(rng.random(len(x)) < share)
        lost |= rows[:, None] & columns[None]
    return torch.where(lost, tower.mean, x)


def embed_texts(towers: Towers, table: Tensor, ids: NDArray[np.int32]) -> Tensor:
    longest = max(1, int((ids < 32000).sum(1).max()))
    tokens = torch.from_numpy(ids[:, :longest].astype(np.int64))
    vectors = table[tokens]
    return towers.text(vectors, tokens == 32000)


def start_from(towers: Towers, folder: Path) -> None:
    """Give the towers the weights that this program exported into a folder."""
    import onnx

    def read(file: Path) -> tuple[dict[str, Tensor], list[str]]:
        graph = onnx.load(str(file)).graph
        found = {
            tensor.name: torch.from_numpy(onnx.numpy_helper.to_array(tensor).copy())
            for tensor in graph.initializer
        }
        return found, [n.input[1] for n in graph.node if n.op_type == "MatMul"]

    towers.image.load_state_dict(read(folder / "image.onnx")[0])
    found, products = read(folder / "text.onnx")
    # The exporter turns weights that meet (N, L, W) inputs round and renames them, in order.
    turned = [found.pop(name).T for name in products if name in found]
    state = towers.text.state_dict()
    towers.text.load_state_dict(
        {name: found[name] if name in found else turned.pop(0) for name in state}
    )
    config = json.loads((folder / "config.json").read_text())
    with torch.no_grad():
        towers.scale.fill_(config["logit_scale"])
        towers.bias.fill_(config["logit_bias"])


def pair_loss(logit: Tensor, target: Tensor, mirror_weight: Tensor) -> Tensor:
    """Of (I, T) logits and targets (1 true, -1 false, 0 undecided); mirror_weight is (T,).

    The first T rows are the texts' own samples, then their mirror images, then the same played
    backwards.
    """
    yes, no = (target == 1).float(), (target == -1).float()
    text = torch.arange(TEXTS)
    no[text + TEXTS, text] *= mirror_weight
    no[text + 2 * TEXTS, text] *= REVERSED_WEIGHT
    # A text that is true of many says little: its target is lower (see README).
    rate = yes.mean(0).clamp(min=1 / IMAGES)
    worth = (-rate.log() / SPECIFIC).clamp(LEAST_WORTH, 1.0)
    entropy = -torch.xlogy(worth, worth) - torch.xlogy(1 - worth, 1 - worth)
    right = worth * functional.softplus(-logit) + (1 - worth) * functional.softplus(logit)
    pair = POSITIVE_WEIGHT * yes * (right - entropy) + no * functional.softplus(logit)
    # each text counts the same, however often it is true
    per_text = pair.sum(0) / (POSITIVE_WEIGHT * yes + no).sum(0)
    own_text = (yes * (right - entropy)).sum(0) / yes.sum(0).clamp(min=1)
    return per_text.mean() + 0.1 * own_text.mean()


def optimizer_of(towers: Towers, peak: float) -> torch.optim.Optimizer:
    """AdamW whose groups have a peak learning rate; no decay for biases and norms."""
    own = [*towers.image.parameters(), *towers.text.parameters()]
    scales = [towers.scale, towers.bias]
    return torch.optim.AdamW(
        [
            {"params": [p for p in own if p.ndim > 1], "weight_decay": 0.02, "peak": peak},
            {"params": [p for p in own if p.ndim == 1], "weight_decay": 0.0, "peak": peak},
            {"params": scales, "weight_decay": 0.0, "peak": 1e-3},
        ],
        lr=1e-3,
        betas=(0.9, 0.98),
    )


def train(samples: Samples, minutes: float, seed: int, log: Log, start: Path | None) -> Towers:
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    table, words = load_vectors(), WordVectors()
    ids = tokenize(samples.texts, words)
    near = neighbours(table, np.unique(ids[ids < 32000]))
    lengths = (ids < 32000).sum(1)
    log(f"{len(ids)} captions, {lengths.mean():.1f} tokens on average, {lengths.max()} at most")
    rows = torch.from_numpy(samples.features)
    towers = Towers(rows.mean(0), rows.std(0).clamp(min=0.05))
    if start:
        start_from(towers, start)
    sizes = {n: sum(p.numel() for p in m.parameters()) for n, m in towers.named_children()}
    log(f"parameters: {sizes}")
    optimizer = optimizer_of(towers, 7e-4 if start else 1.5e-3)
    both = np.array([{"left", "right"} <= set(SIDED.findall(text)) for text in samples.texts])
    mirror_weight = torch.from_numpy(
        np.where(both, MIRROR_WEIGHT_BOTH, MIRROR_WEIGHT).astype(np.float32)
    )
    back = np.arange(2 * TEXTS, 3 * TEXTS)
    column, known = backwards(samples.statements)
    losses: list[float] = []
    towers.train()
    begin, step, done = time.time(), 0, 0.0
    while done < 1:
        done = (time.time() - begin) / (60 * minutes)
        for group in optimizer.param_groups:
            warm, cosine = min(1, (step + 1) / 100), (1 + math.cos(math.pi * min(done, 1))) / 2
            group["lr"] = group["peak"] * warm * (0.02 + 0.98 * cosine)
        # texts of like length together: little padding
        drawn = rng.integers(len(ids), size=4 * TEXTS)
        quarter = int(rng.integers(4)) * TEXTS
        picked = drawn[np.argsort(lengths[drawn], kind="stable")][quarter : quarter + TEXTS]
        own = samples.owner[picked].astype(np.int64)
        others = rng.integers(len(samples.features), size=IMAGES - 3 * TEXTS)
        batch = np.concatenate([own, own ^ 1, own, others])  # own ^ 1: the mirror image
        truth = samples.truth[batch]
        truth[back] = np.where(known, truth[back][:, column], 0)
        target = torch.from_numpy(labels(truth, samples.claims[picked]))
        x = rows[torch.from_numpy(batch)]
        x[back] *= torch.from_numpy(BACKWARDS)
        x = blur(x, towers.image, rng)
        with torch.autocast("cpu", torch.bfloat16):
            text = embed_texts(towers, table, augment(ids[picked], near, rng))
            image = towers.image(x)
        logit = towers.logits(image.float(), text.float())
        loss = pair_loss(logit, target, mirror_weight[torch.from_numpy(picked)])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(towers.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        step += 1
        if step % 200 == 0:
            scale, bias = towers.scale.exp().item(), towers.bias.item()
            recent = np.mean(losses[-200:])
            log(f"step {step}: loss {recent:.4f}, scale {scale:.2f}, bias {bias:.2f}")
    log(f"{step} steps of {TEXTS} texts x {IMAGES} samples")
    return towers


@torch.no_grad()
def measure(towers: Towers, samples: Samples, name: str, log: Log) -> dict[str, float]:
    """Retrieval among 50 texts and 50 samples, and balanced accuracy of statements.

    R@1: the share of samples whose own caption scores best among those of 50 samples of which it
    is the only one that is true.
    """
    towers.eval()
    rng = np.random.default_rng(0)
    table, words = load_vectors(), WordVectors()
    ids = tokenize(samples.texts, words)
    rows = torch.from_numpy(samples.features)
    image = torch.cat([towers.image(r) for r in rows.split(4096)])
    keep = rng.permutation(len(ids))[:6000]
    text = torch.cat([embed_texts(towers, table, ids[k]) for k in np.array_split(keep, 12)])
    logit = towers.logits(image, text).numpy()
    truth = labels(samples.truth, samples.claims[keep])
    hits, places = [], []
    auc = []
    for j in range(len(keep)):
        own = samples.owner[keep[j]]
        false = np.flatnonzero(truth[own] == -1)  # texts that are wrong about this sample
        if len(false) >= 49:
            rivals = rng.choice(false, 49, replace=False)
            rank = int((logit[own, rivals] >= logit[own, j]).sum())
            hits.append(rank == 0)
            places.append(rank < 5)
        if j < 1500:
            yes, no = logit[truth[:, j] == 1, j], logit[truth[:, j] == -1, j]
            if len(yes) and len(no):
                auc.append(float((yes[:, None] > rng.choice(no, 200)[None]).mean()))
    decided = truth != 0
    guess = logit > 0
    recall = (guess & (truth == 1)).sum() / max((truth == 1).sum(), 1)
    reject = (~guess & (truth == -1)).sum() / max((truth == -1).sum(), 1)
    result = {
        "r1_of_50": float(np.mean(hits)),
        "r5_of_50": float(np.mean(places)),
        "auc": float(np.mean(auc)),
        "true_positive_rate": float(recall),
        "true_negative_rate": float(reject),
    }
    numbers = ", ".join(f"{k} {v:.3f}" for k, v in result.items())
    log(f"{name}: {numbers} ({decided.mean():.2f} of pairs decided)")
    return result


def measure_both(towers: Towers, seed: int, workers: int, log: Log) -> dict[str, dict[str, float]]:
    """`measure` on new movements, in wordings of the training and in wordings held out from it."""
    measured = {}
    for name, held_out in (("seen wordings", False), ("held-out wordings", True)):
        test = generate(2000, seed, held_out=held_out, workers=workers)
        measured[name] = measure(towers, test, f"new movements, {name}", log)
    return measured


@torch.no_grad()
def export(towers: Towers, folder: Path, measured: dict[str, dict[str, float]], log: Log) -> None:
    """Write image.onnx, text.onnx and config.json; check them against torch."""
    import onnxruntime

    towers.eval().float()
    folder.mkdir(parents=True, exist_ok=True)
    features = torch.randn(5, len(towers.image.mean)) * towers.image.std + towers.image.mean
    vectors = torch.randn(1, 9, 256)
    for name, model, example, axes in (
        ("image", towers.image, features, {0: "frames"}),
        ("text", towers.text, vectors, {1: "tokens"}),
    ):
        source = "features" if name == "image" else "vectors"
        partial = folder / f"{name}.onnx.part"
        torch.onnx.export(
            model, (example,), str(partial), input_names=[source], output_names=["embedding"],
            dynamic_axes={source: axes} | ({"embedding": {0: "frames"}} if name == "image" else {}),
            opset_version=17, dynamo=False,
        )  # fmt: skip
        partial.replace(folder / f"{name}.onnx")
        session = onnxruntime.InferenceSession(
            str(folder / f"{name}.onnx"), providers=["CPUExecutionProvider"]
        )
        worst = 1.0
        for size in (1, 2, 17, 48):
            shape = (size, example.shape[1]) if name == "image" else (1, size, 256)
            test = torch.randn(shape) * (towers.image.std if name == "image" else 1.0)
            ours = session.run(None, {source: test.numpy()})[0]
            worst = min(worst, float((torch.from_numpy(ours) * model(test)).sum(-1).min()))
        size = (folder / f"{name}.onnx").stat().st_size / 1e6
        log(f"{name}.onnx: {size:.2f} MB, cosine with torch at least {worst:.6f}")
    config = {
        "format": 1,
        "dim": DIM,
        "logit_scale": float(towers.scale),
        "logit_bias": float(towers.bias),
        "feature_version": FEATURE_VERSION,
        "features": len(towers.image.mean),
        "max_tokens": MAX_TOKENS,
        "fps": FPS,
        "smoothing_seconds": SMOOTHING_SECONDS,
        "step_template": "{step}",
        "label_template": "{label}",
        "measured": measured,
    }
    partial = folder / "config.json.part"
    partial.write_text(json.dumps(config, indent=2) + "\n")
    partial.replace(folder / "config.json")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--motions", type=int, default=40_000)
    parser.add_argument("--minutes", type=float, default=70.0, help="time for the towers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--start", type=Path, help="exported folder to begin with")
    parser.add_argument("--out", type=Path, default=ROOT / "src/actalign/encoders/body/model")
    parser.add_argument("--log", type=Path, default=ROOT / "training/train.log")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    log = Log(args.log)
    log(f"motions {args.motions}, seed {args.seed}, torch {torch.__version__}")
    samples = generate(args.motions, args.seed, workers=args.threads)
    log(f"{len(samples.features)} samples, {len(samples.statements)} statements")
    towers = train(samples, args.minutes, args.seed, log, args.start)
    del samples
    export(towers, args.out, measure_both(towers, args.seed + 1000, args.threads, log), log)
    log("done")


if __name__ == "__main__":
    main()
