"""What turns scores into confidences for the `body` encoder, fitted on simulated people.

paraphrases.json holds actions in wordings that training never sees. Each is performed by random
bodies before random cameras, the joints off by 5 to 40 degrees: real people keep less to a posture
than training's simulation does. Each clip is asked among 2 to 60 of the actions. The temperature of
a scorer is the one under which the true answers are likeliest; another one is that of labels
without any script, which say less. `make_background.py` runs this.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np

from actalign.alignment import SCORERS, fit_temperature
from actalign.background import Background
from actalign.candidates import Candidates
from actalign.encoders._text_cache import TextCache
from actalign.encoders.body import BodyEncoder
from actalign.types import ClipEmbedding, Script
from training.evaluate_paraphrases import perform

ACTIONS = Path(__file__).with_name("paraphrases.json")
ROUNDS = 6  # performances of each action
SEED = 7


def fitted(encoder: BodyEncoder, background: Background) -> Background:
    """The background with the temperatures of every scorer that is not a control."""
    scorers = [name for name, one in SCORERS.items() if not one.summary.startswith("control")]
    texts = TextCache(encoder.info, lambda: encoder)
    scores: dict[tuple[str, bool], list[list[float]]] = {}
    answers = []
    for clip, scripts, answer in questions(encoder):
        answers.append(answer)
        labels = [script.label for script in scripts]
        for name, bare in product(scorers, (False, True)):
            found = Candidates.resolve(
                labels, [] if bare else scripts, info=encoder.info, texts=texts, scorer=name,
                background=background, repeats="no",
            ).predict(clip)  # fmt: skip
            by_label = {one.label: one.score for one in found.candidates}
            scores.setdefault((name, bare), []).append([by_label[label] for label in labels])
    with_scripts, of_labels = (
        {name: round(fit_temperature(scores[name, bare], answers), 4) for name in scorers}
        for bare in (False, True)
    )
    return replace(background, temperatures=with_scripts, label_temperatures=of_labels)


def questions(encoder: BodyEncoder) -> Iterator[tuple[ClipEmbedding, list[Script], int]]:
    """Simulated clips, the scripts that each is asked among, and which of them is performed."""
    actions = json.loads(ACTIONS.read_text(encoding="utf-8"))
    scripts = [Script(a["label"], tuple(step["text"] for step in a["steps"])) for a in actions]
    info, rng = encoder.info, np.random.default_rng(SEED)
    for _ in range(ROUNDS):
        for n, action in enumerate(actions):
            degrees = rng.uniform(5, 40)
            track, _ = perform([s["posture"] for s in action["steps"]], rng, info.fps, degrees)
            rows = np.concatenate(list(encoder.encode_poses([track])))
            times = track.pts_seconds
            end = float(times[-1] + 1 / info.fps)
            clip = ClipEmbedding("simulated", rows, times, end, info.model_id, info.fingerprint)
            count = int(rng.choice([2, 4, 6, 15, 30, 60]))
            others = [one for one in rng.permutation(len(actions)) if one != n][: count - 1]
            yield clip, [scripts[n], *(scripts[one] for one in others)], 0
