"""Clips by id: from the store, or embedded and stored, each in its place.

What another store has is copied, so that nothing is encoded twice: an entry is found by its key,
which says what it depends on; the clip may have any name there. Files go through the pipeline of
`clips`; frames that a data set holds as arrays are encoded here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from pathlib import Path, PurePath

import numpy as np

from actalign.clips import ClipResult, Sampling, Store, embed_videos
from actalign.clips._frames import embed_frames
from actalign.clips._keys import clip_key
from actalign.clips._people import person_asked, stored_clips
from actalign.clips._prefetch import BATCH_SIZE, found_at
from actalign.clips._result import of_one_video, person_id
from actalign.clips._stored import list_entries, read_stored
from actalign.documents import escaped
from actalign.encoders import Encoder
from actalign.encoders._base import follows_everyone, one_person_only
from actalign.errors import VideoError
from actalign.evaluation._questions import Question
from actalign.rows._fields import BoxRow
from actalign.types import ClipEmbedding, FrameBatch
from actalign.video._worker import DecodeProcess

ASSUMED_FPS = 30.0
"""Frames per second of arrays without times: in the reference, 30 frames are 1 s."""

Embed = Callable[..., Iterator[ClipResult]]


@dataclass(frozen=True, slots=True)
class Clip:
    """What is embedded: a file or [start, end) seconds of one, or frames held as an array.

    video: None if a data set has neither, which is the clip's error. box: where the person who is
    meant is, for an encoder that follows everyone.
    """

    id: str
    video: Path | FrameBatch | None
    start: float | None = None
    end: float | None = None
    box: BoxRow | None = None

    def sampling(self, run: Sampling) -> Sampling:
        """The run's sampling, limited to this part of the file."""
        return replace(run, start=self.start, end=self.end)


def clip_of(question: Question) -> Clip:
    """The clip that a question is about."""
    box = None if question.box is None else question.box.row()
    return Clip(question.id, question.video, question.start, question.end, box)


def unread_boxes(questions: Sequence[Question], model: str) -> list[str]:
    """A sentence if questions are about certain people and the encoder doesn't choose by box."""
    count = sum(question.box is not None for question in questions)
    if not count or follows_everyone(model):
        return []
    return [
        f"{count} of {len(questions)} questions have a box, which --person all uses and {model} "
        "does not."
    ]


def clip_keys(clips: Sequence[Clip], fingerprint: str, sampling: Sampling) -> dict[str, str]:
    """The store's keys of those clips that can be read, by id."""
    keys: dict[str, str] = {}
    with DecodeProcess() as reader:
        for clip in clips:
            with suppress(VideoError):  # reported in the clip's place, when its turn comes
                if isinstance(clip.video, Path):
                    digest = reader.content_of(clip.video).digest
                else:
                    # As the original's files hold it, so that embeddings of earlier versions are
                    # found.
                    data = np.ascontiguousarray(_frames(clip).frames.transpose(0, 3, 1, 2))
                    content = repr((data.shape, str(data.dtype))).encode() + data.tobytes()
                    digest = hashlib.sha256(content).hexdigest()
                keys[clip.id] = clip_key(digest, fingerprint, clip.sampling(sampling))
    return keys


def entries_by_key(given: str | None) -> dict[str, list[str]]:
    """The entries of a folder, or of an address with ://, by key; none for None.

    Raises UsageError if there are none there.
    """
    found: dict[str, list[str]] = {}
    for entry in [] if given is None else list_entries([given]).values():
        found.setdefault(PurePath(entry).stem.rpartition(".")[2], []).append(entry)
    return found


def _named(entries: Sequence[str], name: str, everyone: bool) -> Sequence[ClipEmbedding]:
    """What is in the entries of one key, under another name: a clip, or all of its people."""
    found = [one for entry in entries if (one := read_stored(entry, entry).clip)]
    if not everyone:  # several are the same clip in files of several names
        return [replace(one, clip_id=name) for one in found[:1]]
    numbers = [one.provenance.get("person", "") for one in found]
    people = {
        person_id(name, int(number)): one
        for number, one in zip(numbers, found, strict=True)
        if number.isdecimal()
    }
    named = {clip_id: replace(one, clip_id=clip_id) for clip_id, one in people.items()}
    return stored_clips(named.get, name, everyone=True)


@dataclass(frozen=True, slots=True)
class Embedder:
    """Takes the clips of a run from its store, or embeds them there.

    load: gives the encoder; called only when the store lacks a clip. embed: `clips.embed_videos`,
    or a function that does the same elsewhere. everyone: the encoder follows everyone, and a clip's
    result is that of one person, see `person_asked`.
    """

    store: Store
    sampling: Sampling
    load: Callable[[], Encoder]
    embed: Embed = embed_videos
    everyone: bool = False

    def embed_clips(self, clips: Sequence[Clip], keys: Mapping[str, str]) -> Generator[ClipResult]:
        """The result of each clip, in order; a clip that fails is a result with its error.

        keys: see `clip_keys`. Clips that are parts of files are embedded one after another, whole
        files together. Closing the generator ends the decoding processes.
        """
        names = {clip.id: self.stored_name(clip, keys.get(clip.id, "")) for clip in clips}
        open_files: dict[str, Clip] = {}
        for clip in clips:
            name = names[clip.id]
            known = clip.id in keys and self.is_stored(name, keys[clip.id])
            if isinstance(clip.video, Path) and not known:
                open_files.setdefault(name, clip)
        waiting = set(open_files)
        with closing(self._embedded(open_files)) as coming:
            for clip in clips:
                if names[clip.id] in waiting:
                    waiting.remove(names[clip.id])
                    yield self._of_one(clip, of_one_video(coming))
                else:
                    yield self.embed_clip(clip, keys.get(clip.id, ""))

    def embed_clip(self, clip: Clip, key: str) -> ClipResult:
        """The result of one clip; see `embed_clips`."""
        damaged: list[str] = []
        try:
            results = self._stored(clip, key, damaged) or self._made(clip, key)
        except VideoError as error:
            path = clip.video if isinstance(clip.video, Path) else clip.id
            results = [ClipResult(clip.id, path, error=error)]
        return replace(self._of_one(clip, results), notes=tuple(damaged))

    def reuse(
        self,
        clips: Sequence[Clip],
        keys: Mapping[str, str],
        entries: Mapping[str, Sequence[str]],
    ) -> tuple[int, int]:
        """Copy into the store what it lacks of these clips and is among ``entries``.

        keys: see `clip_keys`. entries: see `entries_by_key`. A damaged entry counts as missing.
        Returns the number of clips that were copied, and of those that the store had.
        """
        copied, kept, names = set[str](), set[str](), list[str]()
        for clip in clips:
            key = keys.get(clip.id, "")
            name = self.stored_name(clip, key)
            names.append(name)  # several questions may be about people of one clip
            if name in copied or name in kept:
                continue
            if stored_clips(partial(self.store.get, key=key), name, everyone=self.everyone):
                kept.add(name)
            else:
                for one in _named(entries.get(key, ()), name, self.everyone):
                    self.store.put(one, key)
                    copied.add(name)
        return sum(name in copied for name in names), sum(name in kept for name in names)

    def stored_name(self, clip: Clip, key: str) -> str:
        """A clip's name in the store; questions about several people in it share the name."""
        if not (self.everyone and key and isinstance(clip.video, Path)):
            return clip.id
        return f"{escaped(clip.video.stem)}-{key[:8]}"

    def is_stored(self, name: str, key: str) -> bool:
        """Whether the store seems to have a clip, or the people in it."""
        names = [person_id(name, n) for n in (1, 0)] if self.everyone else [name]
        return any(self.store.path(one, key).exists() for one in names)

    def _stored(self, clip: Clip, key: str, damaged: list[str]) -> list[ClipResult]:
        """The clip, or each of its people, from the store; empty if it lacks them."""

        def entry(name: str) -> ClipEmbedding | None:
            return self.store.get(name, key, damaged=damaged)

        name, path = self.stored_name(clip, key), clip.video
        found = stored_clips(entry, name, everyone=self.everyone)
        if isinstance(path, Path):
            return [ClipResult(name, path, found_at(one, path), cached=True) for one in found]
        return [ClipResult(name, name, one, cached=True) for one in found]

    def _made(self, clip: Clip, key: str) -> list[ClipResult]:
        """The clip, or each of its people, embedded now."""
        name = self.stored_name(clip, key)
        if isinstance(clip.video, Path):
            return list(self._embedded({name: clip}))
        encoder = self.load()
        made = _embed_frames(encoder, clip, self.sampling)
        if len(made) > 1 and not self.everyone:
            one_person_only(encoder)
        for one in made:
            self.store.put(one, key)
        return [ClipResult(name, name, one) for one in made]

    def _embedded(self, files: Mapping[str, Clip]) -> Generator[ClipResult]:
        """The results of clips in files, by their names in the store."""
        for _, group in groupby(files.items(), key=lambda one: (one[1].start, one[1].end)):
            part = dict(group)
            videos = {name: clip.video for name, clip in part.items()}
            sampling = next(iter(part.values())).sampling(self.sampling)
            encoder = self.load()
            if not self.everyone:
                one_person_only(encoder)
            yield from self.embed(encoder, videos, sampling=sampling, store=self.store)

    def _of_one(self, clip: Clip, results: Sequence[ClipResult]) -> ClipResult:
        """The clip's result, or that of the person who is meant, under the clip's own id."""
        people = [one.clip for one in results if one.clip is not None]
        if not (self.everyone and people):
            return replace(results[0], clip_id=clip.id)
        try:
            found = replace(person_asked(people, clip.box, clip.id), clip_id=clip.id)
        except VideoError as error:
            return replace(results[0], clip_id=clip.id, clip=None, error=error, last=True)
        return replace(results[0], clip_id=clip.id, clip=found, last=True)


def _embed_frames(encoder: Encoder, clip: Clip, sampling: Sampling) -> list[ClipEmbedding]:
    """Embed the frames that a data set holds: the clip, or each of its people."""
    given = _frames(clip)
    frames, times = given.frames, given.pts_seconds
    if sampling.fps is not None:
        wanted = np.arange(times[0], times[-1] + 1e-9, 1 / sampling.fps)
        kept = np.unique(np.searchsorted(times, wanted - 1e-9))
        frames, times = frames[kept], times[kept]

    def batches() -> Iterator[FrameBatch]:
        for start in range(0, len(frames), BATCH_SIZE):
            part = slice(start, start + BATCH_SIZE)
            yield FrameBatch(np.ascontiguousarray(frames[part]), times[part])

    return embed_frames(
        encoder,
        batches(),
        clip_id=clip.id,
        end_seconds=float(times[-1] + 1 / ASSUMED_FPS),
        source={"fps": "all" if sampling.fps is None else f"{sampling.fps:g}"},
    )


def _frames(clip: Clip) -> FrameBatch:
    if not isinstance(clip.video, FrameBatch) or len(clip.video) == 0:
        raise VideoError(
            f"Sample {clip.id!r} has no clip file and no frames; its frames (column 10 of the "
            "data set) must be an array of shape (T, 3, H, W)."
        )
    return clip.video
