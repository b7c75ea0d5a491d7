"""The programs and the notebook of `examples/`, run as a reader would run them."""

import csv
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from actalign.demo import demo_clips

EXAMPLES = Path(__file__).parents[1] / "examples"
NOTEBOOK = EXAMPLES / "walkthrough.ipynb"
RUN_NOTEBOOK = """
import sys, nbclient, nbformat
notebook = nbformat.read(sys.argv[1], as_version=4)
nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
nbformat.write(notebook, sys.argv[2])
"""


def run(*args, cwd):
    done = subprocess.run(
        [sys.executable, *map(str, args)], capture_output=True, text=True, cwd=cwd, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def demo(tmp_path):
    """A shipped clip in a folder, and its candidates as a script file."""
    clip = demo_clips()[0]
    (tmp_path / "clips").mkdir()
    shutil.copy(clip.path, tmp_path / "clips")
    scripts = {script.label: list(script.steps) for script in clip.scripts}
    file = tmp_path / "scripts.yaml"
    file.write_text(yaml.safe_dump({"domain": clip.domain, "scripts": scripts}))
    return clip, file


def test_an_own_encoder(tmp_path):
    # The path changes step within a frame, which then counts for both.
    assert run(EXAMPLES / "own_encoder.py", cwd=tmp_path).splitlines() == [
        "stop",
        "0.0 to 1.0 s: a green light",
        "1.0 to 2.0 s: a red light",
    ]


def test_an_own_scorer(tmp_path):
    lines = run(EXAMPLES / "own_scorer.py", cwd=tmp_path).splitlines()
    assert [line.rpartition(" ")[0] for line in lines] == [
        "last_step: go",
        "dtw: go",
        "cosine+segment+steps: go",
    ]


@pytest.mark.slow
def test_a_folder_with_a_bad_file(demo, tmp_path):
    clip, scripts = demo
    (tmp_path / "clips" / "broken.mp4").write_text("no video")
    lines = run(EXAMPLES / "classify_folder.py", "clips", scripts, cwd=tmp_path).splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("broken.mp4: ")
    assert re.fullmatch(rf"{clip.path.name}: {clip.label} \(margin \d+\.\d+\)", lines[1])


@pytest.mark.slow
def test_timestamps_as_a_table(demo, tmp_path):
    clip, scripts = demo
    run(EXAMPLES / "timestamps_to_csv.py", clip.path, scripts, "steps.csv", cwd=tmp_path)
    with (tmp_path / "steps.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    right = next(script for script in clip.scripts if script.label == clip.label)
    assert [row["step"] for row in rows] == list(right.steps)
    assert {row["action"] for row in rows} == {clip.label}
    starts = [float(row["start_seconds"]) for row in rows]
    assert starts == sorted(starts)


def shown(notebook):
    """What each code cell shows: kinds, and the texts with their numbers left out."""
    found = []
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        found.append([])
        for output in cell["outputs"]:
            assert output["output_type"] != "error", output
            texts = output.get("text") or output.get("data", {}).get("text/plain", "")
            words = re.sub(r"[-\d.]+", "#", re.sub(r"\s+", " ", "".join(texts)))
            found[-1].append((output["output_type"], sorted(output.get("data", {})), words))
    return found


def test_the_committed_notebook_shows_its_results_and_is_small():
    assert NOTEBOOK.stat().st_size < 500_000
    found = shown(json.loads(NOTEBOOK.read_text(encoding="utf-8")))
    assert all(found)
    kinds = {kind for outputs in found for _, kinds, _ in outputs for kind in kinds}
    assert {"text/html", "image/png"} <= kinds


@pytest.mark.slow
def test_the_notebook_runs_and_shows_what_is_committed(tmp_path):
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    run("-c", RUN_NOTEBOOK, NOTEBOOK, tmp_path / "again.ipynb", cwd=tmp_path)
    again, committed = (
        shown(json.loads(path.read_text(encoding="utf-8")))
        for path in (tmp_path / "again.ipynb", NOTEBOOK)
    )
    assert again == committed


@pytest.mark.parametrize("name", ["classify_folder.py", "timestamps_to_csv.py"])
def test_a_program_without_its_arguments_says_which_it_takes(name):
    done = subprocess.run(
        [sys.executable, EXAMPLES / name], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert f"python examples/{name} " in done.stderr
    assert "Traceback" not in done.stderr
