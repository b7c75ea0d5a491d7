"""The six commands and the evaluation, run as programs over a small ActionAtlas on loopback."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from actalign.evaluation.atlas._npy import load_objects
from actalign.rows import read_rows
from tests.atlas_world import ENTRIES, make_world, serve

ROOT = Path(__file__).parent.parent
MODEL = ("--model", "model")
SCORES = {"first": 0, "second": 2, "clipped end": 3, "two candidates": 1}
"""What the colours say; "no script" can't be scored and the rest have no clip."""


def stages(url):
    """The commands in order, as the seed's README writes them, by the name of their stage."""
    metadata = ("--metadata", "metadata.json", "--url-template", url, "--retries", "1")
    embeddings = ("--video_embeddings", "video_embeddings.npy")
    return {
        "process_data": ("--output", "processed_dataset.npy", *metadata),
        "encode_videos": ("--output", "video_embeddings.npy", *MODEL),
        "generate_subactions": (
            *("--input", "processed_dataset.npy", "--output", "generated_subactions.json"),
            *("--apikey", "sk-secret", "--temp", "0.2", "--bank", "bank.json"),
        ),
        "encode_subactions": (
            *("--subactions", "generated_subactions.json"),
            *("--output", "encoded_subactions.npy", *MODEL),
        ),
        "baseline": ("--input_dataset", "processed_dataset.npy", *embeddings),
        "seq_alignment": (
            *("--subactions", "generated_subactions.json", *embeddings),
            *("--subaction_embeddings", "encoded_subactions.npy", "--scores", "scores.json"),
        ),
    }


def command(name, flags):
    if name in ("eval", "report"):
        return [sys.executable, "-W", "error", "-m", "actalign", name, *flags]
    return [sys.executable, "-W", "error", str(ROOT / f"{name}.py"), *flags]


def run(folder, name, flags):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    environment.pop("OPENAI_API_KEY", None)
    return subprocess.run(
        command(name, flags),
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return make_world(tmp_path_factory.mktemp("atlas"))


@pytest.fixture(scope="module")
def done(world):
    """All six commands, run once: their results, and how long each took."""
    found, seconds = {}, {}
    with serve(world) as (url, seen):
        for name, flags in stages(url).items():
            begin = time.monotonic()
            found[name] = run(world, name, flags)
            seconds[name] = time.monotonic() - begin
            assert found[name].returncode == 0, (name, found[name].stderr)
    found["seconds"], found["asked for"] = seconds, seen
    return found


def test_1_every_entry_is_a_clip_or_a_reason(world, done):
    lines = (world / "processed_dataset" / "manifest.jsonl").read_text().splitlines()
    rows = {row["id"]: row for row in map(json.loads, lines)}
    assert list(rows) == [entry["id"] for entry in ENTRIES]
    assert {i: row["kind"] for i, row in rows.items() if row["status"] != "ok"} == {
        "dead link": "unavailable",
        "private": "private",
        "cut short": "undecodable",
        "bad answer": "bad metadata",
    }
    assert "404" in rows["dead link"]["reason"]
    assert "403" in rows["private"]["reason"]
    assert rows["first"]["hidden_frames"] == 1
    assert rows["clipped end"]["duration"] == pytest.approx(1.5, abs=0.01)
    assert len({row["clip"] for row in rows.values() if row["clip"]}) == 5
    # Each source is asked for once or, by yt-dlp's look first, twice; never once a segment.
    assert max(done["asked for"].count(name) for name in done["asked for"]) <= 2


def test_1_the_array_is_in_the_references_layout(world, done):
    table = np.load(world / "processed_dataset.npy", allow_pickle=True)
    assert table.shape == (5, 10)
    assert [row[1] for row in table] == [
        *("first", "second", "no script", "clipped end", "two candidates"),
    ]
    first = table[0]
    assert first[0] == "good1"
    assert first[5] == 1
    assert first[6].split("\n")[2] == "3. 360 flip"
    assert first[7][1] == "how to layup"
    assert first[9].shape == (20, 3, 64, 96)
    assert first[9].dtype == np.uint8
    missing = load_objects(world / "processed_dataset_missing.npy")
    assert missing.shape == (4, 3)
    assert list(missing[0][:2]) == ["dead", "dead link"]


def test_2_to_4_rows_carry_ids_and_nothing_moves(world, done):
    videos = np.load(world / "video_embeddings.npy", allow_pickle=True)
    index = json.loads((world / "video_embeddings.npy.json").read_text())
    assert [v.shape for v in videos] == [(20, 3), (20, 3), (20, 3), (30, 3), (20, 3)]
    assert [row["id"] for row in index["rows"]][2] == "no script"
    assert index["encoder"]["fingerprint"]
    assert len(index["missing"]) == 4
    rows = json.loads((world / "generated_subactions.json").read_text())
    assert rows[0]["correct_answer_index"] == 0
    assert rows[0]["cleaned_options"] == ["jump shot", "layup", "360 flip", "hook shot"]
    assert rows[0]["subactions"]["360 flip in basketball"] == ["green", "blue"]
    assert "unheard-of move in basketball" not in rows[2]["subactions"]
    texts = np.load(world / "encoded_subactions.npy", allow_pickle=True)
    assert [len(row) for row in texts] == [4, 4, 2, 4, 2]
    assert texts[2][0].shape == (2, 3)
    assert texts[2][1] is None
    assert "OPENAI_API_KEY" in done["generate_subactions"].stderr
    for path in world.rglob("*"):
        if path.is_file():
            assert b"sk-secret" not in path.read_bytes()


def test_6_colours_are_recognised_and_the_rest_is_named(world, done):
    found = {row["id"]: row for row in json.loads((world / "scores.json").read_text())}
    assert {i: row["predicted_index"] for i, row in found.items() if row["scores"]} == SCORES
    assert found["no script"]["error_kind"] == "missing candidate"
    assert found["first"]["path_lengths"] == [21, 21, 21, 21]
    out = done["seq_alignment"].stdout
    assert "4 of 9 samples scored" in out
    assert "Top-1 Accuracy: 75.00% (3 of 4" in out
    assert "over all 9 samples: Top-1 33.33%" in out
    assert "no script: unscored (missing candidate): 'unheard-of move' has no script" in out
    assert "5 of 9 samples scored" in done["baseline"].stdout


@pytest.mark.slow
def test_running_again_encodes_and_fetches_nothing_twice(world, done):
    before = (world / "video_embeddings.npy").read_bytes()
    with serve(world) as (url, seen):
        again = run(world, "process_data", stages(url)["process_data"])
    assert again.returncode == 0
    assert set(seen) == {"dead.mp4", "private.mp4"}  # only what failed is tried again
    again = run(world, "encode_videos", stages("{youtube_id}")["encode_videos"])
    assert "frames encoded" not in again.stderr
    assert (world / "video_embeddings.npy").read_bytes() == before


@pytest.mark.slow
def test_folders_hold_the_same_as_arrays(world, done, tmp_path):
    source = str(world / "processed_dataset")
    model = ("--model", str(world / "model"))
    subactions = ("--subactions", str(world / "generated_subactions.json"))
    for name, flags in {
        "encode_videos": ("--input", source, "--output", "videos", *model),
        "encode_subactions": (*subactions, "--output", "texts", *model),
        "seq_alignment": (
            *(*subactions, "--video_embeddings", "videos"),
            *("--subaction_embeddings", "texts", "--scores", "scores.json"),
        ),
    }.items():
        result = run(tmp_path, name, flags)
        assert result.returncode == 0, result.stderr
    found = [json.loads((p / "scores.json").read_text()) for p in (tmp_path, world)]
    for row in (*found[0], *found[1]):
        row.pop("model_id", None)  # as --model names it: a relative path and a whole one
    assert found[0] == found[1]
    assert not list(tmp_path.glob(".*"))


def test_two_encoders_never_meet(world, done, tmp_path):
    for name in ("video_embeddings.npy", "encoded_subactions.npy"):
        shutil.copy(world / name, tmp_path)
        shutil.copy(world / f"{name}.json", tmp_path)
    index = tmp_path / "encoded_subactions.npy.json"
    known = json.loads(index.read_text())
    known["encoder"] |= {"model_id": "other/model", "fingerprint": "0123"}
    index.write_text(json.dumps(known))
    flags = list(stages("{youtube_id}")["seq_alignment"])
    flags[1] = str(world / "generated_subactions.json")
    result = run(tmp_path, "seq_alignment", flags)
    assert result.returncode == 1
    assert "comes from the encoder model (" in result.stderr
    assert "other/model (0123)" in result.stderr


@pytest.mark.slow
def test_stale_files_are_noticed(world, done, tmp_path):
    for path in world.glob("*.npy*"):
        shutil.copy(path, tmp_path)
    rows = json.loads((world / "generated_subactions.json").read_text())
    rows[0]["subactions"]["layup in basketball"][0] = "yellow"
    (tmp_path / "generated_subactions.json").write_text(json.dumps(rows))
    result = run(tmp_path, "seq_alignment", stages("{youtube_id}")["seq_alignment"])
    assert "first: unscored (stale texts)" in result.stdout
    np.save(tmp_path / "video_embeddings.npy", np.zeros((5, 20, 3)))
    result = run(tmp_path, "seq_alignment", stages("{youtube_id}")["seq_alignment"])
    assert result.returncode == 2
    assert "is not the file that video_embeddings.npy.json describes" in result.stderr


EVAL = (
    *("clips", "processed_dataset", "--scripts", "bank.json", *MODEL),
    *("--scorer", "dtw,mean_pool,random"),
)


@pytest.fixture(scope="module")
def evaluated(world, done):
    result = run(world, "eval", (*EVAL, "--out", "run"))
    assert result.returncode == 0, result.stderr
    return result


def test_eval_writes_the_run_and_prints_the_table(world, evaluated):
    rows = [json.loads(x) for x in (world / "run" / "predictions.jsonl").read_text().splitlines()]
    assert [(r["doc_id"], r["scorer"]) for r in rows[:3]] == [
        *(("first", "dtw"), ("first", "mean_pool"), ("first", "random")),
    ]
    assert {"doc_id", "target", "filtered_resps", "metrics"} <= rows[0].keys()
    for row in read_rows(world / "run" / "predictions.jsonl"):
        assert row["clip"] == row["doc_id"]
        assert row["options"][row["predicted_index"]] == row["label"]
        assert row["metrics"]["top1"] == (row["predicted_index"] == row["target_index"])
    dtw = {
        r["doc_id"]: r["options"].index(r["filtered_resps"][0])
        for r in rows
        if r["scorer"] == "dtw"
    }
    assert dtw == SCORES
    results = json.loads((world / "run" / "results.json").read_text())
    assert results["samples"]["total"] == 9
    assert sum(results["samples"]["without_clip"].values()) == 4
    figures = results["scorers"]["dtw"]
    assert (figures["n"], figures["top1"], figures["top2"]) == (4, 0.75, 1.0)
    assert figures["ci95"]["top1"] == pytest.approx([0.3006, 0.9544], abs=1e-4)
    assert figures["all"]["top1"] == pytest.approx(3 / 9)
    assert figures["unscored"] == {"missing candidate": 1}
    assert figures["chance"]["top1"] == pytest.approx((3 / 4 + 1 / 2) / 4)
    assert figures["by_candidates"]["2"]["n"] == 1
    assert results["scorers"]["mean_pool"]["n"] == 5
    compared = {(c["first"], c["second"]): c for c in results["comparisons"]}
    assert compared["dtw", "mean_pool"]["n"] == 4
    errors = [json.loads(x) for x in (world / "run" / "errors.jsonl").read_text().splitlines()]
    assert {e["clip"]: (e["status"], e["error_kind"]) for e in errors} == {
        "dead link": ("missing", "unavailable"),
        "private": ("missing", "private"),
        "cut short": ("missing", "undecodable"),
        "bad answer": ("missing", "bad metadata"),
        "no script": ("unscored", "missing candidate"),
    }
    assert len(read_rows(world / "run" / "errors.jsonl")) == 5
    assert "30.51" in evaluated.stdout  # the paper's, marked as such
    assert "paper's: ActAlign" in evaluated.stdout
    config = json.loads((world / "run" / "config.json").read_text())
    assert config["config"]["smoothing_seconds"] is not None


def test_scoring_again_needs_no_encoder(world, evaluated):
    shutil.copytree(world / "run", world / "again")
    refused = run(world, "eval", (*EVAL, "--out", "again"))
    assert refused.returncode == 2
    assert "--resume" in refused.stderr
    shutil.move(world / "model", world / "hidden")
    try:
        flags = (*EVAL, "--out", "again", "--resume", "--scorer", "order_free,dtw_reversed")
        result = run(world, "eval", flags)
    finally:
        shutil.move(world / "hidden", world / "model")
    assert result.returncode == 0, result.stderr
    results = json.loads((world / "again" / "results.json").read_text())
    assert list(results["scorers"]) == ["dtw", "mean_pool", "random", "order_free", "dtw_reversed"]
    first = json.loads((world / "run" / "results.json").read_text())
    assert results["scorers"]["dtw"] == first["scorers"]["dtw"]
    other = run(world, "eval", (*EVAL, "--out", "again", "--resume", "--smoothing", "0.2"))
    assert other.returncode == 2
    assert "smoothing_seconds" in other.stderr


def test_the_report_is_one_page_that_asks_for_nothing(world, evaluated):
    result = run(world, "report", ("run",))
    assert result.returncode == 0, result.stderr
    page = (world / "run" / "report.html").read_text()
    for word in ("Best alignments", "Worst alignments", "Confusion", "Answers", "hook shot"):
        assert word in page
    assert page.count("<svg") == 2  # accuracy, confusion
    assert page.count("src='data:image/png;base64,") == 4
    for link in ("<script", "<link", "@import", "src='http", 'src="', "url(http"):
        assert link not in page
    table = (world / "run" / "report.md").read_text()
    assert "| dtw | 4 | 75.00 [30.1, 95.4] |" in table
    assert "| paper's: ActAlign |  | 30.51 | 54.34 | 71.05 |" in table
    missing = run(world, "report", ("site",))
    assert missing.returncode == 2
    assert "not a finished run" in missing.stderr


def tree(folder):
    """The bytes of all lasting files by name, but for what tells the order of the work.

    The evaluation's store is not compared by bytes: safetensors orders its metadata at random.
    """
    passing = {"sources", "site", "model", "again", "embeddings"}
    # What a kill in the midst of a write leaves has a name that nothing reads; see `atomic`.
    lasting = [p for p in sorted(folder.rglob("*")) if not p.match(".*.tmp")]
    logs = {"journal.jsonl", "environment.json", "texts.sqlite"}
    files = {p.relative_to(folder): p for p in lasting if p.is_file()}
    kept = {n: p for n, p in files.items() if not passing & set(n.parts) and n.name not in logs}
    return {str(name): path.read_bytes() for name, path in kept.items()}


def kill(folder, name, flags, *, after=None, line=None):
    """Start a command and kill it -9, after some seconds or once it prints a line on stderr."""
    process = subprocess.Popen(
        command(name, flags),
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    if line is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(after)
    else:
        for printed in process.stderr:
            if line in printed:
                break
    running = process.poll() is None
    if running:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stderr.close()
    return running


@pytest.mark.slow
def test_killed_in_every_stage_and_run_again_gives_the_same_bytes(world, done, evaluated, tmp_path):
    for name in ("site", "model"):
        shutil.copytree(world / name, tmp_path / name)
    for name in ("metadata.json", "bank.json", "whole.mp4"):
        shutil.copy(world / name, tmp_path)
    lines = {"process_data": " frames", "encode_videos": " encoded", "eval": "first"}
    killed = {}
    with serve(tmp_path) as (url, _):
        plan = {**stages(url), "eval": (*EVAL, "--out", "run")}
        for name, flags in plan.items():
            again = (*flags, "--resume") if name == "eval" else flags
            killed[name] = 0
            if name in lines:
                killed[name] += kill(tmp_path, name, flags, line=lines[name])
            started = name == "eval" and (tmp_path / "run" / "config.json").exists()
            seconds = 0.7 * done["seconds"].get(name, 5)
            killed[name] += kill(tmp_path, name, again if started else flags, after=seconds)
            while not killed[name]:  # quicker now than when its seconds were counted
                seconds *= 0.6
                killed[name] += kill(tmp_path, name, again, after=seconds)
            finished = run(tmp_path, name, again)
            assert finished.returncode == 0, (name, finished.stderr)
            if name in ("baseline", "seq_alignment"):
                assert finished.stdout == done[name].stdout
    assert min(killed.values()) >= 1, killed
    left, right = tree(tmp_path), tree(world)
    right = {n: b for n, b in right.items() if not n.startswith("run/report")}
    assert left.keys() == right.keys()
    assert [n for n in left if left[n] != right[n]] == []
