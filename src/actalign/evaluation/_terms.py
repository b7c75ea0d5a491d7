"""What the terms in a report mean, in a sentence each."""

import re

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
