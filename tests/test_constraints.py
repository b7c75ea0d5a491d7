"""The locked versions: what the file says, and that pyproject.toml allows it."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

requirements = pytest.importorskip("packaging.requirements")

ROOT = Path(__file__).parents[1]


def test_every_locked_version_is_in_the_range_that_pyproject_gives():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    locked = dict(line.split("==") for line in lines if not line.startswith("#"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = project["project"]["optional-dependencies"]
    wanted = [
        *project["project"]["dependencies"],
        *(one for extra in extras.values() for one in extra),
        *(one for one in project["dependency-groups"]["dev"] if isinstance(one, str)),
        *project["dependency-groups"]["test"],
    ]
    checked = 0
    for text in wanted:
        wish = requirements.Requirement(text)
        if wish.name.lower() in locked:
            checked += 1
            assert wish.specifier.contains(locked[wish.name.lower()]), (
                f"constraints.txt has {wish.name} {locked[wish.name.lower()]}, but pyproject.toml "
                f"wants {text}; run scripts/setup lock"
            )
    assert checked >= 25


def test_a_report_becomes_sorted_lines_without_the_package_itself(tmp_path):
    def item(name, version, **source):
        return {"metadata": {"name": name, "version": version}, "download_info": source}

    report = {
        "environment": {"python_version": "3.11"},
        "install": [
            item("torch", "2.13.0+cpu", archive_info={}),
            item("actalign", "0.1.0", dir_info={"editable": True}),
            item("PyYAML", "6.0.3", archive_info={}),
            item("typing_extensions", "4.16.0", archive_info={}),
        ],
    }
    (tmp_path / "report.json").write_text(json.dumps(report))
    script = [sys.executable, ROOT / "scripts" / "constraints.py", tmp_path / "report.json"]
    done = subprocess.run(script, capture_output=True, text=True, check=True)
    head = [line for line in done.stdout.splitlines() if line.startswith("#")]
    assert "CPython 3.11" in head[0]
    assert "scripts/setup lock" in "".join(head)
    assert done.stdout.splitlines()[len(head) :] == [
        "pyyaml==6.0.3",
        "torch==2.13.0",
        "typing-extensions==4.16.0",
    ]
