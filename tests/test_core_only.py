"""What `pip install actalign` does without any extra, and what a local run leaves unloaded."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from colour_model import save_colour_model

from actalign.rows import write_rows
from actalign.rows._made import new_row
from tests.colour_clips import write_colours

ROOT = Path(__file__).parents[1]
EXTRAS = (
    *("fsspec", "matplotlib", "onnx", "onnxruntime", "openai", "pyarrow", "ray", "tokenizers"),
    *("torch", "transformers", "uvicorn"),
)


def run(code, folder, *blocked):
    """Run a program in a process that can import none of the blocked packages."""
    blocking = f"import sys; sys.modules.update(dict.fromkeys({blocked!r}))\n"
    return subprocess.run(
        [sys.executable, "-c", blocking + code],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def command(*arguments):
    return f"sys.argv = {['actalign', *arguments]!r}\nfrom actalign.cli import main; main()\n"


def test_an_encoder_of_ones_own_needs_no_extra(tmp_path):
    program = ROOT / "examples" / "own_encoder.py"
    code = f"import runpy; runpy.run_path({str(program)!r}, run_name='__main__')"
    ended = run(code, tmp_path, *EXTRAS)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("stop\n")


def test_predictions_are_exported_without_any_extra_but_parquets(tmp_path):
    row = new_row({"clip": "a", "label": "x", "candidates": [{"label": "x", "score": 0.5}]})
    write_rows([row], tmp_path / "p.jsonl")
    for kind, out in (("csv", "p.csv"), ("vtt", "v"), ("lmms-eval", "l.jsonl")):
        ended = run(command("export", "p.jsonl", "--to", kind, "--out", out), tmp_path, *EXTRAS)
        assert ended.returncode == 0, ended.stderr
    ended = run(
        command("export", "p.jsonl", "--to", "parquet", "--out", "p.parquet"), tmp_path, *EXTRAS
    )
    assert ended.returncode == 2
    assert "pip install 'actalign[parquet]'" in ended.stderr
    [sample] = [json.loads(line) for line in (tmp_path / "l.jsonl").read_text().splitlines()]
    assert (sample["doc_id"], sample["filtered_resps"]) == ("a", ["x"])


@pytest.mark.parametrize(
    ("model", "extra"), [("body", "body"), ("exported", "onnx"), ("some/hub-model", "siglip")]
)
def test_an_encoder_that_is_not_installed_is_one_sentence(tmp_path, model, extra):
    save_colour_model(tmp_path / "exported")
    write_colours(tmp_path / "a.mp4", ["red"])
    ended = run(
        command("classify", "a.mp4", "--labels", "red,green", "--model", model), tmp_path, *EXTRAS
    )
    assert ended.returncode == 2
    assert f"pip install 'actalign[{extra}]'" in ended.stderr
    assert len(ended.stderr.splitlines()) <= 2
    assert "Traceback" not in ended.stderr


def test_pictures_without_matplotlib_are_one_sentence_before_any_work(tmp_path):
    write_colours(tmp_path / "a.mp4", ["red"])
    words = ("classify", "a.mp4", "--labels", "red,green", "--figure", "figures")
    ended = run(command(*words), tmp_path, "matplotlib")
    assert ended.returncode == 2
    assert "pip install 'actalign[figures]'" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_notebook_without_matplotlib_still_shows_the_scores(tmp_path):
    code = (
        "import numpy as np\n"
        "from actalign.types import Alignment\n"
        "one = Alignment(score=0.25, path=np.array([[0, 0], [1, 1]]), affinity=np.eye(2))\n"
        "print(one._repr_html_())\n"
    )
    ended = run(code, tmp_path, "matplotlib")
    assert ended.returncode == 0, ended.stderr
    assert "score 0.2500" in ended.stdout
    assert "actalign[figures]" in ended.stdout


@pytest.mark.parametrize(
    ("package", "words", "extra"),
    [
        ("pyarrow", ("encode", "a.mp4", "--out", "file:///s", "--model", "body"), "parquet"),
        ("openai", ("encode", "a.mp4", "--out", "s", "--model", "http://127.0.0.1:9/v1#m"), "llm"),
    ],
)
def test_a_missing_package_is_wrong_usage_and_its_extra_is_named(tmp_path, package, words, extra):
    write_colours(tmp_path / "a.mp4", ["red"])
    ended = run(command(*words), tmp_path, package)
    assert ended.returncode == 2
    assert f"pip install 'actalign[{extra}]'" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_local_run_loads_nothing_of_other_machines_and_other_encoders(tmp_path):
    save_colour_model(tmp_path / "model")
    write_colours(tmp_path / "a.mp4", ["red"])
    words = ("classify", "a.mp4", "--labels", "red,green", "--model", "model", "--store", "s")
    code = (
        "import atexit\n"
        "atexit.register(lambda: print(*sorted(sys.modules), sep='\\n', file=open('m.txt', 'w')))\n"
    )
    ended = run(code + command(*words), tmp_path)
    assert ended.returncode == 0, ended.stderr
    loaded = (tmp_path / "m.txt").read_text().split()
    unwanted = {"ray", "torch", "pyarrow", "actalign.encoders._siglip", "openai"}
    assert not unwanted & set(loaded)
    for room in ("cluster", "evaluation", "web"):
        assert not [name for name in loaded if name.startswith(f"actalign.{room}")]
