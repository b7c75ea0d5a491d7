"""Embed videos on many machines by Ray Data: what `clips.embed_videos` gives, from a cluster.

Encoder actors take a few clips at a time and run `embed_videos` on them: decoding goes on in child
processes beside each actor, frames pass through pipes, and only the clips' names and the outcomes
travel through Ray. So a clip's frames meet one encoder in order, memory stays at a few batches an
actor however long a clip is, and no raw frame crosses the network. Embeddings go to the store,
which all machines must see; what was stored before a worker died is not made again.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from actalign.clips._embed import embed_videos
from actalign.clips._parquet import AnyStore, open_store
from actalign.clips._prefetch import Sampling, clip_key
from actalign.clips._result import ClipResult
from actalign.cluster._loading import BegunLoads, load_in_actor
from actalign.cluster._ray import (
    DEATHS,
    Item,
    Outcome,
    RayCluster,
    connected,
    enter,
    fit,
    run_on_actors,
    stop,
)
from actalign.encoders._base import Encoder, one_person_only
from actalign.encoders._load import EncoderChoice
from actalign.errors import ActAlignError, EncoderError, UsageError, VideoError
from actalign.video._worker import SILENT_SECONDS, DecodeProcess

MOST_CLIPS = 16
"""Clips that one actor is given at a time."""
MOST_DECODERS = 8


@dataclass(frozen=True, slots=True)
class Work:
    """All that an actor must know besides the clips.

    folder: the working folder, from which the paths of videos, store and model count. begun: the
    run's `BegunLoads`.
    """

    model: EncoderChoice
    begun: Any
    fingerprint: str
    sampling: Sampling
    folder: str
    store: str
    silent_seconds: float
    decoders: int


def ray_engine(
    model: EncoderChoice, cluster: RayCluster
) -> tuple[EncoderChoice, Callable[..., Iterator[ClipResult]]]:
    """Which encoder this machine loads, and what does `embed_videos` on the cluster."""
    there = replace(model, device=model.device or ("cuda:0" if cluster.num_gpus else "cpu"))
    # This machine encodes texts only: it needs no GPU where the others have some.
    return (
        model if cluster.num_gpus else there,
        partial(embed_videos_on_ray, model=there, cluster=cluster),
    )


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
) -> Iterator[ClipResult]:
    """As `clips.embed_videos`: videos by id, in order, errors as rows.

    encoder: what ``model`` loads here; a machine where it is another one is refused.
    store: must be on a folder that all machines see under the same path, as the videos must, or at
    an address. Raises UsageError where it isn't or where the cluster lacks what is asked for,
    EncoderError where a machine can't load the model.
    """
    one_person_only(encoder)
    if store is None:
        raise UsageError("Ray's machines keep embeddings in a store; name a folder with --store.")
    with connected(cluster) as ray:
        actors, cpus = fit(ray.nodes(), cluster)
        begun = ray.remote(num_cpus=0, max_restarts=-1, max_task_retries=-1)(BegunLoads)
        work = Work(
            model=model,
            begun=begun.remote(),
            fingerprint=encoder.info.fingerprint,
            sampling=sampling,
            folder=str(Path.cwd()),
            store=str(store.folder),
            silent_seconds=silent_seconds,
            decoders=min(max(1, cpus - 1), MOST_DECODERS),
        )
        outcomes = run_on_actors(
            {name: str(path) for name, path in videos.items()},
            EncodeClips,
            work,
            actors=actors,
            wanted={"num_cpus": cpus, "num_gpus": cluster.num_gpus},
            most=MOST_CLIPS,
        )
        for outcome, (name, path) in zip(outcomes, videos.items(), strict=True):
            if on_frames and outcome["state"] == "encoded":
                on_frames(name, outcome["frames"])
            yield _embedded(outcome, name, path, work, store)


class EncodeClips:
    """A Ray actor: one encoder and its decoders, which outlive the clips."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._fault: ActAlignError | None = None
        try:
            enter(work.folder)
            self._encoder = load_in_actor(work.model, work.begun)
            self._store = open_store(work.store)
        except ActAlignError as error:
            self._fault = error
            return
        if self._encoder.info.fingerprint != work.fingerprint:
            self._fault = EncoderError(
                f"The model {work.model.model} is {self._encoder.info.fingerprint} there and "
                f"{work.fingerprint} here; install the same on all machines."
            )
        self._decoders = [
            DecodeProcess(silent_seconds=work.silent_seconds) for _ in range(work.decoders)
        ]

    def __call__(self, batch: dict[str, Any]) -> Iterator[dict[str, list[str]]]:
        """For JSON lists of clips (n, id, path), outcomes as JSON, one a clip."""
        for clips in batch["items"]:
            for outcome in self._encode(json.loads(clips)):
                yield {"outcome": [json.dumps(outcome)]}

    def _encode(self, clips: list[Item]) -> Iterator[Outcome]:
        places = {name: n for n, name, _ in clips}
        left = {name: Path(path) for _, name, path in clips}
        try:
            yield from self._embed(places, left, list(left))
        except ActAlignError as error:  # not of one clip: no model, a full disk
            yield stop(places[next(iter(left))], error)
        except Exception:  # of one of them, but of which?
            for name in list(left):
                try:
                    yield from self._embed(places, left, [name])
                except Exception as error:
                    text = f"{left.pop(name)} can't be encoded: {type(error).__name__}: {error}"
                    yield {"n": places[name], "state": "failed", "error": text}

    def _embed(
        self, places: dict[str, int], left: dict[str, Path], names: list[str]
    ) -> Iterator[Outcome]:
        """Outcomes of some clips, each then no longer left."""
        if self._fault:
            raise self._fault
        for found in embed_videos(
            self._encoder,
            {name: left[name] for name in names},
            sampling=self._work.sampling,
            store=self._store,
            decoders=self._decoders,
        ):
            del left[found.clip_id]
            yield {"n": places[found.clip_id], **_outcome(found, self._work)}


def _outcome(found: ClipResult, work: Work) -> Outcome:
    """What the run needs to know of a clip; its embeddings are in the store."""
    if found.clip is None:
        return {"state": "failed", "error": str(found.error)}
    return {
        "state": "cached" if found.cached else "encoded",
        "frames": len(found.clip.embeddings),
        "key": clip_key(found.clip.provenance["sha256"], work.fingerprint, work.sampling),
        "notes": list(found.notes),
        "host": socket.gethostname(),
    }


def _embedded(outcome: Outcome, name: str, path: Path, work: Work, store: AnyStore) -> ClipResult:
    if outcome["state"] == "lost":
        gone = f"The encoder's process died {DEATHS} times at the clip {name!r}; report the clip."
        return ClipResult(name, path, error=VideoError(gone))
    if outcome["state"] == "failed":
        return ClipResult(name, path, error=VideoError(outcome["error"]))
    clip = store.get(name, outcome["key"])
    if clip is None:
        raise UsageError(
            f"The clip {name!r} was encoded on {outcome['host']} into {work.store}, where this "
            "machine does not find it; give a folder that all machines share, or an address such "
            "as s3://bucket/folder."
        )
    cached = outcome["state"] == "cached"
    return ClipResult(name, path, clip=clip, cached=cached, notes=tuple(outcome["notes"]))
