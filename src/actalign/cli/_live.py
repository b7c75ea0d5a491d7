"""`actalign live`: the last seconds of a camera, a stream or a file played in real time."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from actalign.cli._candidates import CandidateOptions
from actalign.cli._grouped import INPUT, grouped
from actalign.cli._model_options import ModelOptions
from actalign.cli._options import AsJson, Quiet, TopK
from actalign.cli._scoring_options import ScoringOptions
from actalign.errors import UsageError, counted
from actalign.program import stopped_with

if TYPE_CHECKING:
    from actalign.rows import Row
    from actalign.video import LiveSource

LIVE_FPS = 10.0
"""Frames a second where neither the user nor the encoder says: every frame is too many live."""


@dataclass(frozen=True, slots=True)
class StreamOptions:
    """How the source is watched."""

    PANEL: ClassVar[str] = INPUT

    fps: Annotated[float | None, typer.Option(help="Frames to encode per second.")] = None
    window: Annotated[float, typer.Option(help="Seconds that each score looks back.")] = 5.0
    every: Annotated[float, typer.Option(help="Seconds between scores.")] = 1.0
    format: Annotated[
        str | None,
        typer.Option(help="Input format of devices and pipes, as FFmpeg names it: v4l2, mpegts."),
    ] = None
    give_up: Annotated[
        float, typer.Option(help="Seconds without a frame after which a stream is given up.")
    ] = 300.0

    def open(
        self, address: str, fps: float, on_trouble: Callable[[str], None] | None = None
    ) -> LiveSource:
        """The source, not yet watched; raises UsageError for what is wrong."""
        from actalign.video import LiveSource

        return LiveSource(
            address, fps=fps, format=self.format, give_up=self.give_up, on_trouble=on_trouble
        )


@grouped
def live(
    source: Annotated[
        str,
        typer.Argument(
            help="A file, an address (rtsp://, http://, ...), a device such as /dev/video0, - for "
            "standard input, or env:NAME for an address with a password, read from that "
            "environment variable."
        ),
    ],
    stream: StreamOptions,
    candidates: CandidateOptions,
    model: ModelOptions,
    scoring: ScoringOptions,
    top_k: TopK = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Watch a camera, a stream or a file played in real time, and score its last seconds."""
    from actalign.cli._show import console_of, print_json_text
    from actalign.clips._live import check_live, live_windows
    from actalign.rows._facts import clock
    from actalign.rows._files import row_text

    console = console_of(stderr=True)

    def note(sentence: str) -> None:
        if not quiet:
            console.print(sentence, style="yellow")

    scoring.check(where="in a stream", clips=False)
    if scoring.repeats not in (None, "no", "auto", "partial"):
        raise UsageError(
            "live takes --repeats no, auto or partial, since the number isn't known in advance."
        )
    check_live(stream.window, stream.every)
    choice = model.choice_of_one("live")
    given = candidates.read()
    address = _address(source)
    stream.open(address, 1.0)  # refuses what is wrong before the encoder loads
    encoder = choice.load()
    (resolved,) = given.resolve(encoder, scoring)
    for sentence in given.notes:
        note(sentence)
    rate = stream.fps if stream.fps is not None else encoder.info.fps or LIVE_FPS
    silent = quiet or as_json
    count = 0
    said: set[str] = set()

    def say_stopped() -> None:
        if not silent:
            console.print(f"stopped after {counted(count, 'score')}")

    with stopped_with(say_stopped), stream.open(address, rate, note) as seen:
        if not silent:
            console.print(_what_is_shown(seen.name, stream, rate))
        for last in live_windows(encoder, seen, window=stream.window, every=stream.every):
            count += 1
            row = last.to_row(resolved.predict(last.clip), top_k=top_k)
            if as_json:
                print_json_text(row_text(row))
                continue
            for sentence in row["warnings"]:
                if _without_numbers(sentence) not in said:
                    note(f"{clock(row['seconds'])}  {sentence}")
            said = set(map(_without_numbers, row["warnings"]))
            print(_line(row, top_k), flush=True)


def _what_is_shown(name: str, stream: StreamOptions, rate: float) -> str:
    return (
        f"{name}: the last {stream.window:g} s, scored every {stream.every:g} s at {rate:g} frames "
        "a second; stop with Ctrl+C"
    )


def _line(row: Row, top_k: int | None) -> str:
    """When, the answer or that there is none, the best candidates, how late all that is, and what
    a clip's row would say of the window: several people, and cuts."""
    from actalign.cli._show import answer, printable, share
    from actalign.rows._facts import clock, score_text
    from actalign.rows._warnings import asides

    names = [answer(row), *(c["label"] for c in row["candidates"][1 : top_k or 3])]
    ranked = printable(
        "  ".join(
            f"{name} {score_text(c['score'])}{share(c)}"
            for name, c in zip(names, row["candidates"], strict=False)
        )
    )
    told = [f"delay {row['delay_seconds']:.1f} s"]
    if row["dropped_frames"]:
        told.append(f"{counted(row['dropped_frames'], 'frame')} dropped")
    told += asides(row)
    return f"{clock(row['seconds'])}  {ranked}  ({', '.join(told)})"


def _without_numbers(sentence: str) -> str:
    """What a sentence says, however many frames it says it of: it is told once, not each second."""
    return re.sub(r"\d+", "", sentence)


def _address(source: str) -> str:
    if not source.startswith("env:"):
        return source
    name = source.removeprefix("env:")
    if not os.environ.get(name):
        raise UsageError(f"The source is env:{name}, but the variable {name} is not set.")
    return os.environ[name]
