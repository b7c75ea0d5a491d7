"""The labels of actions: reading lists of them, and telling which are the same."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable

from actalign.documents import composed, one_line
from actalign.errors import UsageError
from actalign.types import Script

QUOTES = (
    "\u201c\u201d",
    "\u201e\u201c",
    "\u201e\u201d",
    "\u2018\u2019",
    "\u201a\u2018",
    "\u00ab\u00bb",
    "\u00bb\u00ab",
)
"""The quotation marks that word processors put around a text, opening and closing."""


def label_key(label: str) -> str:
    """The same for all spellings of a label: case, Unicode normalization, and the amount and kind
    of white space don't count."""
    return composed(one_line(composed(label).casefold()))


def plain_name(label: str) -> str:
    """The same for labels that differ only in case, hyphens, underscores or a plural."""
    words = re.sub("[-_]", " ", label_key(label).replace("\u2019", "'")).split()
    words[-1:] = [re.sub(r"(?<=[cs]h)es$|(?<=ss)es$|(?<=[^s])s$", "", word) for word in words[-1:]]
    return " ".join(words)


def labels_of(scripts: Iterable[Script]) -> list[str]:
    """Each label once, in the spelling of its first script."""
    found: dict[str, str] = {}
    for script in scripts:
        found.setdefault(label_key(script.label), script.label)
    return list(found.values())


def check_labels(labels: Iterable[str], where: str = "") -> None:
    """Raise UsageError for a label that is empty or given twice; ``where`` begins the sentence."""
    seen: set[str] = set()
    for label in labels:
        if not isinstance(label, str):
            raise UsageError(f"{where}A label is {label!r}; give a text.")
        if not label.strip():
            raise UsageError(f"{where}A label is empty; remove it or name the action.")
        if label_key(label) in seen:
            raise UsageError(
                f"{where}The label {label!r} is given twice; name one of them differently, by more "
                "than capitals and spaces."
            )
        seen.add(label_key(label))


def check_domain(domain: object) -> None:
    """Raise UsageError unless the domain is a text or None."""
    if not isinstance(domain, str | None):
        raise UsageError(f"The domain is {domain!r}; give a text, such as gym.")


def as_labels(labels: str | Iterable[str]) -> list[str]:
    """Labels as a list, also from a comma-separated text; raises UsageError for anything else."""
    if isinstance(labels, str):
        return split_labels(labels)
    try:
        return list(labels)
    except TypeError:
        raise UsageError(f"The labels are {labels!r}; give a list of texts.") from None


def split_labels(labels: str) -> list[str]:
    """Comma-separated labels, without empty ones; a label with a comma in it is in double quotes.

    Raises UsageError for a quote that isn't closed.
    """
    try:
        rows = list(csv.reader(labels.splitlines(), skipinitialspace=True, strict=True))
    except csv.Error as error:
        raise UsageError(
            f"The labels {labels!r} can't be read ({error}); put a label that contains a comma in "
            "double quotes, and double any quote inside it."
        ) from None
    return [found for row in rows for label in row if (found := unquoted(label))]


def unquoted(label: str) -> str:
    """The label without outer spaces, and without typographic quotation marks around all of it."""
    label = label.strip()
    inside = label[1:-1]
    if label[:1] + label[-1:] not in QUOTES or set(inside) & set(QUOTES[0]):
        return label
    return inside.strip()
