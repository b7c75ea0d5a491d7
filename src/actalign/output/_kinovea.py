"""Events as key images of Kinovea: a .kva file beside the video.

Follows the published schema of format 2.0 (Tools/XML/Schema in Kinovea's repository), which later
versions read.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET

from actalign import __version__
from actalign.documents import escaped
from actalign.errors import VideoError
from actalign.output._events import Event, VideoRows, check_content
from actalign.output._timelines import xml_text_of
from actalign.video._paths import is_folder
from actalign.video._worker import DecodeProcess


def to_kinovea(video: VideoRows) -> str:
    """A key image at each step's start and at the action's end, with their names.

    Kinovea counts time in the video's own clock, so the video is opened. Raises VideoError if it
    can't be, is a folder of images, or has changed since the rows were made.
    """
    path = video.path
    if is_folder(path):
        raise VideoError(f"{path} is a folder of images, which Kinovea's files can't refer to.")
    with DecodeProcess() as decoder:
        check_content(path, decoder.content_of(path).digest, video.contents)
        header = decoder.header_of(path)
    begin = str(round(header.start_seconds * header.ticks))
    root = ET.Element("KinoveaVideoAnalysis")
    for name, value in (
        ("FormatVersion", "2.0"),
        ("Producer", f"actalign {__version__}"),
        ("OriginalFilename", escaped(path.stem)),
        ("ImageSize", f"{header.width};{header.height}"),
        ("AverageTimeStampsPerFrame", str(max(1, round(header.ticks / header.fps)))),
        ("FirstTimeStamp", begin),
        ("SelectionStart", begin),
    ):
        ET.SubElement(root, name).text = value
    marks = _marks(video.events)
    # Kinovea can't read an empty list of key images.
    images = ET.SubElement(root, "Keyframes") if marks else root
    for seconds, title in sorted(marks.items()):
        image = ET.SubElement(images, "Keyframe")
        ET.SubElement(image, "Position").text = str(
            round((seconds + header.start_seconds) * header.ticks)
        )
        ET.SubElement(image, "Title").text = title
    return xml_text_of(root)


def _marks(events: list[Event]) -> dict[float, str]:
    """The title at each time, of all people; where a person's action begins, no end is shown."""
    ends = {(event.end_seconds, event.person): f"{event.name}: end" for event in events}
    begins = {
        (start, event.person): title
        for event in events
        for start, title in (
            [(step["start_seconds"], event.step_name(step)) for step in event.steps]
            or [(event.start_seconds, event.answer)]
        )
    }
    titles: dict[float, list[str]] = {}
    for (seconds, _), title in (ends | begins).items():
        titles.setdefault(seconds, []).append(title)
    return {seconds: "; ".join(found) for seconds, found in titles.items()}
