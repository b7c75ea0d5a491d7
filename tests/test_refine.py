"""`actalign subactions refine`: a service on loopback that reads the scripts and rewrites them."""

import json
import re

import pytest

from actalign.scripts._bank import read_bank
from actalign.scripts._script import load_scripts
from tests.command import actalign
from tests.llm_server import LLMServer, says, status

JUMP = ["a person stands on the court", "both feet leave the floor", "the ball leaves one hand"]
LAYUP = ["a person stands on the court", "one long step under the basket", "the ball rolls in"]
PASS = ["both hands hold the ball", "the arms push it away", "a person stands on the court"]
SCRIPTS = {"jump shot": JUMP, "layup": LAYUP, "pass": PASS}


def scripts_of(body):
    """The labels and steps of the first message, in order."""
    found = {}
    for line in body["messages"][0]["content"].split("\n"):
        if label := re.fullmatch(r"\d+\. (.+)", line):
            steps = found.setdefault(label[1], [])
        elif step := re.fullmatch(r"   \((\d+)\) (.+)", line):
            steps.append(step[2])
            assert len(steps) == int(step[1])
    return found


def answer(scripts):
    listed = [{"candidate": m, "steps": s} for m, s in enumerate(scripts.values(), 1)]
    return json.dumps({"scripts": listed})


def anew(body):
    """Every step that several have is written anew for each."""
    given = scripts_of(body)
    every = [step for steps in given.values() for step in steps]
    return answer(
        {
            label: [f"{label.upper()} {k}" if every.count(s) > 1 else s for k, s in enumerate(of)]
            for label, of in given.items()
        }
    )


@pytest.fixture
def server():
    with LLMServer() as running:
        yield running


@pytest.fixture
def refine(server, tmp_path):
    def run(*words):
        return actalign(
            "subactions", "refine", *words, "--base-url", server.url, "--llm-model", "tiny",
            "--temperature", "none", cwd=tmp_path, ACTALIGN_CACHE=tmp_path / "cache",
        )  # fmt: skip

    return run


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"domain": "basketball", "scripts": SCRIPTS}))
    return path


NEW = {
    "jump shot": ["JUMP SHOT 0", *JUMP[1:]],
    "layup": ["LAYUP 0", *LAYUP[1:]],
    "pass": [*PASS[:2], "PASS 2"],
}


@pytest.mark.parametrize("ending", ["json", "parquet"])
def test_steps_that_several_share_are_replaced_and_the_bank_says_by_whom(
    refine, server, mine, ending
):
    server.faults["layup"] = [says(anew)] * 9
    out = mine.with_name(f"better.{ending}")
    ended = refine(mine, "--out", out, "--input-price", "2", "--output-price", "8")
    assert ended.returncode == 0, ended.stderr
    assert "mine.json: jump shot, layup, pass (1 asked, 3 steps replaced)" in ended.stderr
    assert "100 tokens in, 50 out, 0.0006 USD" in ended.stderr
    [record] = read_bank(out)
    assert {label: list(steps) for label, steps in record.scripts.items()} == NEW
    [request] = server.requests
    assert scripts_of(request) == SCRIPTS
    assert 'Worded alike in several scripts are: "a person stands on' in str(request["messages"])
    made = record.refinement
    assert (made.model, made.served_model, made.turns) == ("tiny", "tiny-snapshot", 1)
    assert (made.input_tokens, made.output_tokens, made.cost_usd) == (100, 50, 0.0006)
    assert [(one.label, one.step) for one in made.replaced] == [
        ("jump shot", 1), ("layup", 1), ("pass", 3),
    ]  # fmt: skip
    assert {one.before for one in made.replaced} == {"a person stands on the court"}
    # It is done once, also where the bank itself is given.
    for again in (mine, out):
        assert refine(again, "--out", out).returncode == 0
        assert len(read_bank(out)) == 1
    assert len(server.requests) == 1


def test_a_dry_run_prints_the_prompts_and_an_estimate_and_asks_and_writes_nothing(
    refine, server, mine
):
    out = mine.with_name("better.json")
    told = refine(mine, "--out", out, "--dry-run")
    assert told.returncode == 0, told.stderr
    assert "--- mine.json (jump shot, layup, pass)" in told.stdout
    assert "   (1) a person stands on the court" in told.stdout
    assert re.search(r"\n1 request for 1 question, about \d+ tokens in and 162 out", told.stdout)
    assert not server.requests
    assert not out.exists()
    server.faults["layup"] = [says(anew)]
    assert refine(mine, "--out", out).returncode == 0
    assert "0 requests for 1 question," in refine(mine, "--out", out, "--dry-run").stdout
    assert len(server.requests) == 1


def test_every_wording_is_looked_at_and_generate_still_knows_the_record(refine, server, tmp_path):
    bank = tmp_path / "bank.json"
    generate = (
        "subactions", "generate", "--labels", "putt,chip", "--domain", "golf", "--wordings", 2,
        "--base-url", server.url, "--llm-model", "tiny", "--out", bank,
    )  # fmt: skip
    assert actalign(*generate, ACTALIGN_CACHE=tmp_path / "cache").returncode == 0
    data = json.loads(bank.read_text())
    for wordings in data[0]["scripts"].values():
        for n, steps in enumerate(wordings):
            steps[n] = "a person stands"
    bank.write_text(json.dumps(data))
    server.faults["putt"] = [says(anew)] * 2
    ended = refine(bank, "--out", bank)
    assert ended.returncode == 0, ended.stderr
    assert "(2 asked, 4 steps replaced)" in ended.stderr
    putt, chip = load_scripts(bank)
    for script in (putt, chip):
        name = script.label.upper()
        assert [one.steps[n] for n, one in enumerate(script.wordings)] == [f"{name} 0", f"{name} 1"]
    asked = len(server.requests)
    assert actalign(*generate, ACTALIGN_CACHE=tmp_path / "cache").returncode == 0
    assert len(server.requests) == asked
    assert load_scripts(bank) == [putt, chip]


def dropped(body):
    return answer({label: [f"{label} alone"] for label in scripts_of(body)})


def test_an_answer_that_may_not_be_is_repaired_or_leaves_the_scripts(refine, server, mine):
    out = mine.with_name("better.json")
    same = says(lambda body: answer(scripts_of(body)))
    server.faults["layup"] = [same, says(anew)]
    assert refine(mine, "--out", out).returncode == 0
    repair = server.requests[-1]["messages"][-1]["content"]
    assert 'Step 1 of "layup" is in another script too' in repair
    [record] = read_bank(out)
    assert (record.refinement.turns, len(record.refinement.replaced)) == (2, 3)

    other = mine.with_name("other.json")
    text = mine.read_text().replace("basketball", "netball")
    mine.write_text(text)
    server.faults["layup"] = [says(dropped), says(dropped)]
    ended = refine(mine, "--out", other)
    assert ended.returncode == 1
    assert '"layup" has 1 steps and had 3' in server.requests[-1]["messages"][-1]["content"]
    assert "no usable scripts for jump shot, layup, pass" in " ".join(ended.stderr.split())
    assert load_scripts(other) == load_scripts(mine)
    # Asked again, it is not the bad answer that counts.
    server.faults["layup"] = [status(401, "bad key")]
    assert "refused the API key" in " ".join(refine(mine, "--out", other).stderr.split())
    server.faults["layup"] = [says(anew)]
    assert refine(mine, "--out", other).returncode == 0
    assert [s.steps[0] for s in load_scripts(other)][:2] == ["JUMP SHOT 0", "LAYUP 0"]


def test_of_several_records_each_is_told_by_its_number_and_labels(refine, server, mine):
    first = json.loads(mine.read_text())
    putt = {"domain": "golf", "scripts": {"putt": ["one", "two"], "chip": ["three", "four"]}}
    mine.write_text(json.dumps([first, putt]))
    server.faults["layup"] = [says(anew)]
    server.faults["putt"] = [status(401, "bad key")]
    said = " ".join(refine(mine, "--out", mine.with_name("better.json")).stderr.split())
    assert "record 1: jump shot, layup, pass (1 asked" in said
    assert "record 2 (putt, chip): " in said
