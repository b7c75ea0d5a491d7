"""Rows as captions: the winner's steps of a clip, or the detections of a video, as cues."""

from __future__ import annotations

from collections.abc import Sequence

from actalign.rows import Row, StepRow, numbered_steps


def to_vtt(row: Row) -> str:
    """The winner's steps of one clip as WebVTT (W3C), times to a millisecond."""
    return _vtt(_segments(row))


def detections_vtt(rows: Sequence[Row]) -> str:
    """One WebVTT cue a detection of one video, its label."""
    return _vtt(
        [
            {
                "step": row["candidates"][0]["label"],
                "start_seconds": row["start_seconds"],
                "end_seconds": row["end_seconds"],
            }
            for row in rows
            if row["candidates"]
        ]
    )


def to_srt(row: Row) -> str:
    """The winner's steps of one clip as SubRip."""
    return "\n".join(
        f"{k}\n{_span(s, ',')}\n{_one_line(s['step'])}\n"
        for k, s in enumerate(_segments(row), start=1)
    )


def _vtt(steps: Sequence[StepRow]) -> str:
    cues = [f"{k}\n{_span(s, '.')}\n{_vtt_text(s['step'])}\n" for k, s in enumerate(steps, start=1)]
    return "\n".join(["WEBVTT\n", *cues])


def _segments(row: Row) -> list[StepRow]:
    """The winner's steps; of one that is repeated, each says which repetition it belongs to."""
    if not row["candidates"]:
        return []
    best = row["candidates"][0]
    count = len(best.get("repetitions", ()))
    if count < 2:
        return list(best.get("segments", ()))
    return [
        {**found.step, "step": f"({found.repetition} of {count}) {found.step['step']}"}
        for found in numbered_steps(best)
    ]


def _span(segment: StepRow, point: str) -> str:
    """From when to when; at least a millisecond, since readers drop cues that last no time."""
    start = round(max(0.0, segment["start_seconds"]) * 1000)
    end = max(start + 1, round(segment["end_seconds"] * 1000))
    return f"{_clock(start, point)} --> {_clock(end, point)}"


def _clock(total: int, point: str) -> str:
    minutes, milliseconds = divmod(total, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{milliseconds // 1000:02}{point}{milliseconds % 1000:03}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _vtt_text(text: str) -> str:
    return _one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
