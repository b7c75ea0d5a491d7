"""How long `actalign classify` takes on one short clip with the built-in encoder, all included.

Runs the command as a user would, each time with an empty store, and prints the least and the median
wall time after a first run that fills the caches. Usage: python benchmarks/startup.py [--runs 7]
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

from actalign.demo import demo_clips


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    args = parser.parse_args()
    clip = demo_clips()[0]
    labels = ",".join(script.label for script in clip.scripts)
    walls, cores = [], []
    for _ in range(args.runs + 1):
        with tempfile.TemporaryDirectory() as store:
            command = [sys.executable, "-m", "actalign", "classify", str(clip.path)]
            command += ["--labels", labels, "--model", "body", "--store", store, "--quiet"]
            before, start = os.times(), time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            walls.append(time.perf_counter() - start)
            after = os.times()
            cores.append(
                after.children_user
                + after.children_system
                - before.children_user
                - before.children_system
            )
    walls, cores = walls[1:], cores[1:]
    print(f"{clip.path.name}, {len(walls)} runs on {os.cpu_count()} cores")
    print(f"wall:     least {min(walls):.2f} s, median {statistics.median(walls):.2f} s")
    print(f"CPU time: least {min(cores):.2f} s, median {statistics.median(cores):.2f} s")


if __name__ == "__main__":
    main()
