"""What the README and the generated docs promise."""

import json
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import command
import pytest

import actalign
from actalign.alignment import AFFINITIES, AVERAGES, PATHS, SCORERS
from actalign.demo import demo_clips
from actalign.evaluation import READERS
from actalign.output._export import FORMATS

ROOT = Path(__file__).parents[1]
FOLDERS = (".", "docs", "design", "benchmarks", "benchmarks/mini_atlas", "examples", "training")


@pytest.mark.slow
def test_the_readmes_program_runs(tmp_path):
    code = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert len(code) == 1
    done = subprocess.run(
        [sys.executable, "-c", code[0]], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"\d\.\d\d to +\d\.\d\d s  \w", done.stdout)


@pytest.mark.slow
def test_the_programs_of_the_how_tos_run(tmp_path):
    pytest.importorskip("pandas")
    page = (ROOT / "docs" / "howto.md").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"```python\n(.*?)```", page, re.DOTALL))
    clip = demo_clips()[0]
    (tmp_path / "clips.csv").write_text(f"who,video\nme,{clip.path}\nyou,missing.mp4\n")
    steps = {script.label: list(script.steps) for script in clip.scripts}
    (tmp_path / "scripts.yaml").write_text(json.dumps({"scripts": steps}))
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nprint(steps['step'].nunique())"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = (tmp_path / "answers.csv").read_text().splitlines()
    assert lines[0] == "who,video,label,confidence,error,warnings"
    assert lines[1].startswith(f"me,{clip.path},clean and press,0.97")
    assert "There is no file missing.mp4." in lines[2]


OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def test_every_option_in_the_how_tos_is_one_of_its_command():
    reference = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    known = {
        head.strip("`"): set(OPTION.findall(text))
        for head, text in re.findall(r"^## (`[^`]+`)\n(.*?)(?=^## |\Z)", reference, re.M | re.S)
    }
    for page in (ROOT / "README.md", ROOT / "docs" / "howto.md"):
        text = page.read_text(encoding="utf-8")
        lines = re.findall(r"^ *(actalign [^#\n]+)", text, re.M) + re.findall(
            r"`(actalign [^`]+)`", text
        )
        for line in lines:
            words = line.split()
            command = next((name for n in (3, 2) if (name := " ".join(words[:n])) in known), None)
            assert command or words[1].startswith(("-", "takes", "has")), line
            for option in OPTION.findall(line):
                assert option in known[command], f"{page.name}: {line}"


def test_links_in_the_readme_and_docs_lead_to_files():
    pages = [path for folder in FOLDERS for path in (ROOT / folder).glob("*.md")]
    for page in pages:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize(
    ("maker", "needs"),
    [
        ("make_cli_docs.py", ()),
        ("make_row_docs.py", ()),
        ("make_python_docs.py", ("torch", "fastapi")),
    ],
)
def test_a_generated_page_is_up_to_date(maker, needs):
    if not all(map(find_spec, needs)):
        pytest.skip(f"needs {', '.join(needs)}")
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / maker, "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


CONTROLS = ("_shuffled", "_reversed", "_order_free", "_equal_split")
"""How names of controls end, of which the page on the method describes the kinds."""


@pytest.mark.parametrize(
    ("page", "head", "names"),
    [
        ("README.md", "## Your own clips", FORMATS),
        ("docs/cli.md", "## `actalign export`", FORMATS),
        ("docs/python.md", "### `export`", FORMATS),
        ("docs/cli.md", "## `actalign eval clips`", READERS),
        ("docs/evaluate.md", "## Benchmarks", {*READERS} - {"questions", "table", "folder"}),
        *(
            ("docs/method.md", "# The method", [n for n in table if not n.endswith(CONTROLS)])
            for table in (AFFINITIES, PATHS, AVERAGES, SCORERS)
        ),
    ],
)
def test_what_can_be_named_stands_in_the_docs(page, head, names):
    text = f"\n{(ROOT / page).read_text(encoding='utf-8')}"
    level = head.partition(" ")[0]
    _, found, section = text.partition(f"\n{head}")
    assert found
    section = section.partition(f"\n{level} ")[0]
    missing = [name for name in names if not re.search(rf"(?<![\w-]){name}(?![\w-])", section)]
    made = {"docs/cli.md": "options' help", "docs/python.md": "docstrings"}
    where = f" (made from {made[page]})" if page in made else ""
    assert missing == [], f"{page}{where} does not say what these are, under {head!r}"


def test_the_published_schema_is_what_the_command_prints():
    done = command.actalign("schema")
    assert done.returncode == 0
    assert done.stdout == (ROOT / "docs" / "row.schema.json").read_text(encoding="utf-8")


def test_every_name_of_the_package_is_described_once():
    page = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    times = {name: page.count(f"\n### `{name}`\n") for name in actalign.__all__}
    assert times == dict.fromkeys(actalign.__all__, 1)


@pytest.mark.slow
def test_the_demo_classifies_the_shipped_clips_and_draws_them(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "actalign", "demo", "--out", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in (tmp_path / "predictions.jsonl").read_text().splitlines()]
    assert 3 <= len(rows) <= 4
    assert sum(row["filtered_resps"] == [row["target"]] for row in rows) >= len(rows) - 1
    for row in rows:
        assert row["status"] == "ok"
        assert (tmp_path / f"{row['doc_id']}.png").read_bytes().startswith(b"\x89PNG")
        assert row["candidates"][0]["label"] in done.stdout


def test_shipped_clips_are_small():
    clips = list((ROOT / "src" / "actalign" / "demo").glob("*.mp4"))
    assert 3 <= len(clips) <= 4
    assert sum(clip.stat().st_size for clip in clips) < 3_000_000
