"""Metadata entries to a dataset folder: fetch each source once, cut each segment, keep a journal.

Every clip that is done is in `journal.jsonl`, so an interrupted run continues where it stopped; the
manifest is written at the end from the journal and from what failed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

from actalign.errors import VideoError
from actalign.evaluation._journal import Journal
from actalign.evaluation.atlas._clips import ClipFacts, SegmentError, clip_name, cut_clip
from actalign.evaluation.atlas._dataset import Entry, write_manifest
from actalign.evaluation.atlas._download import (
    DownloadOptions,
    Source,
    fetch_sources,
    local_sources,
)
from actalign.evaluation.atlas._metadata import Sample
from actalign.files import file_sha256, pyarrow


def build_dataset(
    samples: Sequence[Sample | Entry],
    folder: Path,
    *,
    videos: Path | None,
    options: DownloadOptions,
    tell: Callable[[str], None],
) -> tuple[Entry, ...]:
    """Make or finish the dataset folder and return its manifest, entries in the metadata's order.

    videos: folder of source files, instead of a download. ``tell`` gets one line for each sample
    when it is done or fails; samples done by an earlier run are not reported again.
    """
    pyarrow()  # the manifest needs it: said before hours of work
    folder.mkdir(parents=True, exist_ok=True)
    done = _DoneClips(folder, videos)
    entries: dict[str, Entry] = {}
    open_samples: dict[str, list[Sample]] = {}
    for one in samples:
        if isinstance(one, Entry):
            entries[one.id] = one
            tell(f"{one.id}: {one.reason}")
        elif (facts := done.facts(one)) is not None:
            entries[one.id] = _with_clip(one, facts)
        else:
            open_samples.setdefault(one.entry.youtube_id, []).append(one)
    if videos is None:
        sources = fetch_sources(open_samples, folder / "sources", options)
    else:
        sources = local_sources(open_samples, videos)
    for source in sources if open_samples else ():
        for sample in open_samples[source.youtube_id]:
            entries[sample.id] = _cut(source, sample, folder, done)
            entry = entries[sample.id]
            tell(f"{sample.id}: " + (f"{entry.frames} frames" if entry.ok else entry.reason))
    ordered = tuple(entries[one.id] for one in samples)
    write_manifest(folder, ordered)
    return ordered


def _cut(source: Source, sample: Sample, folder: Path, done: _DoneClips) -> Entry:
    if source.path is None:
        return replace(sample.entry, status="failed", kind=source.kind, reason=source.reason)
    (folder / "clips").mkdir(exist_ok=True)
    try:
        facts = cut_clip(source, sample, folder / "clips" / clip_name(sample.id))
    except VideoError as error:
        kind = error.kind if isinstance(error, SegmentError) else "undecodable"
        # The folder's place says nothing about the video, and would differ between runs.
        reason = str(error).replace(f"{source.path}", source.path.name)
        return replace(sample.entry, status="failed", kind=kind, reason=reason)
    done.add(sample, facts, source)
    return _with_clip(sample, facts)


def _with_clip(sample: Sample, facts: ClipFacts) -> Entry:
    return replace(sample.entry, clip=f"clips/{clip_name(sample.id)}", **asdict(facts))


class _DoneClips:
    """The clips that are done, by id and by the key of what they were cut from.

    videos: see `build_dataset`; a clip whose source file there has changed is not done.
    """

    def __init__(self, folder: Path, videos: Path | None) -> None:
        self._folder = folder
        self._videos = videos
        self._journal = Journal(folder / "journal.jsonl")
        self._known: dict[str, tuple[str, ClipFacts, str | None]] = {}
        for row in self._journal.rows:
            with suppress(KeyError, TypeError):  # another version's
                facts = ClipFacts(**row["facts"])
                self._known[row["id"]] = (row["key"], facts, row.get("source"))

    def facts(self, sample: Sample) -> ClipFacts | None:
        key, facts, cut_from = self._known.get(sample.id, ("", None, None))
        clip = self._folder / "clips" / clip_name(sample.id)
        if key != sample.key or facts is None or not clip.is_file():
            return None
        if self._videos is not None:
            (source,) = local_sources([sample.entry.youtube_id], self._videos)
            if source.path is not None and cut_from not in (None, _state_of(source.path)):
                return None
        return facts if file_sha256(clip) == facts.sha256 else None

    def add(self, sample: Sample, facts: ClipFacts, source: Source) -> None:
        row = {"id": sample.id, "key": sample.key, "facts": asdict(facts)}
        if self._videos is not None and source.path is not None:
            row["source"] = _state_of(source.path)
        self._journal.add(row)


def _state_of(path: Path) -> str:
    """What shows that a file has changed, without reading it."""
    state = path.stat()
    return f"{state.st_size} bytes, {state.st_mtime_ns} ns"
