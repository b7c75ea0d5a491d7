"""What many tests share: a model, a cache of their own, and the order in which files run."""

import gc
import os
import signal
import warnings
from pathlib import Path

import pytest
from hypothesis import settings

from actalign.encoders.body._weights import weights_folder
from tests.colour_model import save_colour_model
from tests.command import decoding_children
from tests.command import start as start_command


def pytest_configure():
    # What is drawn must hold; how long it takes says only how busy the machine is.
    settings.register_profile("any machine", deadline=None)
    settings.load_profile("any machine")
    # torch's threads wait in a loop, which on a busy machine takes the cores from what is awaited.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # Compiled once for all tests, though each has a cache of its own.
    os.environ.setdefault("NUMBA_CACHE_DIR", str(Path(__file__).parents[1] / ".pytest_cache/numba"))
    # A shell's background job, as CI may be, ignores Ctrl-C, and would hand that on to commands.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)  # as under nohup


def pytest_collection_modifyitems(items):
    """Files with many slow tests first, so that no worker is late with one."""
    slow = {}
    for item in items:
        slow[item.path] = slow.get(item.path, 0) + bool(item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])


@pytest.fixture(scope="session", autouse=True)
def _cache_of_their_own(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        # Not the weights, which `scripts/setup` has fetched into the user's own.
        patch.setenv("ACTALIGN_WEIGHTS", str(weights_folder()))
        patch.setenv("ACTALIGN_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="module")
def sockets_of_others():
    """For files whose servers and clients, other people's code, leave sockets to be collected.

    That happens at the end of the file, and not in the middle of a test of another.
    """
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture(scope="session")
def colour_model(tmp_path_factory):
    """The folder of a model whose answers a reader can work out by hand; only to be read."""
    return save_colour_model(tmp_path_factory.mktemp("colour") / "model")


@pytest.fixture(scope="module")
def two():
    """Frames of two people, as `two_people`."""
    from tests.people_scenes import two_people

    return two_people()


@pytest.fixture
def decoding():
    """Gives the decoding processes that live and were started during this test.

    A server of an earlier test may still be ending with its own.
    """
    others = set(decoding_children())
    return lambda: [pid for pid in decoding_children() if pid not in others]


@pytest.fixture
def start(tmp_path):
    """Starts `actalign` in the test's folder, with a cache there; none outlives the test."""
    started = []

    def begin(*arguments, **environment):
        environment = {"ACTALIGN_CACHE": tmp_path / "cache", **environment}
        started.append(start_command(*arguments, cwd=tmp_path, **environment))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.communicate()
