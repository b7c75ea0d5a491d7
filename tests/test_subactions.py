import json

import numpy as np
import pytest

from actalign.documents import parse_yaml
from actalign.errors import UsageError
from actalign.scripts._bank import read_bank
from actalign.scripts._labels import split_labels
from actalign.scripts._script import as_scripts, load_scripts, parse_scripts, scripts_for
from actalign.scripts._shipped import script_template
from actalign.scripts._templates import label_text, step_texts
from actalign.types import Script

BLOCK = {"domain": "basketball", "scripts": {"jump shot": ["knees bent", "ball released"]}}


def write(folder, data, name="s.json"):
    path = folder / name
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return path


def test_json_yaml_lists_and_the_references_file_are_read_alike(tmp_path):
    yaml = "domain: basketball\nscripts:\n  jump shot:\n  - knees bent\n  - ball released\n"
    reference = [
        {
            "youtube_id": "x",
            "id": "q1",
            "domain": "basketball",
            "action": "jump shot",
            "question": "?",
            "cleaned_options": ["jump shot"],
            "correct_answer_index": 0,
            "subactions": {"jump shot in basketball": BLOCK["scripts"]["jump shot"]},
        }
    ]
    expected = [Script("jump shot", ("knees bent", "ball released"), "basketball")]
    assert load_scripts(write(tmp_path, BLOCK)) == expected
    assert load_scripts(write(tmp_path, [BLOCK], "l.json")) == expected
    assert load_scripts(write(tmp_path, yaml, "s.yaml")) == expected
    assert load_scripts(write(tmp_path, reference, "generated_subactions.json")) == expected


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"scripts": {"dunk": ["run up", "  "]}}, r"label 'dunk', step 2"),
        ({"scripts": {"dunk": []}}, r"label 'dunk'"),
        ({"scripts": {"dunk": "run up"}}, r"label 'dunk'"),
        ({"scripts": {"dunk": ["run", 7]}}, r"label 'dunk', step 2"),
        (
            {"scripts": {"dunk": ["run", "j\0mp"]}},
            r"step 2: it holds the control character U\+0000; l",
        ),
        (
            {"scripts": {"du\ank": ["run"]}},
            r"label 'du\\x07nk': it holds the control character U\+0007",
        ),
        ({"domain": "\x1b[31m", "scripts": {"dunk": ["run"]}}, r"'domain' .* character U\+001B"),
        ({"scripts": {}}, r"field 'scripts' holds '{}'; write each action's name below it"),
        (
            {"domain": "x"},
            r"no field 'scripts'; write the actions, as \{\"scripts\": \{\"an action\": ",
        ),
        ([], "is empty"),
        (["dunk"], "block 1 holds 'dunk'"),
        ("{not json", "not valid JSON or YAML"),
    ],
)
def test_a_bad_file_is_named_with_label_and_step(tmp_path, data, sentence):
    path = write(tmp_path, data)
    with pytest.raises(UsageError, match=sentence) as caught:
        load_scripts(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("push up:\n  - arms straight\n", "has no field 'scripts'; write the actions, indented,"),
        ("script:\n  dunk:\n    - run up\n", "has the field 'script'; did you mean 'scripts'?"),
        ("domian: a\nscripts:\n  dunk: [run]\n", "has the field 'domian'; did you mean 'domain'?"),
        ("scripts:\n  - dunk\n", "field 'scripts' holds .*; write each action's name below it"),
        ("scripts:\n", "field 'scripts' holds nothing; write each action's name below it"),
        ("scripts:\n  dunk:\n", "label 'dunk' is without steps; give at least one"),
        ("scripts:\n  dunk: run up\n", "label 'dunk' is 'run up', not a list; write each step on"),
        ("scripts:\n  dunk:\n    - arms: up\n", """step 1 .* put it in quotes: "arms: up"."""),
        ("scripts:\n  dunk:\n    -\n", "label 'dunk', step 1 is empty; write what a camera sees"),
        ("scripts:\n  dunk: [run]\n putt: [bend]\n", "lines are not indented equally, line 3"),
        ("scripts:\n\tdunk:\n", "it contains a tab where YAML allows only spaces, line 2"),
        ("scripts:\n  dunk\n    - run\n  putt:\n    - bend\n", "one is missing above it.*, line 4"),
        ("scripts:\n  dunk:\n    - run\n  putt\n    - bend\n", "'- ' before it or ':' .*, line 4"),
        ("scripts:\n  dunk:\n    - run\n    up\n    - go\n", "'- ' before it or ':' .*, line 4"),
        ("scripts:\n  dunk: - run\n", "a '- ' is not at the beginning of its line, line 2"),
        ("scripts:\n  dunk:\n    - 'run\n    - go\n", "a quotation mark is not closed, line 3"),
        ("scripts:\n  dunk:\n    - 'run' up\n", "put all of it in quotes, line 3"),
    ],
)
def test_a_slip_in_yaml_is_said_in_words_that_say_what_to_do(tmp_path, text, sentence):
    path = tmp_path / "scripts.yaml"
    path.write_text(text)
    for read in (load_scripts, read_bank):
        with pytest.raises(UsageError, match=sentence) as caught:
            read(path)
        assert str(path) in str(caught.value)


def test_a_text_in_place_of_a_list_of_steps_is_refused():
    for make in (lambda steps: as_scripts({"dunk": steps}), lambda steps: Script("dunk", steps)):
        with pytest.raises(UsageError, match="steps of 'dunk' are 'jumping'; give a list of texts"):
            make("jumping")
        with pytest.raises(UsageError, match=r"steps of 'dunk' are array.*; give a list of texts"):
            make(np.array(["run up", "jump"]))
        with pytest.raises(UsageError, match="Step 2 of the script of 'dunk' is 7, not a text"):
            make(["run up", 7])


def test_a_missing_file_is_a_sentence(tmp_path):
    with pytest.raises(UsageError, match=r"none\.json can't be read: No such file"):
        load_scripts(tmp_path / "none.json")


def test_labels_keep_their_order_and_find_their_script_by_domain_and_case():
    scripts = [
        Script("Serve", ("toss the shuttle",), "badminton"),
        Script("serve", ("toss the ball",), "tennis"),
    ]
    chosen, without = scripts_for(["smash", "SERVE"], scripts, domain="Tennis")
    assert [s.label for s in chosen] == ["smash", "SERVE"]
    assert chosen[1].steps == ("toss the ball",)
    assert chosen[0].steps == ("smash",)
    assert without == ["smash"]


@pytest.mark.parametrize(
    ("labels", "sentence"),
    [
        ([], "at least one label"),
        (["a", " "], "is empty"),
        (["Dunk", "dunk "], "given twice"),
        (["push up", "Push\u00a0 up"], "given twice"),
    ],
)
def test_bad_labels_are_refused(labels, sentence):
    with pytest.raises(UsageError, match=sentence):
        scripts_for(labels, [])


def test_templates_are_filled_in_with_lower_case_labels_and_do_without_a_domain():
    step = "This is a video of doing {label} in {domain} with {step}"
    name = "This is a video of {domain} executing {label}"
    script = Script("Jump Shot", ("Knees bent",), "basketball")
    assert step_texts(script, step) == [
        "This is a video of doing jump shot in basketball with Knees bent"
    ]
    assert label_text(script, name) == "This is a video of basketball executing jump shot"
    bare = Script("Jump Shot", ("Knees bent",))
    assert step_texts(bare, step) == ["This is a video of doing jump shot with Knees bent"]
    assert label_text(bare, name) == "This is a video of executing jump shot"
    with pytest.raises(UsageError, match="may contain"):
        step_texts(script, "{sport}: {step}")


COMPOSED, DECOMPOSED = "coup d'\u00e9p\u00e9e", "coup d'e\u0301pe\u0301e"


def test_a_label_is_the_same_however_its_accents_were_typed(tmp_path):
    (tmp_path / "s.json").write_text(json.dumps({"scripts": {DECOMPOSED: ["lunge", "thrust"]}}))
    scripts = load_scripts(tmp_path / "s.json")
    assert scripts_for([COMPOSED], scripts) == ([Script(COMPOSED, ("lunge", "thrust"))], [])
    assert scripts_for([DECOMPOSED], scripts) == scripts_for([COMPOSED], scripts)
    by_hand = Script(DECOMPOSED, (DECOMPOSED,))
    assert step_texts(by_hand, "{label}: {step}") == [f"{COMPOSED}: {COMPOSED}"]
    with pytest.raises(UsageError, match="given twice"):
        scripts_for([COMPOSED, DECOMPOSED.upper()], scripts)
    both = {"scripts": {DECOMPOSED: ["lunge"], COMPOSED: ["thrust"]}}
    (tmp_path / "both.json").write_text(json.dumps(both))
    with pytest.raises(UsageError, match=r"both\.json: The label .* is given twice"):
        load_scripts(tmp_path / "both.json")


def test_a_label_is_the_same_whatever_space_stands_between_its_words(tmp_path):
    given = {
        "domain": "table tennis",
        "subactions": {"slow\u00a0serve  in table\u00a0 tennis": ["toss"]},
    }
    (tmp_path / "s.json").write_text(json.dumps(given))
    scripts = load_scripts(tmp_path / "s.json")
    for label in ("slow serve", "slow  serve", "slow\u00a0serve"):
        assert scripts_for([label], scripts)[0][0].steps == ("toss",)


def test_a_label_with_hyphens_takes_the_script_that_is_meant():
    own = Script("bench press", ("down", "up"))
    chosen, without = scripts_for(["Bench-Press", "squats"], [own, Script("squat", ("low",))])
    assert [(one.label, one.steps) for one in chosen] == [
        ("Bench-Press", ("down", "up")),
        ("squats", ("low",)),
    ]
    assert not without
    # Not where it is not clear which one is meant, or where that is another candidate's.
    assert scripts_for(["bench press", "bench-press"], [own])[1] == ["bench-press"]
    two = [own, Script("bench_press", ("slow",))]
    assert scripts_for(["Bench-Press"], two)[1] == ["Bench-Press"]


def test_the_references_labels_lose_their_domain_however_its_accents_were_typed():
    block = {"domain": COMPOSED, "subactions": {f"parry in {DECOMPOSED}": ["blade meets blade"]}}
    (script,) = parse_scripts([block], source="s")
    assert script.label == "parry"


def test_yaml_labels_that_look_like_other_things_are_text(tmp_path):
    (tmp_path / "s.yaml").write_text("scripts:\n  yes: [on]\n  360: [1:30, 0x10]\n  null: [x]\n")
    found = {script.label: script.steps for script in load_scripts(tmp_path / "s.yaml")}
    assert found == {"yes": ("on",), "360": ("1:30", "0x10"), "null": ("x",)}


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("a,b", ["a", "b"]),
        (" hook shot , , jump shot,", ["hook shot", "jump shot"]),
        ('"snatch, clean", jerk', ["snatch, clean", "jerk"]),
        ('say ""hi"", "say ""hi"""', ['say ""hi""', 'say "hi"']),
        ('5" bar\nrow', ['5" bar', "row"]),
        ("“hook shot”, « saut », ‚Sprung‘", ["hook shot", "saut", "Sprung"]),
        ("“hook” or “jump”, “half, ”, “", ["“hook” or “jump”", "“half", "”", "“"]),
        ("", []),
    ],
)
def test_labels_in_one_text_are_split_at_commas_outside_quotes(text, labels):
    assert split_labels(text) == labels


def test_a_quote_that_does_not_end_is_refused():
    with pytest.raises(UsageError, match="double quotes"):
        split_labels('a, "b, c')


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        ("This is a video of {label}", r"it lacks \{step\}"),
        ("{step} by {who}", r"it has \{who\}"),
        ("{step} {", "is wrong"),
        ("{step} {0}", r"it has \{0\}"),
    ],
)
def test_a_template_needs_its_placeholder_and_no_other(template, sentence):
    with pytest.raises(UsageError, match=sentence):
        step_texts(Script("a", ("x", "y")), template)
    with pytest.raises(UsageError, match=r"it lacks \{label\}"):
        label_text(Script("a", ("x",)), "a video of {domain}")


@pytest.mark.parametrize(
    ("label", "meant"),
    [
        ("pusch up", "push up"),
        ("psuh up", "push up"),
        ("bench pess", "bench press"),
        ("Squatt", "squat"),
        ("hamstrng strech", "hamstring stretch"),
        ("dumbell latteral raise", "dumbbell lateral raise"),
        ("bent row", "bent over row"),
        ("Seitheben (Lateral Raises)", "lateral raise"),
        ("barbell curl / Langhantelcurl", "barbell curl"),
        ("1. Pull-Ups", "pull up"),
        ("• Squats", "squat"),
        # Other actions, however many letters they share.
        ("rowing", None),  # throwing
        ("put down", None),  # pulldown
        ("step down", None),  # sit down
        ("swing", None),  # sawing
        ("dumbbell snatch", None),  # barbell snatch
        ("clean", None),  # kb clean
        ("the dog", None),  # half dog at the wall
        ("hand up", None),  # close hand push up
        ("Kniebeuge", None),
        ("push up/pull up", None),
    ],
)
def test_only_a_name_with_a_typo_without_one_word_or_beside_another_is_proposed(label, meant):
    said = script_template([label], None, 3)
    assert ("did you mean" in said) == (meant is not None)
    if meant is not None:
        assert f"{label!r} has no shipped script; did you mean {meant!r}?" in said


def test_a_template_says_why_labels_are_not_filled_in():
    said = script_template(["push up; pull up", "squat", "zig, zag", "dips"], "gimnastics", 3)
    notes = [line for line in said.splitlines() if line.startswith("# ")][3:]
    assert notes == [
        "# no scripts of the domain 'gimnastics' ship; did you mean 'gymnastics'?",
        "# 'push up; pull up' is one label; if it is several actions, name each by itself",
        "# 'squat' has a shipped script in gym, not in gimnastics; leave out the domain to use it",
        "# 'dips' has a shipped script in gym, not in gimnastics; leave out the domain to use it",
    ]
    assert parse_yaml(said)["domain"] == "gimnastics"
    for domain in (None, "gym", "fitness", "my own sport"):
        assert "did you mean" not in script_template(["my move"], domain, 3)
