"""Embeds videos on many machines with Ray: the results of `clips.embed_videos`, from a cluster.

Encoder actors take a few clips at a time. Stored clips are looked up without an encoder, which is
loaded for the first clip that is missing. Missing clips go through `embed_videos`: child processes
of each actor decode, frames pass through pipes, and only the clips' names and the outcomes (or
rows, if clips are scored there too) travel through Ray. So one encoder sees a clip's frames in
order, memory use stays at a few batches per actor however long a clip is, and no raw frame crosses
the network. Embeddings go to the store, which all machines must see; what was encoded before a
worker died is not made again.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from actalign.clips._embed import embed_videos
from actalign.clips._keys import Sampling, clip_key
from actalign.clips._parquet import AnyStore, open_store
from actalign.clips._prefetch import stored_entry
from actalign.clips._result import ClipResult
from actalign.clips._windows import windowed
from actalign.cluster._loading import BegunLoads, load_in_actor
from actalign.cluster._ray import DEATHS, Item, Outcome, RayCluster, enter, run_on_cluster, stop
from actalign.encoders._base import Encoder, one_person_only
from actalign.encoders._load import ENCODERS, EncoderChoice
from actalign.errors import ActAlignError, EncoderError, UsageError, VideoError
from actalign.rows import Row
from actalign.types import Prediction
from actalign.video._worker import SILENT_SECONDS, DecodeProcess

MOST_CLIPS = 16
"""Maximum number of clips that one actor is given at a time."""
MOST_DECODERS = 8


@dataclass(frozen=True, slots=True)
class Work:
    """Everything that an actor must know besides the clips.

    folder: the working folder, which the paths of videos, store and model are relative to. scoring:
    if the clips are scored there. begun: the run's `BegunLoads`; it and decoders depend on the
    cluster.
    """

    model: EncoderChoice
    fingerprint: str
    sampling: Sampling
    store: str
    silent_seconds: float
    scoring: RowScoring | None = None
    folder: str = field(default_factory=os.getcwd)
    begun: Any = None
    decoders: int = 1


class RowMaker(Protocol):
    """Makes a clip's row: `Candidates`, or `WithExamples`."""

    def score(
        self, result: ClipResult, *, top_k: int | None = None
    ) -> tuple[Row, Prediction | None]: ...


@dataclass(frozen=True, eq=False, slots=True)
class RowScoring:
    """How each clip, or each window of it, becomes a row."""

    scorer: RowMaker
    top_k: int | None = None
    window: float | None = None
    stride: float | None = None

    def rows(self, result: ClipResult) -> list[Row]:
        """The rows of a clip."""
        parts = windowed(result, self.window, self.stride)
        return [self.scorer.score(part, top_k=self.top_k)[0] for part in parts]


@dataclass(frozen=True, slots=True)
class ScoredClip:
    """A clip that was scored on another machine. notes, error: to be reported."""

    clip_id: str
    rows: list[Row]
    notes: tuple[str, ...] = ()
    error: str | None = None


def ray_engine(model: EncoderChoice, cluster: RayCluster) -> tuple[EncoderChoice, dict[str, Any]]:
    """The encoder that this machine loads, and the arguments for using the cluster.

    Raises UsageError for one of the user's own, which the other machines don't know.
    """
    if model.model in ENCODERS:
        raise UsageError(
            f"The encoder {model.model!r} is your own, but Ray loads encoders by name on machines "
            "that don't know it; encode without Ray."
        )
    there = replace(model, device=model.device or ("cuda:0" if cluster.num_gpus else "cpu"))
    # This machine only encodes texts, so it needs no GPU if the others have some.
    return model if cluster.num_gpus else there, {"model": there, "cluster": cluster}


def embed_videos_on_ray(
    encoder: Encoder,
    videos: dict[str, Path],
    *,
    model: EncoderChoice,
    sampling: Sampling,
    store: AnyStore | None,
    cluster: RayCluster,
    on_frames: Callable[[str, int], None] | None = None,
    silent_seconds: float = SILENT_SECONDS,
) -> Generator[ClipResult]:
    """The same as `clips.embed_videos`: videos by id, in order, errors as rows.

    encoder: what ``model`` loads here; a machine where it differs is refused. store: must be, like
    the videos, in a folder that all machines see under the same path, or at an address. Raises
    UsageError if it isn't or if the cluster lacks what is asked for, EncoderError if a machine
    can't load the model.
    """
    one_person_only(encoder)
    store = _given(store)
    work = Work(model, encoder.info.fingerprint, sampling, str(store.folder), silent_seconds)
    for outcome, name, path in _outcomes(videos, work, cluster, on_frames):
        yield _embedded(outcome, name, path, work, store)


def classify_on_ray(
    encoder: Encoder,
    videos: dict[str, Path],
    *,
    scoring: RowScoring,
    model: EncoderChoice,
    sampling: Sampling,
    store: AnyStore | None,
    cluster: RayCluster,
    on_frames: Callable[[str, int], None] | None = None,
    silent_seconds: float = SILENT_SECONDS,
) -> Iterator[ScoredClip]:
    """The rows of each clip, in order, embedded and scored on the cluster; embeddings stay there.

    The rest is as in `embed_videos_on_ray`.
    """
    store = _given(store)
    folder = str(store.folder)
    work = Work(model, encoder.info.fingerprint, sampling, folder, silent_seconds, scoring)
    for outcome, name, path in _outcomes(videos, work, cluster, on_frames):
        if "rows" in outcome:
            yield ScoredClip(name, outcome["rows"], tuple(outcome["notes"]))
        else:
            failed = _failed(outcome, name, path)
            yield ScoredClip(name, scoring.rows(failed), error=str(failed.failure.error))


def _given(store: AnyStore | None) -> AnyStore:
    if store is None:
        raise UsageError("Ray's machines keep embeddings in a store; name a folder for it.")
    return store


def _outcomes(
    videos: dict[str, Path],
    work: Work,
    cluster: RayCluster,
    on_frames: Callable[[str, int], None] | None,
) -> Iterator[tuple[Outcome, str, Path]]:
    """The outcome of each video, in order, with its id and path."""

    def whole(ray: Any, cpus: int) -> Work:
        begun = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(BegunLoads)
        return replace(work, begun=begun.remote(), decoders=min(max(1, cpus - 1), MOST_DECODERS))

    places = {name: str(path) for name, path in videos.items()}
    run = run_on_cluster(places, EncodeClips, whole, cluster=cluster, most=MOST_CLIPS)
    for outcome, name, _ in run:
        if on_frames and outcome["state"] == "encoded":
            on_frames(name, outcome["frames"])
        yield outcome, name, videos[name]


class EncodeClips:
    """A Ray actor: one encoder and its decoders, kept for all its clips."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._encoder: Encoder | None = None
        self._fault: ActAlignError | None = None
        try:
            enter(work.folder)
            self._store = open_store(work.store)
        except ActAlignError as error:
            self._fault = error
        self._decoders = [
            DecodeProcess(silent_seconds=work.silent_seconds) for _ in range(work.decoders)
        ]
        self._decoders[0].start()  # while the first clips are on their way

    def outcomes(self, clips: str) -> list[str]:
        """For a JSON list of clips (n, id, path), outcomes as JSON, one per clip."""
        return [json.dumps(outcome) for outcome in self._encode(json.loads(clips))]

    def _encode(self, clips: list[Item]) -> Iterator[Outcome]:
        places = {name: n for n, name, _ in clips}
        left = {name: Path(path) for _, name, path in clips}
        try:
            yield from self._look_up(places, left)
            yield from self._embed(places, left, list(left))
        except ActAlignError as error:  # not specific to a clip: no model, a full disk
            yield stop(places[next(iter(left))], error)
        except Exception:  # from one of them, but which?
            for name in list(left):
                try:
                    yield from self._embed(places, left, [name])
                except Exception as error:
                    text = f"{left.pop(name)} can't be encoded: {type(error).__name__}: {error}"
                    yield {"n": places[name], "state": "failed", "error": text}

    def _look_up(self, places: dict[str, int], left: dict[str, Path]) -> Iterator[Outcome]:
        """Outcomes of the clips that the store has, which are then removed from `left`."""
        if self._fault:
            raise self._fault
        work = self._work
        for name, path in list(left.items()):
            try:
                digest = self._decoders[0].content_of(path).digest
                key = clip_key(digest, work.fingerprint, work.sampling)
                found = stored_entry(self._store, name, path, key)
            except VideoError:  # reported when the clip is to be embedded
                continue
            if found is not None:
                result = ClipResult(name, path, clip=found, cached=True)
                yield {"n": places[name], **_outcome(result, work)}
                del left[name]

    def _loaded(self) -> Encoder:
        """The encoder; raises EncoderError if it can't be loaded or differs."""
        work = self._work
        if self._encoder is None:
            encoder = load_in_actor(work.model, work.begun)
            if encoder.info.fingerprint != work.fingerprint:
                raise EncoderError(
                    f"The model {work.model.model} is {encoder.info.fingerprint} there but "
                    f"{work.fingerprint} here; install the same on all machines."
                )
            self._encoder = encoder
        return self._encoder

    def _embed(
        self, places: dict[str, int], left: dict[str, Path], names: list[str]
    ) -> Iterator[Outcome]:
        """Outcomes of some clips, each of which is then removed from `left`."""
        if not names:
            return
        for found in embed_videos(
            self._loaded(),
            {name: left[name] for name in names},
            sampling=self._work.sampling,
            store=self._store,
            decoders=self._decoders,
        ):
            del left[found.clip_id]
            yield {"n": places[found.clip_id], **_outcome(found, self._work)}


def _outcome(found: ClipResult, work: Work) -> Outcome:
    """What the run needs to know about a clip; its embeddings are in the store."""
    if found.clip is None:
        return {"state": "failed", "error": str(found.error)}
    said = {
        "state": "cached" if found.cached else "encoded",
        "frames": len(found.clip.embeddings),
    }
    if work.scoring is not None:
        return {**said, "notes": found.remarks, "rows": work.scoring.rows(found)}
    return {
        **said,
        "key": clip_key(found.clip.provenance["sha256"], work.fingerprint, work.sampling),
        "notes": list(found.notes),
        "host": socket.gethostname(),
    }


def _failed(outcome: Outcome, name: str, path: Path) -> ClipResult:
    """The result for a clip that was lost or has failed."""
    gone = f"The encoder's process died {DEATHS} times at the clip {name!r}; report the clip."
    return ClipResult(name, path, error=VideoError(outcome.get("error", gone)))


def _embedded(outcome: Outcome, name: str, path: Path, work: Work, store: AnyStore) -> ClipResult:
    if outcome["state"] in ("lost", "failed"):
        return _failed(outcome, name, path)
    clip = store.get(name, outcome["key"])
    if clip is None:
        raise UsageError(
            f"The clip {name!r} was encoded on {outcome['host']} into {work.store}, but this "
            "machine does not find it there; give a folder that all machines share, or an address "
            "such as s3://bucket/folder."
        )
    cached = outcome["state"] == "cached"
    return ClipResult(name, path, clip=clip, cached=cached, notes=tuple(outcome["notes"]))
