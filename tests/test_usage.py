"""The help of each verb: the order of use, and examples that are right."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from actalign.cli._main import app
from actalign.cli._usage import EXAMPLES
from tests.command import actalign

ROOT = typer.main.get_command(app)


def verbs(command=ROOT, name=""):
    """Every verb and group by its name."""
    for child, one in getattr(command, "commands", {}).items():
        yield f"{name}{child}", one
        yield from verbs(one, f"{name}{child} ")


def test_every_verb_and_group_has_an_example_that_its_help_shows():
    found = dict(verbs())
    assert set(found) == set(EXAMPLES)
    for name, examples in EXAMPLES.items():
        shown = " ".join(actalign(*name.split(), "--help", COLUMNS=200).stdout.split())
        for example in examples:
            assert example.startswith(f"actalign {name}")
            assert example in shown, name


@pytest.mark.parametrize("line", sorted({line for lines in EXAMPLES.values() for line in lines}))
def test_every_example_is_right_usage(line):
    """Its words are parsed as the command itself does, up to the work."""
    _, *words = shlex.split(line)
    command, context = ROOT, None
    while hasattr(command, "commands"):
        command = command.commands[words[0]]
        context = command.make_context(words[0], words[1:], parent=context)
        words = words[1:]
    assert context is not None


def test_the_examples_of_scripts_work_one_after_another(tmp_path):
    for name in ("list", "template", "show", "validate"):
        for line in EXAMPLES[f"subactions {name}"]:
            done = actalign(*shlex.split(line)[1:], cwd=tmp_path)
            assert done.returncode == 0, (line, done.stderr)
    assert "squat" in (tmp_path / "scripts.yaml").read_text()


def test_verbs_are_listed_in_the_order_of_use():
    shown = [word for line in actalign("--help").stdout.splitlines() for word in line.split()[1:2]]
    at = [shown.index(name) for name in EXAMPLES if " " not in name]
    assert at == sorted(at)
    assert set(ROOT.commands) == {name for name in EXAMPLES if " " not in name}


def test_the_help_and_an_error_tell_a_beginner_what_to_type():
    shown = " ".join(actalign("--help", COLUMNS=200).stdout.split())
    assert f"To begin with: actalign demo {EXAMPLES['classify'][0]}" in shown
    refused = actalign("classify", "clips", "--model", "body")
    assert refused.returncode == 2
    assert '--labels "push up,squat"' in refused.stderr


def test_the_glossary_is_in_the_order_of_the_alphabet():
    page = (Path(__file__).parents[1] / "docs" / "glossary.md").read_text(encoding="utf-8")
    heads = re.findall(r"^- \*\*(.+?)\*\*", page, re.M)
    words = [re.sub(r"[^a-z ]", " ", head.lower()) for head in heads]
    assert words == sorted(words)
