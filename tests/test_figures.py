"""Every figure kind, in both themes and formats: readable, whole, and true to the alignment."""

import io
import itertools
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from actalign import ActAlignError, ArrayError, ClipEmbedding, FrameBatch, Script, UsageError
from actalign.alignment._dtw import align
from actalign.cli._show import save_figure
from actalign.evaluation import _charts as charts
from actalign.output._drawing import draw_timeline
from actalign.output._figures import (
    alignment_figure,
    contrast_figure,
    frame_edges,
    heat_map_figure,
    picture,
    save,
)
from actalign.output._style import ON_PALETTE, PALETTE, THEMES, new_figure
from actalign.types import Candidate, Prediction, Segment, TextWarning
from tests.colour_vision import COLOUR_VISIONS, difference

LONG_LABEL = (
    "a label of $x$ & <b>many</b> words that nobody would want to read to its very end " * 2
)
LONG_STEP = "a very long description of one sub-action in which both arms are lifted overhead " * 3


def prediction(
    sizes, *, frames=40, seconds=4.0, start=0.0, label="action", step="step", clip="c", scale=1.0
):
    rng = np.random.default_rng(len(sizes))
    embedding = ClipEmbedding(
        clip_id=clip,
        embeddings=np.ones((frames, 2), np.float32),
        pts_seconds=start + np.arange(frames) * seconds / frames,
        end_seconds=start + seconds,
        model_id="google/siglip-so400m-patch14-384",
        fingerprint="f",
    )
    candidates = []
    for m, size in enumerate(sizes):
        alignment = align((scale * rng.random((frames, size))).astype(np.float32))
        script = Script(f"{label} {m}", tuple(f"{step} {k}" for k in range(size)))
        candidates.append(Candidate(script.label, alignment.score, script, True, alignment))
    candidates.sort(key=lambda c: -c.score)
    return Prediction(embedding, tuple(candidates), "dtw", 1.0)


CASES = {
    "two": prediction([3, 4]),
    "eight": prediction([12, 3, 4, 5, 6, 7, 8, 9]),
    "one still": prediction([1], frames=1, seconds=0.04),
    "three frames": prediction([5, 4], frames=3, seconds=0.1),
    "an hour": prediction([12, 10], frames=3000, seconds=3600.0, start=7200.0),
    "long words": prediction([6] * 8, label=LONG_LABEL, step=LONG_STEP, clip="a/folder/" * 30),
    "faint": prediction([6] * 8, label=LONG_LABEL, step=LONG_STEP, scale=1e-7),
    "no spaces": prediction([3, 3], label="x" * 300, step="y" * 300, clip="z" * 300),
    "wide letters": prediction([3, 3], label="W投篮" * 30, step="双手举过头顶" * 20),
}


def strip(found, count=8):
    clip = found.clip
    count = min(count, len(clip.embeddings))
    times = np.linspace(clip.pts_seconds[0], clip.pts_seconds[-1], count)
    return FrameBatch(np.full((count, 36, 64, 3), 128, np.uint8), times)


def kinds(found, theme):
    best = found.candidates[0]
    yield "alignment", alignment_figure(found, thumbnails=strip(found), shown=3, theme=theme)
    yield "alignment, bare", alignment_figure(found, theme=theme)
    if len(found.candidates) > 1:
        worst = found.candidates[-1].label
        yield "contrast", contrast_figure(found, worst, thumbnails=strip(found), theme=theme)
    yield "map", heat_map_figure(best.alignment, theme=theme)
    yield (
        "map with steps",
        heat_map_figure(
            best.alignment,
            steps=best.script.steps,
            edges_seconds=frame_edges(found),
            theme=theme,
        ),
    )


def share(value, n=100):
    tops = {f"top{k}": min(1.0, value * k) for k in (1, 2, 3)}
    return {
        "n": n,
        **tops,
        "ci95": {name: [top * 0.9, top] for name, top in tops.items()},
        "chance": {f"top{k}": 0.2 * k for k in (1, 2, 3)},
    }


def chart_kinds():
    for count in (1, 9):
        scorers = {f"scorer_{i}": share(0.1 + 0.03 * i) for i in range(count)}
        yield f"accuracy {count}", charts.accuracy_figure({"scorers": scorers})
    for count in (1, 4, 56):
        names = [LONG_LABEL if i == 1 else f"domain {i}" for i in range(count)]
        domains = {name: share(0.1 + 0.01 * i, 60 - i) for i, name in enumerate(names)}
        yield f"domains {count}", charts.domain_figure(domains)
    for over, settings in {"smoothing (s)": (0, 0.5, 1), "frames a second": (2, 8, None)}.items():
        curves = {
            name: [charts.SweepPoint(at, 0.5, 0.4, 0.6) for at in settings]
            for name in ("dtw", "mean_pool")
        }
        yield over, charts.sweep_figure(curves, over=over)


def texts(figure):
    """The visible, non-empty texts and their boxes in pixels."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    for text in figure.findobj(Text):
        box = text.get_window_extent(renderer)
        shown = text.get_visible() and (text.axes is None or text.axes.get_visible())
        if shown and text.get_text().strip() and _drawn(text):
            yield text, box


def _drawn(text):
    """Whether it is drawn: axes keep ticks that they don't use, and some beyond their limits."""
    for axis in [axis for axes in text.figure.axes for axis in (axes.xaxis, axes.yaxis)]:
        low, high = sorted(axis.get_view_interval())
        used = axis.get_major_ticks()
        for tick in axis.majorTicks:
            if text in (tick.label1, tick.label2):
                return tick in used and low - 1e-9 <= tick.get_loc() <= high + 1e-9
    return True


def check_layout(name, figure):
    width, height = figure.get_size_inches() * figure.dpi
    boxes = list(texts(figure))
    assert boxes, name
    for text, box in boxes:
        inside = box.x0 >= -1 and box.y0 >= -1 and box.x1 <= width + 1 and box.y1 <= height + 1
        assert inside, f"{name}: {text.get_text()!r} leaves the picture"
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        over = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert min(over) < 2, f"{name}: {one.get_text()!r} overlaps {other.get_text()!r}"


@pytest.mark.filterwarnings("ignore:Glyph .* missing from")
@pytest.mark.parametrize("case", CASES)
def test_no_text_leaves_the_picture_or_covers_another(case):
    for name, figure in kinds(CASES[case], "light"):
        check_layout(f"{case}, {name}", figure)


def test_no_text_of_a_chart_leaves_it_or_covers_another():
    for name, figure in chart_kinds():
        check_layout(name, figure)


@pytest.mark.parametrize("theme", THEMES)
def test_every_kind_is_a_png_and_an_svg_in_its_themes_colours(theme, tmp_path):
    import matplotlib.image

    drawn = [*kinds(CASES["two"], theme), *(chart_kinds() if theme == "light" else ())]
    assert len(drawn) == (12 if theme == "light" else 5)
    for name, figure in drawn:
        pixels = matplotlib.image.imread(io.BytesIO(picture(figure)), format="png")
        assert np.allclose(pixels[0, 0, :3], to_rgb(THEMES[theme].background), atol=0.01), name
        root = ET.fromstring(save(figure, tmp_path / "x.svg").read_text(encoding="utf-8"))
        assert root.tag == "{http://www.w3.org/2000/svg}svg", name
    assert [path.name for path in tmp_path.iterdir()] == ["x.svg"]


def luminance(colour):
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one, other):
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_texts_and_lines_stand_out_as_wcag_asks(theme):
    assert contrast(theme.ink, theme.background) >= 7
    assert contrast(theme.muted, theme.background) >= 4.5
    assert contrast(theme.accent, theme.background) >= 3


def test_numbers_on_the_steps_colours_can_be_read():
    for colour, text in zip(PALETTE, ON_PALETTE, strict=True):
        assert contrast(colour, text) >= 3  # they are large and bold


@pytest.mark.parametrize("vision", COLOUR_VISIONS)
def test_neighbouring_steps_differ_for_every_colour_vision(vision):
    for one, other in zip(PALETTE, PALETTE[1:] + PALETTE[:1], strict=True):
        assert difference(one, other, vision) > 20


def test_the_path_on_the_heat_map_is_the_alignments():
    found = CASES["two"]
    alignment = found.candidates[0].alignment
    edges = frame_edges(found)
    axes = heat_map_figure(alignment, edges_seconds=edges).axes[0]
    for line in axes.get_lines():
        assert np.allclose(line.get_xdata(), ((edges[1:] + edges[:-1]) / 2)[alignment.path[:, 0]])
        assert np.array_equal(line.get_ydata(), alignment.path[:, 1])
    assert np.allclose(axes.collections[0].get_array(), alignment.affinity.T, atol=0)


def test_a_heat_map_says_where_steps_or_times_are_not_the_alignments():
    alignment = align(np.zeros((20, 3), np.float32))
    with pytest.raises(ArrayError, match="There are 2 steps for an alignment of 3"):
        heat_map_figure(alignment, steps=["a", "b"])
    with pytest.raises(ArrayError, match=r"times of 20 frames must be 21, .* of shape \(20,\)"):
        heat_map_figure(alignment, edges_seconds=np.arange(20.0))


@pytest.mark.parametrize("size", [1.0, 1e-3, 1e-7, 1e-30])
def test_the_colours_of_a_heat_map_spread_over_its_affinities_however_small(size):
    """The pair probabilities of SigLIP are often all below 1e-4."""
    alignment = align((np.random.default_rng(0).random((20, 3)) * size).astype(np.float32))
    image = heat_map_figure(alignment).axes[0].collections[0]
    shades = image.cmap(image.norm(alignment.affinity))
    assert len(np.unique(shades.reshape(-1, 4), axis=0)) > 40
    assert image.get_clim() == (alignment.affinity.min(), alignment.affinity.max())


@pytest.mark.parametrize("value", [0.0, 1e-7, 0.5, -0.2])
def test_affinities_that_are_all_about_the_same_are_drawn_in_one_colour(value):
    affinity = np.full((20, 3), value, np.float32)
    affinity[3] *= np.float32(1 + 1e-6)
    image = heat_map_figure(align(affinity)).axes[0].collections[0]
    shades = image.cmap(image.norm(affinity)).reshape(-1, 4)
    assert np.ptp(shades, axis=0).max() < 0.02


@pytest.mark.parametrize("case", ["two", "three frames", "an hour"])
def test_the_timeline_covers_the_clip_once_in_order(case):
    found = CASES[case]
    axes = alignment_figure(found).axes[0]
    bars = [(bar.get_x(), bar.get_x() + bar.get_width()) for bar in axes.patches]
    assert len(bars) == len(found.candidates[0].script.steps)
    assert bars[0][0] == pytest.approx(found.clip.pts_seconds[0])
    assert bars[-1][1] == pytest.approx(found.clip.end_seconds)
    for (start, end), (following, _) in itertools.pairwise(bars):
        assert end > start
        assert following == pytest.approx(end)


def test_the_lines_between_repetitions_are_explained():
    once = prediction([3, 2])
    alignment = once.best.alignment
    steps = tuple(
        tuple(
            Segment(f"step {n}", start + n / 2, start + n / 2 + 0.5, 0.5, n + 1) for n in range(3)
        )
        for start in (0.0, 2.0)
    )
    for repetitions, said in (((), False), (steps[:1], False), (steps, True)):
        figure = new_figure(11, 1, THEMES["light"])
        axes = figure.add_axes((0.3, 0.1, 0.6, 0.36))
        draw_timeline(axes, alignment, frame_edges(once), THEMES["light"], repetitions)
        label = axes.get_yticklabels()[0].get_text()
        assert label.startswith("steps over time")
        assert ("a line between repetitions" in label) == said


def test_many_repetitions_are_not_hidden_by_the_lines_around_them():
    found = prediction([3, 3], frames=400, seconds=164.0)
    for count, many in ((8, False), (88, True)):
        length = 164.0 / count / 3
        begins = length * np.arange(3 * count).reshape(count, 3)
        repetitions = tuple(
            tuple(Segment("s", t, t + length, 0.5, k) for k, t in enumerate(of_one, 1))
            for of_one in begins.tolist()
        )
        best = replace(found.best, repetitions=repetitions)
        drawn = alignment_figure(replace(found, candidates=(best, *found.candidates[1:])))
        timeline, winner, other = drawn.axes[:3]
        assert len(timeline.lines) == (0 if many else count - 1)
        assert ("a line between" in timeline.get_yticklabels()[0].get_text()) != many
        assert {bar.get_linewidth() for bar in timeline.patches} == {0 if many else 1}
        thinner = winner.lines[0].get_linewidth() < other.lines[0].get_linewidth()
        assert thinner == many


def test_cuts_are_lines_on_the_timeline_and_explained():
    found = CASES["two"]
    plain = _timeline(alignment_figure(found))
    clip = replace(found.clip, provenance={"cuts_seconds": "1.5 2.25 1000"})
    drawn = alignment_figure(replace(found, clip=clip))
    check_layout("cuts", drawn)
    cut = _timeline(drawn)
    assert {float(line.get_xdata()[0]) for line in cut.lines} == {1.5, 2.25}
    assert "a dashed line at each cut" in cut.get_yticklabels()[0].get_text()
    assert not plain.lines
    assert "cut" not in plain.get_yticklabels()[0].get_text()


def _timeline(figure):
    return next(
        axes
        for axes in figure.axes
        if any(one.get_text().startswith("steps over") for one in axes.get_yticklabels())
    )


def test_dots_at_the_edge_of_a_chart_are_drawn_whole():
    bins = [{"confidence": 0.99, "accuracy": 1.0, "count": 3}]
    known = {"bins": bins, "coverage": [0.5, 1.0], "risk": [0.0, 0.0]}
    left = charts.reliability_figure(known).axes[0]
    assert not left.collections[0].get_clip_on()


def test_the_confusion_matrix_says_what_its_colours_are():
    confusion = [{"target": "a", "answer": "a", "n": 2}, {"target": "b", "answer": "a", "n": 1}]
    figure = charts.confusion_figure(confusion)
    check_layout("confusion", figure)
    assert "% of the true label's clips" in {text.get_text() for text, _ in texts(figure)}


def test_the_right_candidate_is_drawn_above_the_strongest_wrong_one():
    found = CASES["eight"]
    worst = found.candidates[-1]
    figure = contrast_figure(found, worst.label)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    drawn = [title for title in titles if title]
    assert drawn[0].endswith(f": {worst.label}")
    assert drawn[1].endswith(f": {found.label}")
    assert f"{worst.label}, taken for {found.label}" in figure.texts[0].get_text()
    assert "answered right" in contrast_figure(found, found.label).texts[0].get_text()
    with pytest.raises(UsageError, match="it has 'action"):
        contrast_figure(found, "somersault")
    with pytest.raises(UsageError, match="a wrong candidate"):
        contrast_figure(CASES["one still"], "action 0")


def test_a_figure_says_how_sure_the_answer_is_and_that_it_was_refused():
    found = CASES["two"]
    sure = replace(found.candidates[0], confidence=0.31)
    found = replace(found, candidates=(sure, *found.candidates[1:]))
    drawn = alignment_figure(found)
    assert any("winner (" in text and ", confidence 31%)" in text for text in all_texts(drawn))
    drawn = alignment_figure(replace(found, min_confidence=0.5))
    assert "no label (refused: confidence 31% below 50%)" in drawn.texts[0].get_text()
    assert any(text.startswith("likeliest (") for text in all_texts(drawn))
    by_a_hair = replace(found, min_confidence=0.3102)
    assert (
        "(refused: confidence 31.00% below 31.02%)"
        in alignment_figure(by_a_hair).texts[0].get_text()
    )
    assert "refused: confidence 31.00% below 31.02%" in repr(by_a_hair)
    drawn = contrast_figure(replace(found, min_confidence=0.5), sure.label)
    assert "no label (refused" in drawn.texts[0].get_text()


@pytest.mark.filterwarnings("ignore:Glyph .* missing from")
@pytest.mark.parametrize(("name", "kept"), [("挙" * 80, 24), ("a" * 80, 49), ("挙a" * 17, 33)])
def test_a_long_name_leaves_room_for_the_answer_however_wide_its_letters_are(name, kept):
    found = prediction([3, 2], clip=name)
    title = alignment_figure(found).texts[0].get_text()
    assert title == f"…{name[-kept:]}: {found.label}"
    whole = prediction([3, 2], clip="挙" * 25)
    assert alignment_figure(whole).texts[0].get_text() == f"{'挙' * 25}: {found.label}"


def with_none(*, first):
    """A prediction with "nothing" as its best or second candidate."""
    one, *others = CASES["two"].candidates
    script = Script("nothing", ("nothing",))
    nothing = Candidate("nothing", one.score, script, False, confidence=0.97, none=True)
    order = (nothing, one) if first else (one, nothing)
    return replace(CASES["two"], candidates=(*order, *others))


@pytest.mark.parametrize("first", [True, False])
def test_none_of_these_is_shown_with_its_score_and_without_steps_or_times(first):
    found = with_none(first=first)
    nothing, steps = "nothing", "steps over time"
    sure = f"({found.candidates[not first].score:.4g}, confidence 97%): nothing"
    for drawn, shown_steps in (
        (alignment_figure(found, thumbnails=strip(found)), not first),
        (alignment_figure(found, shown=1 if first else 2), not first),
        (contrast_figure(found, nothing), False),
        (contrast_figure(found, found.candidates[first].label), True),
    ):
        check_layout(f"none first: {first}", drawn)
        assert (steps in all_texts(drawn)) == shown_steps
        assert any(text.endswith(sure) for text in all_texts(drawn))
        assert any(text.startswith("no steps: it wins if") for text in all_texts(drawn))


def test_a_figure_says_which_of_several_wordings_its_steps_are_of():
    best, *others = CASES["two"].candidates
    several = replace(best, wording=3, wordings=10)
    drawn = alignment_figure(replace(CASES["two"], candidates=(several, *others)))
    titles = [axes.get_title(loc="left") for axes in drawn.axes]
    assert sum(title.endswith(f"{best.label}, wording 3 of 10") for title in titles) == 1


def test_a_figure_says_what_makes_its_answer_doubtful():
    found = CASES["two"]
    told = (TextWarning("No word of it is known.", found.label, unknown=True),)
    drawn = alignment_figure(replace(found, text_warnings=told))
    assert drawn.texts[0].get_text() == f"c: {found.label} (unknown words)"
    seen = {"people_looks": "1:3 2:1", "cuts_seconds": "1.5 2.25"}
    for neutral, said in ((40, "nothing seen"), (30, "mostly unseen")):
        rows = np.where(np.arange(40)[:, None] < neutral, 0, found.clip.embeddings)
        clip = replace(found.clip, embeddings=rows.astype(np.float32), provenance=seen)
        drawn = alignment_figure(replace(found, clip=clip))
        check_layout(said, drawn)
        assert drawn.texts[0].get_text() == f"c: {found.label} ({said})"
        below = drawn.texts[1].get_text()
        assert "up to 2 people   cut at 0:00:01.5 and 0:00:02.2" in below
    of_one = {"person": "1", "people": "1", "people_frames": "0:30 1:10"}
    clip = replace(found.clip, provenance=of_one)
    assert "(mostly unseen)" in alignment_figure(replace(found, clip=clip)).texts[0].get_text()


def test_a_figure_whose_video_is_gone_is_drawn_and_said_to_have_no_pictures(tmp_path):
    path, (said,) = save_figure(CASES["two"], tmp_path / "gone.mp4", tmp_path)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert said.startswith("c: the figure has no pictures of the video. There is no file ")


def all_texts(figure):
    return [text.get_text() for text in figure.findobj(Text)]


def test_a_sweep_puts_its_settings_in_order():
    points = [charts.SweepPoint(at, 0.5, 0.4, 0.6) for at in (None, 8, 0.5, 2)]
    axes = charts.sweep_figure({"dtw": points}, over="frames a second").axes[0]
    labels = [tick.get_text() for tick in axes.get_xticklabels()]
    assert labels == ["0.5", "2", "8", "all frames"]
    with pytest.raises(UsageError, match="no run"):
        charts.sweep_figure({}, over="x")


def test_wrong_names_and_places_are_named(tmp_path):
    figure = alignment_figure(CASES["two"])
    with pytest.raises(UsageError, match="choose light or dark"):
        alignment_figure(CASES["two"], theme="sepia")
    with pytest.raises(UsageError, match="choose png or svg"):
        save(figure, tmp_path / "x.pdf")
    (tmp_path / "file").write_text("")
    with pytest.raises(ActAlignError, match="can't be written"):
        save(figure, tmp_path / "file" / "x.png")
    assert Path(tmp_path / "file").read_text() == ""
    bare = CASES["two"]
    none = Prediction(
        bare.clip,
        tuple(Candidate(c.label, c.score, c.script, True) for c in bare.candidates),
        "mean_pool",
        1.0,
    )
    with pytest.raises(ActAlignError, match="has no alignment"):
        alignment_figure(none)
