"""Run many small pieces of work on the actors of a Ray cluster, whatever dies there.

Only names and small JSON outcomes travel through Ray. Knows nothing of clips: `_encode` embeds
videos with it, `_score` scores stored ones.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from actalign.errors import ActAlignError, EncoderError, UsageError

DEATHS = 3
"""An item whose worker's process dies so often is given up."""

Outcome = dict[str, Any]
Item = tuple[int, str, str]
"""Its number, its id, and where it lies."""


@dataclass(frozen=True, slots=True)
class RayCluster:
    """Where to run: address of a cluster (None: RAY_ADDRESS, else one started on this machine).

    num_gpus: of each encoder actor, fractions share one. num_actors: None for as many as fit.
    """

    address: str | None = None
    num_gpus: float = 0.0
    num_actors: int | None = None


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
def connected(cluster: RayCluster) -> Iterator[Any]:
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
        # Ray reports a worker's death on stdout, among the results, whatever log_to_driver says.
        ray._private.worker._worker_logs_enabled = False
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


def run_on_actors(
    items: Mapping[str, str],
    actor: type,
    work: object,
    *,
    actors: int,
    wanted: dict[str, float],
    most: int,
) -> Iterator[Outcome]:
    """One outcome an item, in order; those that came early wait here, small as they are.

    items: where each lies, by id. actor: a class that is made with ``work`` and called with batches
    of JSON lists of `Item`; it yields JSON outcomes with the item's number "n" and a "state",
    {"outcome": [outcome]}. An outcome of `stop` ends the run with its error. Of an item whose
    worker died too often the outcome is {"state": "lost"}. wanted: num_cpus and num_gpus of each
    actor. most: items that an actor is given at a time.
    """
    from ray.exceptions import RayError

    listed = [(n, name, place) for n, (name, place) in enumerate(items.items())]
    waiting: dict[int, Outcome] = {}
    done = 0
    left = listed
    # Workers that died too often took all items they had been given with them, so what is left
    # after a first round is tried one by one.
    for each in (min(most, max(1, len(listed) // (4 * actors))), 1):
        try:
            for outcome in _run(left, actor, work, actors, wanted, each):
                waiting[outcome["n"]] = outcome
                while done in waiting:
                    yield waiting.pop(done)
                    done += 1
        except RayError as error:
            if each == 1 and left is not listed:
                reason = str(error).splitlines()[0]
                raise ActAlignError(
                    f"The Ray cluster failed: {reason} Run the same command again to go on."
                ) from error
        left = [item for item in listed[done:] if item[0] not in waiting]
    for n, _, _ in listed[done:]:
        yield waiting.get(n, {"state": "lost"})


def _run(
    items: Sequence[Item],
    actor: type,
    work: object,
    actors: int,
    wanted: dict[str, float],
    each: int,
) -> Iterator[Outcome]:
    """The outcomes of items in any order; those of workers that died too often are missing."""
    import ray.data

    starts = range(0, len(items), each)
    blocks = [{"items": json.dumps(items[start : start + each])} for start in starts]
    if not blocks:
        return
    pool = ray.data.ActorPoolStrategy(
        size=min(actors, len(blocks)), max_tasks_in_flight_per_actor=1
    )
    with warnings.catch_warnings():
        # It is to go in Ray 2.64, but nothing else bounds how often a deadly item is tried.
        warnings.filterwarnings("ignore", "`ray_remote_args_fn` is deprecated")
        outcomes = ray.data.from_items(blocks, override_num_blocks=len(blocks)).map_batches(
            actor,
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


def stop(n: int, error: ActAlignError) -> Outcome:
    """The outcome of an error that is not of one item: it ends the run with the same error."""
    text = f"On the machine {socket.gethostname()}: {error}"
    return {"n": n, "state": "stop", "error": text, "kind": type(error).__name__}


def enter(folder: str) -> None:
    """Make an actor's working folder that of the run; raises UsageError."""
    try:
        os.chdir(folder)
    except OSError as error:
        raise UsageError(
            f"The folder {folder} can't be entered ({error}); run from a folder that all machines "
            "share."
        ) from error
