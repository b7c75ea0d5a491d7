"""What a finished run says about its labels, scripts and clips, and what to do about it.

Pure functions of the run's rows, its results and its scripts; all for the run's main scorer.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from actalign.alignment._similarity import normalize
from actalign.errors import counted
from actalign.evaluation._calibration import threshold_for
from actalign.evaluation._rows import confidence_of
from actalign.rows import Row
from actalign.scripts._labels import label_key
from actalign.types import Float32, Script

ENOUGH = 3
"""The fewest clips of a label about which something is said."""
ALIKE = 0.65
"""Two labels can't be told apart if the area under the curve is at most this."""
ORDERS = ("shuffled", "reversed", "order_free")
"""Ends of the names of controls that have a script's steps in other orders, or in none."""
USELESS = 0.55
"""A step fits all clips alike if the area under the curve is at most this."""
MOST = 15
GROUPS = 4

Embed = Callable[[Script], Float32 | None]


def findings(
    rows: Sequence[Row],
    results: dict[str, Any],
    scorer: str,
    scripts: Sequence[Script] = (),
    embed: Embed | None = None,
) -> dict[str, Any]:
    """All findings, as `report.json` holds them; ``advice`` comes first, in sentences.

    rows: the scorer's. scripts: those of the run's candidates. embed: gives a script's (K, D) step
    embeddings, if known.
    """
    figures = results["scorers"][scorer]
    found: dict[str, Any] = {
        "scorer": scorer,
        "labels_alike": labels_alike(rows, scripts, embed),
        "steps_everywhere": steps_everywhere(rows),
        "nobody_seen": nobody_seen(rows),
        "by_margin": by_margin(rows),
    }
    return {"advice": _advice(rows, results, figures, found), **found}


def separation(higher: ArrayLike, lower: ArrayLike) -> float:
    """Probability that a value of the first exceeds one of the second, ties counting half: the area
    under the ROC curve (Hanley and McNeil, 1982); 0.5 is chance, 1 is perfect."""
    a, b = np.asarray(higher, np.float64), np.asarray(lower, np.float64)
    ordered = np.sort(b)
    below = np.searchsorted(ordered, a, side="left")
    upto = np.searchsorted(ordered, a, side="right")
    return float((below + upto).sum() / (2 * len(a) * len(b)))


def labels_alike(
    rows: Sequence[Row], scripts: Sequence[Script] = (), embed: Embed | None = None
) -> list[dict[str, Any]]:
    """Pairs of labels that the scores can't tell apart, those confused most often first.

    Two labels are told apart by the difference of their scores: `separation` says how well, over
    the clips of either. shared_steps: the steps of both scripts that are closest in meaning.
    """
    differences: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(
        lambda: defaultdict(list)
    )
    confused: Counter[tuple[str, str]] = Counter()
    for row in rows:
        target, scores = str(row["target"]), {c["label"]: c["score"] for c in row["candidates"]}
        best = row["candidates"][0]["label"]
        for other in scores:
            if other != target:
                pair = (target, other) if target < other else (other, target)
                differences[pair][target].append(scores[pair[0]] - scores[pair[1]])
                confused[pair] += other == best
    found: list[dict[str, Any]] = []
    for pair, by_target in differences.items():
        first, second = by_target.get(pair[0], []), by_target.get(pair[1], [])
        if min(len(first), len(second)) < ENOUGH:
            continue
        area = separation(first, second)
        if area <= ALIKE:
            known = {"confused": confused[pair], "clips": len(first) + len(second)}
            found.append({"labels": list(pair), "separation": area, **known})
    found.sort(key=lambda one: (-one["confused"] / one["clips"], one["separation"]))
    shared = _shared_steps([one["labels"] for one in found[:MOST]], scripts, embed)
    return [{**one, "shared_steps": steps} for one, steps in zip(found[:MOST], shared, strict=True)]


def _shared_steps(
    pairs: Sequence[Sequence[str]], scripts: Sequence[Script], embed: Embed | None
) -> list[list[dict[str, Any]]]:
    """For each pair of labels, the steps that are the same text or unusually close in meaning."""
    known = {script.label: script for script in scripts}
    made = {} if embed is None else {label: embed(one) for label, one in known.items()}
    rows = {label: normalize(one) for label, one in made.items() if one is not None}
    usual = 1.0
    if len(rows) > 1:
        labels = list(rows)[:60]
        cosines = [rows[a] @ rows[b].T for a, b in combinations(labels, 2)]
        usual = float(np.quantile(np.concatenate([one.ravel() for one in cosines]), 0.9))
    found = []
    for first, second in pairs:
        steps: list[dict[str, Any]] = []
        both = first in rows and second in rows
        if first in known and second in known:
            for i, one in enumerate(known[first].steps):
                for j, other in enumerate(known[second].steps):
                    same = label_key(one) == label_key(other)
                    near = float(rows[first][i] @ rows[second][j]) if both else 0.0
                    if same or (rows and near >= usual):
                        steps.append({"steps": [one, other], "cosine": 1.0 if same else near})
        found.append(sorted(steps, key=lambda step: -step["cosine"])[:3])
    return found


def steps_everywhere(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Steps that fit the clips of other labels as well as those of their own, the strongest first.

    For each step, its affinity on its path is taken in every clip.
    """
    # By its text: in multiple-choice sets one label, such as "order 1", has many scripts.
    own: dict[tuple[str, str], list[float]] = defaultdict(list)
    others: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in rows:
        for candidate in row["candidates"]:
            for part in candidate.get("segments", ()):
                if (affinity := part.get("affinity")) is not None:
                    key = candidate["label"], part["step"]
                    (own if candidate["label"] == row["target"] else others)[key].append(affinity)
    means = [float(np.mean(values)) for values in others.values()]
    usual = float(np.median(means)) if means else 0.0
    found: list[dict[str, Any]] = []
    for (label, step), mine in own.items():
        theirs = others.get((label, step), [])
        if min(len(mine), len(theirs)) < ENOUGH or float(np.mean(theirs)) < usual:
            continue
        area = separation(mine, theirs)
        if area <= USELESS:
            fit = {"own": float(np.mean(mine)), "others": float(np.mean(theirs))}
            found.append({"label": label, "step": step, "separation": area, **fit})
    return sorted(found, key=lambda one: -one["others"])[:MOST]


def nobody_seen(rows: Sequence[Row]) -> dict[str, Any]:
    """The clips in which the encoder saw nothing it knows (no person) in over half of the frames.

    right, others_right: the accuracy on them and on the others; None if there are none.
    """

    def rate(chosen: Sequence[Row]) -> float | None:
        return float(np.mean([row["rank"] == 1 for row in chosen])) if chosen else None

    def share(row: Row) -> float:
        # Where everyone is followed, a row has the frames between a person's first and last only.
        people = row.get("people_frames", {})
        of_clip = people.get("0", 0) / max(sum(people.values()), 1)
        return max(of_clip, row.get("neutral_frames", 0) / max(row.get("frames", 0), 1))

    shares = {row["clip"]: share(row) for row in rows}
    clips = sorted((clip for clip in shares if shares[clip] > 0.5), key=lambda c: -shares[c])
    chosen = set(clips)
    return {
        "clips": [{"clip": clip, "share": shares[clip]} for clip in clips],
        "right": rate([row for row in rows if row["clip"] in chosen]),
        "others_right": rate([row for row in rows if row["clip"] not in chosen]),
    }


def by_margin(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Accuracy by the margin of the best candidate over the second, in GROUPS of equal size."""
    known = sorted((margin, row["rank"] == 1) for row in rows if (margin := row.get("margin")))
    if len(known) < 2 * GROUPS:
        return []
    return [
        {
            "low": known[part[0]][0],
            "high": known[part[-1]][0],
            "n": len(part),
            "right": float(np.mean([known[i][1] for i in part])),
        }
        for part in np.array_split(np.arange(len(known)), GROUPS)
    ]


def _advice(
    rows: Sequence[Row], results: dict[str, Any], figures: dict[str, Any], found: dict[str, Any]
) -> list[str]:
    """Sentences that say what to do, the most useful first."""
    scorer = found["scorer"]
    lines = [*_on_baseline(results, scorer), *_on_order(results, scorer), *_on_labels(figures)]
    for pair in found["labels_alike"][:3]:
        first, second = pair["labels"]
        steps = "; ".join(
            " and ".join(f"“{step}”" for step in dict.fromkeys(one["steps"]))
            for one in pair["shared_steps"]
        )
        shared = f" These steps are alike: {steps}." if steps else ""
        lines.append(
            f"“{first}” and “{second}” can't be told apart (the better one scores higher in "
            f"{100 * pair['separation']:.0f} % of comparisons; 50 % is chance).{shared} Write the "
            "steps that differ."
        )
    lines += [
        f"The step “{one['step']}” of “{one['label']}” fits other clips as well as its own; "
        "say what only this action shows, or leave it out."
        for one in found["steps_everywhere"][:3]
    ]
    nobody = found["nobody_seen"]
    if nobody["clips"]:
        right, rest = (
            "-" if share is None else f"{100 * share:.0f} %"
            for share in (nobody["right"], nobody["others_right"])
        )
        lines.append(
            f"In {counted(len(nobody['clips']), 'clip')} the encoder sees nothing it knows for "
            f"more than half of the time ({right} of them are right, {rest} of the others): look "
            "at them, or use an encoder that sees more than posture."
        )
    return lines + _on_confidence(rows) + _on_size(figures) + _on_videos(rows)


def _against(results: dict[str, Any], scorer: str) -> Iterator[tuple[str, float, float]]:
    """Each scorer that is compared with this one, by how many points this one is better, and
    McNemar's p."""
    for one in results["comparisons"]:
        sign = {one["first"]: 1, one["second"]: -1}.get(scorer)
        if sign and one["n"]:
            other = one["second"] if sign == 1 else one["first"]
            yield other, 100 * sign * one["difference"], one["mcnemar_p"]


def _on_baseline(results: dict[str, Any], scorer: str) -> list[str]:
    for other, difference, p in _against(results, scorer):
        if other != "mean_pool":
            continue
        if p >= 0.05:
            return [
                f"{scorer} differs from the baseline without steps by {difference:+.1f} points, "
                f"which may be chance (p = {p:.2f}): the scripts have not been shown to help yet."
            ]
        if difference < 0:
            return [
                f"The baseline without steps is {-difference:.1f} points better than {scorer}: "
                "the scripts mislead; begin with the pairs and steps below."
            ]
        return [f"The scripts gain {difference:+.1f} points over the baseline without steps."]
    return []


def _on_order(results: dict[str, Any], scorer: str) -> list[str]:
    """Says which controls with the steps in other orders are better than the scorer itself."""
    controls = [f"{scorer}_{order}" for order in ORDERS]
    return [
        f"The control {other} is {-difference:.1f} points better than {scorer}: check that each "
        "script's steps are in the order in which they happen."
        for other, difference, p in _against(results, scorer)
        if other in controls and difference < 0 and p < 0.05
    ]


def _on_labels(figures: dict[str, Any]) -> list[str]:
    known = {label: one for label, one in figures.get("classes", {}).items() if one["n"] >= ENOUGH}
    worst = sorted(known, key=lambda label: known[label]["value"])[:3]
    lines = []
    for label in worst:
        one = known[label]
        wrong = [c for c in figures["confusion"] if c["target"] == label and c["answer"] != label]
        if one["value"] >= 0.5 or not wrong:
            continue
        most = max(wrong, key=lambda c: c["n"])
        lines.append(
            f"“{label}” is right in {one['hits']} of {one['n']} clips; most often it is taken for "
            f"“{most['answer']}” ({most['n']})."
        )
    return lines


def _on_confidence(rows: Sequence[Row]) -> list[str]:
    known = [row for row in rows if confidence_of(row) is not None]
    if len(known) < 20:
        return []
    # In whole percents, so that the option with the printed number gives these very answers.
    values = [math.floor(100 * (confidence_of(row) or 0)) / 100 for row in known]
    limit = threshold_for(values, [row["rank"] == 1 for row in known], risk=0.05)
    if limit is None:
        return ["At no confidence are 95 % of the answers right."]
    share = sum(value >= limit for value in values) / len(values)
    if share == 1:  # there is nothing to refuse
        return []
    return [
        f"Answers with a confidence of at least {limit:.2f} are right in 95 % or more; they are "
        f"{100 * share:.0f} % of the clips (--min-confidence {limit:.2f})."
    ]


def _on_size(figures: dict[str, Any]) -> list[str]:
    share, count = figures["top1"], figures["n"]
    low, high = figures["ci95"]["top1"]
    if high - low <= 0.1:
        return []
    spread = max(share * (1 - share), 0.09)
    wanted = round(1.96**2 * spread / 0.05**2, -1)
    return [
        f"With {counted(count, 'clip')} the accuracy is known to {100 * (high - low) / 2:.0f} "
        f"points either way; about {wanted:.0f} clips would make that 5."
    ]


def _on_videos(rows: Sequence[Row]) -> list[str]:
    """Says where clips are parts of the same videos, which Wilson's interval takes for others."""
    videos = Counter(video for row in rows if (video := row.get("video")))
    if not videos or len(videos) > 0.9 * videos.total():
        return []
    return [
        f"{counted(videos.total(), 'clip')} come from {counted(len(videos), 'video')}; the "
        "intervals take every clip as independent, so they are too narrow."
    ]
