"""What a notebook shows of our objects, read as a browser would read it."""

import base64
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np

from actalign import ClipEmbedding, Script
from actalign.alignment._dtw import align
from actalign.types import Candidate, Prediction

NASTY = '<script>alert("x")</script> & "quotes" $y$'


class Page(HTMLParser):
    """Tags, attributes and texts of a piece of HTML, whose tags must all be closed."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.texts, self.pictures = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag == "img":
            self.pictures.append(dict(attrs))
        else:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def png_of(picture):
    head, data = picture["src"].split(",", 1)
    assert head == "data:image/png;base64"
    content = base64.b64decode(data, validate=True)
    assert content.startswith(b"\x89PNG")
    assert len(content) < 60_000
    return content


def prediction(count=2, *, aligned=True):
    rng = np.random.default_rng(0)
    clip = ClipEmbedding(
        NASTY, np.ones((20, 2), np.float32), np.arange(20) / 10, 2.0, "model", "fingerprint"
    )
    candidates = []
    for m in range(count):
        alignment = align(rng.random((20, 3)).astype(np.float32)) if aligned else None
        script = Script(f"{NASTY} {m}", (NASTY, "two", "three"))
        candidates.append(Candidate(script.label, 1 - m / 100, script, m > 0, alignment))
    return Prediction(clip, tuple(candidates), "dtw", 1.0)


def test_a_prediction_is_a_picture_and_its_candidates():
    page = Page(prediction()._repr_html_())
    assert "script" not in page.tags
    png_of(page.pictures[0])
    assert page.pictures[0]["alt"] == f"Steps of {NASTY} 0 over time"
    assert f"{NASTY}: {NASTY} 0 (no script)" in page.texts
    at = page.texts.index(f"{NASTY} 1")
    assert page.texts[at : at + 2] == [f"{NASTY} 1", "0.9900"]
    assert page.texts.count("no script") == 1
    reworded = replace(prediction().candidates[1], wording=2, wordings=3)
    page = Page(replace(prediction(), candidates=(reworded,))._repr_html_())
    assert page.texts.count("wording 2 of 3") == 1


def test_many_candidates_are_counted_and_one_without_alignment_has_no_picture():
    page = Page(prediction(30)._repr_html_())
    assert page.tags.count("tr") == 8
    assert "and 22 more" in page.texts
    page = Page(prediction(aligned=False)._repr_html_())
    assert page.pictures == []
    assert page.tags.count("tr") == 2


def test_a_refused_answer_and_none_of_these_are_said():
    best, other = prediction().candidates
    unsure = replace(best, confidence=0.31)
    refused = replace(prediction(), candidates=(unsure, other), min_confidence=0.5)
    page = Page(refused._repr_html_())
    assert f"{NASTY}: no label (refused: confidence 31% below 50%)" in page.texts
    assert f"steps of {best.label}, the likeliest:" in page.texts
    assert page.pictures[0]["alt"] == f"Steps of {best.label} over time"
    assert "no label" in repr(refused)
    assert "refused: confidence 31% below 50%" in repr(refused)
    nothing = replace(best, label="nothing", none=True, alignment=None, has_script=False)
    found = replace(prediction(), candidates=(nothing, other))
    page = Page(found._repr_html_())
    assert page.pictures == []
    assert page.texts.count("none of the others") == 1
    assert "no script" not in page.texts
    assert repr(found).endswith("'nothing' 1.000, none of the others)")


def test_an_alignment_is_its_heat_map():
    page = Page(prediction().candidates[0].alignment._repr_html_())
    png_of(page.pictures[0])
    assert any(text.endswith("20 frames, 3 steps") for text in page.texts)


def test_matplotlib_is_loaded_when_a_notebook_asks():
    code = (
        "import sys, numpy as np\n"
        "from actalign import align\n"
        "import actalign.types\n"
        "found = align(np.eye(3, dtype=np.float32))\n"
        "repr(found)\n"
        "print('matplotlib' in sys.modules)\n"
        "found._repr_html_()\n"
        "print('matplotlib' in sys.modules, 'matplotlib.pyplot' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True", "False"]
