"""Events as timelines of annotation and editing tools; each function returns the text of a file.

Times are of the source file. Not here: captions, tables, and projects of many videos.
"""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from actalign import __version__
from actalign.addresses import is_address
from actalign.documents import UNWRITABLE, one_line
from actalign.files import file_named
from actalign.output._events import Event, VideoRows
from actalign.rows._fields import StepRow

Json = dict[str, Any]
RESOLVE_FPS = 25
"""Frames per second of the timeline whose markers `to_resolve` writes."""


def to_elan(video: VideoRows) -> str:
    """ELAN, an .eaf of format 3.0: the tiers "action" and "step", whose annotations can be changed.

    If they are known, the tiers "repetition", such as "2 of 5", and "confidence" say more about the
    actions, since ELAN counts annotations by their text. With several people, each has its own
    tiers, such as "person 1, action". Annotations of one tier can't overlap in ELAN: if events do,
    the later one starts later.
    """
    root = ET.Element(
        "ANNOTATION_DOCUMENT",
        {
            "AUTHOR": f"actalign {__version__}",
            "DATE": datetime.now(UTC).isoformat(timespec="seconds"),
            "FORMAT": "3.0",
            "VERSION": "3.0",
            "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
            "xsi:noNamespaceSchemaLocation": "http://www.mpi.nl/tools/elan/EAFv3.0.xsd",
        },
    )
    header = ET.SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    mime = "video/mp4" if Path(video.video).suffix.lower() in (".mp4", ".m4v") else "video/*"
    media = {"MEDIA_URL": address(video.video), "MIME_TYPE": mime}
    ET.SubElement(header, "MEDIA_DESCRIPTOR", media)
    order = ET.SubElement(root, "TIME_ORDER")
    slots = annotations = 0
    for tier, whose, spans in _tiers(video.events):
        element = ET.SubElement(root, "TIER", LINGUISTIC_TYPE_REF="default", TIER_ID=tier)
        if whose:
            element.set("PARTICIPANT", whose)
        for begin, end, text in _apart(spans):
            for time in (begin, end):
                slots += 1
                slot = {"TIME_SLOT_ID": f"ts{slots}", "TIME_VALUE": str(time)}
                ET.SubElement(order, "TIME_SLOT", slot)
            annotations += 1
            aligned = ET.SubElement(
                ET.SubElement(element, "ANNOTATION"),
                "ALIGNABLE_ANNOTATION",
                ANNOTATION_ID=f"a{annotations}",
                TIME_SLOT_REF1=f"ts{slots - 1}",
                TIME_SLOT_REF2=f"ts{slots}",
            )
            ET.SubElement(aligned, "ANNOTATION_VALUE").text = text
    kind = {"LINGUISTIC_TYPE_ID": "default", "TIME_ALIGNABLE": "true"}
    ET.SubElement(root, "LINGUISTIC_TYPE", kind, GRAPHIC_REFERENCES="false")
    return xml_text_of(root)


def _tiers(found: list[Event]) -> Iterator[tuple[str, str, list[tuple[float, float, str]]]]:
    """The name of each ELAN tier, whose it is, and its annotations."""
    everyone = sorted({(event.person or 0, event.whose) for event in found})
    for _, whose in everyone or [(0, "")]:
        own = [event for event in found if event.whose == whose]
        name = f"{whose}, " if whose else ""
        yield f"{name}action", whose, [_action(event) for event in own]
        yield f"{name}step", whose, [_span(step) for event in own for step in event.steps]
        for tier, said in (
            ("repetition", [(event, event.which) for event in own if event.which]),
            ("confidence", [(e, f"{e.confidence:.3f}") for e in own if e.confidence is not None]),
        ):
            if said:
                spans = [(one.start_seconds, one.end_seconds, text) for one, text in said]
                yield f"{name}{tier}", whose, spans


def _action(event: Event) -> tuple[float, float, str]:
    """Its times and text; a partial one says so, since annotations are counted by their text."""
    text = event.action if event.number else f"{event.action} ({event.which})"
    return event.start_seconds, event.end_seconds, text


def _span(step: StepRow) -> tuple[float, float, str]:
    return step["start_seconds"], step["end_seconds"], step["step"]


def _apart(spans: Iterable[tuple[float, float, str]]) -> Iterable[tuple[int, int, str]]:
    """The spans in whole milliseconds, none before the end of the one before, none empty."""
    last = 0
    for start, end, text in sorted(spans, key=lambda span: span[:2]):
        begin, stop = max(last, round(start * 1000)), round(end * 1000)
        if stop > begin:
            yield begin, stop, text
            last = stop


def to_sportscode(video: VideoRows) -> str:
    """Sportscode's XML timeline, which Nacsport, Metrica and others read too.

    One instance each time that an action is performed; its code is the action, its labels are the
    steps and the confidence.
    """
    root = ET.Element("file")
    instances = ET.SubElement(root, "ALL_INSTANCES")
    found = video.events
    for number, event in enumerate(found, start=1):
        instance = ET.SubElement(instances, "instance")
        for name, value in (
            ("ID", str(number)),
            ("start", f"{event.start_seconds:.3f}"),
            ("end", f"{event.end_seconds:.3f}"),
            ("code", event.action),
        ):
            ET.SubElement(instance, name).text = value
        labels = [("step", step["step"]) for step in event.steps]
        if event.person is not None:
            labels.append(("person", str(event.person)))
        if event.which:
            labels.append(("repetition", event.which))
        if event.confidence is not None:
            labels.append(("confidence", f"{event.confidence:.3f}"))
        for group, text in labels:
            label = ET.SubElement(instance, "label")
            ET.SubElement(label, "group").text = group
            ET.SubElement(label, "text").text = text
    rows = ET.SubElement(root, "ROWS")
    for action in dict.fromkeys(event.action for event in found):
        row = ET.SubElement(rows, "row")
        ET.SubElement(row, "code").text = action
        for colour in "RGB":
            ET.SubElement(row, colour).text = "32768"
    return xml_text_of(root)


def to_otio(video: VideoRows) -> str:
    """OpenTimelineIO: a clip of the video for each event, whose markers are its steps.

    OpenTimelineIO's adapters convert it to files for Premiere, Final Cut, Avid and others.
    """
    clips = [
        {
            "OTIO_SCHEMA": "Clip.1",
            "name": event.name,
            "source_range": _range(event.start_seconds, event.end_seconds),
            "media_reference": {
                "OTIO_SCHEMA": "ExternalReference.1",
                "target_url": address(video.video),
            },
            "markers": [
                {
                    "OTIO_SCHEMA": "Marker.2",
                    "name": step["step"],
                    "marked_range": _range(step["start_seconds"], step["end_seconds"]),
                    "color": "GREEN",
                }
                for step in event.steps
            ],
            "metadata": {"actalign": {"score": event.score, "confidence": event.confidence}},
        }
        for event in video.events
    ]
    track = {"OTIO_SCHEMA": "Track.1", "name": "actions", "kind": "Video", "children": clips}
    stack = {"OTIO_SCHEMA": "Stack.1", "name": "tracks", "children": [track]}
    timeline = {"OTIO_SCHEMA": "Timeline.1", "name": video.name.name, "tracks": stack}
    return json.dumps(timeline, ensure_ascii=False, indent=1) + "\n"


def _range(start: float, end: float) -> Json:
    """A time range in milliseconds."""
    times = {"start_time": start, "duration": end - start}
    return {"OTIO_SCHEMA": "TimeRange.1"} | {
        name: {"OTIO_SCHEMA": "RationalTime.1", "rate": 1000.0, "value": round(value * 1000)}
        for name, value in times.items()
    }


def to_resolve(video: VideoRows) -> str:
    """Timeline markers of DaVinci Resolve, which reads them only as an EDL.

    Markers at RESOLVE_FPS from 01:00:00:00, where Resolve's timelines begin: a blue one per event,
    a green one per step.
    """
    marks = [
        mark
        for event in video.events
        for mark in (
            (event.start_seconds, event.end_seconds, "Blue", event.answer),
            *((*_span(step)[:2], "Green", event.step_name(step)) for step in event.steps),
        )
    ]
    lines = [f"TITLE: {one_line(video.name.name)}", "FCM: NON-DROP FRAME", ""]
    for number, (start, end, colour, text) in enumerate(marks, start=1):
        first = round(start * RESOLVE_FPS)
        frames = max(1, round(end * RESOLVE_FPS) - first)
        at = f"{_timecode(first)} {_timecode(first + 1)}"
        lines += [
            f"{number:03}  001      V     C        {at} {at}",
            f" |C:ResolveColor{colour} |M:{one_line(text).replace('|', '/')} |D:{frames}",
            "",
        ]
    return "\n".join(lines)


def _timecode(frames: int) -> str:
    seconds, frame = divmod(frames + 3600 * RESOLVE_FPS, RESOLVE_FPS)
    minutes, second = divmod(seconds, 60)
    return f"{minutes // 60:02}:{minutes % 60:02}:{second:02}:{frame:02}"


def to_activitynet(videos: Iterable[VideoRows]) -> str:
    """The results of ActivityNet's challenge in detection: by video label, score and segment.

    Also the scorer, which tells the detections of several scorers apart, the confidence if it is
    known, with several people whose it is, with several repetitions which one, from 1, and for a
    partial one which steps it has, from 1. A video's name has no suffix, as there; if two are equal
    it is the path.
    """
    of_videos: dict[str, list[Json]] = {}
    for video in videos:
        of_videos.setdefault(video.video, []).extend(
            {
                "label": event.action,
                "score": event.score,
                "segment": [event.start_seconds, event.end_seconds],
                "scorer": video.rows[0].get("scorer"),
                **({} if event.confidence is None else {"confidence": event.confidence}),
                **({} if event.person is None else {"person": event.person}),
                **({"repetition": event.number} if event.number and event.count > 1 else {}),
                **({} if event.number else {"partial_steps": list(event.step_numbers)}),
            }
            for event in video.events
        )
    times = Counter(Path(video).stem for video in of_videos)
    results = {
        Path(video).stem if times[Path(video).stem] == 1 else video: found
        for video, found in of_videos.items()
    }
    made = {"used": True, "details": f"actalign {__version__}"}
    whole = {"version": "VERSION 1.3", "results": results, "external_data": made}
    return json.dumps(whole, ensure_ascii=False) + "\n"


def address(video: str) -> str:
    """The address of a file; a video that has one keeps its own."""
    return video if is_address(video) else file_named(video).absolute().as_uri()


def xml_text_of(root: ET.Element) -> str:
    """The document; characters that XML doesn't allow are left out."""
    for element in root.iter():
        if element.text:
            element.text = UNWRITABLE.sub("", element.text)
        for name, value in element.attrib.items():
            element.set(name, UNWRITABLE.sub("", value))
    ET.indent(root)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return head + ET.tostring(root, encoding="unicode") + "\n"
