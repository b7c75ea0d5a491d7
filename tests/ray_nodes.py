"""Two Ray nodes on this machine, one CPU each, until stdin ends; prints the cluster's address.

Run as a program, so that Ray never lives in the test's own process.
"""

import ipaddress
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

OBJECT_STORE = 80 * 2**20
PATIENCE = {
    "RAY_raylet_start_wait_time_s": "600",
    "RAY_worker_register_timeout_seconds": "600",
    "RAY_gcs_server_request_timeout_seconds": "600",
    "RAY_health_check_failure_threshold": "60",
    "RAY_worker_niceness": "0",  # at Ray's 15 other work leaves them nothing
}
"""Variables of the environment with which Ray's own time-outs fit a machine that is busy."""

ATTEMPTS = 3
"""Ray looks for free ports before it listens on them, and another process may be quicker."""


@contextmanager
def two_nodes(home):
    """The address of a running cluster, and the process that holds it; ``home``: its machines'."""
    environment = {
        **os.environ,
        **PATIENCE,
        "HOME": str(home),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_DISABLE_IMPORT_WARNING": "1",
    }
    with tempfile.TemporaryDirectory(prefix="ray", ignore_cleanup_errors=True) as folder:
        said = Path(folder) / "said.txt"
        for attempt in range(ATTEMPTS):
            with said.open("w") as errors:
                holder = subprocess.Popen(
                    [sys.executable, __file__],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    env={**environment, "RAY_TMPDIR": f"{folder}/{attempt}"},
                    text=True,
                )
            try:
                if address := holder.stdout.readline().strip():
                    yield address, holder.pid
                    return
            finally:
                holder.stdin.close()
                holder.wait(timeout=600)
                holder.stdout.close()
        raise AssertionError(f"the Ray cluster did not start: {said.read_text()[-2000:]}")


def actors(holder, kind, *, at_work=False):
    """Process ids of the cluster's actors of a class; ``at_work``: of those that have a decoder."""
    parents, names = {}, {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                names[int(folder.name)] = (folder / "cmdline").read_bytes()
                parents[int(folder.name)] = parent(folder)
            except OSError:
                continue

    def ours(pid):
        while pid in parents and pid != holder:
            pid = parents[pid]
        return pid == holder

    decoding = {parents.get(p) for p, name in names.items() if b"actalign.video._worker" in name}
    return [
        pid
        for pid, name in names.items()
        if kind.encode() in name and ours(pid) and (pid in decoding or not at_work)
    ]


def parent(folder):
    """The parent of the process of a folder of /proc; None where it has ended."""
    try:
        return int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return None


def listening(pid):
    """Addresses on which a process or one below it listens."""
    family, below = {pid}, True
    while below:
        below = {
            int(p.name)
            for p in Path("/proc").iterdir()
            if p.name.isdigit() and int(p.name) not in family and parent(p) in family
        }
        family |= below
    sockets = set()
    for one in family:
        try:
            links = list(Path(f"/proc/{one}/fd").iterdir())
        except OSError:
            continue
        for link in links:
            try:
                sockets.add(str(link.readlink()))
            except OSError:
                continue
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                words = bytes.fromhex(fields[1].split(":")[0])
                raw = b"".join(words[i : i + 4][::-1] for i in range(0, len(words), 4))
                found.add(str(ipaddress.ip_address(raw)))
    return found


def main():
    from ray.cluster_utils import Cluster

    shared = {
        "num_cpus": 1,
        "object_store_memory": OBJECT_STORE,
        "node_ip_address": "127.0.0.1",
        "include_dashboard": False,
    }
    cluster = Cluster()
    for _ in range(2):
        cluster.add_node(wait=False, **shared)
    cluster.wait_for_nodes(timeout=600)
    print(cluster.address, flush=True)
    sys.stdin.read()
    cluster.shutdown()


if __name__ == "__main__":
    main()
