"""What the commands print and draw for a clip."""

from __future__ import annotations

import codecs
import json
import os
import re
import shlex
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console, RenderableType
    from rich.table import Table

    from actalign.rows import Row
    from actalign.rows._fields import CandidateRow
    from actalign.types import Prediction


def console_of(*, stderr: bool = False) -> Console:
    """A console for results, or for all that is said beside them; see `printable`.

    Names and labels are shown as they are, also those that look like Rich's markup: "[x]", ":100:".
    """
    from rich.console import Console

    class _Printable(Console):
        def print(self, *objects: Any, **options: Any) -> None:
            super().print(
                *(printable(o, keep="\n\t") if isinstance(o, str) else o for o in objects),
                **options,
            )

    return _Printable(stderr=stderr, markup=False, emoji=False, highlight=False, soft_wrap=True)


def print_notes(notes: Iterable[str], *, quiet: bool = False) -> Console:
    """Says, unless quiet, what is to be known beside the results; gives the console of that."""
    console = console_of(stderr=True)
    for note in () if quiet else notes:
        console.print(note, style="yellow")
    return console


def printable(text: str, *, keep: str = "") -> str:
    """The text with escapes for what would steer a terminal: names of files may hold anything."""
    return "".join(
        c if c.isprintable() or c in keep else c.encode("unicode_escape").decode() for c in text
    )


def shell_word(text: object, *, windows: bool = os.name == "nt") -> str:
    """A word of a proposed command as it is typed, quoted if it must be: on Windows in double
    quotes, since its command prompt knows no others."""
    return subprocess.list2cmdline([str(text)]) if windows else shlex.quote(str(text))


def print_json(value: object, *, indent: int | None = None) -> None:
    """Print a value as JSON; see `print_json_text`."""
    print_json_text(json.dumps(value, ensure_ascii=False, indent=indent))


def print_json_text(text: str) -> None:
    """Print JSON. Where stdout is not UTF-8 other characters are escapes, so that it stays JSON."""
    encoding = getattr(sys.stdout, "encoding", None)  # stdout itself is None where it is closed
    if codecs.lookup(encoding or "utf-8").name != "utf-8":
        text = re.sub(r"[^\x00-\x7f]", lambda found: json.dumps(found[0])[1:-1], text)
    print(text, flush=True)


def _bare_table(title: str) -> Table:
    from rich.table import Table

    name = printable(title)
    return Table(title=name, title_justify="left", title_style="bold", box=None, pad_edge=False)


def candidate_table(row: Row, *, scorer: bool = False) -> Table:
    """Candidates of one clip, best first, with a bar from the worst to the best score; below, how
    many people are seen, if that is known, its cuts and its warnings. scorer: name the scorer."""
    from actalign.rows._facts import confidence_text, only_by_name, score_text
    from actalign.rows._people import people_seen
    from actalign.rows._warnings import cuts_within

    by = f" by {row.get('scorer')}" if scorer else ""
    table = _bare_table(f"{row['clip']}{by}: {answer(row)}")
    table.add_column("candidate")
    table.add_column("score", justify="right")
    candidates = row["candidates"]
    sure = "confidence" in candidates[0]
    if sure:
        table.add_column("confidence", justify="right")
    table.add_column("")
    block = "#" if console_of().options.ascii_only else "█"
    scores = [c["score"] for c in candidates]
    low = min(0.0, *scores) if len(scores) > 1 else 0.0
    high = max(scores)
    shares = [confidence_text(row), *(share(c).strip() for c in candidates[1:])]
    for candidate, confidence in zip(candidates, shares, strict=True):
        length = (candidate["score"] - low) / (high - low) if high > low else 0.0
        bar = block * round(28 * length)
        name = candidate["label"] + (" (no script)" if only_by_name(candidate) else "")
        cells = [printable(name), score_text(candidate["score"]), *([confidence] if sure else [])]
        table.add_row(*cells, bar)
    seen = people_seen(row)
    people = [f"people: {seen}"] if seen else []
    below = [*people, *cuts_within(row), *map(printable, row.get("warnings", ()))]
    if below:
        table.caption, table.caption_justify = "\n".join(below), "left"
    return table


def answer(row: Row) -> str:
    """The label, any doubts about it, and how often it is performed; or why there is none."""
    from actalign.rows._facts import Times
    from actalign.rows._warnings import tag

    best, doubt = row["candidates"][0], tag(row)
    if row.get("label") is None:
        means_nothing = doubt in ("nothing seen", "unknown words")
        return f"no label ({doubt if means_nothing else best['label'] + '?'})"
    times = str(Times.of(best) or "")
    return best["label"] + (f" ({doubt})" if doubt else "") + (f", {times}" if times else "")


CLIP_WIDTH = 40
"""Most room for a clip's id."""
NOTE_WIDTH = 16
"""Room beside a label for what is said of it."""
MORE_WIDTH = 24
"""Room that the column of the action takes more, once a line needs it."""

WHEN_WIDTH = len("0:00:00.0 - 0:00:00.0")


class ResultLines:
    """One line a clip: which, its action, how sure that is, the runner-up, and when it happens.

    clips: the clips' ids; labels: the candidates'. They say how wide the columns are, for lines are
    printed as results come. bars: print each clip's candidates instead. scorers: name the scorer.
    """

    def __init__(
        self,
        clips: Iterable[str],
        labels: Iterable[str],
        *,
        bars: bool = False,
        scorers: bool = False,
    ) -> None:
        self._counts: defaultdict[str, Counter[str]] = defaultdict(Counter)  # by scorer
        self._bars = bars
        self._scorers = scorers
        label = min(32, max(map(_width, labels), default=0))
        clip = max(map(_width, [*clips, "clip"]))
        sure = len("margin -1.234e-05") if scorers else len("confidence")
        self._widths = [min(CLIP_WIDTH, clip), label + NOTE_WIDTH, sure, label + 6, WHEN_WIDTH]
        self._most = [CLIP_WIDTH, label + NOTE_WIDTH + MORE_WIDTH]

    def of(self, row: Row) -> RenderableType:
        """What is printed of one row that has candidates; above the first line, its columns."""
        from rich.text import Text

        from actalign.rows._warnings import unknown_words

        first = not self._counts
        self._counts[row.get("scorer") or ""][_counted(row)] += 1
        if self._bars:
            return candidate_table(row, scorer=self._scorers)
        found = self._cells(row)
        # A window or a person has a longer id than its clip, and an action may be repeated.
        for n, (cell, most) in enumerate(zip(found, self._most, strict=False)):
            self._widths[n] = max(self._widths[n], min(most, _width(cell)))
        cells = [self._joined(found)]
        if first:
            sure = "confidence" if "confidence" in row or unknown_words(row) else "margin"
            heads = ["clip", "action", sure, "runner-up", "when"]
            if self._scorers:  # of which some may have confidences and others margins
                heads[2:] = ["how sure", "runner-up", "when", "scorer"]
            cells.insert(0, self._joined(heads))
        return Text("\n".join(cells))

    def _cells(self, row: Row) -> list[str]:
        from actalign.rows._facts import action_span, clock, confidence_text, score_text
        from actalign.rows._warnings import unknown_words

        _, *others = row["candidates"]
        margin = row.get("margin")
        cells = [row["clip"], answer(row)]
        if sure := confidence_text(row):
            cells.append(sure)
        elif margin is None or unknown_words(row):
            cells.append("")
        else:
            cells.append(("margin " if self._scorers else "") + score_text(margin))
        cells.append("" if not others else others[0]["label"] + share(others[0]))
        span = action_span(row)
        cells.append("" if span is None else f"{clock(span[0])} - {clock(span[1])}")
        if self._scorers:
            cells.append(row.get("scorer") or "")
        return cells

    def _joined(self, cells: list[str]) -> str:
        cells = [printable(cell) for cell in cells]
        wide = [
            cell + " " * (width - _width(cell))
            for cell, width in zip(cells, self._widths, strict=False)
        ]
        return "  ".join([*wide, *cells[len(wide) :]]).rstrip()

    def summary(self) -> str:
        """How often each action was the answer, most often first; a line for each scorer."""
        return "\n".join(
            (f"{scorer}: " if self._scorers else "")
            + ", ".join(f"{label} {count}" for label, count in counts.most_common())
            for scorer, counts in self._counts.items()
        )


def _width(text: str) -> int:
    """How many columns of a terminal the text takes: a Chinese letter is as wide as two Latin."""
    from rich.cells import cell_len

    return cell_len(printable(text))


def _counted(row: Row) -> str:
    """What the row counts as in the end: its label, or why there is none to rely on."""
    from actalign.rows._facts import nobody_cropped, unseen
    from actalign.rows._warnings import unknown_words

    if unseen(row):
        return "nothing seen"
    label = row.get("label") or "no label"
    if nobody_cropped(row):
        label += " (nobody seen)"
    return f"{label} (unknown words)" if unknown_words(row) else label


def share(candidate: CandidateRow) -> str:
    """Its confidence with a space before, where it has one."""
    return f" {candidate['confidence']:.0%}" if "confidence" in candidate else ""


def detection_table(clip_id: str, detections: Sequence[Row]) -> Table:
    """When each action was found in one video; detections: the rows of `Detection.to_row`."""
    from actalign.rows._facts import clock
    from actalign.rows._warnings import cuts_within, unknown_words

    table = _bare_table(f"{clip_id}: {len(detections)} found")
    table.show_header = bool(detections)
    for heading in ("start", "end", "score"):
        table.add_column(heading, justify="right")
    table.add_column("action")
    for row in detections:
        begin, end = clock(row["start_seconds"]), clock(row["end_seconds"])
        best = row["candidates"][0]
        action = best["label"] + (" (unknown words)" if unknown_words(row) else "")
        action = ", ".join([action, *cuts_within(row)])
        table.add_row(begin, end, f"{best['score']:.2f}", printable(action))
    return table


def save_figure(
    prediction: Prediction,
    video: Path | str,
    folder: Path,
    *,
    format: str = "png",
    theme: str = "light",
) -> tuple[Path, list[str]]:
    """Draw one clip's explanation into the folder; a sentence if there are no pictures in it."""
    from actalign.errors import ActAlignError
    from actalign.files import file_stem
    from actalign.output import alignment_figure, save
    from actalign.video import thumbnails

    name, strip, notes = prediction.clip.clip_id, None, []
    try:
        strip = thumbnails(video, prediction.clip)
    except ActAlignError as error:
        notes = [f"{name}: the figure has no pictures of the video. {error}"]
    drawn = alignment_figure(prediction, thumbnails=strip, theme=theme)
    return save(drawn, folder / f"{file_stem(name)}.{format}"), notes
