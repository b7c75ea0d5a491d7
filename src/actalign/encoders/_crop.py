"""An image encoder that sees a person's box, with context, instead of the whole picture."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from threading import Lock

import numpy as np
from PIL import Image

from actalign.encoder_info import EncoderInfo
from actalign.encoders._base import ACROSS_FRAMES, CROP, ImageEncoder, PersonRows, one_person_only
from actalign.encoders._process import OnePerProcess
from actalign.encoders.body._look import Person
from actalign.encoders.body._pose import POSE_VERSION, PoseEstimator
from actalign.encoders.body._tracks import EVERYONE, Tracks, check_person, person_version
from actalign.encoders.body._weights import weights_hash
from actalign.errors import UsageError
from actalign.rows._people import whole_source
from actalign.types import Float32, FrameBatch, TextWarning, UInt8

# Part of the fingerprint; increased whenever the same person may yield a different crop.
_CROP_VERSION = 1
_CONTEXT = 0.2  # of the box's longer side, added on each side
_SIDE = 384  # pixels of a crop, which the encoder resizes to its input size


def crop(frame: UInt8, person: Person) -> UInt8:
    """(384, 384, 3) square around a person's box with context, shifted into the picture if it
    extends beyond an edge; whatever still doesn't fit is black."""
    height, width = frame.shape[:2]
    low = np.clip(person.low, 0, (width, height))
    high = np.clip(person.high, 0, (width, height))
    side = max(float((high - low).max()) * (1 + 2 * _CONTEXT), 2.0)
    corner = (low + high - side) / 2
    for axis, length in enumerate((width, height)):
        inside = np.clip(corner[axis], 0, max(length - side, 0))
        corner[axis] = inside if side <= length else (length - side) / 2
    x, y = corner.round().astype(int).tolist()
    box = (x, y, x + round(side), y + round(side))
    square = Image.fromarray(frame).crop(box)
    return np.asarray(square.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC))


class CroppedEncoder(OnePerProcess):
    """A PeopleEncoder made from an image encoder. It may be shared by threads.

    A frame in which the person is not found is encoded whole; a result reports how many were.
    """

    def __init__(self, encoder: ImageEncoder, person: str) -> None:
        """person: whom to follow: largest, left, right, a number N, or all for everyone. Raises
        UsageError for any other value, and for an encoder that looks across frames."""
        check_person(person)
        if isinstance(encoder, ACROSS_FRAMES):
            raise UsageError(
                f"The encoder {encoder.info.model_id!r} looks across frames, so people can't be "
                "cropped for it; leave the cropping out, or use an image encoder."
            )
        self._encoder, self._person = encoder, person
        self.everyone = person == EVERYONE
        self._lock = Lock()

    @cached_property
    def info(self) -> EncoderInfo:
        """The image encoder's info, with the person in its id and fingerprint."""
        inner = self._encoder.info
        versions = f"{_CROP_VERSION} {POSE_VERSION} {person_version(self._person)}"
        parts = f"{inner.fingerprint} {self._person} {versions} {weights_hash()}"
        return replace(
            inner,
            model_id=f"{CROP}{self._person}:{inner.model_id}",
            fingerprint=hashlib.sha256(parts.encode()).hexdigest()[:16],
        )

    def encode_people(self, batches: Iterable[FrameBatch]) -> list[PersonRows]:
        """The (n, D) rows of each person.

        If everyone is followed, each has rows for the frames that show them. A single person, or
        number 0 in a clip without people, has a row for every frame: that of the whole frame if
        nobody is found in it.
        """
        tracks = Tracks(self._person)
        rows: list[dict[int, Float32]] = []
        for batch in tracks.ahead(batches):
            rows += self.encode(batch, tracks.add(batch))
        numbers = tracks.numbers() if self.everyone else []
        if not numbers:
            return [self._whole(tracks, rows)]
        shown = {n: [t for t, found in enumerate(rows) if n in found] for n in numbers}
        return tracks.everyones(
            {n: (np.array([rows[t][n] for t in shown[n]], np.float32), shown[n]) for n in numbers}
        )

    def encode(
        self, batch: FrameBatch, people: list[dict[int, Person]]
    ) -> list[dict[int, Float32]]:
        """For each frame, the rows of its people by number or, if there are none, the row of the
        whole frame as number 0."""
        found: list[dict[int, Float32]] = [{} for _ in people]
        crops = [
            (t, n, crop(batch.frames[t], person))
            for t, seen in enumerate(people)
            for n, person in seen.items()
        ]
        empty = [t for t, seen in enumerate(people) if not seen]
        with self._lock:
            for start in range(0, len(crops), len(people)):
                part = crops[start : start + len(people)]
                encoded = self._encoder.encode_image(np.stack([one for _, _, one in part]))
                for (t, n, _), row in zip(part, encoded, strict=True):
                    found[t][n] = row
            if empty:
                for t, row in zip(
                    empty, self._encoder.encode_image(batch.frames[empty]), strict=True
                ):
                    found[t][0] = row
        return found

    def _whole(self, tracks: Tracks, rows: list[dict[int, Float32]]) -> PersonRows:
        """One row per frame: of the person if one is seen, else of the whole frame."""
        of = {"person": "0"} if self.everyone else {}
        return PersonRows(
            0 if self.everyone else None,
            _only_rows(rows),
            np.array(tracks.pts_seconds),
            None,
            {**of, **_source(tracks)},
            _warnings(tracks),
        )

    def encode_clip(
        self, batches: Iterable[FrameBatch], *, block: int | None = None
    ) -> Iterator[Float32]:
        """Yield (n, D) rows of one person, batch by batch; see `encode_people`. Raises UsageError
        if everyone is followed."""
        yield from self.watch().encode_clip(batches)

    def watch(self) -> CroppedWatch:
        """Follow the person through an endless stream; raises UsageError if it follows everyone."""
        one_person_only(self)
        return CroppedWatch(self, Tracks(self._person))

    def encode_image(self, frames: UInt8) -> Float32:
        """Embed (T, H, W, 3) uint8 RGB pictures, each by itself, as (T, D) float32: the person to
        follow (the largest if that is everyone), or the whole picture if it shows no person."""
        whom = "largest" if self.everyone else self._person
        estimator = PoseEstimator(still=True, person=whom)
        seen = [estimator.follow(frame, 0.0) for frame in frames]
        people = [{} if person is None else {1: person} for person in seen]
        return _only_rows(self.encode(FrameBatch(frames, np.zeros(len(frames))), people))

    def encode_text(self, texts: Sequence[str]) -> Float32:
        """The same as the image encoder's."""
        with self._lock:
            return self._encoder.encode_text(texts)

    def text_warnings(self, texts: Sequence[str]) -> list[TextWarning]:
        """The same as the image encoder's."""
        return self._encoder.text_warnings(texts)


class CroppedWatch:
    """A PersonWatch of people's boxes."""

    def __init__(self, encoder: CroppedEncoder, tracks: Tracks) -> None:
        self._encoder, self._tracks = encoder, tracks
        self.forget = tracks.forget

    def encode_clip(
        self, batches: Iterable[FrameBatch], *, block: int | None = None
    ) -> Iterator[Float32]:
        """Yield (n, D) rows, batch by batch."""
        self._tracks.begin_anew()
        for batch in self._tracks.ahead(batches):
            yield _only_rows(self._encoder.encode(batch, self._tracks.add(batch)))

    def source(self) -> dict[str, str]:
        """The person's box over time, the number of people found in each look, and gaps."""
        return _source(self._tracks)

    def warnings(self) -> tuple[str, ...]:
        """The same as those of a clip."""
        return _warnings(self._tracks)


def _only_rows(rows: list[dict[int, Float32]]) -> Float32:
    """(n, D), if each frame has one row."""
    return np.array([next(iter(found.values())) for found in rows], np.float32)


def _source(tracks: Tracks) -> dict[str, str]:
    frames = zip(tracks.pts_seconds, tracks.people, strict=True)
    return {**tracks.source(1), **whole_source([t for t, people in frames if not people])}


def _warnings(tracks: Tracks) -> tuple[str, ...]:
    missed = sum(not people for people in tracks.people)
    whole = (
        f"Nobody was found in {missed} of {len(tracks.people)} frames, of which the whole picture "
        "was encoded."
    )
    return (*([whole] if missed else []), *tracks.warnings())
