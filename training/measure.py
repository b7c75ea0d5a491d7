"""How well towers know new movements, in the wordings of the training and in held-out ones."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from actalign.encoders.body._text import WordVectors
from training.log import Log
from training.model import Towers
from training.samples import Samples, generate
from training.vectors import embed_texts, load_vectors, tokenize


def labels(table: Tensor, claims: Tensor) -> Tensor:
    """(I, T): 1 where all claims of a text hold for a sample, -1 where one fails, else 0.

    table: (I, C) truth of the samples; claims: (T, 6) columns, -1 for none.
    """
    out = torch.ones(len(table), len(claims), dtype=torch.int8, device=table.device)
    for column in claims.long().unbind(1):
        holds = table[:, column.clamp(min=0)]
        out = torch.minimum(out, torch.where(column[None] >= 0, holds, 1))
    return out


@torch.no_grad()
def measure(towers: Towers, samples: Samples, name: str, log: Log) -> dict[str, float]:
    """Retrieval among 50 texts and 50 samples, and balanced accuracy of statements.

    R@1: the share of samples whose own caption scores best among those of 50 samples of which it
    is the only one that is true.
    """
    towers.eval()
    rng = np.random.default_rng(0)
    table, words = load_vectors(), WordVectors()
    keep = rng.permutation(len(samples.texts))[:6000]
    ids = torch.from_numpy(tokenize([samples.texts[k] for k in keep], words))
    rows = torch.from_numpy(samples.features)
    image = torch.cat([towers.image(r) for r in rows.split(4096)])
    text = torch.cat([embed_texts(towers, table, block) for block in ids.split(500)])
    logit = towers.logits(image, text).numpy()
    claims = torch.from_numpy(samples.claims[keep])
    truth = labels(torch.from_numpy(samples.truth), claims).numpy()
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
