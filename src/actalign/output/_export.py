"""Predictions in the formats of other tools: a table of formats, and the files they make.

Rows are read while files are written, so that a file of any size needs memory only for one video's
rows and for the videos' names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from actalign.addresses import is_address
from actalign.errors import UsageError, VideoError
from actalign.files import (
    check_folder_name,
    check_writable,
    file_named,
    is_same_file,
    is_there,
    write_text,
)
from actalign.output._boris import to_boris, write_boris_events
from actalign.output._burn import write_burned
from actalign.output._captions import to_srt, to_vtt
from actalign.output._events import VideoRows, by_video
from actalign.output._kinovea import to_kinovea
from actalign.output._projects import to_fiftyone, to_inspect, to_label_studio, to_lmms_eval
from actalign.output._row_files import files_of_rows, row_file
from actalign.output._table_files import TABLE_SUFFIXES, check_table_format
from actalign.output._timelines import to_activitynet, to_elan, to_otio, to_resolve, to_sportscode
from actalign.rows import Row
from actalign.rows._files import RowFile


def _text(made: Callable[[VideoRows], str]) -> Callable[[VideoRows, Path], None]:
    return lambda video, path: write_text(path, made(video))


PER_VIDEO: dict[str, tuple[str, Callable[[VideoRows, Path], None]]] = {
    "vtt": (".vtt", _text(lambda video: to_vtt(video.events))),
    "srt": (".srt", _text(lambda video: to_srt(video.events))),
    "elan": (".eaf", _text(to_elan)),
    "sportscode": (".xml", _text(to_sportscode)),
    "otio": (".otio", _text(to_otio)),
    "resolve": (".edl", _text(to_resolve)),
    "kinovea": (".kva", _text(to_kinovea)),
    "boris-events": (".xlsx", write_boris_events),
    "burn": (".mp4", write_burned),
}
"""Formats with one file per video: the files' suffix, and the function that writes one."""
OF_VIDEOS: dict[str, tuple[str, Callable[[Iterable[VideoRows]], str]]] = {
    "activitynet": (".json", to_activitynet),
    "boris": (".boris", to_boris),
}
"""Formats with one file for all videos."""
TABLES = tuple(suffix.lstrip(".") for suffix in TABLE_SUFFIXES)
PROJECTS: dict[str, Callable[[Iterable[Row], Path], list[Path]]] = {
    "lmms-eval": to_lmms_eval,
    "label-studio": to_label_studio,
    "fiftyone": to_fiftyone,
    "inspect": to_inspect,
}
LEADING_TO_VIDEOS = ("elan", "otio", "boris", "fiftyone")
"""Formats that say where the videos are, and that are written whether or not the videos exist."""
READING_VIDEOS = ("burn", "kinovea")
"""Formats that are not written of a video that doesn't exist."""
WITH_FAILED = (*TABLES, "lmms-eval", "label-studio", "inspect")
"""Formats that include clips that failed."""
ONE_FILE = {
    "lmms-eval": ".jsonl",
    **{name: f".{name}" for name in TABLES},
    **{name: suffix for name, (suffix, _) in OF_VIDEOS.items()},
}
"""The formats that are written to one file, named by `out`; the others go into a folder."""
BY_ENDING = {
    **{suffix: name for name, (suffix, _) in PER_VIDEO.items()},
    ".boris": "boris",
    **{f".{name}": name for name in TABLES},
}
"""The format by the suffix of ``out``."""
FORMATS = (*TABLES, *PER_VIDEO, *OF_VIDEOS, *PROJECTS)


def export(
    predictions: str | Path,
    to: str | None = None,
    out: str | Path | None = None,
    *,
    on_file: Callable[[Path], None] | None = None,
) -> list[Path]:
    """Write predictions in format ``to``; returns the files written.

    csv, parquet: ``out`` is a file with one line per clip, and NAME.steps beside it has one line
    per step. xlsx: a workbook with sheets of clips, repetitions and steps. md: one line per clip,
    for reading. lmms-eval, activitynet, boris: one file. vtt, srt, elan, sportscode, otio, resolve,
    kinovea, boris-events: a folder with one file per video, named after the video; equal names, and
    several scorers, are in separate folders. burn: likewise, the videos themselves with action,
    step, confidence and time drawn in. resolve's markers are for a timeline of 25 frames a second.
    label-studio, fiftyone, inspect: a folder for the project's files.

    to: None for the format of ``out``'s suffix, csv without one. out: None for a file or folder
    beside the predictions, named after them. on_file: called with each per-video file, as it is
    written.

    Raises UsageError for an unknown format, predictions that can't be read, or a place where
    clearly nothing can be written, and VideoError if a format reads videos (kinovea, burn) and some
    can't be read, or have changed since the rows were made, after all others are written.
    """
    given = out
    to, out = export_place(predictions, to, out)
    rows = RowFile(predictions, find_videos=to not in TABLES)
    if is_same_file(given, predictions) or is_same_file(out, predictions):
        raise UsageError(
            f"{predictions} is the file to export, and would be lost; name another to write."
        )
    for file in files_of_rows(out) if to in ONE_FILE else [out / "file"]:
        check_writable(file)
    if to in PROJECTS:
        return PROJECTS[to](rows, out)
    if to in PER_VIDEO:
        return per_video(rows, out, to, on_file)
    if to in OF_VIDEOS:
        write_text(out, OF_VIDEOS[to][1](by_video(rows)))
        return [out]
    check_table_format(f".{to}")
    with row_file(out) as write:
        for row in rows:
            write(row)
    return files_of_rows(out)


def export_place(
    predictions: str | Path, to: str | None, out: str | Path | None
) -> tuple[str, Path]:
    """The format, and the file or folder that `export` writes; raises its UsageErrors for both."""
    if to is None:
        ending = "" if out is None else Path(out).suffix
        if ending and ending.lower() not in BY_ENDING:
            raise UsageError(
                f"The format of {out} is not known by {ending}; name it with --to (to)."
            )
        to = BY_ENDING.get(ending.lower(), "csv")
    if to not in FORMATS:
        raise UsageError(f"There is no export format {to!r}; choose {', '.join(FORMATS)}.")
    place = _default_out(Path(predictions), to) if out is None else Path(out)
    if to not in ONE_FILE:
        check_folder_name(f"The format {to}", place, *BY_ENDING, *ONE_FILE.values(), ".html")
    if to in TABLES and place.suffix.lower() != f".{to}":
        if place.suffix.lower() in TABLE_SUFFIXES:
            raise UsageError(
                f"{place} ends in {place.suffix}, and the format is {to}; leave one out."
            )
        place = place.with_name(f"{place.name}.{to}")
    return to, place


def absent_videos(predictions: Path) -> list[str]:
    """The videos of the clips that didn't fail which are neither here nor beside it; each once."""
    rows = RowFile(predictions, find_videos=True)
    told = (row.get("video") for row in rows if row.get("status") != "error")
    videos = dict.fromkeys(video for video in told if video)
    return [one for one in videos if not is_address(one) and not is_there(file_named(one))]


def _default_out(predictions: Path, to: str) -> Path:
    end = ONE_FILE.get(to, f"-{to}")
    if end == predictions.suffix:  # the file of predictions itself must not be replaced
        end = f"-{to}{end}"
    return predictions.with_name(f"{predictions.stem}{end}")


def per_video(
    rows: Iterable[Row], out: Path, to: str, on_file: Callable[[Path], None] | None = None
) -> list[Path]:
    """One file per video in a folder; all rows are read before the first is written.

    Raises VideoError if some videos can't be read, after all others are written.
    """
    suffix, write = PER_VIDEO[to]
    check_table_format(suffix)
    found: list[Path] = []
    failed: list[str] = []
    for video in by_video(rows):
        path = out / video.name.with_name(video.name.name + suffix)
        try:
            write(video, path)
        except VideoError as error:
            failed.append(str(error))
        else:
            found.append(path)
            if on_file:
                on_file(path)
    if failed:
        raise VideoError(
            f"{len(failed)} of {len(failed) + len(found)} files were not written: "
            + " ".join(failed)
        )
    return found
