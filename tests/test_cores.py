"""How many threads are worth starting."""

import os
import subprocess
import sys

import pytest

from actalign.files import physical_cores, usable_cores


def test_a_core_is_counted_once():
    assert 1 <= physical_cores() <= usable_cores() <= (os.cpu_count() or 1)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="processes can't be bound here")
def test_only_what_the_process_may_use_counts():
    code = (
        "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]);"
        "from actalign.files import physical_cores, usable_cores;"
        "print(physical_cores(), usable_cores())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "1"]
