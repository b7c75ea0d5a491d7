"""The built-in encoder: a person's poses and words about bodies, in one embedding space.

Our own two small networks are in `model`; the pose networks and the word vectors are fetched once
(`_weights`), and everything works offline from then on. It sees one person's posture and movement,
but no objects, faces or scenes.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from actalign.arguments import check_frames
from actalign.encoder_info import EncoderInfo
from actalign.encoders._base import PersonRows, cut_warning, encode_frames, one_person_only
from actalign.encoders._fingerprint import fingerprint_files
from actalign.encoders._process import OnePerProcess
from actalign.encoders.body._features import (
    CONTEXT_SECONDS,
    FEATURE_VERSION,
    FEATURES,
    PoseTrack,
    features,
)
from actalign.encoders.body._network import open_network
from actalign.encoders.body._pose import POSE_VERSION, PoseEstimator, pose_tracks
from actalign.encoders.body._text import MAX_TOKENS, TextTower
from actalign.encoders.body._tracks import EVERYONE, Tracks, check_person, person_version
from actalign.encoders.body._vocabulary import known_words
from actalign.encoders.body._weights import weights_hash
from actalign.errors import EncoderError
from actalign.types import Float32, FrameBatch, TextWarning, UInt8

MODEL_ID = "body"
PACKAGE_FOLDER = Path(__file__).with_name("model")
# Part of the fingerprint; increased whenever the same poses may yield different features.
STREAM_VERSION = 1
# Rows are made in blocks of this many frames, counted from the scene's first, so that no row
# depends on how the caller cuts the clip.
BLOCK = 32


def tower_files(folder: Path) -> list[Path]:
    """The two networks, which map movements and words into one space, and their configuration."""
    return [folder / name for name in ("image.onnx", "text.onnx", "config.json")]


def fingerprint_of(folder: Path, person: str = "largest") -> str:
    """The fingerprint of the encoder in a folder. It covers all networks, the word vectors, who is
    followed and how, and which features are measured."""
    total = hashlib.sha256(fingerprint_files(tower_files(folder)).encode())
    total.update(f"{weights_hash()} {POSE_VERSION} {FEATURE_VERSION} {STREAM_VERSION}".encode())
    if version := person_version(person):
        total.update(f"{person} {version}".encode())
    return total.hexdigest()[:16]


def _join(tracks: Sequence[PoseTrack]) -> PoseTrack:
    return PoseTrack(
        np.concatenate([t.world for t in tracks]),
        np.concatenate([t.visibility for t in tracks]),
        np.concatenate([t.root for t in tracks]),
        np.concatenate([t.pixels_per_metre for t in tracks]),
        np.concatenate([t.pts_seconds for t in tracks]),
        np.concatenate([t.found for t in tracks]),
        tracks[0].scene,
    )


def stream_features(tracks: Iterable[PoseTrack], *, block: int = BLOCK) -> Iterator[Float32]:
    """Features of one clip's consecutive tracks in blocks of ``block`` rows, fewer at a scene's
    end.

    No movement crosses a cut, so a scene's rows are those of the scene by itself.
    """
    for _, scene in groupby(tracks, key=lambda track: track.scene):
        yield from _scene_features(scene, block)


def _scene_features(tracks: Iterable[PoseTrack], block: int) -> Iterator[Float32]:
    """Waits for CONTEXT_SECONDS after a block before making it, and keeps as much before it."""
    held: PoseTrack | None = None  # frames not yet yielded, and the context before them
    done = 0  # how many of the held frames are context only

    def give(last: bool) -> Iterator[Float32]:
        nonlocal held, done
        while held is not None and done < len(held):
            end = min(done + block, len(held))
            enough = held.pts_seconds[-1] > held.pts_seconds[end - 1] + CONTEXT_SECONDS
            if not last and (end - done < block or not enough):
                return
            first, final = held.pts_seconds[done], held.pts_seconds[end - 1]
            low = int(np.searchsorted(held.pts_seconds, first - CONTEXT_SECONDS - 1e-6))
            high = int(np.searchsorted(held.pts_seconds, final + CONTEXT_SECONDS + 1e-6))
            yield features(held[low:high])[done - low : end - low]
            keep = int(np.searchsorted(held.pts_seconds, final - CONTEXT_SECONDS - 1e-6))
            held, done = held[keep:], end - keep

    for track in tracks:
        if len(track):
            held = track if held is None else _join((held, track))
            yield from give(last=False)
    yield from give(last=True)


class BodyEncoder(OnePerProcess):
    """A ClipEncoder and PeopleEncoder for people in motion.

    Rows have unit length; a frame without a person is a row of zeros. Of several people, one is
    followed, who is largest, leftmost, rightmost or N-th largest at first sight, or everyone is.
    """

    def __init__(self, folder: Path, person: str = "largest") -> None:
        """Load the two networks of a folder with image.onnx, text.onnx and config.json.

        person: largest, left, right, a number N, or all for everyone. Raises UsageError for any
        other value, EncoderError if a file is missing or was made for other features, if the word
        vectors can't be fetched, or if the packages of the extra `body` are not installed.
        """
        check_person(person)
        files = tower_files(folder)
        for file in files:
            if not file.is_file():
                raise EncoderError(
                    f"The body encoder's file {file} is missing; reinstall actalign or run "
                    "training/train.py."
                )
        config: dict[str, Any] = json.loads(files[2].read_text(encoding="utf-8"))
        if config.get("feature_version") != FEATURE_VERSION or config["features"] != len(FEATURES):
            raise EncoderError(
                f"{files[2]} was trained on features of version {config.get('feature_version')}, "
                f"but this program makes version {FEATURE_VERSION}; run training/train.py again."
            )
        self._image = open_network(files[0])
        self._text = TextTower(files[1])
        self._config = config
        self._folder, self._person = folder, person
        self.everyone = person == EVERYONE

    @classmethod
    def from_package(cls, person: str = "largest") -> BodyEncoder:
        """The encoder whose weights ship with actalign."""
        return cls(PACKAGE_FOLDER, person)

    @property
    def part_margin_seconds(self) -> float | None:
        """See `margin_of_parts`: the person is followed a while before a part begins. None for one
        who was chosen at first sight by place or number, and for everyone."""
        return 2.0 if self._person == "largest" else None

    @functools.cached_property
    def info(self) -> EncoderInfo:
        """What is known about the encoder; the first access hashes its files, which takes time."""
        config = self._config
        return EncoderInfo(
            model_id=MODEL_ID if self._person == "largest" else f"{MODEL_ID}:{self._person}",
            fingerprint=fingerprint_of(self._folder, self._person),
            dim=int(config["dim"]),
            logit_scale=float(config["logit_scale"]),
            logit_bias=float(config["logit_bias"]),
            fps=float(config["fps"]),
            smoothing_seconds=float(config["smoothing_seconds"]),
            step_template=str(config.get("step_template", "{step}")),
            label_template=str(config.get("label_template", "{label}")),
            repeats="auto",
        )

    def embed_features(self, rows: Float32) -> Float32:
        """(N, F) features as (N, D) unit rows; rows of zeros stay zero."""
        out = np.zeros((len(rows), self.info.dim), dtype=np.float32)
        seen = rows.any(axis=1)
        if seen.any():
            out[seen] = self._image.run(None, {"features": rows[seen]})[0]
        return out

    def encode_poses(self, tracks: Iterable[PoseTrack], *, block: int = BLOCK) -> Iterator[Float32]:
        """Yield (n, D) blocks for one clip's consecutive PoseTracks."""
        for rows in stream_features(tracks, block=block):
            yield self.embed_features(rows)

    def encode_clip(
        self, batches: Iterable[FrameBatch], *, block: int | None = None
    ) -> Iterator[Float32]:
        """Yield (n, D) blocks whose rows, concatenated, match the clip's frames in order.

        Looks CONTEXT_SECONDS ahead for movement. Memory use stays at a few seconds of poses; the
        rows do not depend on how the clip is cut into batches. Raises UsageError if everyone is
        followed.
        """
        yield from self.watch().encode_clip(batches, block=block)

    def watch(self) -> BodyWatch:
        """Follow the person through an endless stream; raises UsageError if it follows everyone."""
        one_person_only(self)
        return BodyWatch(self, PoseEstimator(person=self._person))

    def encode_people(self, batches: Iterable[FrameBatch]) -> list[PersonRows]:
        """The (n, D) unit rows of the person in one clip, and how many others were seen.

        If everyone is followed, each has rows from the first to the last frame in which they are
        seen; a frame in between without the person is a row of zeros. A clip without people then
        gives number 0, with all rows zero.
        """
        if self.everyone:
            tracks = Tracks(EVERYONE)
            for batch in tracks.ahead(batches):
                tracks.add(batch)
            numbers = tracks.numbers() or [0]
            return tracks.everyones({number: self._one_of(tracks, number) for number in numbers})
        watch = self.watch()
        rows, times = [np.zeros((0, self.info.dim), np.float32)], [np.zeros(0)]
        for some, seconds in encode_frames(self, batches, watch=watch):
            rows.append(some)
            times.append(seconds)
        seen, when = np.concatenate(rows), np.concatenate(times)
        return [PersonRows(None, seen, when, None, watch.source(), watch.warnings())]

    def _one_of(self, tracks: Tracks, number: int) -> tuple[Float32, range]:
        """Somebody's (n, D) rows, and the frames that they are of."""
        first, end = tracks.span(number)
        people = [seen.get(number) for seen in tracks.people[first:end]]
        times = np.array(tracks.pts_seconds[first:end])
        poses = pose_tracks(people, times, tracks.scenes[first:end])
        rows = [np.zeros((0, self.info.dim), np.float32), *self.encode_poses(poses)]
        return np.concatenate(rows), range(first, end)

    def encode_image(self, frames: UInt8) -> Float32:
        """Embed (T, H, W, 3) uint8 RGB pictures, each as a still image, as (T, D) float32: of the
        person to follow, the largest if that is everyone."""
        check_frames(frames)
        out = np.zeros((len(frames), self.info.dim), dtype=np.float32)
        whom = "largest" if self.everyone else self._person
        estimator = PoseEstimator(still=True, person=whom)
        for t in range(len(frames)):
            [track] = estimator.tracks(FrameBatch(frames[t : t + 1], np.zeros(1)))
            out[t] = self.embed_features(features(track))[0]
        return out

    def encode_text(self, texts: Sequence[str]) -> Float32:
        """Embed K texts as (K, D) float32 unit rows; a row never depends on the other texts."""
        return self._text.encode(texts)

    def text_warnings(self, texts: Sequence[str]) -> list[TextWarning]:
        """One for each text that is cut, and for each that names nothing about a body.

        A text is cut if it is longer than the text tower's input. It names nothing about a body if
        it is only about objects, or is in another language; see `known_words`.
        """
        cut = [cut_warning(MODEL_ID, text, MAX_TOKENS) for text in texts if self._text.cuts(text)]
        unknown = [
            TextWarning(
                f"The text {text[:60]!r} has no word that {MODEL_ID} knows, so its score means "
                "nothing; describe postures and movements of the body in English.",
                text,
                unknown=True,
            )
            for text in texts
            if not known_words(text)
        ]
        return cut + unknown

    def __repr__(self) -> str:
        return f"BodyEncoder(dim={self.info.dim}, fingerprint={self.info.fingerprint!r})"


class BodyWatch:
    """The PersonWatch of `body`: each batch's poses, and their rows once movement is known."""

    def __init__(self, encoder: BodyEncoder, estimator: PoseEstimator) -> None:
        self._encoder, self._estimator = encoder, estimator
        self.forget = estimator.forget
        self.source = estimator.source
        self.warnings = estimator.warnings

    def encode_clip(
        self, batches: Iterable[FrameBatch], *, block: int | None = None
    ) -> Iterator[Float32]:
        """Yield (n, D) unit rows; see `BodyEncoder.encode_clip`."""
        self._estimator.begin_anew()
        poses = self._estimator.clip_tracks(batches)
        yield from self._encoder.encode_poses(poses, block=block or BLOCK)
