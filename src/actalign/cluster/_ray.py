"""Runs many small pieces of work on the actors of a Ray cluster, even if processes die there.

Only names and small JSON outcomes travel through Ray. Independent of clips: `_encode` embeds videos
with it, `_score` scores stored ones.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

from actalign.errors import (
    ActAlignError,
    EncoderError,
    EncoderUsageError,
    UsageError,
    reason_of,
)

DEATHS = 3
"""An item is abandoned after its worker's process died this many times."""
BEGINNINGS = 10
"""An actor gets no work if its process died this many times before it was given any."""
AHEAD = 2
"""Pieces of work that an actor has at once: the current one and the next."""
REACH_SECONDS = 10.0
ASK_SECONDS = 5.0
SETTINGS = bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
"""An empty HTTP/2 SETTINGS frame."""

Outcome = dict[str, Any]
Item = tuple[int, str, str]
"""An item's number, id and location."""


@dataclass(frozen=True, slots=True)
class RayCluster:
    """Where to run. address: of a cluster (None: RAY_ADDRESS, else one started on this machine).

    num_gpus: for each encoder actor; with fractions, actors share one. num_actors: None for as many
    as fit.
    """

    address: str | None = None
    num_gpus: float = 0.0
    num_actors: int | None = None


def fit(nodes: Sequence[dict[str, Any]], cluster: RayCluster) -> tuple[int, int]:
    """How many encoder actors to run, and the CPUs for each: for its encoder and its decoders.

    nodes: from `ray.nodes()`. Raises UsageError if they have no room for the actors.
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
            f"{max(actors, 1)}; lower --num-actors (num_actors) or --num-gpus (num_gpus), or "
            "add machines."
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
        # Ray uses the machine's external address instead of loopback unless this is set.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    try:
        import ray
    except ImportError as error:
        raise UsageError(
            f"Ray needs more packages ({error}); run `pip install 'actalign[ray]'`."
        ) from error
    mine = not ray.is_initialized()
    if mine:
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        if not address:
            options |= {"include_dashboard": False, "_node_ip_address": "127.0.0.1"}
        try:
            if address:
                _reach(address)
                # Try once, for half a minute, not twenty times.
                os.environ.setdefault("RAY_gcs_server_port_wait_time_s", "1")
            ray.init(address=address or "local", **options)
        except (OSError, OverflowError, RuntimeError, ValueError) as error:
            reason = reason_of(error).splitlines()[0]
            raise UsageError(
                f"The Ray cluster {address or 'on this machine'} can't be used ({reason}); check "
                "its address."
            ) from error
        # Ray reports a worker's death on stdout, among the results, whatever log_to_driver says.
        ray._private.worker._worker_logs_enabled = False
    over = threading.Event()
    if mine and not (address or "").startswith("ray://"):
        head = ray.get_runtime_context().gcs_address
        threading.Thread(target=_watch, args=(head, over), daemon=True).start()
    try:
        yield ray
    finally:
        over.set()
        if mine:
            ray.shutdown()


def _reach(address: str) -> None:
    """Raise OSError (or OverflowError for an invalid port) if no Ray listens at HOST:PORT.

    Ray itself would keep trying to connect for many minutes. It uses HTTP/2, where a server answers
    a client's first message with its settings.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdecimal():
        return
    with socket.create_connection((host.strip("[]"), int(port)), timeout=REACH_SECONDS) as link:
        if os.environ.get("RAY_USE_TLS", "0").lower() in ("1", "true"):
            return
        link.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + SETTINGS)
        found = b""
        with suppress(TimeoutError):
            while len(found) < len(SETTINGS) and (more := link.recv(len(SETTINGS) - len(found))):
                found += more
    kind = slice(3, 4)  # after the frame's length
    if found[kind] != SETTINGS[kind]:
        raise OSError("what listens there is not a Ray cluster")


def _watch(head: str, over: threading.Event) -> None:
    """Check the cluster's head from time to time until `over`, and report once if it is gone.

    Ray ends this process a minute after losing the head, without a message, whatever it is doing.
    """
    failed = 0
    while failed < 2 and not over.wait(ASK_SECONDS):
        try:
            _reach(head)
            failed = 0
        except OSError:
            failed += 1
    if failed and not over.is_set():
        print(
            f"warning: The Ray cluster's head {head} does not answer; unless it comes back, this "
            "run ends within a minute: start the cluster, then run the same command again to go "
            "on.",
            file=sys.stderr,
        )


def run_on_cluster(
    items: Mapping[str, str],
    actor: type,
    work: Callable[[Any, int], object],
    *,
    cluster: RayCluster,
    most: int,
) -> Iterator[tuple[Outcome, str, str]]:
    """One outcome per item, in order, with its id and location; early ones wait here.

    items: the location of each, by id. actor: a class whose argument is what ``work`` returns,
    given Ray and an actor's number of CPUs; its method ``outcomes`` takes a JSON list of `Item` and
    returns JSON outcomes, each with the item's number "n" and a "state". An outcome from `stop`
    ends the run with its error. For an item whose worker died too often, the outcome is {"state":
    "lost"}. most: number of items that an actor is given at a time. Raises UsageError if the
    cluster can't be used.
    """
    with connected(cluster) as ray:
        from ray.exceptions import RayError

        actors, cpus = fit(ray.nodes(), cluster)
        wanted = {"num_cpus": cpus, "num_gpus": cluster.num_gpus}
        made = work(ray, cpus)
        listed = [(n, name, place) for n, (name, place) in enumerate(items.items())]
        waiting: dict[int, Outcome] = {}
        done = 0
        left = listed
        # Workers that died too often lost all items that they had been given, so what is left after
        # the first round is tried one by one.
        for each, ahead in ((min(most, max(1, len(listed) // (4 * actors))), AHEAD), (1, 1)):
            try:
                with closing(_run(left, actor, made, actors, wanted, each, ahead)) as coming:
                    for outcome in coming:
                        waiting[outcome["n"]] = outcome
                        while done in waiting:
                            yield waiting.pop(done), *listed[done][1:]
                            done += 1
            except RayError as error:
                if ahead == 1:
                    reason = str(error).splitlines()[0]
                    raise ActAlignError(
                        f"The Ray cluster failed: {reason} Run the same command again to continue."
                    ) from error
            left = [item for item in listed[done:] if item[0] not in waiting]
        for n, name, place in listed[done:]:
            yield waiting.get(n, {"state": "lost"}), name, place


def _run(
    items: Sequence[Item],
    actor: type,
    work: object,
    actors: int,
    wanted: dict[str, float],
    each: int,
    ahead: int,
) -> Generator[Outcome]:
    """The outcomes of items, in any order; those from workers that died too often are missing.

    each: items in a piece. ahead: pieces that an actor has at once, so that it never waits for the
    next. Raises RayError if no actor starts working.
    """
    import ray
    from ray.exceptions import RayError

    pieces = [json.dumps(items[start : start + each]) for start in range(0, len(items), each)]
    coming = iter(pieces)
    kind = ray.remote(max_restarts=-1, max_task_retries=DEATHS - 1, **wanted)(actor)
    # Actors are kept here, as Ray ends one that nothing refers to.
    pool = [
        kind.options(scheduling_strategy="SPREAD").remote(work)
        for _ in range(min(actors, len(pieces)))
    ]
    # Pieces go only to actors that have started: a full machine may have no room for one. Deaths
    # before that don't count against any item.
    begin = {"max_task_retries": BEGINNINGS - 1}
    beginning = {one.outcomes.options(**begin).remote("[]"): one for one in pool}
    running: dict[Any, Any] = {}
    begun = 0
    try:
        while running or (beginning and begun < len(pieces)):
            (done, *_), _ = ray.wait([*running, *beginning], num_returns=1)
            there = done in beginning
            one = beginning.pop(done) if there else running.pop(done)
            outcomes: list[str] = []
            try:
                outcomes = ray.get(done)
            except RayError:
                if there and not beginning and not running:
                    raise
                if there:
                    continue
            for piece in islice(coming, ahead if there else 1):
                running[one.outcomes.remote(piece)] = one
                begun += 1
            yield from _outcomes(outcomes)
    finally:
        for one in pool:
            ray.kill(one)


def _outcomes(found: Sequence[str]) -> Iterator[Outcome]:
    """The outcomes of a piece; raises the error of one that ends the run."""
    for text in found:
        outcome = json.loads(text)
        if outcome["state"] == "stop":
            kinds = {kind.__name__: kind for kind in (UsageError, EncoderError, EncoderUsageError)}
            raise kinds.get(outcome["kind"], ActAlignError)(outcome["error"])
        yield outcome


def stop(n: int, error: ActAlignError) -> Outcome:
    """The outcome for an error that is not specific to an item; it ends the run with that error."""
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
