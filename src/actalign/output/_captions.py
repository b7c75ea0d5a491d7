"""Events as captions: one cue per step of each action, or one per detection of a video."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from actalign.documents import one_line
from actalign.output._events import Event


class Cue(NamedTuple):
    """A text shown in [start_seconds, end_seconds)."""

    start_seconds: float
    end_seconds: float
    text: str


def cues(found: Sequence[Event]) -> list[Cue]:
    """A cue for each step, "action: step"; for an event without steps, one cue with its action. In
    order of time, as WebVTT requires."""
    shown = []
    for event in found:
        all_ = [
            Cue(step["start_seconds"], step["end_seconds"], event.step_name(step))
            for step in event.steps
        ] or [Cue(event.start_seconds, event.end_seconds, event.answer)]
        newer = [
            cue._replace(start_seconds=max(cue.start_seconds, event.shown_from)) for cue in all_
        ]
        # A step may have less than a millisecond of a frame that steps share; lengthened to one by
        # `_span`, it would overlap the next. A step that is alone is shown.
        lasting = [cue for cue in newer if _lasts(cue)]
        shown += lasting or [cue for cue in all_[:1] if cue.start_seconds >= event.shown_from]
    return sorted(shown, key=lambda cue: cue.start_seconds)


def to_vtt(found: Sequence[Event]) -> str:
    """The steps of one video's actions as WebVTT (W3C), times to a millisecond."""
    return _vtt(cues(found))


def to_srt(found: Sequence[Event]) -> str:
    """The steps of one video's actions as SubRip."""
    return "\n".join(
        f"{k}\n{_span(cue, ',')}\n{one_line(cue.text)}\n"
        for k, cue in enumerate(cues(found), start=1)
    )


def detections_vtt(found: Sequence[Event]) -> str:
    """One WebVTT cue per detection of one video: its label, and whose it is."""
    shown = [Cue(one.captions_from, one.end_seconds, one.name) for one in found]
    return _vtt(sorted(filter(_lasts, shown), key=lambda cue: cue.start_seconds))


def _vtt(shown: Sequence[Cue]) -> str:
    lines = [f"{k}\n{_span(c, '.')}\n{_vtt_text(c.text)}\n" for k, c in enumerate(shown, start=1)]
    return "\n".join(["WEBVTT\n", *lines])


def _span(cue: Cue, point: str) -> str:
    """The cue's times; at least a millisecond, since readers drop cues of no duration."""
    start = _milliseconds(cue.start_seconds)
    end = max(start + 1, _milliseconds(cue.end_seconds))
    return f"{_clock(start, point)} --> {_clock(end, point)}"


def _lasts(cue: Cue) -> bool:
    return _milliseconds(cue.start_seconds) < _milliseconds(cue.end_seconds)


def _milliseconds(seconds: float) -> int:
    return round(max(0.0, seconds) * 1000)


def _clock(total: int, point: str) -> str:
    minutes, milliseconds = divmod(total, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{milliseconds // 1000:02}{point}{milliseconds % 1000:03}"


def _vtt_text(text: str) -> str:
    return one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
