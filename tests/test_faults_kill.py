"""kill -9 at moments spread over encode, align, generate and eval: 11 kills of real runs.

After each: nothing half-written has its final name, finished work is still there, no process is
left. After a few: the same command ends, does only what was missing, and its result is that of a
run that nobody disturbed.
"""

import json
import shutil
from pathlib import Path

import pytest

from actalign.scripts._bank import read_bank
from tests.fault_world import (
    ended_with,
    entries,
    killed_runs,
    make_clips,
    make_dataset,
    run,
    run_alone,
    start,
    timed,
)
from tests.llm_server import LLMServer, good

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return make_clips(tmp_path_factory.mktemp("world"))


def duration(words, folder, **environment):
    """Seconds of a run whose packages are in the page cache, its exit code checked."""
    with timed() as seconds:
        code, _, err = run_alone(words, folder, **environment)
    assert code == 0, err
    return seconds()


def encode(store):
    return ["encode", "clips", "--out", store, "--model", "model"]


def whole(world):
    """A store that nobody disturbed; its run reads what later ones find in the page cache."""
    assert run(encode("whole"), world)[0] == 0


def without_time(found):
    return {name: content for name, (_, content) in found.items()}


def test_encode(world, tmp_path):
    whole(world)
    lasts = duration(encode("timed"), world)
    expected = without_time(entries(world / "whole"))
    assert len(expected) == 16
    store = tmp_path / "store"
    before, halfway, kills = {}, 0, 0

    def done():
        return len(list(store.glob("*.safetensors")))

    runs = killed_runs(encode(store), world, kills=4, lasts=lasts, name="encode", done=done)
    for moment in runs:
        there = entries(store)
        assert before.items() <= there.items(), "a finished clip was lost or written again"
        before = there
        if moment >= 0:
            kills += 1
            halfway += 0 < len(there) < len(expected)
        if kills == 4 or len(there) == len(expected):
            code, _, err = run(encode(store), world)
            assert code == 0
            assert f"{len(expected) - len(there)} encoded, {len(there)} encoded before" in err
            ended = entries(store)
            assert there.items() <= ended.items()
            assert without_time(ended) == expected
            shutil.rmtree(store)
            before = {}
    assert kills == 4
    assert halfway >= 1, "no kill fell between the first clip and the last"


def align(out, labels="stop,go,wait"):
    words = ["align", "whole", "--out", out, "--model", "model", "--scripts", "scripts.json"]
    return [*words, "--labels", labels]


def test_align(world, tmp_path):
    whole(world)
    lasts = duration(align(tmp_path / "new.jsonl"), world)
    new = (tmp_path / "new.jsonl").read_bytes()
    assert len(new.splitlines()) == 16
    assert run(align(tmp_path / "old.jsonl", "stop,go"), world)[0] == 0
    old = (tmp_path / "old.jsonl").read_bytes()
    out = tmp_path / "out.jsonl"
    out.write_bytes(old)
    kills = 0
    for moment in killed_runs(align(out), world, kills=2, lasts=lasts, name="align"):
        kills += moment >= 0
        assert out.read_bytes() in (old, new)
        if out.read_bytes() == new:  # it was quicker than the kill
            out.write_bytes(old)
    assert kills == 2
    assert run(align(out), world)[0] == 0
    assert out.read_bytes() == new


QUESTIONS = [{"id": f"q{n:02}", "labels": [f"a{n}", f"b{n}"], "domain": "golf"} for n in range(14)]


def test_generate(tmp_path):
    (tmp_path / "questions.jsonl").write_text("\n".join(map(json.dumps, QUESTIONS)))
    with LLMServer() as server:

        def slow_down():
            for row in QUESTIONS:
                server.faults[row["labels"][0]] = [good(delay=0.15)] * 1000

        def generate(bank):
            words = ["subactions", "generate", "--base-url", server.url, "--llm-model", "tiny"]
            return [*words, "--questions", "questions.jsonl", "--out", bank, "--concurrency", 2]

        def settings(cache):
            return {"OPENAI_API_KEY": "sk-test", "ACTALIGN_CACHE": cache}

        slow_down()
        lasts = duration(generate("whole.json"), tmp_path, **settings("whole-cache"))
        expected = records(tmp_path / "whole.json")
        assert len(expected) == len(QUESTIONS)

        bank, cache = tmp_path / "bank.json", tmp_path / "cache"
        kills = in_flight = 0
        server.paid.clear()
        runs = killed_runs(
            generate(bank), tmp_path, kills=2, lasts=lasts, name="generate", **settings(cache)
        )
        for moment in runs:
            kills += moment >= 0
            in_flight += 2
            answers = list(cache.rglob("*.json"))
            assert all("answer" in json.loads(path.read_text()) for path in answers)
            if bank.exists():
                assert records(bank).items() <= expected.items()
            if moment >= 0 and kills % 2:
                continue
            asked = len(server.requests)
            code, _, err = run(generate(bank), tmp_path, **settings(cache))
            assert code == 0, err
            # An answer that was got before the kill is never asked for, nor paid for, again.
            assert len(server.requests) - asked == len(QUESTIONS) - len(answers)
            assert sum(server.paid.values()) <= len(QUESTIONS) + in_flight
            assert records(bank) == expected
            for path in (bank, tmp_path / "bank.card.md"):
                path.unlink()
            shutil.rmtree(cache)
            server.paid.clear()
            in_flight = 0
        assert kills == 2


def records(bank):
    """What a bank says, by question, but for when it was said."""
    return {r.candidates: r.model_dump(exclude={"created"}) for r in read_bank(bank)}


def evaluate(out):
    words = ["eval", "clips", "data", "--scripts", "bank.json", "--resume"]
    return [*words, "--model", "model", "--scorer", "dtw,mean_pool,random", "--out", out]


def results(out):
    names = ("predictions.jsonl", "errors.jsonl", "results.json", "config.json")
    return {name: (out / name).read_bytes() for name in names}


def test_eval(tmp_path):
    world = make_dataset(tmp_path)
    assert run(evaluate("whole"), world)[0] == 0
    lasts = duration(evaluate("timed"), world)
    expected = results(world / "whole")
    assert len(expected["predictions.jsonl"].splitlines()) == 36
    assert json.loads(expected["results.json"])["scorers"]["dtw"]["top1"] == 1.0
    out = tmp_path / "run"
    kills = halfway = 0
    before = {}

    def done():
        return len(rows_of(out))

    runs = killed_runs(evaluate(out), world, kills=3, lasts=lasts, name="eval", done=done)
    for moment in runs:
        there = entries(out / "embeddings")
        assert before.items() <= there.items(), "a finished clip was lost or encoded again"
        before = there
        rows = rows_of(out)
        halfway += 0 < len(rows) < 36
        if moment >= 0:
            kills += 1
        if moment < 0 or kills == 3:
            code, _, err = run(evaluate(out), world)
            assert code == 0, err
            assert there.items() <= entries(out / "embeddings").items()
            assert set(rows) <= set(rows_of(out))
            assert results(out) == expected
            shutil.rmtree(out)
            before = {}
    assert kills == 3
    assert halfway >= 1, "no kill fell between the first row and the last"


def rows_of(out):
    """Whole rows of the predictions while they grow."""
    path = out / "predictions.jsonl"
    lines = path.read_text().splitlines(keepends=True) if path.exists() else []
    return [line for line in lines if line.endswith("\n")]


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    return make_dataset(tmp_path_factory.mktemp("many"), count=40)


@pytest.mark.parametrize("output", ["videos", "videos.npy"])
def test_encode_videos_over_what_it_finished(output, many, tmp_path):
    script = Path(__file__).parent.parent / "encode_videos.py"
    words = [script, "--input", "data", "--output", tmp_path / output, "--model", "model"]
    index = tmp_path / ("videos/index.json" if output == "videos" else "videos.npy.json")
    first = tmp_path / ("videos/000000.safetensors" if output == "videos" else "videos.npy")
    duration(words, many)
    finished = {path: path.read_bytes() for path in (index, first)}
    for _ in range(20):
        # Between the first bytes of the new output and its index there are milliseconds.
        before = first.stat().st_ino
        process = start(words, many)
        while process.poll() is None and first.stat().st_ino == before:
            pass
        process.kill()
        process.wait()
        ended_with(process)
        if not index.exists() or index.stat().st_mtime_ns < first.stat().st_mtime_ns:
            break
    else:
        pytest.fail("no kill fell between the first row and the index")
    code, _, err = run_alone(words, many)
    assert code == 0
    assert "frames encoded" not in err
    assert {path: path.read_bytes() for path in finished} == finished
    assert not list(tmp_path.glob(".videos*"))
