"""The package as a whole: which way imports go, what importing costs, and its one version."""

import json
import re
import resource
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import actalign
from scripts import structure

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "actalign"

# A room may import from itself and from the rooms before a "<" to its left. Nothing else is listed.
ORDER = """
errors < program < arguments < addresses < documents < files < services < hub < compiling
< rows < encoder_info < types < background
< video, encoders, alignment, scripts
< clips, demo, second_look < competitions, confidence, repetitions
< candidates < examples < classifier
< output, cluster < evaluation < web < cli
"""
LEVEL = {
    room.strip(): level for level, rooms in enumerate(ORDER.split("<")) for room in rooms.split(",")
}
# These four describe each other's values, so they may name each other's types.
FIRST = {"errors", "documents", "files", "rows", "types"}
# What users import and run: they stand above all rooms.
FACE = {"__init__", "__main__", "_moved"}
LONGEST_FILE = 450


@pytest.fixture(scope="module")
def modules():
    return structure.modules(SOURCE)


@pytest.fixture(scope="module")
def imports(modules):
    return structure.imports(modules)


def test_every_room_has_its_place_in_the_order(modules):
    rooms = {module.room for module in modules.values()} - FACE
    assert rooms <= set(LEVEL), "a room that ORDER doesn't have"
    assert set(LEVEL) <= rooms, "a room of ORDER that doesn't exist"


def allowed(one):
    """Whether the import goes to the room itself or to a room before it."""
    source, target = structure.room_of(one.source), structure.room_of(one.target)
    if source == target or source in FACE or target == "__init__":  # there: `__version__`
        return True
    if one.checking and {source, target} <= FIRST:
        return True
    return LEVEL.get(target, len(LEVEL)) < LEVEL.get(source, -1)


def test_imports_go_one_way(modules, imports):
    wrong = [
        f"{modules[one.source].path.relative_to(ROOT)}:{one.line} imports {one.target}"
        for one in imports
        if not allowed(one)
    ]
    assert not wrong, "\n".join(["imports of a room that is not before:", *wrong])


def test_no_modules_import_each_other_in_a_circle(imports):
    assert structure.circles(imports) == []


def test_no_file_is_too_long(modules):
    long = {
        str(module.path.relative_to(ROOT)): module.lines
        for module in modules.values()
        if module.lines > LONGEST_FILE
    }
    assert long == {}


def test_what_is_not_documented_is_private(modules):
    """A module in a room starts with an underscore, or README.md or docs/ name it in full."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    public = [
        name
        for name in modules
        if name.count(".") >= 2 and not any(part.startswith("_") for part in name.split("."))
    ]
    undocumented = [name for name in public if not re.search(rf"\b{re.escape(name)}\b", text)]
    assert not undocumented, f"neither private nor documented: {', '.join(undocumented)}"


def toy_package(folder, files):
    """A package `toy` of these files, parsed."""
    for name, text in {"__init__.py": "", **files}.items():
        path = folder / "toy" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return structure.modules(folder / "toy")


def test_structure_sees_lazy_imports_and_looks_behind_the_face_of_a_room(tmp_path):
    known = toy_package(
        tmp_path,
        {
            "room/__init__.py": "from toy.room._in import Thing as Name\n__all__ = ['Name']",
            "room/_in.py": "from toy.tools import tool\nclass Thing: ...",
            "tools.py": "def tool():\n    def inner():\n        from .room import Name",
            "types.py": "from typing import TYPE_CHECKING\n"
            "if TYPE_CHECKING:\n    import toy.tools\nelse:\n    from toy import errors",
            "errors.py": "import importlib\nimportlib.import_module('toy.types')\nLIMIT = 1",
        },
    )
    found = structure.imports(known)
    assert {(one.source, one.target, one.lazy, one.checking) for one in found} == {
        ("toy.room", "toy.room._in", False, False),
        ("toy.room._in", "toy.tools", False, False),
        ("toy.tools", "toy.room._in", True, False),
        ("toy.types", "toy.tools", False, True),
        ("toy.types", "toy.errors", False, False),
        ("toy.errors", "toy.types", False, False),
    }
    assert structure.circles(found) == [["toy.errors", "toy.types"], ["toy.room._in", "toy.tools"]]
    assert [(one.name, one.lines) for one in structure.functions(known)] == [("tool", 3)]
    assert structure.public_definitions(known) == {
        ("toy.room._in", "Thing"),
        ("toy.tools", "tool"),
        ("toy.errors", "LIMIT"),
    }


def test_structure_prints_what_it_counts():
    script = [sys.executable, ROOT / "scripts" / "structure.py"]
    text = subprocess.run(script, capture_output=True, text=True, check=True).stdout
    data = subprocess.run([*script, "--json"], capture_output=True, text=True, check=True).stdout
    found = json.loads(data)
    assert text.startswith(f"{found['modules']} modules, {found['lines']} lines")
    assert sum(room["lines"] for room in found["rooms"]) == found["lines"]
    wrong = subprocess.run([*script, "--root", ROOT], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert "not the folder of a package" in wrong.stderr


def test_the_version_has_one_source():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" not in project["project"]
    assert project["project"]["dynamic"] == ["version"]
    assert ROOT / project["tool"]["hatch"]["version"]["path"] == SOURCE / "__init__.py"

    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == actalign.__version__
    # The locked versions are those of other packages; if this one is named, by its version.
    locked = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    own = [line for line in locked if re.match(r"actalign\b", line)]
    assert own in ([], [f"actalign=={actalign.__version__}"])


def test_import_loads_no_package_and_quickly():
    code = (
        "import sys, time; start = time.process_time(); import actalign;"
        "spent = time.process_time() - start;"
        "heavy = {'numpy', 'numba', 'av', 'onnxruntime', 'matplotlib', 'pydantic', 'typer', 'rich',"
        " 'torch', 'transformers', 'pyarrow'};"
        "print(spent, sorted(heavy & set(sys.modules)))"
    )
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        for _ in range(3)
    ]
    spent = min(float(run.stdout.split()[0]) for run in runs)
    assert runs[0].stdout.split(maxsplit=1)[1].strip() == "[]"
    assert spent < 0.1


def test_help_answers_within_a_second():
    best = float("inf")
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run = subprocess.run(
            [sys.executable, "-m", "actalign", "--help"], capture_output=True, text=True, check=True
        )
        # Processor time, so that a busy machine does not decide.
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    assert "classify" in run.stdout
    assert best < 1.0


def test_every_public_name_can_be_had():
    for name in actalign.__all__:
        assert getattr(actalign, name) is not None
    assert set(actalign.__all__) <= set(dir(actalign))


def test_module_paths_of_earlier_documentation_work_with_a_warning():
    code = (
        "import warnings; warnings.simplefilter('always')\n"
        "from actalign.generation import Question, generate_scripts\n"
        "from actalign.figures import alignment_figure\n"
        "from actalign.pipeline import thumbnails\n"
        "from actalign.llm import LLMConfig\n"
        "import actalign\n"
        "assert Question is actalign.scripts.ScriptRequest\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "actalign.generation.Question is now actalign.scripts.ScriptRequest" in run.stderr
    missing = [sys.executable, "-c", "import actalign.nowhere"]
    assert (
        b"ModuleNotFoundError" in subprocess.run(missing, capture_output=True, check=False).stderr
    )
