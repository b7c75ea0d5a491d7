"""How many cores this process may use, for whoever sets a number of threads."""

from __future__ import annotations

import os
from pathlib import Path

_CPUS = Path("/sys/devices/system/cpu")


def usable_cores() -> int:
    """Logical processors this process may run on; at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def physical_cores() -> int:
    """Of these, processors that share a core counted once: more threads don't multiply faster.

    Where the system doesn't say which do (it does on Linux), all of them.
    """
    if not hasattr(os, "sched_getaffinity"):
        return usable_cores()
    cores = set()
    for number in os.sched_getaffinity(0):
        siblings = _CPUS / f"cpu{number}" / "topology" / "thread_siblings_list"
        try:
            cores.add(siblings.read_text(encoding="ascii").strip())
        except OSError:
            cores.add(str(number))
    return len(cores)
