"""Trains the `body` encoder: python training/train.py , from nothing or from weights it exported.

Makes samples, trains both towers with SigLIP's sigmoid loss, measures on held-out movements and
wordings, exports ONNX and config into src/actalign/encoders/body/model, and writes
training/train.log. All samples lie in the device's memory (60,000 movements: 3 GB).
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

# before numpy: one thread each in the generating workers; torch gets its own setting below
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import torch  # noqa: E402
from torch import Tensor  # noqa: E402
from torch.nn import functional  # noqa: E402
from torch.optim.swa_utils import AveragedModel  # noqa: E402

from actalign.encoders.body._features import FEATURES  # noqa: E402
from actalign.encoders.body._text import WordVectors  # noqa: E402
from training.export import export, start_from  # noqa: E402
from training.log import Log  # noqa: E402
from training.measure import labels, measure_both  # noqa: E402
from training.model import ImageTower, Towers  # noqa: E402
from training.postures import SIDED  # noqa: E402
from training.reverse import BACKWARDS, backwards  # noqa: E402
from training.samples import Samples, generate  # noqa: E402
from training.vectors import embed_texts, load_vectors, tokenize  # noqa: E402

IMAGES_PER_TEXT = 4  # of a batch; the first three are the text's own, its mirror image, its reverse
AVERAGED = 0.9995  # share of the weights' running mean that a step keeps
POSITIVE_WEIGHT = 4.0
# Of a text that fails on its own sample's mirror image: left is not right. Texts that name both
# sides are nearly the same words as their mirror image, so they need more.
MIRROR_WEIGHT, MIRROR_WEIGHT_BOTH = 40.0, 120.0
REVERSED_WEIGHT = 20.0  # of a text that fails on its own sample played backwards: up is not down
# A text's target where it is true: its surprise -log(rate) over SPECIFIC, between these bounds.
SPECIFIC, LEAST_WORTH = 4.0, 0.15
# Features that real clips may have otherwise: visibility and drift in the picture; feet and hands.
SHAKY = torch.tensor([f.startswith(("vis.", "root.")) for f in FEATURES])
FAR = torch.tensor(["toe" in f or "foot" in f or "hand" in f for f in FEATURES])


def neighbours(table: Tensor, used: Tensor, count: int = 8) -> Tensor:
    """(32001, count) nearest tokens of every used token (itself elsewhere)."""
    unit = functional.normalize(table[:32000], dim=-1)
    out = torch.arange(32001, device=table.device)[:, None].repeat(1, count)
    for chunk in used.split(500):
        out[chunk] = (unit[chunk] @ unit.T).topk(count + 1).indices[:, 1:]
    return out


def augment(ids: Tensor, near: Tensor) -> Tensor:
    """Drop a few words and replace a few by neighbours, so that unseen words are no surprise."""
    real = ids < 32000
    swap = real & (torch.rand(ids.shape, device=ids.device) < 0.07)
    other = near[ids, torch.randint(near.shape[1], ids.shape, device=ids.device)]
    keep = real & (torch.rand(ids.shape, device=ids.device) >= 0.05)
    keep[:, 0] |= ~keep.any(1)
    order = (~keep).to(torch.int8).argsort(dim=1, stable=True)
    return torch.where(keep, torch.where(swap, other, ids), 32000).gather(1, order)


def blur(x: Tensor, tower: ImageTower) -> Tensor:
    """Noise on features, and some that an estimator gets wrong set to their mean."""
    x = x + 0.06 * tower.std * torch.randn_like(x)
    lost = torch.rand(x.shape, device=x.device) < 0.03
    for columns, share in ((SHAKY, 0.25), (FAR, 0.1)):
        rows = torch.rand(len(x), 1, device=x.device) < share
        lost |= rows & columns.to(x.device)
    return torch.where(lost, tower.mean, x)


def pair_loss(logit: Tensor, target: Tensor, mirror_weight: Tensor) -> Tensor:
    """Of (I, T) logits and targets (1 true, -1 false, 0 undecided); mirror_weight is (T,).

    The first T rows are the texts' own samples, then their mirror images, then the same played
    backwards. Both kinds weigh as much of a larger batch as of one of 768 samples.
    """
    images, texts = logit.shape
    yes, no = (target == 1).float(), (target == -1).float()
    text = torch.arange(texts, device=logit.device)
    no[text + texts, text] *= mirror_weight * images / 768
    no[text + 2 * texts, text] *= REVERSED_WEIGHT * images / 768
    # A text that is true of many says little: its target is lower (see README).
    rate = yes.mean(0).clamp(min=1 / images)
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


@dataclass(frozen=True, slots=True)
class Options:
    """Of a training: texts of a batch, minutes, the peak of the learning rate, seed and device."""

    texts: int
    minutes: float
    peak: float
    seed: int
    device: str


def train(samples: Samples, options: Options, log: Log, start: Path | None) -> Towers:
    """Towers whose weights are the running mean of the training's."""
    torch.manual_seed(options.seed)
    device, texts = torch.device(options.device), options.texts
    vectors = load_vectors().to(device)
    ids = torch.from_numpy(tokenize(samples.texts, WordVectors())).to(device)
    near = neighbours(vectors, torch.unique(ids[ids < 32000]).long())
    lengths = (ids < 32000).sum(1)
    log(f"{len(ids)} captions, {lengths.float().mean():.1f} tokens on average")
    rows, truth, claims, owner = (
        torch.from_numpy(array).to(device)
        for array in (samples.features, samples.truth, samples.claims, samples.owner)
    )
    towers = Towers(rows.mean(0).cpu(), rows.std(0).clamp(min=0.05).cpu())
    if start:
        start_from(towers, start)
    towers.to(device).train()
    sizes = {n: sum(p.numel() for p in m.parameters()) for n, m in towers.named_children()}
    log(f"parameters: {sizes}")
    optimizer = optimizer_of(towers, options.peak)
    mean = AveragedModel(towers, multi_avg_fn=running_mean)
    both = torch.tensor([{"left", "right"} <= set(SIDED.findall(t)) for t in samples.texts])
    mirror_weight = torch.where(both, MIRROR_WEIGHT_BOTH, MIRROR_WEIGHT).to(device)
    column, known = (torch.from_numpy(a).to(device) for a in backwards(samples.statements))
    back, turned = slice(2 * texts, 3 * texts), torch.from_numpy(BACKWARDS).to(device)
    losses: list[Tensor] = []
    begin, step, done = time.time(), 0, 0.0
    while done < 1:
        done = (time.time() - begin) / (60 * options.minutes)
        for group in optimizer.param_groups:
            warm, cosine = min(1, (step + 1) / 300), (1 + math.cos(math.pi * min(done, 1))) / 2
            group["lr"] = group["peak"] * warm * (0.02 + 0.98 * cosine)
        # texts of like length together: little padding
        drawn = torch.randint(len(ids), (4 * texts,), device=device)
        quarter = int(torch.randint(4, ())) * texts
        picked = drawn[lengths[drawn].argsort(stable=True)][quarter : quarter + texts]
        own = owner[picked].long()
        others = torch.randint(len(rows), ((IMAGES_PER_TEXT - 3) * texts,), device=device)
        batch = torch.cat([own, own ^ 1, own, others])  # own ^ 1: the mirror image
        true = truth[batch]
        there = true[back]
        reverse = there[:, column]
        # Undecided at rest where a movement led, which its reverse is not.
        reverse = torch.where((reverse == -1) & (there == 0), 0, reverse)
        true[back] = torch.where(known, reverse, 0)
        x = rows[batch]
        x[back] *= turned
        x = blur(x, towers.image)
        with torch.autocast(device.type, torch.bfloat16):
            text = embed_texts(towers, vectors, augment(ids[picked].long(), near))
            image = towers.image(x)
        logit = towers.logits(image.float(), text.float())
        loss = pair_loss(logit, labels(true, claims[picked]), mirror_weight[picked])
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(towers.parameters(), 1.0)
        optimizer.step()
        mean.update_parameters(towers)
        losses.append(loss.detach())
        step += 1
        if step % 200 == 0:
            scale, bias = towers.scale.exp().item(), towers.bias.item()
            recent = torch.stack(losses[-200:]).mean().item()
            log(f"step {step}: loss {recent:.4f}, scale {scale:.2f}, bias {bias:.2f}")
    log(f"{step} steps of {texts} texts x {IMAGES_PER_TEXT * texts} samples on {device.type}")
    towers.load_state_dict(mean.module.state_dict())
    return towers.cpu()


def running_mean(mean: list[Tensor], now: list[Tensor], steps: Tensor) -> None:
    """Moves the mean of weights towards those of this step; faster at first."""
    keep = min(AVERAGED, (1 + int(steps)) / (10 + int(steps)))
    torch._foreach_lerp_(mean, now, 1 - keep)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--motions", type=int, default=60_000)
    parser.add_argument("--minutes", type=float, default=5.0, help="time for the towers")
    parser.add_argument("--texts", type=int, default=768, help="of a batch, with four samples each")
    parser.add_argument("--peak", type=float, default=2e-3, help="of the learning rate")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--start", type=Path, help="exported folder to begin with")
    parser.add_argument("--out", type=Path, default=ROOT / "src/actalign/encoders/body/model")
    parser.add_argument("--log", type=Path, default=ROOT / "training/train.log")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    log = Log(args.log)
    log(f"motions {args.motions}, seed {args.seed}, torch {torch.__version__}")
    samples = generate(args.motions, args.seed, workers=args.threads)
    log(f"{len(samples.features)} samples, {len(samples.statements)} statements")
    options = Options(args.texts, args.minutes, args.peak, args.seed, args.device)
    towers = train(samples, options, log, args.start)
    del samples
    export(towers, args.out, measure_both(towers, args.seed + 1000, args.threads, log), log)
    log("done")


if __name__ == "__main__":
    main()
