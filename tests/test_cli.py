"""Every verb as typed, in a process of its own; other tests run them in the tests' process."""

import json
import re
import subprocess
import sys

import pytest
from typer.main import get_command

from actalign import __version__
from actalign.cli._main import app
from tests.colour_clips import write_colours
from tests.command import actalign, run


def verbs(command, *words):
    """Every command below this one, as the words to type."""
    for name, below in sorted(getattr(command, "commands", {}).items()):
        yield (*words, name)
        yield from verbs(below, *words, name)


VERBS = list(verbs(get_command(app)))


def test_the_verbs_are_those_of_the_documentation():
    assert {words[0] for words in VERBS} == {
        "align", "background", "classify", "cut", "demo", "doctor", "encode", "eval", "export",
        "fetch", "live", "locate", "merge", "models", "report", "schema", "search", "serve",
        "subactions", "sync",
    }  # fmt: skip


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_a_verb_says_how_it_is_used(words, tmp_path):
    ended = run(*words, "--help", cwd=tmp_path)
    assert ended.returncode == 0
    assert re.search(rf"Usage: .*actalign {' '.join(words)} ", ended.stdout)
    assert ended.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_a_run_from_videos_to_captions(tmp_path, colour_model):
    write_colours(tmp_path / "day.mp4", ["black", "red", "yellow"])
    scripts = {"sunrise": ["black", "red", "yellow"], "sunset": ["yellow", "red", "black"]}
    (tmp_path / "day.json").write_text(json.dumps({"scripts": scripts}))
    shared = ("--model", colour_model, "--scripts", "day.json")
    for words, said in (
        (("encode", "day.mp4", "--model", colour_model, "--out", "store"), ""),
        (("classify", "day.mp4", *shared, "--store", "store"), "sunrise"),
        (("align", "store", *shared, "--out", "rows.jsonl"), ""),
        (("locate", "day.mp4", *shared, "--threshold", "0"), "day: "),
        (("merge", "all.jsonl", "rows.jsonl"), ""),
        (("export", "all.jsonl", "--to", "vtt", "--out", "captions"), ".vtt"),
    ):
        ended = run(*words, cwd=tmp_path)
        assert ended.returncode == 0, ended.stderr
        assert said in ended.stdout
    [captions] = (tmp_path / "captions").iterdir()
    assert captions.read_text().startswith("WEBVTT")


def test_wrong_usage_and_the_version(tmp_path):
    ended = run("classify", "nowhere.mp4", "--scorer", "best", cwd=tmp_path)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert len(ended.stderr.splitlines()) == 1
    program = [sys.executable, "-m", "actalign", "--version"]
    assert subprocess.check_output(program, text=True) == f"actalign {__version__}\n"


def test_where_no_cache_can_be_written_clips_are_classified_all_the_same(tmp_path, colour_model):
    (tmp_path / "file").write_text("")
    write_colours(tmp_path / "clip.mp4", ["red", "black"])
    words = ("classify", "clip.mp4", "--labels", "red,green", "--model", colour_model)
    nowhere = {"ACTALIGN_CACHE": tmp_path / "file" / "cache", "NUMBA_CACHE_DIR": ""}
    ended = run(*words, "--out", "rows.jsonl", cwd=tmp_path, **nowhere)
    assert ended.returncode == 0, ended.stderr
    assert "embeddings are not kept" in ended.stderr
    assert "ACTALIGN_CACHE" in ended.stderr


INTERRUPTED = """
import signal, sys

class Interrupt:
    def find_spec(self, name, *_):
        if name == package:
            signal.raise_signal(signal.SIGINT)

package, how, *ignored = sys.argv[1:]
if ignored:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
sys.meta_path.insert(0, Interrupt())
sys.argv[1:] = ["--version"]
if how == "module":
    import runpy
    runpy.run_module("actalign", run_name="__main__", alter_sys=True)
else:
    from actalign.cli import main
    main()
"""


@pytest.mark.parametrize("how", ["module", "script"])
@pytest.mark.parametrize("package", ["numpy", "typer", "actalign.cli._eval"])
def test_ctrl_c_while_the_verbs_are_loading_prints_no_traceback(package, how):
    program = [sys.executable, "-c", INTERRUPTED, package, how]
    ended = subprocess.run(program, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")
    program.append("ignored")  # as `nohup` and scripts' background jobs have it
    assert subprocess.check_output(program, text=True) == f"actalign {__version__}\n"


LOADING = """
import sys
from actalign.errors import EncoderError
from actalign.program import run_program

def program():
    try:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as interrupt:  # as pybind11 says it
            raise ImportError("initialization failed") from interrupt
    except ImportError as error:
        raise EncoderError(f"more packages are needed ({error})") from error

run_program(program)
"""


def test_ctrl_c_while_a_compiled_package_loads_is_no_missing_package():
    program = [sys.executable, "-c", LOADING]
    ended = subprocess.run(program, capture_output=True, text=True, check=False)
    assert ended.returncode == 130
    assert ended.stderr == "interrupted; run the same command again to continue\n"


TYPED = """
import typer
from actalign.program import run_program

app = typer.Typer()

@app.command()
def interrupted(said: bool = False):
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt:
        if said:
            print("said")
            raise KeyboardInterrupt from None
        raise

run_program(app)
"""


@pytest.mark.parametrize("said", [False, True])
def test_ctrl_c_in_a_command_says_once_how_to_go_on(said):
    program = [sys.executable, "-c", TYPED, *(["--said"] if said else [])]
    ended = subprocess.run(program, capture_output=True, text=True, check=False)
    assert ended.returncode == 130
    assert ended.stdout == ("said\n" if said else "")
    sentence = "interrupted; run the same command again to continue\n"
    assert ended.stderr == ("" if said else sentence)


LOST = """
import ctypes, signal, sys, time
from actalign.program import run_program

def program():
    # An exception in a callback from C is dropped.
    ctypes.CFUNCTYPE(None)(lambda: signal.raise_signal(getattr(signal, sys.argv[1])))()
    for _ in range(100):
        time.sleep(0.02)
    print("went on")

run_program(program)
"""


@pytest.mark.parametrize(
    ("name", "code", "word"), [("SIGINT", 130, "interrupted"), ("SIGTERM", 143, "terminated")]
)
def test_a_signal_while_a_compiler_calls_back_is_not_lost(name, code, word):
    program = [sys.executable, "-c", LOST, name]
    ended = subprocess.run(program, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (code, "")
    assert ended.stderr == f"{word}; run the same command again to continue\n"


CLEANING = """
import signal, time
from actalign.program import run_program

def program():
    try:
        signal.raise_signal(signal.SIGINT)
    finally:
        signal.raise_signal(signal.SIGINT)  # as a launcher sends it, too
        print("cleaned", flush=True)

run_program(program)
"""


def test_a_second_ctrl_c_does_not_break_into_the_cleaning_up():
    program = [sys.executable, "-c", CLEANING]
    ended = subprocess.run(program, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (130, "cleaned\n")
    assert ended.stderr == "interrupted; run the same command again to continue\n"
    slow = CLEANING.replace("finally:", "finally:\n        time.sleep(1.5)")
    ended = subprocess.run(
        [sys.executable, "-c", slow], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")


def test_help_wraps_every_paragraph():
    told = actalign("cut", "--help", COLUMNS="80").stdout
    paragraph = told[told.index("Files are named") : told.index("Arguments")]
    lines = [line for line in paragraph.splitlines() if line.strip(" ╭─")]
    assert len(lines) > 3
    assert all(len(line.rstrip()) > 60 for line in lines[1:-1])


@pytest.mark.parametrize("option", ["--none", "--labels", "--scripts"])
def test_an_option_is_no_value_of_the_one_before_it(option):
    ended = actalign("classify", "a.mp4", option, "--model", "body")
    assert ended.returncode == 2
    assert f"{option} has no value, since --model is an option; give a value" in ended.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="closes a descriptor")
def test_json_is_no_traceback_where_stdout_is_closed():
    program = "import os, sys; os.close(1); os.execv(sys.executable, sys.argv[1:])"
    told = [sys.executable, "-m", "actalign", "schema"]
    ended = subprocess.run(
        [sys.executable, "-c", program, *told], stderr=subprocess.PIPE, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
