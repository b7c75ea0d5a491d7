"""mini-atlas: its questions, its wordings, its clips, and the evaluation on real video files."""

import ast
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actalign.encoders import load_encoder
from actalign.encoders.body._text import normalize_text
from actalign.errors import UsageError
from actalign.evaluation import EvalConfig, Source, read_data, run
from actalign.rows import read_rows
from tests.colour_clips import write_colours
from tests.colour_model import save_colour_model
from tests.command import DEADLOCK_SECONDS, actalign, finish

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "benchmarks" / "mini_atlas"
SCORERS = ("mean_pool", "dtw", "dtw_steps", "dtw_shuffled", "dtw_reversed", "order_free")


def read(folder):
    return read_data(Source(folder), "mini-atlas")


sys.path.insert(0, str(FOLDER))

from actions import ACTIONS, DOMAINS  # noqa: E402
from figure import Build, interpolate, landmarks, pose_body, slerp, unit  # noqa: E402
from render import ask, perform, render  # noqa: E402

QUESTIONS = [ask(0, number) for number in range(200)]


def test_the_benchmark_is_as_wide_as_it_says():
    assert len(DOMAINS) >= 8
    assert sum(len(actions) for actions in ACTIONS.values()) >= 30
    assert len({q.id for q in QUESTIONS}) == 200
    assert {q.domain for q in QUESTIONS} == set(DOMAINS)
    assert all(3 <= len(q.labels) == len(q.scripts) <= 5 for q in QUESTIONS)
    assert sum(q.kind == "order-only" for q in QUESTIONS) >= 100


def test_order_only_candidates_differ_in_nothing_but_order():
    for question in QUESTIONS:
        assert len(set(question.scripts)) == len(question.scripts), question.id
        if question.kind == "order-only":
            assert len({tuple(sorted(s)) for s in question.scripts}) == 1, question.id
            # A label that says nothing of the order, so that pooling has only a guess.
            assert all(re.fullmatch(r"order \d", label) for label in question.labels)


def test_no_place_among_the_candidates_is_favoured():
    for kind in ("order-only", "action"):
        group = [q for q in QUESTIONS if q.kind == kind]
        first = np.mean([q.answer == 0 for q in group])
        chance = np.mean([1 / len(q.labels) for q in group])
        assert abs(first - chance) < 3 * np.sqrt(chance * (1 - chance) / len(group))


def test_the_answer_is_what_is_performed():
    for question in QUESTIONS:
        words = [DOMAINS[question.domain][name].words for name in question.performed]
        said = question.scripts[question.answer]
        assert all(step in ways for step, ways in zip(said, words, strict=True))


def test_true_intervals_follow_each_other_without_gaps():
    for question in QUESTIONS[:40]:
        keys, intervals, length = perform(question, np.random.default_rng(question.number))
        assert len(intervals) == len(question.performed)
        assert intervals[0][0] == 0.0
        assert intervals[-1][1] == length
        assert all(a[1] == b[0] for a, b in pairwise(intervals))
        assert all(start < end for start, end in intervals)
        times = [t for t, _ in keys]
        assert times == sorted(times)


def _plain(text):
    return " ".join(re.findall(r"[a-z0-9']+", text.lower().replace("-", " ")))


def _training_wordings():
    """Every text that training could show the encoder: its data files, and strings in its code."""
    texts = []
    for path in (ROOT / "training").iterdir():
        if path.suffix == ".py":
            tree = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            constants = [n.value for n in tree if isinstance(n, ast.Constant)]
            texts += [value for value in constants if isinstance(value, str)]
        elif path.suffix in (".txt", ".json"):
            texts.append(path.read_text(encoding="utf-8"))
    pieces = {_plain(piece) for text in texts for piece in re.split(r'[|;\n:="]', text)}
    return pieces - {""}


def _grams(text, n=3):
    words = text.split()
    return {tuple(words[i : i + n]) for i in range(len(words) - n + 1)}


def test_no_step_is_a_training_wording():
    wordings = _training_wordings()
    assert len(wordings) > 1000, "the training texts were not found"
    grams = {text: _grams(text) for text in wordings}
    steps = {_plain(w) for d in DOMAINS.values() for posture in d.values() for w in posture.words}
    assert not steps & wordings
    faults = []
    for step in steps:
        own = _grams(step)
        for text, theirs in grams.items():
            # Five words may be no more than a place: "in front of the hips".
            contained = len(text.split()) >= 6 and (text in step or step in text)
            if contained or len(own & theirs) > len(own) / 2:
                faults.append((step, text))
    assert not faults


def test_no_step_fits_a_training_template():
    steps = {normalize_text(w) for d in DOMAINS.values() for p in d.values() for w in p.words}
    for name in ("lexicon.txt", "lexicon_more.txt", "phrases.txt", "phrases_more.txt"):
        for line in (ROOT / "training" / name).read_text(encoding="utf-8").splitlines():
            # (a|b) in a line means either, so the line becomes a pattern for the whole text.
            text = normalize_text(line.lstrip("=>§ "))
            pattern = re.sub(r"[^\w\s()|]", lambda mark: re.escape(mark[0]), text)
            same = [step for step in steps if pattern and re.fullmatch(pattern, step)]
            assert not same, f"{name} trains on {same}"


vectors = st.tuples(*[st.floats(-1, 1) for _ in range(3)]).filter(lambda v: np.linalg.norm(v) > 0.1)


@given(a=vectors, b=vectors, via=vectors, opposite=st.booleans())
def test_a_limb_moves_between_any_two_directions(a, b, via, opposite):
    a, via = unit(np.array(a)), unit(np.array(via))
    b = -a if opposite else unit(np.array(b))
    way = slerp(a, b, np.linspace(0, 1, 33), via)
    np.testing.assert_allclose(np.linalg.norm(way, axis=1), 1.0, atol=1e-6)
    np.testing.assert_allclose(way[[0, -1]], [a, b], atol=1e-3)
    # Never a jump: at most half a turn, eased by halves.
    assert np.degrees(np.arccos(np.clip((way[1:] * way[:-1]).sum(1), -1, 1))).max() < 30


@pytest.mark.parametrize("domain", sorted(DOMAINS))
def test_bodies_keep_their_bones_and_stay_above_ground(domain):
    build = Build.random(np.random.default_rng(3))
    poses = [posture.pose for posture in DOMAINS[domain].values()]
    motion = interpolate(list(enumerate(poses)), np.linspace(0, len(poses) - 1, 40))
    body = pose_body(motion, build)
    points = landmarks(body, build)
    assert points.shape == (40, 33, 3)
    assert points[..., 1].min() > -0.03
    for upper, lower in ((11, 13), (13, 15), (24, 26), (26, 28)):
        length = np.linalg.norm(points[:, upper] - points[:, lower], axis=1)
        assert np.ptp(length) < 1e-9


ORDERS = (("red", "green", "blue"), ("blue", "green", "red"), ("green", "red", "blue"))


def _question(identity, answer, seconds=1.0):
    ends = [round((i + 1) * seconds, 3) for i in range(3)]
    return {
        "id": identity,
        "clip": f"clips/{identity}.mp4",
        "domain": "colours",
        "kind": "order-only",
        "candidates": [
            {"label": f"order {i + 1}", "script": list(order)} for i, order in enumerate(ORDERS)
        ],
        "answer": answer,
        "intervals": [[end - seconds, end] for end in ends],
    }


@pytest.fixture
def colours(tmp_path):
    """Four questions on real clips; the second clip is no video at all."""
    data = tmp_path / "data"
    rows = [_question(f"q{i}", answer) for i, answer in enumerate((2, 0, 1, 0))]
    for row in rows:
        (data / row["clip"]).parent.mkdir(parents=True, exist_ok=True)
        write_colours(data / row["clip"], ORDERS[row["answer"]])
    (data / rows[1]["clip"]).write_text("not a video")
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    (data / "questions.jsonl").write_text(lines, encoding="utf-8")
    return data


@pytest.fixture
def evaluate(colours, tmp_path):
    """Evaluates the four questions into a folder by a model that knows colours."""
    model = save_colour_model(tmp_path / "colours")

    def evaluate_into(out, *, scorers=SCORERS, **options):
        config = EvalConfig(str(model), scorers, fps=10, smoothing_seconds=0)
        questions = read(colours)
        return run(config, questions, out, load=lambda: load_encoder(str(model)), **options)

    return evaluate_into


def _rows(out):
    return [json.loads(line) for line in (out / "predictions.jsonl").read_text().splitlines()]


def test_dtw_reads_the_order_that_pooling_cannot(evaluate, tmp_path):
    out = tmp_path / "run"
    seen = []
    results = evaluate(out, progress=lambda clip, note: seen.append((clip, bool(note))))
    assert seen == [("q0", False), ("q1", True), ("q2", False), ("q3", False)]
    assert json.loads((out / "results.json").read_text()) == results
    scorers = results["scorers"]
    assert list(scorers) == list(SCORERS)
    assert scorers["dtw"]["top1"] == 1.0
    assert scorers["dtw"]["ci95"]["top1"] == pytest.approx([0.4385, 1.0], abs=1e-4)  # Wilson
    assert scorers["dtw_reversed"]["top1"] == 0.0
    # The labels say no colour, so pooling scores all alike and takes the first.
    assert scorers["mean_pool"]["top1"] == pytest.approx(1 / 3)
    for figures in scorers.values():
        assert figures["chance"] == pytest.approx({"top1": 1 / 3, "top2": 2 / 3, "top3": 1.0})
        assert list(figures["by_kind"]) == ["order-only"]
        assert figures["by_kind"]["order-only"]["top1"] == figures["top1"]
    assert results["mean_iou"] == scorers["dtw"]["mean_iou"] > 0.9
    assert {name for name, one in scorers.items() if "mean_iou" in one} == {"dtw", "dtw_steps"}
    steps = scorers["dtw"]["steps"]
    assert steps["iou"]["value"] == results["mean_iou"]
    assert steps["frame_accuracy"]["value"] > 0.9
    assert [steps[name]["value"] for name in ("edit", "f1_10", "f1_50")] == [1, 1, 1]
    low, high = steps["iou"]["ci95"]
    assert low <= steps["iou"]["value"] <= high


def test_a_bad_clip_is_unscored_and_shifts_no_other(evaluate, tmp_path):
    results = evaluate(tmp_path / "run")
    assert results["samples"] == {
        "total": 4,
        "without_clip": {},
        "not_encoded": {"not encoded": 1},
    }
    assert results["scorers"]["dtw"]["n"] == 3
    rows = {row["clip"]: row for row in _rows(tmp_path / "run") if row["scorer"] == "dtw"}
    assert list(rows) == ["q0", "q2", "q3"]
    [error] = read_rows(tmp_path / "run" / "errors.jsonl")
    assert (error["clip"], error["status"]) == ("q1", "error")
    assert "q1.mp4" in error["error"]
    assert error["target"] == "order 1"
    for identity, answer in (("q0", 2), ("q2", 1), ("q3", 0)):
        row = rows[identity]
        assert (row["predicted_index"], row["target_index"], row["rank"]) == (answer, answer, 1)
        assert row["target"] == row["label"] == f"order {answer + 1}"
        assert (row["kind"], row["domain"]) == ("order-only", "colours")
        assert row["mean_iou"] > 0.9


def test_a_run_goes_on_and_is_scored_again_without_the_model(evaluate, tmp_path):
    whole = evaluate(tmp_path / "whole")
    out = tmp_path / "run"
    evaluate(out, scorers=("dtw",))
    with pytest.raises(UsageError, match="--resume"):
        evaluate(out)
    journal = (out / "predictions.jsonl").read_bytes()
    (out / "predictions.jsonl").write_bytes(journal[:-20])  # as kill -9 leaves it
    results = evaluate(out, resume=True)
    # The scorers stand in the order they were asked for; all else is as in one go.
    assert list(results["scorers"]) == ["dtw", *(name for name in SCORERS if name != "dtw")]
    assert results["scorers"] == whole["scorers"]
    assert (out / "predictions.jsonl").read_bytes() == (
        tmp_path / "whole" / "predictions.jsonl"
    ).read_bytes()


def test_a_run_is_not_gone_on_with_after_a_correction_or_with_another_clip(
    evaluate, colours, tmp_path
):
    """Old rows would keep the old answer, and be compared with new ones."""
    evaluate(tmp_path / "run", scorers=("dtw",))
    path, clip = colours / "questions.jsonl", colours / "clips" / "q0.mp4"
    questions, video = path.read_text(), clip.read_bytes()
    row = json.loads(questions.splitlines()[0])
    path.write_text("\n".join([json.dumps({**row, "answer": 1}), *questions.splitlines()[1:]]))
    with pytest.raises(UsageError, match="the answer of sample 'q0' was 2 and is now 1"):
        evaluate(tmp_path / "run", scorers=("mean_pool",), resume=True)
    path.write_text(questions)
    clip.write_bytes((colours / "clips" / "q2.mp4").read_bytes())
    with pytest.raises(UsageError, match="sample 'q0' now has another clip"):
        evaluate(tmp_path / "run", scorers=("mean_pool",), resume=True)
    clip.unlink()  # its embedding is still there
    results = evaluate(tmp_path / "run", scorers=("mean_pool",), resume=True)
    assert results["samples"]["not_encoded"] == {"not encoded": 1}  # q1 is no video
    clip.write_bytes(video)
    again = evaluate(tmp_path / "run", resume=True, scorers=("mean_pool",))
    assert again == results


def test_missing_data_names_the_command_that_makes_it(tmp_path):
    flags = ("--layout", "mini-atlas", "--out", "run")
    done = actalign("eval", "clips", ".", *flags, cwd=tmp_path)
    assert done.returncode == 2
    assert "benchmarks/mini_atlas/render.py --out ." in " ".join(done.stderr.split())


def test_a_broken_question_is_named_by_its_line(colours):
    path = colours / "questions.jsonl"
    lines = path.read_text().splitlines()
    lines[2] = lines[2].replace('"kind"', '"sort"')
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(UsageError, match=r"questions\.jsonl, line 3: kind"):
        read(colours)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("answer", 3, r"line 2: its answer is not a candidate"),
        ("id", "q0", r"The id 'q0' occurs twice in mini-atlas"),
        ("intervals", [[0, 1]], r"line 2: Question 'q1' has 1 true intervals for the 3 steps"),
    ],
)
def test_questions_that_contradict_themselves_are_refused(colours, field, value, message):
    path = colours / "questions.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows[1][field] = value
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(UsageError, match=message):
        read(colours)


def _make(out, clips):
    command = [sys.executable, str(FOLDER / "render.py"), "--out", str(out)]
    subprocess.run([*command, "--clips", str(clips)], check=True, timeout=DEADLOCK_SECONDS)
    return {path.name: path.read_bytes() for path in (out / "clips").iterdir()}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Four clips with their questions; only to be read."""
    folder = tmp_path_factory.mktemp("drawn")
    return folder, _make(folder, 4)


@pytest.mark.slow
def test_rendering_resumes_and_gives_the_same_bytes(drawn, tmp_path):
    folder, first = drawn
    assert len(first) == 4
    again = shutil.copytree(folder, tmp_path / "again")
    *kept, missing = sorted((again / "clips").iterdir())
    missing.unlink()
    times = [path.stat().st_mtime_ns for path in kept]
    assert _make(again, 4) == first
    assert [path.stat().st_mtime_ns for path in kept] == times
    questions = (folder / "questions.jsonl").read_bytes()
    assert questions == (again / "questions.jsonl").read_bytes()
    for question in read(folder).questions:
        with av.open(str(question.video)) as container:
            frames = list(container.decode(video=0))
        assert frames[0].width == frames[0].height == 288
        assert len(frames) / 15 == pytest.approx(question.intervals[-1].end, abs=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("program", ["render.py", "render_repeats.py"])
def test_rendering_says_how_far_it_is_and_can_be_interrupted(tmp_path, program):
    process = subprocess.Popen(
        [sys.executable, str(FOLDER / program), "--out", str(tmp_path), "--clips", "40"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    first = process.stderr.readline()
    os.killpg(process.pid, signal.SIGINT)  # Ctrl-C is sent to the workers too
    ended = finish(process)
    assert first == "1 of 40 clips\n"
    assert ended.returncode == 130
    assert ended.stderr.splitlines()[-1] == "interrupted; run the same command again to continue"
    assert all(line.endswith(" of 40 clips") for line in ended.stderr.splitlines()[:-1])
    assert 1 <= len(list((tmp_path / "clips").glob("0*.mp4"))) < 40


@pytest.mark.slow
def test_the_program_evaluates_body_and_survives_a_broken_clip(drawn, tmp_path):
    data, out = shutil.copytree(drawn[0], tmp_path / "data"), tmp_path / "run"
    broken = read(data).questions[3]
    broken.video.write_bytes(b"not a video")
    flags = ("--model", "body", "--scorer", ",".join(SCORERS))
    done = actalign("eval", "clips", data, "--out", out, *flags)
    assert done.returncode == 1, done.stderr
    results = json.loads((out / "results.json").read_text())
    assert results["samples"]["not_encoded"] == {"not encoded": 1}
    for name in ("mean_pool", "dtw", "dtw_shuffled"):
        found = results["scorers"][name]
        assert found["n"] == 3
        assert 0 <= found["top1"] <= found["top2"] <= found["top3"] <= 1
        assert name in done.stdout
    assert results["scorers"]["dtw"]["top1"] >= 0.6
    assert "expected chance" in done.stdout
    [error] = read_rows(out / "errors.jsonl")
    assert error["clip"] == broken.id


@pytest.mark.slow
def test_who_stands_up_from_a_forward_bend_is_not_kept_upside_down(tmp_path):
    from actalign.encoders.body._pose import PoseEstimator
    from actalign.video._sampling import sample_frames

    question = QUESTIONS[122]
    assert question.performed[1:3] == ("dog", "mountain")
    (tmp_path / "clips").mkdir()
    row = render(tmp_path, 0, question)
    start, end = row["intervals"][2]
    seen = 0
    frames = sample_frames(tmp_path / row["clip"], fps=8, batch_size=16)
    for track in PoseEstimator().clip_tracks(frames):
        standing = (track.pts_seconds > start + 0.6) & (track.pts_seconds < end - 0.3)
        world = track.world[track.found & standing]  # y points down
        seen += len(world)
        assert (world[:, [11, 12], 1].mean(1) < world[:, [23, 24], 1].mean(1)).all()
    assert seen >= 5


def test_the_verb_of_earlier_versions_says_what_it_is_now(colours, tmp_path):
    model = save_colour_model(tmp_path / "colours")
    words = ("--data", colours, "--out", tmp_path / "run", "--model", model, "-q")
    ended = actalign("eval", "mini-atlas", *words, cwd=tmp_path)
    assert ended.returncode == 1, ended.stderr  # one clip is no video
    assert "is now `eval clips DATA`" in ended.stderr
    results = json.loads((tmp_path / "run" / "results.json").read_text())
    assert set(results["scorers"]) == set(SCORERS)
