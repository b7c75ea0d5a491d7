"""The rendered benchmark: it can be rebuilt to the byte, its wordings are its own, it is scored."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from actalign.body_text import normalize_text

ROOT = Path(__file__).parents[1]
RENDER = ROOT / "benchmarks" / "mini_atlas" / "render.py"


def render(out, clips):
    command = [sys.executable, RENDER, "--out", out, "--clips", str(clips), "--processes", "2"]
    subprocess.run(command, check=True, capture_output=True)
    return [json.loads(line) for line in (out / "questions.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def atlas(tmp_path_factory):
    out = tmp_path_factory.mktemp("mini-atlas")
    return out, render(out, 4)


@pytest.mark.slow
def test_questions_hold_what_the_benchmark_promises(atlas):
    _, rows = atlas
    assert [row["kind"] for row in rows] == ["order-only", "action"] * 2
    for row in rows:
        scripts = [candidate["script"] for candidate in row["candidates"]]
        assert 3 <= len(scripts) <= 5
        assert len(row["intervals"]) == len(scripts[row["answer"]])
        ends = [end for _, end in row["intervals"]]
        assert ends == sorted(ends)
        if row["kind"] == "order-only":
            assert len({tuple(sorted(script)) for script in scripts}) == 1
            assert len({tuple(script) for script in scripts}) == len(scripts)


@pytest.mark.slow
def test_an_interrupted_or_repeated_run_gives_the_same_bytes(atlas, tmp_path):
    out, rows = atlas
    again = render(tmp_path, 1)
    assert again == rows[:1]
    clip = rows[0]["clip"]
    assert (tmp_path / clip).read_bytes() == (out / clip).read_bytes()
    before = (tmp_path / clip).stat().st_mtime_ns
    (tmp_path / "questions.jsonl").unlink()
    render(tmp_path, 1)
    assert (tmp_path / clip).stat().st_mtime_ns == before


@pytest.mark.slow
def test_eval_prints_and_keeps_every_scorer(atlas, tmp_path):
    out, rows = atlas
    (out / "clips" / Path(rows[3]["clip"]).name).write_bytes(b"not a video")
    done = subprocess.run(
        [sys.executable, "-m", "actalign", "eval", "mini-atlas", "--data", out, "--out", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    results = json.loads((tmp_path / "results.json").read_text())
    assert (results["questions"], results["scored"]) == (4, 3)
    assert results["unscored"] == [rows[3]["id"]]
    for name in ("chance", "mean_pool", "dtw", "dtw_shuffled"):
        found = results["scorers"][name]
        assert {"top1", "top2", "top3", "ci95", "order_only_top1"} <= set(found)
        assert 0 <= found["top1"] <= found["top2"] <= found["top3"] <= 1
        assert name in done.stdout
    assert 0 <= results["mean_iou"] <= 1
    lines = (tmp_path / "predictions.jsonl").read_text().splitlines()
    kept = {row["doc_id"]: row for row in map(json.loads, lines)}
    assert [kept[row["id"]]["status"] for row in rows] == ["ok", "ok", "ok", "error"]
    assert len(kept[rows[0]["id"]]["scores"]["dtw"]) == len(rows[0]["candidates"])


def test_a_missing_benchmark_says_how_to_render_it(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "actalign", "eval", "mini-atlas", "--data", tmp_path / "none"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 2
    assert "render.py --out" in done.stderr


def test_no_wording_of_the_benchmark_is_one_of_the_training():
    code = (ROOT / "benchmarks" / "mini_atlas" / "actions.py").read_text()
    words = {normalize_text(w) for w in re.findall(r'"([^"\n]{12,})"', code)}
    assert len(words) > 100
    for name in ("lexicon.txt", "phrases.txt"):
        for line in (ROOT / "training" / name).read_text().splitlines():
            # A line is a template: (a|b) means either. It becomes a pattern for the whole text.
            text = normalize_text(line.lstrip("=>§ "))
            pattern = re.sub(r"[^\w\s()|]", lambda mark: re.escape(mark[0]), text)
            same = [word for word in words if pattern and re.fullmatch(pattern, word)]
            assert not same, f"{name} trains on {same}"
