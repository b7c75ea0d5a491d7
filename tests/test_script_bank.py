"""The bank file, the cache of answers, prompts, and the scripts that ship with the package."""

import json

import pyarrow.parquet as pq
import pytest
import yaml

from actalign.errors import ActAlignError, UsageError
from actalign.scripts._answer import TokenLimit, script_faults, shared_steps
from actalign.scripts._answer_cache import AnswerCache
from actalign.scripts._bank import (
    Bank,
    BankRecord,
    read_bank,
    write_bank,
)
from actalign.scripts._chat import Answer, ChatRequest, Message, ModelId
from actalign.scripts._llm import LLMConfig
from actalign.scripts._prompts import PROMPTS, load_prompt
from actalign.scripts._script import load_scripts, parse_scripts
from actalign.scripts._shipped import script_template, shipped_domains, shipped_scripts

SCRIPTS = {"layup": ("run with the ball", "lay it up"), "dunk": ("jump high", "hang, on the rim")}


def record(key="k1", **fields):
    given = {
        "domain": "basketball",
        "candidates": ("layup", "dunk"),
        "scripts": SCRIPTS,
        "key": key,
        "prompt": "discriminative",
        "prompt_version": "1",
        "model": "tiny",
        "service": "http://127.0.0.1/v1",
        "parameters": {"temperature": 0.2},
        "input_tokens": 10,
        "output_tokens": 20,
        "cost_usd": 0.5,
        "turns": 1,
    }
    return BankRecord(**given | fields)


@pytest.mark.parametrize("suffix", ["json", "parquet"])
def test_a_bank_reads_back_as_written(tmp_path, suffix):
    path = tmp_path / f"bank.{suffix}"
    other = record("k2", domain=None, candidates=("Ü-Schlag",), scripts={"Ü-Schlag": ("ä", "ö")})
    write_bank(path, [record(), other])
    assert read_bank(path) == [record(), other]
    assert [s.label for s in read_bank(path)[0].to_scripts()] == ["layup", "dunk"]
    assert not list(tmp_path.glob(".*.tmp"))


@pytest.mark.parametrize("suffix", ["json", "parquet"])
def test_wordings_read_back_as_written_and_as_scripts(tmp_path, suffix):
    path = tmp_path / f"bank.{suffix}"
    more = (("dash to the ring", "release it"), ("two strides", "soft shot", "land"))
    worded = record(rewordings={"layup": more})
    write_bank(path, [worded, record("k2")])
    assert read_bank(path) == [worded, record("k2")]
    layup, dunk = read_bank(path)[0].to_scripts()
    assert (layup.steps, layup.rewordings) == (SCRIPTS["layup"], more)
    assert (dunk.steps, dunk.rewordings) == (SCRIPTS["dunk"], ())
    if suffix == "json":
        assert load_scripts(path)[:2] == [layup, dunk]


def test_a_parquet_bank_of_before_wordings_is_read_as_it_was(tmp_path):
    path = tmp_path / "bank.parquet"
    write_bank(path, [record(), record("k2")])
    table = pq.read_table(path)
    pq.write_table(table.drop_columns(["rewordings"]), path)
    assert read_bank(path) == [record(), record("k2")]


def test_a_json_bank_is_a_script_file(tmp_path):
    write_bank(tmp_path / "bank.json", [record()])
    scripts = load_scripts(tmp_path / "bank.json")
    assert [(s.label, s.steps, s.domain) for s in scripts] == [
        ("layup", SCRIPTS["layup"], "basketball"),
        ("dunk", SCRIPTS["dunk"], "basketball"),
    ]


def test_a_parquet_bank_has_a_row_a_label_with_its_key(tmp_path):
    write_bank(tmp_path / "bank.parquet", [record(), record("k2")])
    table = pq.read_table(tmp_path / "bank.parquet")
    assert table.num_rows == 4
    row = table.to_pylist()[1]
    assert (row["domain"], row["label"], row["steps"]) == ("basketball", "dunk", [*SCRIPTS["dunk"]])
    assert row["candidates"] == ["layup", "dunk"]
    assert (row["prompt_version"], row["model"], row["key"]) == ("1", "tiny", "k1")
    assert json.loads(row["parameters"]) == {"temperature": 0.2}


def test_the_dataset_card_has_a_head_that_the_hub_can_read(tmp_path):
    (tmp_path / "README.md").write_text("mine")
    write_bank(tmp_path / "bank.parquet", [record(), record("k2", model="other")])
    card = (tmp_path / "bank.card.md").read_text()
    head = yaml.safe_load(card.split("---\n")[1])
    assert head["configs"] == [{"config_name": "default", "data_files": "bank.parquet"}]
    assert head["size_categories"] == ["n<1K"]
    for fact in ("4 scripts for 2 sets", "basketball", "other, tiny", "20 in, 40 out, 1.0000 USD"):
        assert fact in card
    assert (tmp_path / "README.md").read_text() == "mine"
    write_bank(tmp_path / "bank.parquet", [record()])
    assert "2 scripts for 1 set of" in (tmp_path / "bank.card.md").read_text()


def test_hand_written_yaml_reads_as_records_without_provenance(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("domain: golf\nscripts:\n  putt: [bend over the ball, swing the arms]\n")
    (found,) = read_bank(path)
    assert (found.domain, found.candidates, found.key) == ("golf", ("putt",), None)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[", "is not valid JSON"),
        ('[{"scripts": {"a": "text"}}]', "label 'a'"),
        ('[{"scripts": {"a": ["x"]}}, {"scripts": {"b": ["x", " "]}}]', "record 2: label 'b'"),
        ('[{"scripts": {"a": ["x"]}, "candidates": ["b"]}]', "'candidates'"),
        ('[{"scripts": {"a": ["x"]}, "turns": "many"}]', "field 'turns'"),
    ],
)
def test_a_wrong_bank_is_named_with_its_fault(tmp_path, content, said):
    path = tmp_path / "bank.json"
    path.write_text(content)
    with pytest.raises(UsageError, match=r"bank\.json") as caught:
        read_bank(path)
    assert said in str(caught.value)


def test_a_file_that_is_no_parquet_is_refused(tmp_path):
    path = tmp_path / "bank.parquet"
    path.write_text("hello")
    with pytest.raises(UsageError, match="not a script bank in Parquet"):
        read_bank(path)


def test_an_open_bank_keeps_old_records_and_rejects_other_suffixes(tmp_path):
    path = tmp_path / "bank.json"
    write_bank(path, [record("old")])
    bank = Bank(path)
    bank.add(record("new"))
    bank.save()
    assert [r.key for r in read_bank(path)] == ["old", "new"]
    with pytest.raises(UsageError, match=r"\.json or \.parquet"):
        Bank(tmp_path / "bank.csv")


def test_the_cache_distinguishes_every_setting_and_ignores_damage(tmp_path):
    cache = AnswerCache(tmp_path)
    answer = Answer(text="hello", finish="stop", answer_format="text", served_model="m")

    def request(service="s", name="m", text="q", **parameters):
        return ChatRequest(ModelId(service, name, parameters), (Message("user", text),))

    one = request(temperature=0.2)
    cache.put(one, answer)
    assert cache.get(request(temperature=0.2)) == answer
    for other in (
        request(temperature=0.3),
        request(temperature=0.2, text="q2"),
        request(temperature=0.2, name="n"),
        request(temperature=0.2, service="t"),
    ):
        assert cache.get(other) is None
    (file,) = tmp_path.rglob("*.json")
    file.write_text(file.read_text()[:40])
    assert cache.get(one) is None


def test_an_unwritable_place_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ActAlignError, match="can't be written"):
        write_bank(tmp_path / "file" / "bank.json", [record()])


def test_the_shipped_prompts_fill_in_and_ask_within_their_range():
    for name in PROMPTS:
        prompt = load_prompt(name)
        text = prompt.render("golf", ["putt", "chip {domain}"])
        assert "1. putt\n2. chip {domain}" in text
        assert "golf" in text
        assert str(prompt.min_steps) in text
        assert prompt.version == "1"
        assert "{" not in text.replace("{domain}", "")
    assert load_prompt("context-rich").min_steps == 10
    assert load_prompt("short-fixed").min_steps == load_prompt("short-fixed").max_steps


def test_a_prompt_file_may_have_settings_and_braces(tmp_path):
    file = tmp_path / "mine.txt"
    file.write_text('Actions of {domain}:\n{labels}\nLike {"a": [1]}.')
    prompt = load_prompt(file)
    assert prompt.render("golf", ["putt"]) == 'Actions of golf:\n1. putt\nLike {"a": [1]}.\n'
    assert (prompt.min_steps, prompt.max_steps, prompt.name) == (2, 30, "mine")
    version = prompt.version
    file.write_text("---\nversion: 7\nmin_steps: 3\nmax_steps: 4\n---\n{labels}")
    prompt = load_prompt(file)
    assert (prompt.version, prompt.min_steps, prompt.max_steps) == ("7", 3, 4)
    file.write_text("{labels} ")
    assert load_prompt(file).version != version


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no place", "{labels}"),
        ("{labels} {sport}", "{sport}"),
        ("---\nsteps: 3\n---\n{labels}", "settings"),
        ("---\nmin_steps: 5\nmax_steps: 4\n---\n{labels}", "min_steps"),
    ],
)
def test_a_wrong_prompt_file_is_explained(tmp_path, text, said):
    file = tmp_path / "mine.md"
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        load_prompt(file)
    assert said in str(caught.value)


def test_an_unknown_prompt_lists_the_known_ones():
    with pytest.raises(UsageError, match="discriminative, context-rich, short-fixed"):
        load_prompt("fancy")


def test_a_steps_length_is_counted_on_the_encoded_text():
    words = {"layup": ["run"] * 1 + ["one two three four"]}
    exact = TokenLimit(
        tokens=9, template="{label} in {domain} {step}", count=lambda t: len(t.split())
    )
    assert script_faults(words, "basketball", limit=exact) == []
    tight = TokenLimit(
        tokens=6, template="{label} in {domain} {step}", count=lambda t: len(t.split())
    )
    assert script_faults(words, "basketball", limit=tight) == [
        'Step 2 of "layup" is too long by about 1 tokens; shorten it.'
    ]


def test_shared_steps_are_found_despite_case_and_punctuation():
    scripts = {"a": ["Jump up!", "turn"], "b": ["jump  up", "kick"]}
    assert shared_steps(scripts) == {"Jump up!", "jump  up"}


def test_the_shipped_scripts_pass_our_own_checks():
    domains = shipped_domains()
    assert sum(map(len, domains.values())) >= 600
    for domain, scripts in domains.items():
        everything = {}
        for script in scripts:
            assert len(script.wordings) >= 5, script.label
            for number, wording in enumerate(script.wordings):
                everything[f"{script.label} {number}"] = wording.steps
        assert script_faults(everything, domain, min_steps=3, max_steps=10) == []


def test_shipped_scripts_are_found_by_label_and_domain():
    found = shipped_scripts(["Push-Up", "moon walk"], "fitness")
    assert list(found) == ["Push-Up"]
    assert (found["Push-Up"].label, found["Push-Up"].domain) == ("Push-Up", "fitness")
    assert shipped_scripts(["push up"], "chess") == {}
    assert shipped_scripts(["push up"], " ")["push up"].domain == "gym"
    assert list(shipped_scripts(["serve", "pirouette"])) == ["serve", "pirouette"]


def test_in_its_domain_an_action_is_found_without_the_domains_name():
    known = {one.label: one.steps for one in shipped_domains()["table tennis"]}
    for domain in ("table tennis", "Table-Tennis", "ping pong"):
        found = shipped_scripts(["serves", "smash"], domain)
        assert found["serves"].steps == known["table tennis serve"]
        assert found["smash"].steps == known["table tennis smash"]
    assert shipped_scripts(["serve"])["serve"].domain == "tennis"
    assert list(shipped_scripts(["snatch", "squat"], "weightlifting")) == ["snatch", "squat"]


def test_shipped_scripts_take_a_text_of_labels_and_refuse_what_is_none():
    assert list(shipped_scripts("push up, squats")) == ["push up", "squats"]
    with pytest.raises(UsageError, match="A label is 5; give a text"):
        shipped_scripts(["squat", 5])
    with pytest.raises(UsageError, match="The labels are None; give a list of texts"):
        shipped_scripts(None)
    with pytest.raises(UsageError, match="The domain is 5; give a text, such as gym"):
        shipped_scripts(["squat"], 5)


def test_shipped_scripts_are_found_by_plurals_and_other_names():
    named = {
        "push_ups": "push up",
        "crunches": "crunch",
        "press-ups": "push up",
        "child\u2019s pose": "child's pose",
        "overhead press": "shoulder press",
        "calf raises": "calf raise",  # which is another name of a heel raise as well
    }
    found = shipped_scripts(list(named))
    assert [script.label for script in found.values()] == list(named)
    known = {one.label: one for scripts in shipped_domains().values() for one in scripts}
    for name, label in named.items():
        assert found[name].wordings[0].steps == known[label].steps
        assert found[name].rewordings == known[label].rewordings


def test_no_two_actions_of_a_field_share_a_name():
    for domain, scripts in shipped_domains().items():
        labels = [script.label for script in scripts]
        assert list(shipped_scripts(labels, domain)) == labels


def test_a_template_is_refused_until_it_is_filled_in():
    text = script_template(['say "hi": now', "squat"], "gym", 3)
    with pytest.raises(UsageError, match=r"step 1"):
        parse_scripts(yaml.safe_load(text), source="template")
    filled = yaml.safe_load(text.replace('""', '"a step"'))
    scripts = parse_scripts(filled, source="template")
    assert [s.label for s in scripts] == ['say "hi": now', "squat"]
    assert scripts[1] == shipped_scripts(["squat"], "gym")["squat"]


def test_the_command_line_defaults_to_the_configurations_model():
    from actalign.cli._subactions_options import DEFAULT_LLM

    assert LLMConfig().model == DEFAULT_LLM
