"""`actalign subactions ...` as typed, against a real service on loopback."""

import json
import re
import shlex
import sys

import pytest

from actalign import UsageError, __version__, services
from actalign.cli._main import main
from actalign.demo import demo_clips
from actalign.scripts import merge_scripts
from actalign.scripts._bank import bank_json, read_bank
from actalign.scripts._script import load_scripts
from actalign.scripts._shipped import shipped_scripts
from tests.command import actalign
from tests.llm_server import LLMServer, Reply, drips, says, status, steps_of

KEY = "sk-test-4f9a81c2d7"


@pytest.fixture
def server():
    with LLMServer() as running:
        yield running


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Run a command; return its exit code, stdout and stderr."""
    monkeypatch.setenv("ACTALIGN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)

    def _run(*words):
        monkeypatch.setattr(sys, "argv", ["actalign", "subactions", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capsys.readouterr()
        assert KEY not in out + err
        return end.value.code or 0, out, err

    return _run


@pytest.fixture
def generate(run, server):
    def _generate(*words):
        return run("generate", "--base-url", server.url, "--llm-model", "tiny", *words)

    return _generate


GOLF = ("--labels", "putt, chip", "--domain", "golf")


def test_generate_writes_a_bank_that_classify_can_read(generate, server, tmp_path):
    bank = tmp_path / "bank.json"
    prices = ("--input-price", 2, "--output-price", 10)
    code, out, err = generate(*GOLF, "--out", bank, *prices)
    assert (code, out) == (0, "")
    assert "1 of 1 question has scripts, 0 failed" in err
    assert "100 tokens in, 50 out, 0.0007 USD" in err
    assert [(s.label, s.steps) for s in load_scripts(bank)] == [
        ("putt", tuple(steps_of("putt"))),
        ("chip", tuple(steps_of("chip"))),
    ]
    code, _, err = generate(*GOLF, "--out", bank)
    assert "kept from before" in err
    assert "tokens" not in err
    assert len(server.requests) == 1


@pytest.mark.parametrize("suffix", ["json", "parquet"])
def test_wordings_are_asked_for_one_by_one_and_kept(generate, server, run, tmp_path, suffix):
    bank = tmp_path / f"bank.{suffix}"
    assert generate(*GOLF, "--out", bank)[0] == 0
    assert generate(*GOLF, "--out", bank, "--wordings", 3, "--dry-run")[1].count("1. putt") == 2
    code, _, err = generate(*GOLF, "--out", bank, "--wordings", 3)
    assert (code, len(server.requests)) == (0, 3)
    assert "2 asked" in err
    assert "200 tokens in, 100 out" in err
    (kept,) = read_bank(bank)
    assert (kept.turns, kept.input_tokens, kept.output_tokens) == (3, 300, 150)
    chip = kept.to_scripts()[1]
    assert chip.steps == tuple(steps_of("chip"))
    assert chip.rewordings == tuple(tuple(steps_of("chip", wording=n)) for n in (2, 3))
    for fewer in ((), ("--wordings", 2), ("--wordings", 3)):
        assert generate(*GOLF, "--out", bank, *fewer)[0] == 0
    assert read_bank(bank) == [kept]
    assert len(server.requests) == 3
    assert run("validate", bank)[0] == 0
    assert "wording 3" in run("show", bank)[1]


def test_validate_finds_a_fault_in_any_wording(run, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("scripts:\n  putt:\n  - [bend, swing]\n  - [crouch, crouch]\n")
    code, out, _ = run("validate", path)
    assert code == 1
    assert f'{path}, wording 2: Steps 1 and 2 of "putt" are the same.' in out


def test_validate_says_of_a_step_of_signs_that_it_has_no_words(run, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text('scripts:\n  lift: ["💪", bend]\n  引体向上: [双手抓杠, 下巴过杠]\n')
    code, out, _ = run("validate", path)
    assert code == 1
    assert 'Step 1 of "lift" has no letters or digits; describe it in words.' in out
    assert "empty" not in out
    assert "引体向上" not in out


def test_validate_says_every_fault_of_a_file_that_cannot_be_read(run, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "scripts:\n  putt:\n  - stand: tall\n  - ''\n  chip: []\n  lob: one\n"
        "  draw:\n  - stand: tall\n  - [turn, swing]\n"
    )
    code, out, _ = run("validate", path)
    assert code == 1
    said = [line.removeprefix(f"The script file {path}: ")[:24] for line in out.splitlines()]
    assert said == [
        "label 'putt', step 1 has", "label 'putt', step 2 is ", "label 'chip' is without ",
        "label 'lob' is 'one', no", "label 'draw', wording 1 ",
    ]  # fmt: skip
    assert 'wording 1 has a colon, which YAML reads as a field; put it in quotes: "stand' in out
    code, _, error = run("show", path)
    assert code == 2
    assert "step 1 has a colon" in error
    assert "4 more faults; `actalign subactions validate` lists them all." in error


def test_generate_without_out_prints_the_bank(generate):
    code, out, _ = generate(*GOLF, "--quiet")
    assert code == 0
    assert json.loads(out)[0]["scripts"]["chip"] == steps_of("chip")


def test_a_dry_run_prints_the_prompt_and_an_estimate_and_asks_nothing(
    generate, server, run, monkeypatch
):
    monkeypatch.delenv("OPENAI_API_KEY")
    prices = ("--input-price", 2, "--output-price", 10)
    code, out, _ = generate(*GOLF, "--dry-run", "--prompt", "short-fixed", *prices)
    assert code == 0
    assert "1. putt\n2. chip" in out
    assert "1 request for 1 question, about" in out
    assert "USD (estimate)" in out
    assert server.requests == []


def test_a_questions_file_without_a_question_is_refused(generate, tmp_path):
    (tmp_path / "empty.jsonl").write_text("")
    code, out, said = generate("--questions", tmp_path / "empty.jsonl", "--dry-run")
    assert code == 2
    assert "empty.jsonl holds no question." in said
    assert not out


def test_failed_questions_are_rows_in_a_file_and_exit_code_1(generate, server, tmp_path):
    questions = tmp_path / "questions.jsonl"
    rows = [{"id": n, "labels": [f"a{n}", f"b{n}"], "domain": "golf"} for n in ("x", "y")]
    questions.write_text("\n".join(map(json.dumps, rows)))
    server.faults["ax"] = [says("sorry"), says("sorry")]
    bank = tmp_path / "bank.parquet"
    code, _, err = generate("--questions", questions, "--out", bank)
    assert code == 1
    assert "1 of 2 questions have scripts, 1 failed" in err
    (row,) = map(json.loads, (tmp_path / "bank.errors.jsonl").read_text().splitlines())
    assert (row["id"], row["labels"]) == ("x", ["ax", "bx"])
    assert "no usable scripts" in row["error"]
    assert [r.candidates for r in read_bank(bank)] == [("ay", "by")]
    code, _, _ = generate("--questions", questions, "--out", bank, "--retry-failed")
    assert code == 0
    assert not (tmp_path / "bank.errors.jsonl").exists()
    assert len(read_bank(bank)) == 2


def test_a_key_file_is_used_and_never_shown_nor_a_bank_that_is_not_there(
    generate, server, tmp_path, monkeypatch
):
    monkeypatch.delenv("OPENAI_API_KEY")
    (tmp_path / "key").write_text(KEY + "\n")
    server.faults["putt"] = [status(400, f"no: {KEY}")] * 3
    code, _, err = generate(*GOLF, "--api-key-file", tmp_path / "key")
    assert code == 1
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    assert "no: [API key]" in err
    server.faults["putt"] = [status(400, "no")] * 3
    code, _, err = generate(*GOLF, "--out", tmp_path / "none.json")
    assert (code, (tmp_path / "none.json").exists()) == (1, False)
    assert "none.json" not in "".join(err.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "--labels, --labels-file and --questions"),
        (("--labels", "a,A"), ": The label 'A' is given twice; name one of them differently"),
        ((*GOLF, "--prompt", "fancy"), "short-fixed"),
        ((*GOLF, "--temperature", "3"), "from 0 to 2, or none"),
        ((*GOLF, "--out", "bank.csv"), ".parquet"),
        ((*GOLF, "--api-key-file", "nowhere"), "nowhere"),
        ((*GOLF, "--base-url", "http://me:pw@host"), "no user name, password"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_code_2(run, words, said):
    code, _, err = run("generate", *words)
    assert code == 2
    assert said in err
    assert len(err.strip().splitlines()) == 1


def test_openai_without_a_key_names_the_ways_out(run, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    code, _, err = run("generate", *GOLF)
    assert code == 2
    assert "OPENAI_API_KEY" in err
    assert "--api-key-file" in err


OWN = ("--labels", "putt,chop", "--model", "body")


@pytest.mark.parametrize(
    ("verb", "words", "named"),
    [
        ("classify", ("a.mp4", *OWN), {"--base-url"}),
        ("eval clips", (".", "--truth", "truth.csv", *OWN, "--out"), {"--base-url"}),
        ("subactions generate", GOLF, {"--base-url", "--api-key-file", "--timeout"}),
    ],
)
def test_errors_of_a_service_name_options_that_the_command_has(
    server, tmp_path, monkeypatch, verb, words, named
):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    (tmp_path / "truth.csv").write_text("video,label\na.mp4,putt\n")
    service = ("--llm-model", "tiny", "--base-url", server.url)
    told = ""
    faults = (status(401), status(404), lambda _: Reply(body=b"no JSON"), None)
    for n, fault in enumerate(faults):
        if fault is None:
            monkeypatch.setattr(services, "SILENCES", 0.01)
        server.faults["putt"] = [fault or drips("body")] * 9
        run = [f"run{n}"] if words[-1] == "--out" else []
        ended = actalign(*verb.split(), *words, *run, *service, cwd=tmp_path)
        assert server.url in ended.stderr, ended.stderr
        told += ended.stderr.partition("[1/")[0]
    options = set(re.findall(r"--[a-z-]+", told))
    assert options == named
    helped = actalign(*verb.split(), "--help", cwd=tmp_path).stdout
    assert all(f"{option} " in helped for option in options)
    assert "OPENAI_API_KEY" in told


def test_errors_of_a_batch_name_the_command_that_took_its_address(run, server, tmp_path):
    bank = tmp_path / "bank.json"
    service = ("--base-url", server.url, "--llm-model", "tiny")
    assert run("batch", "submit", "--out", bank, *GOLF, *service)[0] == 0
    server.batches.clear()
    for verb in ("poll", "collect"):
        code, _, err = run("batch", verb, "--out", bank)
        assert code == 1
        assert "the model's name and --base-url of `actalign subactions batch submit`." in err


def test_show_puts_scripts_side_by_side_and_marks_shared_steps(run, tmp_path):
    file = tmp_path / "two.yaml"
    file.write_text(
        "domain: golf\nscripts:\n  putt: [bend over, swing low]\n"
        "  chip: [Bend over., swing high, look up]\n"
    )
    code, out, _ = run("show", file)
    assert code == 0
    rows = [line for line in out.splitlines() if "=" in line]
    assert "= bend over" in rows[0]
    assert "= Bend over." in rows[0]
    assert "= swing" not in out
    assert "2 steps worded alike" in out
    code, out, _ = run("show", file, "--labels", "chip")
    assert "look up" in out
    assert "swing low" not in out
    assert run("show", file, "--labels", "dunk")[0] == 2
    file.write_text("scripts:\n  putt: [bend over, swing low]\n  chip: [bend over, look up]\n")
    assert "= 1 step worded alike" in run("show", file)[1]
    code, _, said = run("show", file, "--labels", "")
    assert code == 2
    assert "--labels is empty; give a value, or leave it out." in said
    code, _, said = run("show", file, "--labels", "putt", "--labels=chip")
    assert code == 2
    assert "--labels is given 2 times; give it once: put commas between labels." in said
    names = [f"squatting {n}" for n in range(12)]
    file.write_text("scripts:\n" + "".join(f"  {n}: [stand, sit]\n" for n in names))
    _, out, _ = run("show", file)
    assert all(name in out for name in names)  # no word is cut
    assert "…" not in out


def test_validate_says_what_is_wrong_and_exits_with_1(run, generate, tmp_path):
    bank = tmp_path / "bank.json"
    generate(*GOLF, "--out", bank)
    code, out, _ = run("validate", bank)
    assert (code, out) == (0, f"{bank}: 2 scripts, all well.\n")
    rows = json.loads(bank.read_text())
    rows[0]["scripts"]["putt"] = rows[0]["scripts"]["putt"][:3]
    rows[0]["scripts"]["chip"][4] = rows[0]["scripts"]["chip"][3]
    bank.write_text(json.dumps(rows))
    code, out, _ = run("validate", bank)
    assert code == 1
    assert '"putt" has 3 steps; it needs 6 to 12.' in out
    assert 'Steps 4 and 5 of "chip" are the same.' in out
    bank.write_text("[{")
    assert run("validate", bank)[0] == 1
    assert run("validate", tmp_path / "nowhere.json")[0] == 2


def test_a_record_is_named_by_number_only_where_there_are_several(run, tmp_path):
    one, two = {"scripts": {"putt": ["bend"] * 2}}, {"scripts": {"chip": ["bend"]}}
    for held, said in (
        (one, 'mine.yaml: Steps 1 and 2 of "putt" are the same.'),
        ([two, one], 'record 2: Steps 1 and 2 of "putt" are the same.'),
        ([two, {"scripts": {"putt": "bend"}}], "record 2: label 'putt' is 'bend', not a list"),
        ({"scripts": {"putt": "bend"}}, "mine.yaml: label 'putt' is 'bend', not a list"),
        ({**two, "candidates": "chip"}, "mine.yaml: 'candidates' is not a list"),
        ({**two, "candidates": ["putt"]}, "mine.yaml: 'candidates' and the labels"),
        ({**two, "turns": "x"}, "mine.yaml: field 'turns' is wrong"),
    ):
        (tmp_path / "mine.yaml").write_text(json.dumps(held))
        code, out, _ = run("validate", tmp_path / "mine.yaml")
        assert code == 1
        assert said in out
        assert (", record " in out) == isinstance(held, list)


def test_a_template_is_filled_in_by_hand_and_then_valid(run, tmp_path):
    file = tmp_path / "mine.yaml"
    code, _, _ = run("template", "--labels", "squat,my move", "--domain", "gym", "--out", file)
    assert code == 0
    assert run("validate", file)[0] == 1
    parts = file.read_text().split('""')
    filled = "".join(f'{part}"step {n}"' for n, part in enumerate(parts[:-1])) + parts[-1]
    assert run("template", "--labels", "x", "--out", file)[0] == 2
    file.write_text(filled)
    assert run("validate", file)[0] == 0
    assert [len(s.steps) for s in load_scripts(file)] == [5, 5]


def test_a_batch_goes_through_three_commands(run, server, tmp_path):
    bank = tmp_path / "bank.json"
    words = (*GOLF, "--base-url", server.url, "--llm-model", "tiny")
    code, out, _ = run("batch", "submit", "--out", bank, *words)
    assert code == 0
    assert "1 request submitted" in out
    assert run("batch", "poll", "--out", bank)[0] == 1
    assert run("batch", "collect", "--out", bank)[0] == 2
    server.finish_batches()
    assert run("batch", "poll", "--out", bank)[0] == 0
    code, out, _ = run("batch", "collect", "--out", bank)
    assert code == 0
    assert "1 of 1 question has scripts" in out
    assert len(load_scripts(bank)) == 2
    assert KEY not in "".join(p.read_text() for p in tmp_path.rglob("*.json"))


def test_a_batch_of_which_every_answer_is_kept_says_how_to_have_the_bank(
    generate, run, server, tmp_path
):
    generate(*GOLF, "--out", tmp_path / "first.json")
    words = (*GOLF, "--base-url", server.url, "--llm-model", "tiny")
    new = tmp_path / "new.json"
    code, out, _ = run("batch", "submit", "--out", new, *words)
    assert code == 0
    assert f"`actalign subactions generate` with the same options writes {new}" in out


def test_a_batch_of_unusable_answers_says_how_to_ask_again(generate, run, server, tmp_path):
    server.faults["putt"] = [says("sorry"), says("sorry")]
    generate(*GOLF, "--out", tmp_path / "first.json")
    words = (*GOLF, "--base-url", server.url, "--llm-model", "tiny")
    code, out, _ = run("batch", "submit", "--out", tmp_path / "new.json", *words)
    assert code == 0
    assert "every question is answered, 1 unusably" in out
    assert "generate --retry-failed" in out


def test_merge_makes_wordings_of_scripts_of_one_label(run, tmp_path):
    mine, theirs, out = (tmp_path / name for name in ("mine.yaml", "theirs.json", "all.yaml"))
    mine.write_text("domain: gym\nscripts:\n  squat: [stand, sit down]\n  my move: ['no: wait']\n")
    theirs.write_text(
        json.dumps(
            [
                {"scripts": {"Squat ": [["stand", "sit down"], ["knees bend"]]}},
                {"domain": "dance", "scripts": {"my move": ["turn"]}},
            ]
        )
    )
    code, said, err = run("merge", mine, theirs, "--out", out)
    assert (code, said) == (0, "")
    assert f"scripts: 3, wordings: 4, in {out}" in err
    assert "'my move' has scripts in several domains (gym, dance)" in err
    squat, move, dance = load_scripts(out)
    assert (squat.label, squat.domain) == ("squat", "gym")
    assert (squat.steps, squat.rewordings) == (("stand", "sit down"), (("knees bend",),))
    assert (move.domain, move.steps, move.rewordings) == ("gym", ("no: wait",), ())
    assert (dance.label, dance.domain, dance.steps) == ("my move", "dance", ("turn",))

    as_json = tmp_path / "all.json"
    assert run("merge", mine, theirs, "--out", as_json)[0] == 0
    assert load_scripts(as_json) == load_scripts(out)


@pytest.mark.parametrize("name", ["all.yaml", "all.json"])
def test_merge_writes_its_file_anew_unless_somebody_changed_it(name, run, tmp_path):
    mine, out = tmp_path / "mine.yaml", tmp_path / name
    mine.write_text("domain: gym\nscripts:\n  squat: [stand, sit down]\n  café: [no, '360']\n")
    assert run("merge", mine, "--shipped", "--out", out)[0] == 0
    mine.write_text("domain: gym\nscripts:\n  squat: [stand, sit low]\n")
    assert run("merge", mine, "--shipped", "--out", out)[0] == 0
    assert load_scripts(out)[0].steps == ("stand", "sit low")
    assert run("validate", out)[0] == 0

    written = out.read_text()
    changed = [written.replace("sit low", "sit lower"), written.replace("gym", "yoga")]
    two, other = tmp_path / "two.yaml", tmp_path / f"other-{name}"
    two.write_text("- {domain: gym, scripts: {a: [b]}}\n- {domain: dance, scripts: {c: [d]}}\n")
    assert run("merge", two, mine, "--out", other)[0] == 0
    if name == "all.json":  # without the block of the second domain
        changed.append(json.dumps(json.loads(other.read_text())[:1], indent=1) + "\n")
    else:
        changed.append(other.read_text().partition("- domain: dance")[0])
        changed.append(written + "# which looks alike\n")
    for text in (*changed, bank_json(read_bank(out)), mine.read_text(), "scripts: [slip\n"):
        out.write_text(text)
        code, _, err = run("merge", mine, "--shipped", "--out", out)
        assert code == 2
        assert "would be lost; name another file to write" in err
        assert out.read_text() == text
    binary = "z: !!binary aGk=\n" if name == "all.yaml" else "{}"
    for there in ("", "[]", binary, json.dumps({"schema_version": 1, "clip": "a.mp4"})):
        out.write_text(there)
        assert run("merge", mine, "--shipped", "--out", out)[0] == 0
    assert out.read_text() == written


def test_a_merged_file_says_where_each_wording_comes_from(run, tmp_path):
    mine, theirs, out = (tmp_path / name for name in ("mine.yaml", "theirs.yaml", "all.json"))
    mine.write_text("scripts:\n  Squat: [stand, sit]\n  plank: [still]\n")
    theirs.write_text(
        "- {domain: yoga, scripts: {plank: [still]}}\n"
        "- {domain: gym, scripts: {squat: [[low], [stand, sit]]}}\n"
    )
    assert run("merge", mine, theirs, "--shipped", "--out", out)[0] == 0
    blocks = {block["domain"]: block for block in json.loads(out.read_text())}
    assert blocks["yoga"]["sources"]["plank"][0] == str(mine)
    squat = blocks["gym"]["sources"]["Squat"]
    assert squat[:2] == [str(mine), str(theirs)]
    assert set(squat[2:]) == {f"actalign {__version__}"}
    assert len(squat) == len(blocks["gym"]["scripts"]["Squat"])
    code, said, _ = run("show", out, "--labels", "squat")
    assert (code, "sit" in said) == (0, True)
    # Of a label of two domains, what names none has joined neither.
    theirs.write_text(
        "- {domain: yoga, scripts: {squat: [low]}}\n"
        "- {domain: gym, scripts: {squat: [stand, sit]}}\n"
    )
    assert run("merge", mine, theirs, "--out", tmp_path / "apart.json")[0] == 0
    blocks = {
        block.get("domain"): block for block in json.loads((tmp_path / "apart.json").read_text())
    }
    assert blocks["gym"]["sources"] == {"Squat": [str(theirs)]}
    assert blocks[None]["sources"]["Squat"] == [str(mine)]


def test_merge_adds_the_wordings_that_ship(run, tmp_path):
    mine, out = tmp_path / "mine.yaml", tmp_path / "all.yaml"
    mine.write_text("scripts:\n  Push-ups: [down, up]\n  my move: [turn]\n")
    code, _, err = run("merge", mine, "--out", out)
    assert code == 2
    assert "--shipped" in err
    code, _, err = run("merge", mine, "--shipped", "--domain", "gym", "--out", out)
    assert code == 0
    assert "no scripts ship for 'my move' (gym)" in err
    push_ups, move = load_scripts(out)
    shipped = shipped_scripts(["push up"])["push up"]
    assert push_ups.label == "Push-ups"
    assert push_ups.steps == ("down", "up")
    assert push_ups.rewordings == (shipped.steps, *shipped.rewordings)
    assert (move.domain, move.rewordings) == ("gym", ())


def test_merge_loses_no_wording_and_writes_each_label_in_one_spelling(run, tmp_path):
    """Labels of several domains, in several spellings, with what ships of them."""
    texts = {
        "two.yaml": "- {domain: Gym, scripts: {squat: [of gym]}}\n"
        "- {domain: yoga, scripts: {Squat: [of yoga]}}\n",
        "none.yaml": "scripts: {SQUAT: [of none], seated twist: [sit, turn]}\n",
        "template.yaml": "domain: human action\nscripts: {lunge: [step]}\n",
        "gym.yaml": "domain: gym\nscripts: {lunge: [of gym]}\n",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    out = tmp_path / "all.json"
    code, _, err = run("merge", *(tmp_path / name for name in texts), "--shipped", "--out", out)
    assert code == 0, err
    found = {(script.label, script.domain): script for script in load_scripts(out)}
    firsts = {
        place: [one.steps[0] for one in script.wordings if len(one.steps) < 3]
        for place, script in found.items()
    }
    assert firsts == {
        ("squat", "Gym"): ["of gym", "of none"],
        ("squat", "yoga"): ["of yoga"],
        ("seated twist", None): ["sit"],
        ("lunge", "Gym"): ["step", "of gym"],
    }
    assert len(found["squat", "Gym"].wordings) > 6
    assert "'seated twist' is an action in several shipped domains (gym, stretching)" in err
    assert "no scripts ship for 'seated twist'" not in err


def test_merge_refuses_a_file_without_a_script(run, tmp_path):
    mine, empty = tmp_path / "mine.yaml", tmp_path / "empty.yaml"
    mine.write_text("scripts:\n  squat: [stand]\n")
    empty.write_text("")
    code, _, err = run("merge", mine, empty, "--out", tmp_path / "all.yaml")
    assert code == 2
    assert f"{empty} holds no script" in err
    code, _, err = run("merge", mine, "--shipped", "--domain", " ", "--out", tmp_path / "b.yaml")
    assert code == 0
    assert load_scripts(tmp_path / "b.yaml")[0].domain == "gym"


@pytest.mark.parametrize("wrong", ["mine.yaml", {"squat": ["stand"]}, None, 5, [None], [["squat"]]])
def test_what_cant_be_merged_is_refused_in_python(wrong):
    with pytest.raises(UsageError, match=r"to merge|hold"):
        merge_scripts(wrong)


@pytest.mark.parametrize(("out", "sentence"), [("all.txt", ".yaml or .json"), (".", "yaml")])
def test_merge_says_first_where_it_cant_write(out, sentence, run, tmp_path):
    mine = tmp_path / "mine.yaml"
    mine.write_text("scripts:\n  squat: [stand]\n")
    code, _, err = run("merge", mine, "--shipped", "--out", tmp_path / out)
    assert code == 2
    assert sentence in err


def test_scripts_of_one_wording_lead_to_those_that_ship(tmp_path):
    steps = "[arms straight above the floor, lowering the chest]"
    mine = tmp_path / "my scripts.yaml"
    mine.write_text(f"scripts:\n  push up: {steps}\n  Squats: [standing]\n  my move: [sitting]\n")
    clip = demo_clips()[0].path

    def said(*words):
        ended = actalign("classify", clip, "--model", "body", *words, cwd=tmp_path)
        assert ended.returncode == 0, ended.stderr
        return ended.stderr

    first = said("--scripts", mine)
    assert "scripts of 'push up' and 1 more label also ship with actalign" in first
    [command] = re.findall(r"actalign (subactions merge .*)", first)
    merged = actalign(*shlex.split(command), cwd=tmp_path)
    assert merged.returncode == 0, merged.stderr
    for words in (
        ("--scripts", "all.yaml"),
        ("--labels", "push up,squat"),
        ("--scripts", mine, "--wordings", 1),
        ("--scripts", mine, "--labels", "my move,other move"),
    ):
        assert "also ship" not in said(*words)
    # The command names the domain too, where the file doesn't.
    mine.write_text("scripts:\n  serve: [the ball tossed up, the arm swinging]\n")
    hint = said("--scripts", mine, "--domain", "table tennis")
    [command] = re.findall(r"actalign (subactions merge .*)", hint)
    merged = actalign(*shlex.split(command), cwd=tmp_path)
    assert merged.returncode == 0, merged.stderr
    [serve] = load_scripts(tmp_path / "all.yaml")
    assert serve.domain == "table tennis"
    assert set(shipped_scripts(["serve"], "table tennis")["serve"].wordings) < set(serve.wordings)


def test_a_pasted_list_is_no_script_file_and_what_takes_it_is_said(tmp_path, run):
    path = tmp_path / "mine.txt"
    path.write_text("Exercises:\n•\tSQUAT\n", encoding="utf-8")
    code, _, said = run("show", path)
    assert (code, said) == (
        2,
        f"error: The script file {path} is not valid JSON or YAML: it contains a tab where YAML "
        "allows only spaces, line 2; the page of `actalign serve` takes a pasted list.\n",
    )
    path.write_text("• SQUAT\n• standing\n• knees bent\n", encoding="utf-8")
    code, _, said = run("show", path)
    assert code == 2
    assert f"The script file {path} holds '• SQUAT" in said
    assert "`actalign subactions template` writes such a file to fill in" in said
    assert "`actalign serve` takes a pasted list." in said
