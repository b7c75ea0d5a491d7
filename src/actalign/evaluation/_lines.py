"""What a run found, as lines and tables of text: printed by `actalign eval` and in every report."""

from __future__ import annotations

import re
from typing import Any

from actalign.errors import counted
from actalign.evaluation._config import SECOND_LOOK
from actalign.evaluation._rows import KS
from actalign.rows._facts import score_text
from actalign.services import spent

ORDER_ONLY = "order-only"
"""The kind of questions whose candidates differ only in the order of their steps."""


def accuracy_table(results: dict[str, Any]) -> list[list[str]]:
    """Rows of text under the headings ACCURACY, with intervals; the paper's numbers come last."""
    rows = []
    for name, figures in results["scorers"].items():
        shares = [interval(figures, f"top{k}") for k in KS]
        macro = figures.get("macro")
        rows.append([name, str(figures["n"]), *shares, percent(macro) if macro else ""])
    chance = next((f["chance"] for f in results["scorers"].values() if f["n"]), None)
    if chance:
        cells = [f"{100 * chance[f'top{k}']:.2f}" for k in KS]
        rows.append(["expected chance", "", *cells, ""])
    for one in results.get("paper", ()):
        cells = ["" if one[f"top{k}"] is None else f"{one[f'top{k}']:.2f}" for k in KS]
        rows.append([f"paper's: {one['method']}", "", *cells, ""])
    return rows


ACCURACY = ("method", "scored", "Top-1 %", "Top-2 %", "Top-3 %", "macro %")


def percent(figure: dict[str, Any], name: str = "value", ci: str = "ci95") -> str:
    """A share and its interval in percent."""
    low, high = figure[ci]
    return f"{100 * figure[name]:.2f} [{100 * low:.1f}, {100 * high:.1f}]"


MOST_LABELS, MOST_TAKEN = 30, 3
LABELS = ("label", "taken for", "right", "right %")


def label_table(figures: dict[str, Any]) -> list[list[str]]:
    """Rows of text under the headings LABELS for a scorer's worst labels, the worst first.

    Empty where there is but one label, which would only repeat the total.
    """
    classes = figures.get("classes", {})
    if len(classes) < 2:
        return []
    rows = []
    for label in sorted(classes, key=lambda label: (classes[label]["value"], label))[:MOST_LABELS]:
        one = classes[label]
        taken = [c for c in figures["confusion"] if c["target"] == label != c["answer"]]
        taken.sort(key=lambda c: -c["n"])
        named = ", ".join(f"{c['answer']} ({c['n']})" for c in taken[:MOST_TAKEN])
        more = f" and {len(taken) - MOST_TAKEN} more" if len(taken) > MOST_TAKEN else ""
        rows.append([label, named + more, f"{one['hits']} of {one['n']}", percent(one)])
    return rows


def label_note(figures: dict[str, Any]) -> str:
    """How many of a scorer's labels `label_table` has."""
    total = len(figures["classes"])
    return f"{min(total, MOST_LABELS)} of {total} labels, the worst first."


PAPER_NOTE = "The paper's: arXiv 2506.22967 v1, on the videos its authors had, with SigLIP so400m."


def count_lines(results: dict[str, Any]) -> list[str]:
    """Sentences on what was scored, unscored and missing, and why."""
    samples = results["samples"]
    lines = [f"{counted(samples['total'], 'sample')}."]
    if kinds := samples["without_clip"]:
        lines.append(f"{sum(kinds.values())} without a clip ({_listed(kinds)}).")
    if kinds := samples["not_encoded"]:
        lines.append(f"{counted(sum(kinds.values()), 'clip')} not encoded ({_listed(kinds)}).")
    if kinds := samples.get("without_person"):
        asked = counted(sum(kinds.values()), "question")
        lines.append(f"{asked} without the person who is meant ({_listed(kinds)}).")
    if unknown := results.get("unknown_texts"):
        more = f" and {len(unknown) - 3} more" if len(unknown) > 3 else ""
        lines.append(
            f"The model knows no word of {counted(len(unknown), 'text')}: "
            f"{', '.join(map(repr, unknown[:3]))}{more}; their scores mean nothing."
        )
    for name, figures in results["scorers"].items():
        if figures["unscored"]:
            unscored = figures["unscored"]
            lines.append(f"{name}: {sum(unscored.values())} unscored ({_listed(unscored)}).")
        if blank := figures.get("nothing_seen"):
            lines.append(
                f"{name}: in {blank} of {counted(figures['n'], 'clip')} nothing is seen; their "
                "answers are drawn by chance."
            )
    if 0 < (most := max((f["n"] for f in results["scorers"].values()), default=0)) < FEW:
        lines.append(
            f"{counted(most, 'clip')} scored, which is few: the intervals of Top-1 to 3 and "
            "McNemar's p allow for that, but all other intervals are too narrow."
        )
    return lines


def kind_lines(results: dict[str, Any]) -> list[str]:
    """Sentences on how far order matters, and on the true intervals, if known."""
    lines = []
    groups = {
        name: figures["by_kind"][ORDER_ONLY]
        for name, figures in results["scorers"].items()
        if ORDER_ONLY in figures.get("by_kind", {})
    }
    shares = {name: group["top1"] for name, group in groups.items()}
    if groups:
        shares = {"chance": next(iter(groups.values()))["chance"]["top1"], **shares}
    for name, share in shares.items():
        lines.append(f"{name}: Top-1 on {ORDER_ONLY} questions {100 * share:.2f} %")
    for name, figures in results["scorers"].items():
        if order := figures.get("order_margin"):
            low, high = order["ci95"]
            lines.append(
                f"{name}: the true script scores higher than in other orders in "
                f"{100 * order['above_zero']:.1f} % [{100 * low:.1f}, {100 * high:.1f}] of "
                f"{order['n']}, by {score_text(order['mean'])} on average (order margin)"
            )
    for name, figures in results["scorers"].items():
        if steps := figures.get("steps"):
            parts = [f"{words} {percent(steps[key])} %" for key, words in STEP_FIGURES.items()]
            lines.append(
                f"{name}: steps in time on {counted(steps['n'], 'clip')}: {', '.join(parts)}"
            )
        if others := figures.get("steps_left_out"):
            lines.append(
                f"{name}: steps in time leave out {counted(others, 'clip')}, whose true times "
                "are of steps that no script of this run has"
            )
        if looks := figures.get("looks"):
            lines.append(f"{name}: {_looks_line(looks)}")
        elif name == SECOND_LOOK and figures["n"]:
            lines.append(
                f"{name}: the model looked at no clip, since in none are the best two close"
            )
    return lines


FEW = 30
"""With fewer labelled clips than this, a fitted temperature is unreliable, and intervals from
resampling (Efron, 1979) are too narrow."""


def refusal_lines(results: dict[str, Any]) -> list[str]:
    """Sentences on how far confidences can be trusted, on refused answers and none-of-these, and
    the temperatures that were fitted."""
    lines = []
    for name, figures in results["scorers"].items():
        if known := figures.get("calibration"):
            lines.append(
                f"{name}: calibration error {percent(known, 'error', 'error_ci95')} %, area under "
                f"risk and coverage {percent(known, 'area', 'area_ci95')} %"
            )
        if given := figures.get("answered"):
            line = f"{name}: {given['refused']} of {given['refused'] + given['n']} answers refused"
            if given["refused"]:
                line += f", {given['refused_right']} of which would have been right"
            if given["n"]:
                line += f"; of the {given['n']} given {percent(given)} % are right"
            lines.append(line)
        if none := figures.get("none"):
            others, own = none["others"], none["candidates"]
            lines.append(
                f"{name}: {none['label']!r} is best in {others['hits']} of "
                f"{counted(others['n'], 'clip')} of other actions and in {own['hits']} of "
                f"{counted(own['n'], 'clip')} of the candidates"
            )
    heats = {n: f["temperature"] for n, f in results["scorers"].items() if "temperature" in f}
    fitted = [f"{name}={one['value']:.4g}" for name, one in heats.items() if one["value"]]
    if fitted:
        lines.append(f"fitted on these clips, for others: --temperature {','.join(fitted)}")
        clips = min(one["n"] for one in heats.values() if one["value"])
        if clips < FEW:
            lines.append(f"{clips} clips are few for that; confidences that use it may be far off")
    lines += [
        f"{name}: no temperature can be fitted on these clips: {one['why']}"
        for name, one in heats.items()
        if "why" in one
    ]
    return lines


def _looks_line(looks: dict[str, Any]) -> str:
    """What a vision-language model was asked, and what it cost."""
    line = f"the model looked at {counted(looks['looked'], 'clip')}, {looks['failed']} failed"
    if looks["failed"]:
        line += " (their first answers stand)"
    if "changed" in looks:
        line += (
            f"; {counted(looks['changed'], 'answer')} changed, {looks['to_right']} to the right "
            f"one and {looks['from_right']} from it"
        )
    if looks["by_votes"]:
        line += f"; {looks['by_votes']} by votes"
    paid = spent(looks["input_tokens"], looks["output_tokens"], looks.get("cost_usd"))
    return f"{line}; {paid}"


STEP_FIGURES = {
    "frame_accuracy": "accuracy by frame",
    "edit": "edit score",
    "f1_10": "F1@10",
    "f1_25": "F1@25",
    "f1_50": "F1@50",
    "iou": "IoU",
}


MANY = 6
"""So many comparisons can be read; more are shortened."""


def comparison_lines(results: dict[str, Any], *, of: str | None = None) -> list[str]:
    """A sentence on each pair of scorers that scored the same clips.

    of: of more than MANY pairs only those with this scorer, and where the others are.
    """
    known = [one for one in results["comparisons"] if one["n"]]
    every = of is None or len(known) <= MANY
    mine = [one for one in known if every or of in (one["first"], one["second"])]
    more = len(known) - len(mine)
    others = [f"and {counted(more, 'more comparison')}: results.json and the report have all"]
    return [*map(comparison_line, mine), *(others if more else ())]


def comparison_line(one: dict[str, Any]) -> str:
    """One paired comparison as a sentence."""
    low, high = one["ci95"]
    return (
        f"{one['first']} against {one['second']} on {counted(one['n'], 'sample')}: Top-1 "
        f"{100 * one['difference']:+.2f} points [{100 * low:+.2f}, {100 * high:+.2f}] (bootstrap), "
        f"{one['only_first']} to {one['only_second']} where only one is right, "
        f"p = {one['mcnemar_p']:.3g} (McNemar)"
    )


def interval(figures: dict[str, Any], name: str) -> str:
    """One of a scorer's shares with its interval in percent; "" if there is none."""
    if not figures["n"]:
        return ""
    return percent({"value": figures[name], "ci95": figures["ci95"][name]})


def _listed(kinds: dict[str, int]) -> str:
    return ", ".join(f"{kind} {n}" for kind, n in kinds.items())


TERMS = {
    "Top-1": "Top-k: the share of clips whose right label is among the best k.",
    "95 % interval": "95 % interval: where the share of many more such clips would probably be.",
    "macro": "Macro: the mean of the labels' own shares, so that rare labels count as much as "
    "frequent ones.",
    "expected chance": "Expected chance: what guessing would get.",
    "margin": "Margin: the best score minus the second best.",
    "confidence": "Confidence: of answers with 80 %, four in five should be right.",
    "calibration error": "Calibration error: how far confidences are, on average, from the share "
    "of answers that is right.",
    "risk and coverage": "Risk and coverage: how many answers are wrong if only the surest are "
    "given; an area of 0 is perfect.",
    "McNemar": "McNemar's p: how probable it would be that the clips which only one of two scorers "
    "gets right are split at least so unevenly, if both were equally good.",
    "bootstrap": "Bootstrap: an interval from drawing the clips again and again.",
    "order margin": "Order margin: a script's score minus the mean of its scores in other orders.",
    "IoU": "IoU: the time that two intervals have in common, divided by the time of both together.",
}
"""Sentences, by what to look for in a report."""


def terms_in(report: str) -> list[str]:
    """The sentences on those terms that occur in a report."""
    words = re.sub(r";base64,[A-Za-z0-9+/=]*", "", report)  # a picture may hold any three letters
    return [sentence for term, sentence in TERMS.items() if term in words]
