"""What turns scores into confidences for the `body` encoder, fitted on simulated people.

paraphrases.json holds actions in wordings that training never sees. Each is performed by random
bodies before random cameras, the joints off by 5 to 50 degrees: real people keep less to a posture
than training's simulation does. Each clip is asked among 2 to 60 of the actions. The temperature of
a scorer is the one under which the true answers are likeliest; another one is that of labels
without any script, which say less. Two more are of runs with a candidate "none of these": there 1
to 60 of the actions are asked about, and for half of the clips the true one is not among them.
`make_background.py` runs this.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np

from actalign.alignment import SCORERS, fit_temperature
from actalign.background import KINDS, Background
from actalign.candidates import Candidates
from actalign.encoders._text_cache import TextCache
from actalign.encoders.body import BodyEncoder
from actalign.types import ClipEmbedding, Script
from training.evaluate_paraphrases import perform

ACTIONS = Path(__file__).with_name("paraphrases.json")
ROUNDS = 6  # performances of each action
SEED, NONE_SEED = 7, 11
NONE = "none of these"


def fitted(encoder: BodyEncoder, background: Background) -> Background:
    """The background with the temperatures of every scorer that is not a control."""
    scorers = [name for name, one in SCORERS.items() if not one.summary.startswith("control")]
    of_none = [name for name in scorers if SCORERS[name].knows_none]
    texts = TextCache(encoder.info, lambda: encoder)
    rng = np.random.default_rng(NONE_SEED)
    scores: dict[tuple[str, bool, bool], list[list[float]]] = {}
    answers: dict[bool, list[int]] = {False: [], True: []}
    for clip, scripts in questions(encoder):
        some, right = with_none(scripts, rng)
        answers[False].append(0)
        answers[True].append(right)
        for name, bare, none in product(scorers, (False, True), (False, True)):
            if none and name not in of_none:
                continue
            asked = some if none else scripts
            labels = [script.label for script in asked]
            found = Candidates.resolve(
                labels, [] if bare else asked, info=encoder.info, texts=texts, scorer=name,
                background=background, repeats="no", none=NONE if none else None,
            ).predict(clip)  # fmt: skip
            by_label = {one.label: one.score for one in found.candidates}
            every = [*labels, NONE] if none else labels
            scores.setdefault((name, bare, none), []).append([by_label[one] for one in every])
    kinds = [
        {
            name: round(fit_temperature(scores[name, bare, none], answers[none]), 4)
            for name in (of_none if none else scorers)
        }
        for none, bare in product((False, True), repeat=2)
    ]
    return replace(background, **dict(zip(KINDS, kinds, strict=True)))


def with_none(scripts: Sequence[Script], rng: np.random.Generator) -> tuple[Sequence[Script], int]:
    """Which of a clip's scripts are asked about beside "none of these", and the right answer.

    scripts: the first one is performed. The answer is the number of a script, or how many there are
    for none.
    """
    count, absent = int(rng.choice([1, 2, 4, 6, 15, 30, 60])), rng.random() < 0.5
    some = scripts[1 : 1 + count] if absent else scripts[:count]
    return some, len(some) if absent else 0


def questions(encoder: BodyEncoder) -> Iterator[tuple[ClipEmbedding, list[Script]]]:
    """Simulated clips, and the scripts that each is asked among; the first one is performed."""
    actions = json.loads(ACTIONS.read_text(encoding="utf-8"))
    scripts = [Script(a["label"], tuple(step["text"] for step in a["steps"])) for a in actions]
    info, rng = encoder.info, np.random.default_rng(SEED)
    for _ in range(ROUNDS):
        for n, action in enumerate(actions):
            degrees = rng.uniform(5, 50)
            track, _ = perform([s["posture"] for s in action["steps"]], rng, info.fps, degrees)
            rows = np.concatenate(list(encoder.encode_poses([track])))
            times = track.pts_seconds
            end = float(times[-1] + 1 / info.fps)
            clip = ClipEmbedding("simulated", rows, times, end, info.model_id, info.fingerprint)
            count = int(rng.choice([2, 4, 6, 15, 30, 60]))
            others = [one for one in rng.permutation(len(actions)) if one != n][: count - 1]
            yield clip, [scripts[n], *(scripts[one] for one in others)]
