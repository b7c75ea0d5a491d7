"""Embed videos on many machines by Ray Data: what `pipeline.embed_videos` gives, from a cluster.

Encoder actors take a few clips at a time and run `embed_videos` on them: decoding goes on in child
processes beside each actor, frames pass through pipes, and only the clips' names and the outcomes
travel through Ray. So a clip's frames meet one encoder in order, memory stays at a few batches an
actor however long a clip is, and no raw frame crosses the network. Embeddings go to the store,
which all machines must see; what was stored before a worker died is not made again.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from actalign.ahead import clip_key
from actalign.decode_process import SILENT_SECONDS, DecodeProcess
from actalign.encoder import Encoder, load_encoder
from actalign.errors import ActAlignError, EncoderError, UsageError, VideoError
from actalign.parquet_store import AnyStore, open_store
from actalign.pipeline import Embedded, Sampling, embed_videos

MOST_CLIPS = 16
"""Clips that one actor is given at a time."""
MOST_DECODERS = 8
DEATHS = 3
"""A clip whose encoder's process dies so often is given up as a failed row."""


@dataclass(frozen=True, slots=True)
class RayCluster:
    """Where to run: address of a cluster (None: RAY_ADDRESS, else one started on this machine).

    num_gpus: of each encoder actor, fractions share one. num_actors: None for as many as fit.
    """

    address: str | None = None
    num_gpus: float = 0.0
    num_actors: int | None = None


@dataclass(frozen=True, slots=True)
class EncoderChoice:
    """Which encoder to load, as `encoder.load_encoder` takes it, on any machine."""

    name: str
    device: str | None = None
    dtype: str | None = None
    compile: bool = False

    def load(self) -> Encoder:
        """Load it here."""
        return load_encoder(self.name, device=self.device, dtype=self.dtype, compile=self.compile)


@dataclass(frozen=True, slots=True)
class Work:
    """All that an actor must know besides the clips.

    folder: the working folder, from which the paths of videos, store and model count.
    """

    model: EncoderChoice
    fingerprint: str
    sampling: Sampling
    folder: str
    store: str
    silent_seconds: float
    decoders: int


def loader_and_embedder(
    model: EncoderChoice, cluster: RayCluster | None
) -> tuple[Callable[[], Encoder], Callable[..., Iterator[Embedded]]]:
    """What loads the encoder, and `embed_videos` by the local engine (no cluster) or by Ray."""
    if cluster is None:
        return model.load, embed_videos
    there = replace(model, device=model.device or ("cuda:0" if cluster.num_gpus else "cpu"))
    # This machine encodes texts only: it needs no GPU where the others have some.
    load = model.load if cluster.num_gpus else there.load
    return load, partial(embed_videos_on_ray, model=there, cluster=cluster)


def embed_videos_on_ray(
    encoder: Encoder,
    videos: dict[str, Path],
    *,
    model: EncoderChoice,
    sampling: Sampling,
    store: AnyStore,
    cluster: RayCluster,
    on_frames: Callable[[str, int], None] | None = None,
    silent_seconds: float = SILENT_SECONDS,
) -> Iterator[Embedded]:
    """As `pipeline.embed_videos`: videos by id, in order, errors as rows.

    encoder: what ``model`` loads here; a machine where it is another one is refused.
    store: must be on a folder that all machines see under the same path, as the videos must, or at
    an address. Raises UsageError where it isn't or where the cluster lacks what is asked for,
    EncoderError where a machine can't load the model.
    """
    with _connected(cluster) as ray:
        actors, cpus = fit(ray.nodes(), cluster)
        work = Work(
            model=model,
            fingerprint=encoder.fingerprint,
            sampling=sampling,
            folder=str(Path.cwd()),
            store=str(store.folder),
            silent_seconds=silent_seconds,
            decoders=min(max(1, cpus - 1), MOST_DECODERS),
        )
        clips = [(n, name, str(path)) for n, (name, path) in enumerate(videos.items())]
        size = min(MOST_CLIPS, max(1, len(clips) // (4 * actors)))
        wanted = {"num_cpus": cpus, "num_gpus": cluster.num_gpus}
        outcomes = _outcomes(clips, work, actors, wanted, size)
        for outcome, (name, path) in zip(outcomes, videos.items(), strict=True):
            if on_frames and outcome["state"] == "encoded":
                on_frames(name, outcome["frames"])
            yield _embedded(outcome, name, path, work, store)


def fit(nodes: Sequence[dict[str, Any]], cluster: RayCluster) -> tuple[int, int]:
    """How many encoder actors to run, and CPUs for each: its encoder's and its decoders'.

    nodes: as `ray.nodes()` gives them. Raises UsageError where they can't hold the actors.
    """
    sizes = [
        (int(node["Resources"].get("CPU", 0)), float(node["Resources"].get("GPU", 0)))
        for node in nodes
        if node["Alive"]
    ]
    share = cluster.num_gpus

    def room(cpus: int) -> int:
        return sum(min(c // cpus, int(g / share + 1e-9)) if share else c // cpus for c, g in sizes)

    most = room(1)
    actors = cluster.num_actors or most
    if not 0 < actors <= most:
        what = f"{share:g} GPUs and a CPU" if share else "a CPU"
        raise UsageError(
            f"The Ray cluster has room for {most} encoder actors with {what} each, not "
            f"{max(actors, 1)}; give fewer --num-actors or --num-gpus, or add machines."
        )
    largest = max(c for c, _ in sizes)
    return actors, max(cpus for cpus in range(1, largest + 1) if room(cpus) >= actors)


@contextmanager
def _connected(cluster: RayCluster) -> Iterator[Any]:
    """Ray, connected; a cluster started for this run listens on loopback only and ends with it."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # else its C++ side writes to stderr
    address = cluster.address or os.environ.get("RAY_ADDRESS")
    if not address or address.rpartition(":")[0] in ("127.0.0.1", "localhost", "[::1]"):
        # Ray takes its machine's outer address for loopback unless told that it has none.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise UsageError(
            f"--engine ray needs more packages ({error}); run `pip install 'actalign[ray]'`."
        ) from error
    mine = not ray.is_initialized()
    if mine:
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        if not address:
            options |= {"include_dashboard": False, "_node_ip_address": "127.0.0.1"}
        try:
            ray.init(address=address or "local", **options)
        except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
            reason = str(error).splitlines()[0]
            raise UsageError(
                f"The Ray cluster {address or 'on this machine'} can't be used ({reason}); check "
                "--ray-address."
            ) from error
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.print_on_execution_start = False
    context.max_errored_blocks = -1  # what a dying worker leaves out is asked for again, below
    context.execution_no_progress_timeout_s = -1  # one clip may take hours
    try:
        yield ray
    finally:
        if mine:
            ray.shutdown()


def _outcomes(
    clips: Sequence[tuple[int, str, str]],
    work: Work,
    actors: int,
    wanted: dict[str, float],
    size: int,
) -> Iterator[dict[str, Any]]:
    """One outcome a clip, in order; those that came early wait here, small as they are."""
    from ray.exceptions import RayError

    waiting: dict[int, dict[str, Any]] = {}
    done = 0
    left = clips
    # Workers that died too often took all clips they had been given with them, so what is left
    # after a first round is tried clip by clip.
    for clips_each in (size, 1):
        try:
            for outcome in _run(left, work, actors, wanted, clips_each):
                waiting[outcome["n"]] = outcome
                while done in waiting:
                    yield waiting.pop(done)
                    done += 1
        except RayError as error:
            if clips_each == 1 and left is not clips:
                reason = str(error).splitlines()[0]
                raise ActAlignError(
                    f"The Ray cluster failed: {reason} Run the same command again to go on."
                ) from error
        left = [clip for clip in clips[done:] if clip[0] not in waiting]
    for n, name, _ in clips[done:]:
        gone = f"The encoder's process died {DEATHS} times at the clip {name!r}; report the clip."
        yield waiting.get(n, {"state": "failed", "error": gone})


def _run(
    clips: Sequence[tuple[int, str, str]],
    work: Work,
    actors: int,
    wanted: dict[str, float],
    size: int,
) -> Iterator[dict[str, Any]]:
    """The outcomes of clips in any order; those of workers that died too often are missing."""
    import ray.data

    starts = range(0, len(clips), size)
    blocks = [{"clips": json.dumps(clips[start : start + size])} for start in starts]
    if not blocks:
        return
    pool = ray.data.ActorPoolStrategy(
        size=min(actors, len(blocks)), max_tasks_in_flight_per_actor=1
    )
    with warnings.catch_warnings():
        # It is to go in Ray 2.64, but nothing else bounds how often a deadly clip is tried.
        warnings.filterwarnings("ignore", "`ray_remote_args_fn` is deprecated")
        outcomes = ray.data.from_items(blocks, override_num_blocks=len(blocks)).map_batches(
            EncodeClips,
            fn_constructor_args=(work,),
            batch_size=1,
            compute=pool,
            num_cpus=wanted["num_cpus"],
            num_gpus=wanted["num_gpus"],
            ray_remote_args_fn=lambda: {**wanted, "max_task_retries": DEATHS - 1},
        )
    for row in outcomes.iter_rows():
        outcome = json.loads(row["outcome"])
        if outcome["state"] == "stop":
            kinds = {kind.__name__: kind for kind in (UsageError, EncoderError)}
            raise kinds.get(outcome["kind"], ActAlignError)(outcome["error"])
        yield outcome


class EncodeClips:
    """A Ray actor: one encoder and its decoders, which outlive the clips."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._fault: ActAlignError | None = None
        try:
            os.chdir(work.folder)
            self._encoder = work.model.load()
            self._store = open_store(work.store)
        except OSError as error:
            self._fault = UsageError(
                f"The folder {work.folder} can't be entered ({error}); run from a folder that all "
                "machines share."
            )
            return
        except ActAlignError as error:
            self._fault = error
            return
        if self._encoder.fingerprint != work.fingerprint:
            self._fault = EncoderError(
                f"The model {work.model.name} is {self._encoder.fingerprint} there and "
                f"{work.fingerprint} here; install the same on all machines."
            )
        self._decoders = [
            DecodeProcess(silent_seconds=work.silent_seconds) for _ in range(work.decoders)
        ]

    def __call__(self, batch: dict[str, Any]) -> Iterator[dict[str, list[str]]]:
        """For JSON lists of clips (n, id, path), outcomes as JSON, one a clip."""
        for clips in batch["clips"]:
            for outcome in self._encode(json.loads(clips)):
                yield {"outcome": [json.dumps(outcome)]}

    def _encode(self, clips: list[tuple[int, str, str]]) -> Iterator[dict[str, Any]]:
        places = {name: n for n, name, _ in clips}
        left = {name: Path(path) for _, name, path in clips}
        try:
            yield from self._embed(places, left, list(left))
        except ActAlignError as error:  # not of one clip: no model, a full disk
            text = f"On the machine {socket.gethostname()}: {error}"
            kind = type(error).__name__
            yield {"n": places[next(iter(left))], "state": "stop", "error": text, "kind": kind}
        except Exception:  # of one of them, but of which?
            for name in list(left):
                try:
                    yield from self._embed(places, left, [name])
                except Exception as error:
                    text = f"{left.pop(name)} can't be encoded: {type(error).__name__}: {error}"
                    yield {"n": places[name], "state": "failed", "error": text}

    def _embed(
        self, places: dict[str, int], left: dict[str, Path], names: list[str]
    ) -> Iterator[dict[str, Any]]:
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


def _outcome(found: Embedded, work: Work) -> dict[str, Any]:
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


def _embedded(
    outcome: dict[str, Any], name: str, path: Path, work: Work, store: AnyStore
) -> Embedded:
    if outcome["state"] == "failed":
        return Embedded(name, path, error=VideoError(outcome["error"]))
    clip = store.get(name, outcome["key"])
    if clip is None:
        raise UsageError(
            f"The clip {name!r} was encoded on {outcome['host']} into {work.store}, where this "
            "machine does not find it; give a folder that all machines share, or an address such "
            "as s3://bucket/folder."
        )
    cached = outcome["state"] == "cached"
    return Embedded(name, path, clip=clip, cached=cached, notes=tuple(outcome["notes"]))
