"""The image's recipe and its manual, held against what they name; scripts/test-image builds it."""

import fnmatch
import re
import shlex
import tomllib
from pathlib import Path

import pytest
import typer

from actalign.cli._main import app

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LINES = [
    line.split(None, 1)
    for line in re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text()).splitlines()
    if line and not line.startswith("#")
]


def told(instruction):
    return [rest for name, rest in LINES if name == instruction]


def accepted(words):
    """Whether `actalign` knows the verb and all options of a command line; nothing is run."""
    verb, *rest = words
    command = typer.main.get_command(app)
    while verb is not None:
        command = command.commands[verb]
        verb = rest.pop(0) if hasattr(command, "commands") else None
    command.make_context("actalign", rest, resilient_parsing=False)


def test_the_recipe_copies_what_is_there_and_what_is_not_ignored():
    copied = [name for line in told("COPY") for name in line.split()[:-1]]
    assert {"pyproject.toml", "src", PROJECT["readme"], *PROJECT["license-files"]} <= set(copied)
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignored
    assert sorted(line[1:] for line in ignored if line[:1] == "!") == sorted(copied)
    for name in copied:
        assert (ROOT / name).exists()
        assert not any(fnmatch.fnmatch(name, line) for line in ignored if line[:1] not in "#!*")


def test_the_recipe_installs_extras_that_there_are_and_fetches_weights():
    [install, fetch, user] = told("RUN")
    [extras] = re.findall(r'"/src\[(.*)\]"', install)
    assert {"body", "web"} <= set(extras.split(",")) <= set(PROJECT["optional-dependencies"])
    assert "--constraint /src/constraints.txt" in install
    accepted(shlex.split(fetch)[1:])
    assert "useradd" in user


def test_the_recipe_runs_as_a_user_on_a_python_that_is_supported():
    names = [name for name, _ in LINES]
    [user] = told("USER")
    assert user not in ("root", "0")
    assert f"--create-home {user}" in told("RUN")[-1]
    assert "RUN" not in names[names.index("USER") :]
    [base] = told("FROM")
    version = re.fullmatch(r"python:(\d\.\d+)-slim", base)[1]
    assert f"Programming Language :: Python :: {version}" in PROJECT["classifiers"]
    [constraints] = re.findall(r"CPython ([\d.]+)", (ROOT / "constraints.txt").read_text())
    assert version == constraints
    for place in told("ENV"):
        assert re.fullmatch(r"ACTALIGN_(WEIGHTS|CACHE)=/[a-z/]+", place)


@pytest.fixture
def manual(tmp_path, monkeypatch):
    """The commands after the image's name in docs/docker.md; () for the image's own."""
    (tmp_path / "clips").mkdir()
    (tmp_path / "scripts.yaml").write_text("scripts: {}")
    monkeypatch.chdir(tmp_path)
    text = (ROOT / "docs" / "docker.md").read_text()
    lines = re.findall(r"docker run [^\n`]*", text)
    assert len(lines) == 3
    own = re.findall(r'"([^"]+)"', told("CMD")[0])
    return [(line, shlex.split(line.partition(" actalign ")[2]) or own) for line in lines]


def test_the_manuals_commands_are_known(manual):
    for line, words in manual:
        accepted(words)
        # A page that is to be seen outside listens beyond the container's own loopback.
        assert ("-p 127.0.0.1:8000:8000" in line) == ("0.0.0.0" in words)
    assert [words[0] for _, words in manual] == ["serve", "classify", "serve"]
    assert told("EXPOSE") == ["8000"]
