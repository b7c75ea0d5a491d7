"""Real clips of plain colours through a real exported encoder whose answers are known by hand."""

import io
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from actalign import (
    ActAlign,
    ClipEmbedding,
    EncoderError,
    FrameBatch,
    Script,
    UsageError,
    VideoError,
    load_scripts,
)
from actalign.alignment._locate import Limits
from actalign.background import BackgroundSums, read_background
from actalign.candidates import check_none
from actalign.clips import Store
from actalign.clips._embed import clip_ids
from actalign.clips._store import read_entry
from actalign.encoders import load_encoder
from actalign.scripts import ScriptRequest, shipped_scripts
from actalign.video import list_videos, sample_frames
from tests.colour_clips import colour_frames, write_colours
from tests.colour_model import save_colour_model
from tests.command import actalign

SCRIPTS = {
    "sunrise": ["black", "red", "yellow"],
    "sunset": ["yellow", "red", "black"],
    "forest": ["green"],
}


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    write_colours(folder / "dawn.mp4", ["black", "red", "yellow"])
    write_colours(folder / "dusk.mp4", ["yellow", "red", "black"])
    write_colours(folder / "woods.mp4", ["green"])
    (folder / "broken.mp4").write_text("not a video")
    return folder


@pytest.fixture(scope="module")
def classifier(colour_model):
    return ActAlign.from_pretrained(
        str(colour_model), fps=10, smoothing_seconds=0, step_template="{step}"
    )


def test_order_decides_between_the_same_steps(classifier, clips):
    for name, label in [("dawn", "sunrise"), ("dusk", "sunset"), ("woods", "forest")]:
        found = classifier(clips / f"{name}.mp4", candidate_labels=list(SCRIPTS), scripts=SCRIPTS)
        assert found[0]["label"] == label
        assert [c["score"] for c in found] == sorted((c["score"] for c in found), reverse=True)


def test_segments_are_the_seconds_in_which_each_step_happens(classifier, clips):
    prediction = classifier.predict(
        clips / "dawn.mp4", candidate_labels=list(SCRIPTS), scripts=SCRIPTS
    )
    segments = prediction.best.segments
    assert [s.step for s in segments] == SCRIPTS["sunrise"]
    starts = [s.start_seconds for s in segments]
    assert np.allclose(starts, [0, 1, 2], atol=0.11)
    assert segments[-1].end_seconds == pytest.approx(3.0, abs=0.01)
    assert prediction.margin == pytest.approx(
        prediction.candidates[0].score - prediction.candidates[1].score
    )


def test_mean_pool_cannot_tell_orders_apart_and_dtw_can(colour_model, clips):
    labels = ["black red yellow", "yellow red black"]
    options = {"fps": 10, "smoothing_seconds": 0, "label_template": "{label}"}
    pooled = ActAlign.from_pretrained(str(colour_model), scorer="mean_pool", **options)
    scores = [c["score"] for c in pooled(clips / "dawn.mp4", candidate_labels=labels)]
    assert scores[0] == pytest.approx(scores[1])


def test_a_list_in_gives_a_list_out_and_frames_or_embeddings_do_as_well(classifier, clips):
    frames = colour_frames(["yellow", "red", "black"])
    batch = FrameBatch(frames, np.arange(len(frames)) / 10)
    embedded = classifier.encode_video(batch)
    found = classifier(
        [clips / "dawn.mp4", batch, embedded],
        candidate_labels=list(SCRIPTS),
        scripts=SCRIPTS,
        top_k=1,
    )
    assert [[c["label"] for c in ranked] for ranked in found] == [
        ["sunrise"],
        ["sunset"],
        ["sunset"],
    ]


def test_what_fits_no_script_and_what_is_not_sure_is_refused_in_python_too(colour_model, clips):
    encoder = load_encoder(colour_model)
    shown = [ActAlign(encoder).encode_video(clips / f"{n}.mp4") for n in ("dawn", "dusk", "woods")]
    sums = BackgroundSums(encoder.info.model_id, encoder.info.fingerprint, encoder.info.dim)
    for clip in shown:
        sums.add(clip.embeddings)
    sure = ActAlign(encoder, background=sums.background("all"), temperature=0.5)
    scripts = {"never": ["white", "blue", "white"]}
    asked = {"scripts": scripts, "none": "other"}
    assert sure.predict(shown[0], **asked).label == "other"
    assert [one.label for one in sure.predict_many(shown, **asked)] == ["other"] * len(shown)
    assert sure(shown[0], top_k=1, **asked)[0]["label"] == "other"
    known = sure.predict(shown[0], **asked).confidence
    assert 0.5 < known < 1
    refused = sure.predict(shown[0], **asked, min_confidence=known + 0.001)
    assert (refused.refused, refused.to_row()["label"]) == (True, None)
    assert sure(shown[0], **asked, min_confidence=known + 0.001) == []
    assert sure([shown[0]], **asked, min_confidence=1.0) == [[]]
    assert [one.refused for one in sure.predict_many(shown[:1], **asked, min_confidence=1)] == [
        True
    ]
    # The temperature is of its own scorer only.
    assert sure.predict(shown[0], scripts=scripts | {"x": ["red"]}, scorer="dtw").confidence is None
    with pytest.raises(UsageError, match="can't tell when none of the candidates fits"):
        ActAlign(encoder).predict(shown[0], **asked)


def test_frames_in_memory_are_taken_as_those_of_the_file(classifier, clips):
    """A file's frames, given as an array at its rate, are sampled and scored as the file is."""
    slow = ActAlign(classifier.encoder, fps=4, smoothing_seconds=0, step_template="{step}")
    frames = np.concatenate([batch.frames for batch in sample_frames(clips / "dawn.mp4")])
    for part in ({}, {"start": 1.0, "end": 2.5}):
        by_file = slow.predict(clips / "dawn.mp4", scripts=SCRIPTS, **part)
        for given in (
            FrameBatch.from_array(frames, fps=10),
            FrameBatch.from_array(list(frames), times=np.arange(30) / 10),
        ):
            found = slow.predict(given, scripts=SCRIPTS, **part)
            assert np.allclose(found.clip.pts_seconds, by_file.clip.pts_seconds)
            assert [c.score for c in found.candidates] == [c.score for c in by_file.candidates]
            assert found.clip.end_seconds == pytest.approx(by_file.clip.end_seconds)
            taken = ("fps", "start", "end")
            assert [found.clip.provenance[name] for name in taken] == [
                by_file.clip.provenance[name] for name in taken
            ]


@pytest.mark.parametrize(
    ("when", "said"),
    [
        ({"fps": "25"}, "fps is '25'; give a number"),
        ({"fps": np.array([25, 25])}, r"fps is array\(\[25, 25\]\); give a number"),
        ({"fps": 1e-320}, "finite"),
        ({"times": 3.0}, "one list"),
        ({"times": [[0], [1]]}, r"one list, not \(2, 1\)"),
        ({"times": np.array([0, 40], "timedelta64[ms]")}, "seconds, not dates or durations"),
        ({"times": [0, None]}, "finite"),
        ({"times": [1, 0]}, "never decrease"),
        ({"times": [0]}, "2 frames but 1 timestamps"),
    ],
)
def test_times_that_can_not_be_are_refused(when, said):
    with pytest.raises(UsageError, match=said):
        FrameBatch.from_array(np.zeros((2, 4, 4, 3), np.uint8), **when)


def test_wrong_numbers_are_refused_before_any_clip(classifier):
    for options, said in (
        ({"fps": "x"}, "fps is 'x'; give a number"),
        ({"fps": 0}, "fps is 0; give a number above 0"),
        ({"smoothing_seconds": -1}, "The smoothing window is -1 s"),
    ):
        with pytest.raises(UsageError, match=said):
            ActAlign(classifier.encoder, **options)


def test_frames_of_one_time_are_refused(classifier):
    frames = FrameBatch.from_array(colour_frames(["red", "red"]), times=np.zeros(20))
    with pytest.raises(UsageError, match="All 20 frames of the array have the time 0 s"):
        classifier.predict(frames, candidate_labels=["red", "blue"])
    one = FrameBatch.from_array(colour_frames(["red"])[:1], times=[0])
    assert classifier.predict(one, candidate_labels=["red", "blue"]).label == "red"


def test_a_list_of_anything_has_one_answer_each(classifier, clips, capsys):
    frames = FrameBatch.from_array(colour_frames(["black", "red", "yellow"]), fps=10)
    empty = FrameBatch.from_array(np.zeros((0, 4, 4, 3), np.uint8), fps=10)
    flat = FrameBatch.from_array(np.zeros((2, 0, 4, 3), np.uint8), fps=10)
    other = replace(classifier.encode_video(frames, clip_id="other"), fingerprint="x")
    videos = [
        str(clips / "dawn.mp4"),
        frames,
        clips / "broken.mp4",
        empty,
        other,
        frames.frames,
        flat,
    ]
    found = list(classifier.predict_many(videos, scripts=SCRIPTS))
    rows = [one.to_row() for one in found]
    assert [row["clip"] for row in rows] == [
        "dawn", "frames-1", "broken", "frames-3", "other", "frames-5", "frames-6",
    ]  # fmt: skip
    assert [row["label"] for row in rows] == ["sunrise", "sunrise", *[None] * 5]
    assert "The frame array is empty" in rows[3]["error"] == rows[6]["error"]
    assert "FrameBatch.from_array" in rows[5]["error"]
    assert found[1].to_dict() == rows[1]
    assert json.loads(json.dumps(found[1].to_dict()))["label"] == "sunrise"
    assert capsys.readouterr() == ("", "")  # a bar is for notebooks
    for paths in (np.array(videos[:1]), np.array(videos[:1], object)):  # as a table gives them
        assert [one.label for one in classifier.predict_many(paths, scripts=SCRIPTS)] == ["sunrise"]


def test_what_is_no_video_is_told_what_would_be_one(classifier, clips):
    frames = colour_frames(["red"])
    for given, said in [
        (frames, "FrameBatch.from_array"),
        ([clips / "dawn.mp4"], "predict_many"),
        (7, "not int"),
    ]:
        with pytest.raises(UsageError, match=said):
            classifier.predict(given, scripts=SCRIPTS)
    batch = FrameBatch.from_array(frames, fps=10)
    for single in ("dawn.mp4", clips / "dawn.mp4", frames, batch, classifier.encode_video(batch)):
        with pytest.raises(UsageError, match="takes a list"):
            classifier.predict_many(single, scripts=SCRIPTS)
    with pytest.raises(UsageError, match="whole clip"):
        classifier.predict(classifier.encode_video(batch), scripts=SCRIPTS, start=1)


def test_a_folder_of_videos_is_answered_with_what_lists_them(classifier, clips):
    with pytest.raises(UsageError, match=r"actalign\.video\.list_videos lists those of folders"):
        classifier.predict_many(str(clips), scripts=SCRIPTS)
    [found] = classifier.predict_many([clips], scripts=SCRIPTS)
    with pytest.raises(VideoError) as alone:
        classifier.predict(clips, scripts=SCRIPTS)
    for error in (found.error, alone.value):
        assert "contains no images" in str(error)
        assert "list_videos of actalign.video gives the videos of a folder" in str(error)


@pytest.mark.parametrize(
    ("frames", "times", "said"),
    [
        (np.zeros((2, 4, 4, 3), np.uint8), {}, "the fps of the frames"),
        (np.zeros((2, 4, 4, 3), np.uint8), {"fps": 1, "times": [0, 1]}, "the fps of the frames"),
        (np.zeros((2, 4, 4, 3), np.uint8), {"fps": 0}, "above 0"),
        (np.zeros((2, 4, 4, 3), np.uint8), {"fps": float("nan")}, "above 0"),
        (np.zeros((2, 4, 4, 3), np.uint8), {"times": [0]}, "1 timestamps"),
        (np.zeros((2, 4, 4, 3), np.uint8), {"times": [1, 0]}, "never decrease"),
        (np.zeros((2, 4, 4, 3), np.uint8), {"times": [0, float("inf")]}, "finite"),
        (np.zeros((2, 4, 4, 3), np.uint8), {"times": ["a", "b"]}, "must be numbers"),
        (np.zeros((2, 3, 4, 4), np.uint8), {"fps": 1}, r"\(T, H, W, 3\) uint8"),
        (np.zeros((2, 4, 4, 3)), {"fps": 1}, "uint8 array, not .* float64"),
        (7, {"fps": 1}, "uint8 array"),
        ([np.zeros((4, 4, 3), np.uint8), np.zeros((5, 4, 3), np.uint8)], {"fps": 1}, "one size"),
    ],
)
def test_wrong_frames_are_one_sentence(frames, times, said):
    with pytest.raises(UsageError, match=said):
        FrameBatch.from_array(frames, **times)


def test_align_gives_path_and_intervals(classifier, clips):
    found = classifier.align(clips / "dawn.mp4", script=Script("x", ("black", "red", "yellow")))
    assert found.affinity.shape == (30, 3)
    assert np.allclose(found.intervals[:, 0], [0, 10, 20], atol=1)


def test_a_segment_of_a_clip_is_classified_by_itself(classifier, clips):
    prediction = classifier.predict(
        clips / "dawn.mp4",
        candidate_labels=["red", "yellow"],
        start=2.0,
        end=3.0,
    )
    assert prediction.label == "yellow"
    assert not prediction.candidates[0].has_script
    assert prediction.clip.pts_seconds[0] >= 2.0 - 1e-6


def test_embeddings_of_another_encoder_are_refused_by_both_names(classifier, clips, tmp_path):
    other = save_colour_model(tmp_path / "other")
    config = json.loads((other / "config.json").read_text())
    (other / "config.json").write_text(json.dumps(config | {"logit_bias": -4.0}))
    embedded = classifier.encode_video(clips / "woods.mp4")
    with pytest.raises(EncoderError) as caught:
        ActAlign.from_pretrained(str(other))(embedded, candidate_labels=["red"])
    assert str(other) in str(caught.value)
    assert classifier.encoder.info.model_id in str(caught.value)


def test_errors_say_what_is_wrong(classifier, clips):
    with pytest.raises(VideoError, match=r"broken\.mp4"):
        classifier(clips / "broken.mp4", candidate_labels=["red"])
    with pytest.raises(UsageError, match="given twice; name one of them differently"):
        classifier(clips / "woods.mp4", candidate_labels=["red", "Red"])
    with pytest.raises(UsageError, match="no scorer"):
        ActAlign(classifier.encoder, scorer="best")


def test_a_step_that_the_encoder_cuts_is_named(classifier, clips):
    long = "red " * 20
    prediction = classifier.predict(
        clips / "dawn.mp4", candidate_labels=["x"], scripts={"x": ["black", long]}
    )
    assert len(prediction.text_warnings) == 1
    assert "longer than 16 tokens" in prediction.text_warnings[0].warning
    said = replace(prediction, clip=replace(prediction.clip, warnings=("nobody is seen.",)))
    assert said.warnings == ("nobody is seen.", prediction.text_warnings[0].warning)
    empty = replace(prediction.clip, embeddings=np.zeros_like(prediction.clip.embeddings))
    [unseen, of_text] = replace(prediction, clip=empty).warnings
    assert "frames show nothing that the encoder knows" in unseen
    assert of_text == prediction.text_warnings[0].warning
    row = prediction.to_row()
    assert row["warnings"] == []
    assert row["text_warnings"] == [
        {"text": text, "warning": one.warning, "unknown": False}
        for one in prediction.text_warnings
        for text in [one.text]
    ]


def test_clip_ids_are_names_and_paths_where_names_agree(tmp_path):
    paths = [tmp_path / "a" / "x.mp4", tmp_path / "b" / "x.mp4", tmp_path / "y.mp4"]
    assert list(clip_ids(paths)) == [str(paths[0]), str(paths[1]), "y"]


@pytest.fixture
def common(colour_model, tmp_path):
    scripts = tmp_path / "scripts.json"
    scripts.write_text(json.dumps({"domain": "sky", "scripts": SCRIPTS}))
    return [
        "--scripts",
        scripts,
        "--model",
        colour_model,
        "--store",
        tmp_path / "store",
        "--fps",
        "10",
    ]


def test_classify_keeps_going_past_a_bad_file_and_says_so(clips, common, tmp_path):
    out, figures = tmp_path / "predictions.jsonl", tmp_path / "figures"
    done = actalign("classify", clips, *common, "--out", out, "--figure", figures)
    assert done.returncode == 1
    assert "broken.mp4" in done.stderr
    assert "1 of 4 clips failed" in done.stderr
    rows = {row["doc_id"]: row for row in map(json.loads, out.read_text().splitlines())}
    assert set(rows) == {"broken", "dawn", "dusk", "woods"}
    assert rows["broken"]["status"] == "error"
    assert rows["broken"]["filtered_resps"] == []
    assert rows["dawn"]["filtered_resps"] == ["sunrise"]
    best = rows["dusk"]["candidates"][0]
    assert best["label"] == "sunset"
    assert [s["step"] for s in best["segments"]] == SCRIPTS["sunset"]
    assert rows["dusk"]["fingerprint"] == rows["dawn"]["fingerprint"]
    for name in ("dawn", "dusk", "woods"):
        assert (figures / f"{name}.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_figures_can_be_svg_and_dark(clips, common, tmp_path):
    flags = ("--figure", tmp_path / "f", "--figure-format", "svg", "--figure-theme", "dark")
    done = actalign("classify", clips / "dawn.mp4", *common, *flags)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (tmp_path / "f").iterdir()] == ["dawn.svg"]
    drawn = (tmp_path / "f" / "dawn.svg").read_text()
    assert "<svg" in drawn
    assert "#16191d" in drawn


def test_clips_of_one_name_get_a_figure_each(clips, common, tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.mp4").write_bytes((clips / "woods.mp4").read_bytes())
    videos = (tmp_path / "a" / "x.mp4", tmp_path / "b" / "x.mp4")
    done = actalign("classify", *videos, *common, "--figure", tmp_path / "figures")
    assert done.returncode == 0, done.stderr
    assert len(list((tmp_path / "figures").glob("*.png"))) == 2


def test_json_prints_rows_and_nothing_else(clips, common):
    done = actalign("classify", clips / "dawn.mp4", *common, "--json", "--top-k", "2")
    assert done.returncode == 0
    row = json.loads(done.stdout)
    assert [c["label"] for c in row["candidates"]] == ["sunrise", "sunset"]
    assert done.stderr == ""


def test_encode_fills_the_store_that_classify_reads_and_resumes(
    clips, common, colour_model, tmp_path
):
    store = tmp_path / "store"
    videos = [clips / "dawn.mp4", clips / "dusk.mp4"]
    first = actalign("encode", *videos, "--out", store, "--model", colour_model, "--fps", "10")
    assert first.returncode == 0, first.stderr
    assert "2 encoded, 0 encoded before" in first.stderr
    assert len(list(store.glob("*.safetensors"))) == 2
    before = {p: p.stat().st_mtime_ns for p in store.iterdir()}
    again = actalign("encode", clips, "--out", store, "--model", colour_model, "--fps", "10")
    assert again.returncode == 1
    assert "1 encoded, 2 encoded before, 1 failed" in again.stderr
    done = actalign("classify", *videos, *common)
    assert done.returncode == 0
    assert "sunrise" in done.stdout
    assert before.items() <= {p: p.stat().st_mtime_ns for p in store.iterdir()}.items()


def test_encode_takes_what_classify_has_kept(clips, colour_model, tmp_path):
    videos = [clips / "dawn.mp4", clips / "dusk.mp4"]
    how = ("--model", colour_model, "--fps", "10")
    where = {"ACTALIGN_CACHE": tmp_path / "cache"}
    done = actalign("classify", videos[0], "--labels", "sunrise,sunset", *how, **where)
    assert done.returncode == 0, done.stderr
    copied = actalign("encode", *videos, "--out", tmp_path / "copied", *how, **where)
    assert "1 encoded, 1 encoded before, 0 failed" in copied.stderr
    again = actalign("encode", *videos, "--out", tmp_path / "made", *how, ACTALIGN_CACHE="none")
    assert "2 encoded, 0 encoded before, 0 failed" in again.stderr
    copied, made = (Store(tmp_path / name) for name in ("copied", "made"))
    assert [one.name for one in copied] == [one.name for one in made]
    for one, other in zip(map(read_entry, copied), map(read_entry, made), strict=True):
        np.testing.assert_array_equal(one.embeddings, other.embeddings)
        np.testing.assert_array_equal(one.pts_seconds, other.pts_seconds)
        assert (one.clip_id, one.provenance) == (other.clip_id, other.provenance)


def test_encode_needs_no_cache_folder_that_can_be_read(clips, colour_model, tmp_path):
    how = ("--out", tmp_path / "store", "--model", colour_model)
    ended = actalign("encode", clips / "dawn.mp4", *how, ACTALIGN_CACHE=tmp_path / ("x" * 300))
    assert ended.returncode == 0, ended.stderr
    assert "1 encoded, 0 encoded before, 0 failed" in ended.stderr


def test_align_scores_a_store_without_its_videos(clips, common, colour_model, tmp_path):
    store, out = tmp_path / "store", tmp_path / "aligned.jsonl"
    copies = tmp_path / "copies"
    shutil.copytree(clips, copies)
    predictions = tmp_path / "classified.jsonl"
    actalign("classify", copies, *common, "--out", predictions)
    shutil.rmtree(copies)
    ((damaged),) = store.glob("woods*")
    damaged.write_bytes(damaged.read_bytes()[:-4])
    flags = ["--scripts", common[1], "--model", colour_model, "--out", out]
    done = actalign("align", store, *flags)
    assert done.returncode == 1, done.stderr
    assert "2 aligned, 1 failed" in done.stderr
    assert damaged.name in done.stderr
    rows = {row["doc_id"]: row for row in map(json.loads, out.read_text().splitlines())}
    before = {row["doc_id"]: row for row in map(json.loads, predictions.read_text().splitlines())}
    for name in ("dawn", "dusk"):
        assert rows[name] == before[name]
    [failed] = [row for row in rows.values() if row["status"] == "error"]
    assert "can't be read" in failed["error"] or "damaged" in failed["error"]
    # Other candidates, another scorer, and a folder without embeddings.
    done = actalign(
        "align", store, "--labels", "green,black", "--model", colour_model, "--scorer", "mean_pool"
    )
    assert "\ndusk " in done.stdout
    empty = actalign("align", tmp_path / "nothing", "--labels", "green", "--model", colour_model)
    assert empty.returncode == 2
    assert "no file or folder" in empty.stderr


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--labels", "a", "--scorer", "best"], "there is no scorer 'best'"),
        (["--labels", "a", "--labels-file", "f"], "not both"),
        (["--labels", "a", "--fps", "-1"], "--fps is '-1'"),
        ([], "there are no candidates"),
        (["--labels", "a,b", "--scripts", "none.json"], "none.json can't be read"),
        (["--labels", "a", "--bank", "b.json"], "--bank keeps what --llm-model writes"),
        (["--labels", "a", "--figure", "x.png"], "takes a folder"),
        (["--labels", "a", "--figure-format", "pdf"], "choose png or svg"),
        (["--labels", "a", "--figure-theme", "sepia"], "choose light or dark"),
    ],
)
def test_wrong_usage_exits_with_2_and_one_sentence(clips, flags, sentence):
    done = actalign("classify", clips / "woods.mp4", *flags)
    assert done.returncode == 2
    assert sentence in done.stderr.lower()
    assert "Traceback" not in done.stderr


def test_a_missing_video_is_wrong_usage(colour_model):
    done = actalign("classify", "nowhere.mp4", "--labels", "red", "--model", colour_model)
    assert done.returncode in (1, 2)
    assert "nowhere.mp4" in done.stderr
    assert "Traceback" not in done.stderr


class Passed:
    """Passes all on to an encoder."""

    def __init__(self, encoder):
        self._encoder = encoder

    def __getattr__(self, name):
        return getattr(self._encoder, name)


def test_scripts_that_ship_are_taken_as_they_come(classifier, clips):
    shipped = shipped_scripts("Push-ups, squat, red")
    prediction = classifier.predict(clips / "dawn.mp4", scripts=shipped)
    found = {one.label: one for one in prediction.candidates}
    assert set(found) == {"Push-ups", "squat"}
    assert found["Push-ups"].wordings == len(shipped["Push-ups"].wordings) > 1
    everything = classifier.predict(
        clips / "dawn.mp4", candidate_labels="Push-ups, squat, red", scripts=shipped
    )
    assert {c.label: c.has_script for c in everything.candidates} == {
        "Push-ups": True,
        "squat": True,
        "red": False,
    }


def test_what_is_of_the_wrong_kind_is_said_in_one_sentence(classifier, clips):
    clip = classifier.encode_video(clips / "dawn.mp4")
    for given, said in (
        ({"candidate_labels": 3}, "The labels are 3; give a list of texts"),
        ({"candidate_labels": [1, 2]}, "A label is 1; give a text"),
        ({"candidate_labels": ["red", None]}, "A label is None; give a text"),
        ({"scripts": 3}, "The scripts hold '3', which is not a script"),
        ({"scripts": ""}, "The script file's name is empty; give one"),
        ({"scripts": b"red"}, "The scripts hold .*red.*, which is not a script"),
        ({"scripts": ["red", "green"]}, "The scripts hold 'red', which is not a script"),
        ({"scripts": {"red": 3}}, "The steps of 'red' are 3; give a list"),
        ({"scripts": {"red": None}}, "The steps of 'red' are None; give a list"),
        ({"scripts": {"red": {"a": "b"}}}, "The steps of 'red' are .*; give a list"),
        ({"scripts": {1: ["red"]}}, "A script's label is 1; give a text"),
        ({"candidate_labels": ["red", "\ud800"]}, "contains an incomplete character"),
        ({"scripts": {"red": ["red", "\udcff"]}}, "contains an incomplete character"),
        ({"candidate_labels": ["red", "a\0"]}, r"'a\\x00' contains the control character U\+0000"),
        ({"scripts": {"red": ["red", "\a"]}}, r"'\\x07' contains the control character U\+0007"),
        ({"scripts": SCRIPTS, "domain": 3}, "The domain is 3; give a text"),
    ):
        with pytest.raises(UsageError, match=said):
            classifier.predict(clip, **given)
    for given, said in (
        ({"background": 3}, "The background is 3; give a Background or a file"),
        ({"smoothing_seconds": "1"}, "The smoothing window is '1' s; give 0 or more"),
        ({"step_template": 3}, "The text template is 3; give a text with {step}"),
        ({"store": ""}, "The store is ''; give a folder"),
        ({"fps": "4"}, "fps is '4'; give a number"),
    ):
        with pytest.raises(UsageError, match=said):
            ActAlign(classifier.encoder, **given).predict(clips / "dawn.mp4", scripts=SCRIPTS)
    with pytest.raises(UsageError, match="The name of none-of-these is True; give a text"):
        check_none(True)
    with pytest.raises(UsageError, match=r"none-of-these, 'no\\x07', contains the control"):
        check_none("no\a")
    ActAlign(Passed(classifier.encoder))
    with pytest.raises(
        UsageError, match=r"'body' is not an encoder; ActAlign\.from_pretrained loads"
    ):
        ActAlign("body")
    for video, said in (
        (b"dawn.mp4", "not bytes"),
        ("", "path is empty; give a file"),
        ([np.zeros((4, 4, 3), np.uint8)], r"of one video are given as FrameBatch\.from_array"),
        (io.BytesIO(b"dawn"), "not BytesIO"),
    ):
        with pytest.raises(UsageError, match=said):
            classifier.predict(video, scripts=SCRIPTS)
    for videos in (None, b"dawn.mp4", {"a": clips / "dawn.mp4"}):
        with pytest.raises(UsageError, match="takes a list of videos"):
            classifier.predict_many(videos, scripts=SCRIPTS)
    for texts in ("red", [], [1]):
        with pytest.raises(UsageError, match="give a list of texts"):
            classifier.encode_texts(texts)
    with pytest.raises(UsageError, match="The steps of 'red' are 3; give a list of texts"):
        Script("red", 3)
    with pytest.raises(UsageError, match="start is '1'; give a number"):
        classifier.predict(clips / "dawn.mp4", scripts=SCRIPTS, start="1")
    with pytest.raises(UsageError, match="The script is 'red'; give Script"):
        classifier.align(clip, script="red")
    with pytest.raises(UsageError, match="This takes a clip's embeddings, as from `encode_video`"):
        classifier.candidates(scripts=SCRIPTS).predict(clips / "dawn.mp4")
    for top_k in ("2", -1, True):
        with pytest.raises(UsageError, match="give 1 or more"):
            classifier(clip, scripts=SCRIPTS, top_k=top_k)


def test_numbers_of_numpy_are_numbers(classifier, clips, tmp_path):
    for given in ({"start": np.int64(1)}, {"end": np.int64(2)}, {"start": np.float32(0.5)}):
        classifier.predict(clips / "dawn.mp4", scripts=SCRIPTS, **given)
    for fps in (np.int64(5), np.float32(5)):
        options = {"fps": fps, "smoothing_seconds": np.float32(0.3), "store": tmp_path / "store"}
        one = ActAlign(classifier.encoder, temperature=np.float32(0.5), **options)
        found = one.predict(clips / "dawn.mp4", scripts=SCRIPTS, min_confidence=np.float32(0.5))
        assert json.loads(json.dumps(found.to_dict()))
    assert len(list((tmp_path / "store").glob("*.safetensors"))) == 1


def test_a_single_text_is_no_list(clips):
    for wrong in (
        lambda: list_videos("clips"),
        lambda: clip_ids("clips"),
        lambda: ScriptRequest("q1", "clips"),
    ):
        with pytest.raises(UsageError, match=r"are 'clips'; give a list of (videos|labels)"):
            wrong()


def test_what_no_clip_is_made_of_is_refused(clips):
    times = np.arange(2.0)
    good = {
        "clip_id": "a",
        "embeddings": np.ones((2, 3), np.float32),
        "pts_seconds": times,
        "end_seconds": 2,
        "model_id": "m",
        "fingerprint": "f",
    }
    for wrong, said in (
        ({"embeddings": [[1.0]]}, "must be a NumPy array, not list"),
        ({"pts_seconds": [0, 1]}, "must be a NumPy array, not list"),
        ({"end_seconds": None}, "end_seconds of clip 'a' is None; give a number"),
        ({"end_seconds": float("nan")}, "end_seconds of clip 'a' is nan; give a number"),
        ({"pts_seconds": times * np.nan}, "timestamps of clip 'a' hold NaN or infinity"),
        ({"clip_id": 3}, "The clip_id is 3; give a text"),
    ):
        with pytest.raises(UsageError, match=said):
            ClipEmbedding(**good | wrong)
    with pytest.raises(UsageError, match="must be a NumPy array, not list"):
        FrameBatch(np.zeros((2, 4, 4, 3), np.uint8), [0, 1])
    for read in (load_scripts, read_background, sample_frames):
        with pytest.raises(UsageError, match="is None; give a path"):
            read(None)


def test_labels_and_steps_may_be_of_any_kind_of_list(classifier, clips):
    clip = classifier.encode_video(clips / "dawn.mp4")
    expected = classifier(clip, candidate_labels=["red", "green"])
    assert classifier(clip, candidate_labels=(one for one in ("red", "green"))) == expected
    assert classifier(clip, candidate_labels=np.array(["red", "green"])) == expected
    listed = [Script(label, list(steps)) for label, steps in SCRIPTS.items()]
    assert classifier(clip, scripts=listed) == classifier(clip, scripts=SCRIPTS)
    assert [one["label"] for one in classifier(clip, scripts=listed[0])] == ["sunrise"]


def test_what_is_of_the_wrong_type_is_an_error_of_ours(colour_model):
    for wrong in (lambda: ActAlign.from_pretrained(None), lambda: ActAlign.from_pretrained(7)):
        with pytest.raises(EncoderError, match="give a name or a folder's path"):
            wrong()
    with pytest.raises(UsageError, match="The store is 5"):
        ActAlign.from_pretrained(str(colour_model), store=5)
    for limit in ({"threshold": "x"}, {"overlap": "a"}, {"min_step": None}):
        with pytest.raises(UsageError, match="give a number"):
            Limits(**limit)
