"""Moments of clips by a phrase, on embeddings whose best frames are known."""

import json
import re

import numpy as np
import pytest

from actalign.clips._search import most_per_clip, search
from actalign.types import ClipEmbedding
from tests.command import actalign
from tests.media import write_video


def clip(name, values):
    """A clip with a frame a second, whose cosine with the first axis is as given."""
    values = np.asarray(values, np.float32)
    rows = np.stack([values, np.sqrt(1 - values**2)], axis=1)
    return ClipEmbedding(name, rows, np.arange(len(rows), dtype=float), len(rows), "m", "f")


def test_the_best_moments_are_where_they_were_planted():
    blind = clip("blind", [0.9, 0.9])
    blind.embeddings[:] = 0
    clips = [clip("a", [0, 0, 0.9, 0.8, 0, 0, 0.5]), clip("b", [0.1, 0.1, 0.1, 0.7]), blind]
    found = search(clips, np.array([1, 0], np.float32), smoothing_seconds=0, top=3)
    assert [(m.clip, m.start_seconds, m.end_seconds) for m in found] == [
        ("a", 2, 4), ("b", 3, 4), ("a", 6, 7),
    ]  # fmt: skip
    assert [m.score for m in found] == pytest.approx([0.9, 0.7, 0.5], abs=1e-6)


def test_a_single_long_clip_gives_as_many_moments_as_are_asked_for():
    often = clip("often", [0.9, 0, 0] * 8)
    first = np.array([1, 0], np.float32)
    for clips, each in ((1, 8), (4, 3)):
        every = [often] * clips
        most = most_per_clip(8, clips)
        found = search(every, first, smoothing_seconds=0, top=8 * clips, per_clip=most)
        assert len(found) == clips * each


def test_the_command_searches_a_store(tmp_path, colour_model):
    write_video(tmp_path / "a.mp4", 24)
    store = tmp_path / "store"
    assert (
        actalign("encode", tmp_path / "a.mp4", "--model", colour_model, "--out", store).returncode
        == 0
    )
    found = actalign("search", store, "red", "--json", "--top", "1")
    assert found.returncode == 0, found.stderr
    [moment] = map(json.loads, found.stdout.splitlines())
    assert moment["clip"] == "a"
    assert 0 <= moment["start_seconds"] <= moment["best_seconds"] <= moment["end_seconds"] <= 2.1
    head, line = actalign("search", store, "red", "--top", "1").stdout.splitlines()
    assert head.split() == ["similarity", "when", "clip"]
    assert re.fullmatch(r" +-?\d\.\d{3}  0:00:0\S+ to 0:00:0\S+  a", line)
    assert line.rindex("a") == head.rindex("clip")
    assert actalign("search", store, " ").returncode == 2


def test_shipped_scripts_are_listed():
    found = actalign("subactions", "list", "--domain", "Gym")
    assert found.stdout.startswith("gym: ")
    lines = found.stdout.splitlines()
    assert "gym: barbell curl (barbell bicep curl, barbell biceps curl, standing barbell curl)" in (
        lines
    )
    assert lines == sorted(lines)
    shown = actalign("subactions", "show", "Push-ups")
    assert shown.returncode == 2
    assert "`actalign subactions template --labels Push-ups` prints the script" in shown.stderr
    soccer = actalign("subactions", "list", "--domain", "Soccer")
    assert soccer.stdout == actalign("subactions", "list", "--domain", "football").stdout
    assert soccer.stdout.startswith("football: ")
    refused = actalign("subactions", "list", "--domain", "cooking")
    assert refused.returncode == 2
    assert "gym" in refused.stderr
