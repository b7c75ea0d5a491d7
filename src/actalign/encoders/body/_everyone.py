"""The built-in encoder for everyone in a clip: separate rows for each person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np

from actalign.encoder_info import EncoderInfo
from actalign.encoders._base import PersonRows, one_person_only
from actalign.encoders.body._encoder import (
    MODEL_ID,
    PACKAGE_FOLDER,
    BodyEncoder,
    BodyWatch,
    fingerprint_of,
)
from actalign.encoders.body._pose import pose_tracks
from actalign.encoders.body._tracks import EVERYONE, Tracks
from actalign.types import Float32, FrameBatch, TextWarning, UInt8


class EveryBodyEncoder:
    """A PeopleEncoder: `body`, for each person in a clip."""

    everyone = True

    def __init__(self) -> None:
        """Raises as `BodyEncoder.from_package` does."""
        self._body = BodyEncoder.from_package()

    @cached_property
    def info(self) -> EncoderInfo:
        """What is known about the encoder."""
        return replace(
            self._body.info,
            model_id=f"{MODEL_ID}:{EVERYONE}",
            fingerprint=fingerprint_of(PACKAGE_FOLDER, EVERYONE),
        )

    def encode_people(self, batches: Iterable[FrameBatch]) -> list[PersonRows]:
        """The (n, D) unit rows of each person, from the first to the last frame in which the person
        is seen; a frame in between without the person is a row of zeros. A clip without people
        gives number 0, with all rows zero."""
        tracks = Tracks(EVERYONE)
        for batch in tracks.ahead(batches):
            tracks.add(batch)
        numbers = tracks.numbers()
        return [self._person(tracks, n, len(numbers)) for n in numbers or [0]]

    def _person(self, tracks: Tracks, number: int, count: int) -> PersonRows:
        times = tracks.pts_seconds
        first, end = tracks.span(number) if number else (0, len(times))
        people = [seen.get(number) for seen in tracks.people[first:end]]
        poses = pose_tracks(people, times[first:end], tracks.scenes[first:end])
        rows = list(self._body.encode_poses(poses))
        return PersonRows(
            number,
            np.concatenate(rows) if rows else np.zeros((0, self.info.dim), np.float32),
            np.array(times[first:end]),
            times[end] if end < len(times) else None,
            {"person": str(number), "people": str(count), **tracks.source(number)},
        )

    def encode_clip(
        self, batches: Iterable[FrameBatch], *, block: int | None = None
    ) -> Iterator[Float32]:
        """Raises UsageError: there is no single sequence of rows."""
        yield from self.watch().encode_clip(batches, block=block)

    def watch(self) -> BodyWatch:
        """Raises UsageError: there is no single person."""
        one_person_only(self)
        return self._body.watch()

    def encode_image(self, frames: UInt8) -> Float32:
        """The same as `BodyEncoder.encode_image`, for the largest person in each picture."""
        return self._body.encode_image(frames)

    def encode_text(self, texts: Sequence[str]) -> Float32:
        """The same as `BodyEncoder.encode_text`."""
        return self._body.encode_text(texts)

    def text_warnings(self, texts: Sequence[str]) -> list[TextWarning]:
        """The same as `BodyEncoder.text_warnings`."""
        return self._body.text_warnings(texts)
