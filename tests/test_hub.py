"""A hub that answers byte by byte, and its cache, which is used then."""

import pytest

pytest.importorskip("huggingface_hub")

from actalign import hub
from actalign.errors import ActAlignError
from actalign.evaluation._readers._hub import local_folder
from tests.tiny_hub import dripping_hub, tiny_hub, use_hub

COMMIT = "0" * 40


@pytest.fixture
def use(monkeypatch, tmp_path):
    """Have the hub's client ask a port, and keep what it fetches in a folder of the test."""
    return lambda port: use_hub(monkeypatch, port, tmp_path / "cache")


def test_a_hub_that_drips_is_left_and_what_is_known_is_used(use, monkeypatch, tmp_path):
    folder = tmp_path / "commit"
    folder.mkdir()
    (folder / "labels.csv").write_text("video,label\n")
    with tiny_hub({COMMIT: folder}, main=COMMIT) as port:
        use(port)
        first = local_folder("hub:tiny/siglip")
    assert (first / "labels.csv").read_text() == "video,label\n"
    monkeypatch.setattr(hub, "ANSWER_SECONDS", 0.4)
    with dripping_hub() as port:
        use(port)
        assert local_folder("hub:tiny/siglip") == first
        said = r"tiny/other is not available .*TimeoutError: no complete answer within 0\.4 s\)"
        with pytest.raises(ActAlignError, match=said):
            local_folder("hub:tiny/other")
