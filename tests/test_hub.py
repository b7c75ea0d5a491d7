"""A hub that answers byte by byte, and its cache, which is used then."""

import pytest

pytest.importorskip("huggingface_hub")

from actalign import hub
from actalign.errors import ActAlignError
from actalign.evaluation._readers._hub import local_folder
from tests.tiny_hub import dripping_hub, tiny_hub

COMMIT = "0" * 40


@pytest.fixture
def use(monkeypatch, tmp_path):
    """Have the hub's client ask a port, and keep what it fetches in a folder of the test."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))

    def _use(port):
        place = f"http://127.0.0.1:{port}"
        urls = place + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", place)
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", urls)

    return _use


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
        said = r"tiny/other is not available .*TimeoutError: no whole answer within 0\.4 s\)"
        with pytest.raises(ActAlignError, match=said):
            local_folder("hub:tiny/other")
