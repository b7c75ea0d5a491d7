"""Evaluations that ask a vision-language model: a service on loopback that looks at pictures."""

import json

import pytest

from actalign.rows import read_rows
from tests.colour_clips import write_colours
from tests.command import actalign
from tests.llm_server import refuses
from tests.vision_server import VisionServer

# Without order in what is scored, sunset and sunrise are alike, so the first one given wins.
SUNSET, SUNRISE = ["yellow", "red", "black"], ["black", "red", "yellow"]
# Frames that are spread evenly miss the flashes, so calm fits them best.
FLASH, CALM = ["green", "red", "green", "red", "green"], ["green"] * 4
LOOKS = ("vlm", "vlm_aligned", "second_look")


@pytest.fixture
def server():
    with VisionServer() as running:
        yield running


@pytest.fixture
def data(tmp_path):
    """Two clips, and their questions."""
    write_colours(tmp_path / "rise.mp4", SUNRISE)
    flashes = [*["green"] * 15, "red", *["green"] * 29, "red", *["green"] * 15]
    write_colours(tmp_path / "flash.mp4", flashes, each=1)
    lines = [
        {"format": "actalign-questions-1", "name": "lights"},
        asked("rise", {"sunset": SUNSET, "sunrise": SUNRISE}, 1),
        asked("flash", {"calm": CALM, "flash": FLASH}, 1),
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (tmp_path / "questions.jsonl").write_text(text)
    return tmp_path


def asked(name, scripts, answer):
    choices, steps = list(scripts), list(scripts.values())
    return {
        "id": name, "video": f"{name}.mp4", "choices": choices, "answer": answer, "scripts": steps,
    }  # fmt: skip


@pytest.fixture
def evaluate(data, colour_model, server):
    def run(*more, look=True, out="run"):
        second = ("--second-look", "tiny", "--second-look-url", server.url) if look else ()
        return actalign(
            "eval", "clips", "questions.jsonl", "--model", colour_model, "--fps", "all",
            "--smoothing", 0, "--out", out, *second, *more, cwd=data, ACTALIGN_CACHE=data / "cache",
        )  # fmt: skip

    return run


ALL = ("--second-look-close", 1)


def results(data, out="run"):
    return json.loads((data / out / "results.json").read_text())


def rows_of(data, scorer, out="run"):
    rows = read_rows(data / out / "predictions.jsonl")
    return {row["clip"]: row for row in rows if row["scorer"] == scorer}


def test_what_the_alignment_gains_a_model_is_in_the_table(data, evaluate, server):
    flags = (*ALL, "--scorer", "order_free,vlm,vlm_aligned,second_look")
    done = evaluate(*flags, "--second-look-price", "2,8")
    assert done.returncode == 0, done.stderr
    found = results(data)
    # Of evenly spread frames none shows a flash; of the aligned ones one does.
    assert {name: one["hits"]["top1"] for name, one in found["scorers"].items()} == {
        "order_free": 1, "vlm": 1, "vlm_aligned": 2, "second_look": 2,
    }  # fmt: skip
    alone, aligned = rows_of(data, "vlm"), rows_of(data, "vlm_aligned")
    assert (alone["flash"]["label"], aligned["flash"]["label"]) == ("calm", "flash")
    assert len(alone["flash"]["second_look"]["frames_seconds"]) == 12
    assert not {1.5, 4.5} & set(alone["flash"]["second_look"]["frames_seconds"])
    assert 1.5 in aligned["flash"]["second_look"]["frames_seconds"]
    # The same question but for the frames.
    assert alone["flash"]["second_look"]["options"] == aligned["flash"]["second_look"]["options"]
    second = rows_of(data, "second_look")["rise"]
    assert (second["label"], second["second_look"]["first_label"]) == ("sunrise", "sunset")
    assert (second["rank"], second["metrics"]["top1"]) == (1, 1.0)
    # In the table with intervals, and in paired tests.
    for name in LOOKS:
        assert any(line.startswith(f"{name} ") and "[" in line for line in done.stdout.split("\n"))
    assert "vlm against vlm_aligned on 2 samples" in done.stdout
    looks = found["scorers"]["second_look"]["looks"]
    counted = ("looked", "changed", "to_right", "from_right", "failed", "by_votes")
    assert [looks[name] for name in counted] == [2, 1, 1, 0, 0, 0]
    assert (looks["input_tokens"], looks["output_tokens"]) == (400, 200)
    assert looks["cost_usd"] == pytest.approx((400 * 2 + 200 * 8) / 1e6)
    assert "second_look: the model looked at 2 clips, 0 failed; 1 answer changed" in done.stdout
    asked = len(server.requests)
    assert f"asked now: {100 * asked} tokens in, {50 * asked} out" in done.stdout
    # Gone on with, it asks nothing again and finds the same.
    again = evaluate(*flags, "--second-look-price", "2,8", "--resume")
    assert (again.returncode, len(server.requests)) == (0, asked)
    assert results(data) == found
    assert "asked now: 0 tokens in, 0 out, 0.0000 USD" in again.stdout


def test_a_run_without_a_close_clip_says_that_nothing_was_looked_at(evaluate, server):
    done = evaluate("--scorer", "dtw,second_look", "--temperature", "dtw=0.0001")
    assert done.returncode == 0, done.stderr
    assert not server.requests
    assert "second_look: the model looked at no clip, since in none are the best two" in done.stdout


def test_looks_that_fail_are_counted_and_tried_again(data, evaluate, server):
    server.behaviours = [refuses("no people")] * 6  # a clip's two rotations, of each scorer
    flags = (*ALL, "--scorer", "order_free,vlm,vlm_aligned,second_look")
    done = evaluate(*flags)
    assert (done.returncode, "no people" in done.stderr) == (0, True), done.stderr
    found = results(data)["scorers"]
    # Without a first answer, the clip is left out of the scorer, and is never wrong.
    for name in ("vlm", "vlm_aligned"):
        assert found[name]["n"] == 1
        assert found[name]["unscored"] == {"no answer of the model": 1}
    # Otherwise the first answer stands.
    row = rows_of(data, "second_look")["rise"]
    assert (row["label"], row["rank"], "second_look" in row) == ("sunset", 2, False)
    assert "no people" in row["second_look_error"]
    looks = found["second_look"]["looks"]
    assert (looks["looked"], looks["failed"]) == (2, 1)
    assert "1 failed (their first answers stand)" in done.stdout
    assert evaluate(*flags, "--resume").returncode == 0
    found = results(data)["scorers"]
    assert [found[name]["n"] for name in LOOKS] == [2, 2, 2]
    assert rows_of(data, "second_look")["rise"]["label"] == "sunrise"
    assert found["second_look"]["looks"]["failed"] == 0


def test_a_run_is_scored_with_a_look_later_but_not_with_another(data, evaluate, server):
    assert evaluate("--scorer", "order_free", look=False).returncode == 0
    wrong = evaluate("--scorer", "vlm", "--resume", look=False)
    assert (wrong.returncode, "--second-look MODEL" in wrong.stderr) == (2, True)
    # It is not known which clips are close.
    wrong = evaluate("--resume")
    assert (wrong.returncode, "give --second-look-close 1" in wrong.stderr) == (2, True)
    assert server.requests == []
    # With none of the three named, it is the second look.
    done = evaluate("--scorer", "order_free", *ALL, "--resume")
    assert done.returncode == 0, done.stderr
    assert list(results(data)["scorers"]) == ["order_free", "second_look"]
    assert results(data)["scorers"]["second_look"]["hits"]["top1"] == 2
    wrong = evaluate("--scorer", "order_free", "--resume", look=False)
    assert (wrong.returncode, "--second-look tiny; give it again" in wrong.stderr) == (2, True)
    wrong = evaluate(*ALL, "--second-look-top", 2, "--resume")
    assert (wrong.returncode, "was run with second_look" in wrong.stderr) == (2, True)


def test_a_model_that_always_says_one_letter_gains_nothing_by_the_order(data, evaluate, server):
    server.logprobs, server.bias = False, (9, 0)
    lines = [{"format": "actalign-questions-1", "name": "one clip, often"}]
    for n in range(20):  # the answer is always the first
        one = asked(f"q{n}", {"sunrise": SUNRISE, "sunset": SUNSET}, 0)
        lines.append({**one, "video": "rise.mp4", "question": f"What is it, try {n}?"})
    (data / "questions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert evaluate("--scorer", "vlm").returncode == 0
    assert [*results(data)["scorers"]] == ["dtw", "vlm"]  # the words come first
    found = results(data)["scorers"]["vlm"]
    assert found["looks"]["by_votes"] == 20
    assert 4 <= found["hits"]["top1"] <= 16  # chance, though it says A whatever it sees
