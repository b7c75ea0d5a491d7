"""Mutated files of every kind that is read, and odd command lines: an error of ours or a result.

Children read them, many each, under a limit of time a file and of memory, so that a crash or a hang
is told with the number of the file, which makes it again:

    ACTALIGN_FUZZ_SEED=... python -m tests.fuzz_readers KIND NUMBER 1
"""

import json
import subprocess
import sys

import pytest

from tests.fuzz_readers import KINDS
from tests.fuzzing import SEED, TIMES

pytestmark = [pytest.mark.fuzz, pytest.mark.slow]

FILES = {"reports": 90, "predictions": 200, "models": 200}
ARGUMENTS = 150


def faults_of(module, *words):
    """What a child found wrong, in words; empty where all is well."""
    child = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", module, *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=1200 * TIMES,
    )
    lines = [json.loads(line) for line in child.stdout.splitlines() if line.startswith("{")]
    found = [f"{line['fault']}: {line['trace']}" for line in lines if "fault" in line]
    if not lines or "done" not in lines[-1]:
        begun = [line["begun"] for line in lines if "begun" in line]
        at = begun[-1] if begun else "the start"
        found.append(f"{at}: the child ended with {child.returncode}: {child.stderr[-2000:]}")
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_mutated_file_is_read_or_refused(kind):
    found = faults_of("tests.fuzz_readers", kind, 0, FILES.get(kind, 400) * TIMES)
    assert not found, f"seed {SEED}, {kind}: " + "\n".join(found[:5])


def test_an_odd_command_line_ends_with_0_1_or_2_and_no_trace():
    found = faults_of("tests.fuzz_arguments", 0, ARGUMENTS * TIMES)
    assert not found, f"seed {SEED}: " + "\n".join(found[:5])


def test_a_child_that_hangs_or_crashes_would_be_told():
    found = faults_of("tests.fuzz_readers", "nonsense", 0, 1)
    assert len(found) == 1
    assert found[0].startswith("the start: the child ended with 1")
