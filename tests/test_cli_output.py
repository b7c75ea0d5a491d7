"""Where the commands write and what they print: tables, names that can't be written, encodings."""

import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
import tracemalloc
from dataclasses import replace

import pytest
from rich.cells import cell_len

from actalign.cli._eval_options import clip_progress
from actalign.cli._kinds import check_no_other_kind
from actalign.cli._run import Run
from actalign.cli._show import ResultLines, console_of, shell_word
from actalign.clips import Store
from actalign.clips._stored import read_stored
from actalign.errors import ActAlignError
from actalign.evaluation import Question, QuestionSet, write_question_file
from actalign.output._events import events
from actalign.output._export import FORMATS
from actalign.rows import read_rows
from actalign.rows._facts import score_text
from actalign.scripts._bank import read_bank, write_bank
from actalign.types import ClipError
from tests.colour_clips import write_colours
from tests.command import actalign
from tests.media import write_video
from tests.tables import read_csv, write_lines


@pytest.fixture
def clips(tmp_path, colour_model):
    """Two clips and one that is none; what classifies them."""
    (tmp_path / "clips").mkdir()
    write_colours(tmp_path / "clips" / "day.mp4", ["black", "red", "yellow"])
    write_colours(tmp_path / "clips" / "evening.mp4", ["yellow", "red", "black"])
    (tmp_path / "clips" / "broken.mp4").write_bytes(b"no video")
    scripts = {"+ sunrise": ["black", "red", "yellow"], "sunset": ["yellow", "red", "black"]}
    (tmp_path / "day.json").write_text(json.dumps({"scripts": scripts}))
    return ("clips", "--model", colour_model, "--scripts", tmp_path / "day.json", "--store", "s")


def read_xlsx(path):
    openpyxl = pytest.importorskip("openpyxl")
    header, *lines = openpyxl.load_workbook(path).active.iter_rows(values_only=True)
    return [dict(zip(header, line, strict=True)) for line in lines]


def read_parquet(path):
    return pytest.importorskip("pyarrow.parquet").read_table(path).to_pylist()


def test_out_is_a_table_with_a_line_a_clip_by_its_ending(clips, tmp_path):
    for name in ("rows.jsonl", "rows2.JSONL", "rows.csv", "rows.xlsx", "rows.parquet"):
        ended = actalign("classify", *clips, "--out", name, "-q", cwd=tmp_path)
        assert ended.returncode == 1, ended.stderr  # one clip is no video
    rows = read_rows(tmp_path / "rows.jsonl")
    assert read_rows(tmp_path / "rows2.JSONL") == rows
    by_csv = read_csv(tmp_path / "rows.csv")
    by_parquet = read_parquet(tmp_path / "rows.parquet")
    assert list(by_parquet[0]) == list(by_csv[0])
    assert not (tmp_path / "rows.steps.xlsx").exists()
    for found in (read_xlsx(tmp_path / "rows.xlsx"), by_parquet):
        for line, row in zip(found, rows, strict=True):
            assert line["clip"] == row["clip"]
            assert line["status"] == row["status"]
            assert line["label"] == row["label"]
            best = [*row["candidates"], {"score": None}][0]
            # openpyxl writes the first 16 digits of a number.
            assert line["margin"] == pytest.approx(row.get("margin"), abs=1e-12)
            assert line["score"] == pytest.approx(best["score"], abs=1e-12)
    assert [line["clip"] for line in by_csv] == [row["clip"] for row in rows]
    # A spreadsheet would run a cell that begins with a plus.
    assert {line["label"] for line in by_csv} == {"'+ sunrise", "sunset", ""}
    assert [line["error"] for line in by_csv if line["status"] == "error"] == [
        row["error"] for row in rows if row["status"] == "error"
    ]
    merged = actalign("merge", "all.csv", "rows.jsonl", cwd=tmp_path)
    assert merged.returncode == 0
    assert (tmp_path / "all.csv").read_bytes() == (tmp_path / "rows.csv").read_bytes()


def test_a_table_of_steps_lies_beside_and_markdown_is_for_reading(clips, tmp_path):
    for name in ("rows.jsonl", "rows.csv", "rows.md"):
        actalign("classify", *clips, "--out", name, "-q", cwd=tmp_path)
    rows = read_rows(tmp_path / "rows.jsonl")
    steps = read_csv(tmp_path / "rows.steps.csv")
    assert [(line["clip"], line["step"]) for line in steps if line["rank"] == "1"] == [
        (row["clip"], step["step"])
        for row in rows if row["candidates"] for step in row["candidates"][0]["segments"]
    ]  # fmt: skip
    assert not (tmp_path / "rows.steps.md").exists()
    head, rule, *lines = (tmp_path / "rows.md").read_text().splitlines()
    assert head.startswith("| clip | action | confidence |")
    assert set(rule) <= set("| -:")
    assert [line.split(" | ")[1] for line in lines if "broken" not in line] == [
        "+ sunrise", "sunset"
    ]  # fmt: skip
    done = actalign("export", "rows.jsonl", cwd=tmp_path / "clips")
    assert done.returncode == 2  # no such predictions
    (tmp_path / "rows.csv").unlink()
    done = actalign("export", "rows.jsonl", cwd=tmp_path)
    assert done.stdout.split() == ["rows.csv", "rows.steps.csv"]
    assert [line["clip"] for line in read_csv(tmp_path / "rows.csv")] == [r["clip"] for r in rows]


def test_classify_and_align_print_a_line_a_clip(clips, tmp_path):
    ended = actalign("classify", *clips, cwd=tmp_path)
    head, *lines = ended.stdout.splitlines()
    assert re.split(r"  +", head) == ["clip", "action", "margin", "runner-up", "when"]
    found = [re.split(r"  +", line) for line in lines]
    assert [one[:2] + one[3:4] for one in found] == [
        ["day", "+ sunrise", "sunset"], ["evening", "sunset", "+ sunrise"]
    ]  # fmt: skip
    assert [one[4] for one in found] == ["0:00:00.0 - 0:00:03.0"] * 2
    assert ended.stderr.splitlines()[-2:] == [
        "+ sunrise 1, sunset 1", "1 of 3 clips failed"
    ]  # fmt: skip
    bars = actalign("classify", *clips, "--verbose", "-q", cwd=tmp_path)
    assert "day: + sunrise" in bars.stdout
    assert "█████" in bars.stdout
    quiet = actalign("classify", *clips, "-q", "--out", "rows.csv", cwd=tmp_path)
    stored = actalign("align", "s", *clips[3:5], "-q", "--out", "a.csv", cwd=tmp_path)
    assert stored.returncode == 0, stored.stderr
    assert stored.stdout.split() == quiet.stdout.split() == ended.stdout.split()


def test_a_label_of_unknown_words_is_said_beside_the_answer():
    """As `body` writes it into the row; the columns stay in line."""
    best = {"label": "Ziehen", "score": 1.0, "has_script": False, "path_length": 3}
    said = [{"text": "Ziehen", "warning": "It has no word that body knows.", "unknown": True}]
    other = {"label": "squat", "score": 0.5, "has_script": True, "path_length": 3}
    lines = ResultLines(["a", "b"], ["Ziehen", "squat"])
    shown = lines.of(
        {"clip": "a", "label": "Ziehen", "candidates": [best, other], "text_warnings": said}
    )
    known = lines.of({"clip": "b", "label": "squat", "candidates": [other], "text_warnings": said})
    head, first = str(shown).splitlines()
    assert "Ziehen (unknown words)" in first
    assert "unknown" not in str(known)
    assert first.index("squat") == head.index("runner-up")


def test_a_winner_whose_steps_are_of_unknown_words_is_said_too(tmp_path):
    steps = [
        {"step": step, "start_seconds": n, "end_seconds": n + 1, "affinity": 0.1}
        for n, step in enumerate(["die Hand heben", "die Hand senken"])
    ]
    best = {"label": "squat", "score": 1.0, "has_script": True, "segments": steps}
    said = [{"text": one["step"], "warning": "No known word.", "unknown": True} for one in steps]
    seen = "Several people are seen in 3 of 4 frames searched for people."
    row = {"clip": "a", "label": "squat", "status": "ok", "candidates": [best]}
    cut = [{"text": one["step"], "warning": "It is cut.", "unknown": False} for one in steps]
    of_another = {"text": "Drücken", "warning": "Another's.", "unknown": True}
    rows = [
        {**row, "text_warnings": [*said, of_another], "warnings": [seen]},
        *({**row, "text_warnings": one} for one in (said[:1], cut)),
        {**row, "warnings": ["The text 'x' is longer than 16 tokens; body reads ..."]},  # before
    ]
    lines = ResultLines(["a"], ["squat"])
    assert ["squat (unknown words)" in str(lines.of(one)) for one in rows] == [
        *(True, False, False, False)
    ]
    write_lines(tmp_path / "rows.jsonl", rows)
    assert actalign("export", "rows.jsonl", "--to", "md", cwd=tmp_path).returncode == 0
    _, _, german, *mixed, before = (tmp_path / "rows.md").read_text().splitlines()
    assert german.endswith(f"| unknown words: its score means nothing; {seen} |")
    assert all(one.endswith("|  |") for one in mixed)
    assert "is longer than 16 tokens" in before
    assert actalign("export", "rows.jsonl", "--to", "csv", cwd=tmp_path).returncode == 0
    told = [line["warnings"] for line in read_csv(tmp_path / "rows.csv")]
    means_nothing = "unknown words: its score means nothing"
    assert told[0] == f"{means_nothing}; {seen}; Another's."  # its own texts are said once
    assert told[1] == "No known word."


def test_an_answer_that_means_nothing_is_no_likeliest_one_where_it_is_refused():
    best = {"label": "Ziehen", "score": 1.0, "has_script": False, "path_length": 3}
    said = [{"text": "Ziehen", "warning": "No known word.", "unknown": True}]
    refused = {"clip": "a", "label": None, "candidates": [best]}
    lines = ResultLines(["a"], ["Ziehen"])
    assert "no label (Ziehen?)" in str(lines.of({**refused, "text_warnings": []}))
    assert "no label (unknown words)" in str(lines.of({**refused, "text_warnings": said}))
    unseen = {**refused, "frames": 30, "neutral_frames": 30}
    assert "no label (nothing seen)" in str(lines.of(unseen))


def test_align_says_what_is_amiss_with_a_clip(clips, tmp_path):
    actalign("classify", *clips, "-q", cwd=tmp_path)
    (entry,) = (tmp_path / "s").glob("day.*")
    stored = read_stored("day", entry).embedding()
    key = entry.name.split(".")[1]
    Store(tmp_path / "s").put(replace(stored, warnings=("Several people are seen.",)), key)
    ended = actalign("align", "s", *clips[1:5], "--scorer", "dtw,mean_pool", cwd=tmp_path)
    assert ended.stderr.count("day: Several people are seen.") == 1


def test_a_clip_counts_once_however_many_scorers_there_are(clips, tmp_path):
    actalign("classify", *clips, "-q", cwd=tmp_path)
    asked = ("align", "s", *clips[1:5], "--scorer", "dtw,mean_pool,dtw_mean")
    ended = actalign(*asked, cwd=tmp_path, FORCE_COLOR="1")  # shows the bar as a terminal does
    counts = re.findall(r"\d+/\d+", ended.stderr)
    assert counts[-1] == "2/2", ended.stderr
    assert {count.partition("/")[2] for count in counts} == {"2"}


def test_a_label_without_a_script_is_said_in_the_result(clips, tmp_path):
    ended = actalign(
        "classify", *clips[:3], "--labels", "red,mauve", "--out", "r.csv", cwd=tmp_path
    )
    assert "red (no script)" in ended.stdout
    warned = {line["warnings"] for line in read_csv(tmp_path / "r.csv") if line["label"]}
    assert all("no script: its name was its only step" in one for one in warned)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("classify", "--out", "rows.txt"), "ends in .jsonl, .csv, .parquet, .xlsx, .md."),
        (("classify", "--out", "rows.json"), "ends in .jsonl, .csv, .parquet, .xlsx, .md."),
        (("classify", "--figure", "all.png"), "a folder, but all.png looks like a file; name a"),
        (("classify", "--out", "rows"), "ends in .jsonl, .csv, .parquet, .xlsx, .md."),
        (("classify", "--out", "file/rows.csv"), "file/rows.csv can't be written: Not a directory"),
        (("classify", "--out", "folder.csv"), "folder.csv can't be written: Is a directory"),
        (("classify", "--out", "s3://bucket/rows.csv"), "is an address"),
        (("classify", "--out", "a.csv", "--num-shards", 2, "--shard", 0), "reads JSON Lines"),
        (("classify", "--figure", "file/figures"), "can't be written: Not a directory"),
        (("classify", "--store", "file/store"), "file/store can't be written: Not a directory"),
        (("classify", "--burn", "drawn.mp4"), "a folder, but drawn.mp4 looks like a file; name a"),
        (("locate", "--out", "found.txt"), "ends in .jsonl, .vtt, .csv, .parquet, .xlsx, .md."),
        (("locate", "--out", "file/found.csv"), "can't be written: Not a directory"),
        (("encode", "--out", "file/store"), "can't be written: Not a directory"),
        (("background", "--out", "file/background"), "can't be written: Not a directory"),
    ],
)
def test_what_cannot_be_written_is_refused_before_the_work(tmp_path, words, said):
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "day.mp4").write_bytes(b"no video")
    verb, *rest = words
    labels = () if verb in ("encode", "background") else ("--labels", "a,b")
    # There is no such model, which would be said if it were loaded first.
    ended = actalign(verb, "day.mp4", "--model", "nowhere", *labels, *rest, cwd=tmp_path)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert "nowhere" not in ended.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["day.mp4", "file", "folder.csv"]


def test_an_evaluation_and_scripts_to_be_paid_for_are_refused_before_the_work(tmp_path):
    (tmp_path / "file").write_text("")
    asked = ("subactions", "generate", "--labels", "a,b", "--base-url", "http://127.0.0.1:9/v1")
    ended = actalign(*asked, "--out", "file/bank.json", cwd=tmp_path)
    assert ended.returncode == 2
    assert "can't be written: Not a directory" in ended.stderr
    questions = {
        "id": "q", "clip": "q.mp4", "domain": "d", "kind": "action", "answer": 0,
        "candidates": [{"label": name, "script": ["x"]} for name in "ab"], "intervals": [[0, 1]],
    }  # fmt: skip
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "questions.jsonl").write_text(json.dumps(questions) + "\n")
    measured = ("eval", "clips", "data", "--model", "nowhere")
    ended = actalign(*measured, "--out", "file/run", cwd=tmp_path)
    assert ended.returncode == 2
    assert "can't be written: Not a directory" in ended.stderr


@pytest.mark.parametrize(
    "words",
    [
        *(("export", "rows.jsonl", "--to", to, "--out", "file/x") for to in FORMATS),
        ("export", "--to", "onnx", "--model", "nowhere", "--out", "file/x"),
        ("subactions", "template", "--labels", "a,b", "--out", "file/x.yaml"),
        ("eval", "tune", "clips", "--model", "nowhere", "--out", "file/x"),
    ],
    ids=lambda words: " ".join(words),
)
def test_every_command_takes_an_impossible_place_for_wrong_usage(tmp_path, words):
    if "onnx" in words:
        pytest.importorskip("onnxscript")
        pytest.importorskip("torch")
    (tmp_path / "file").write_text("")
    (tmp_path / "rows.jsonl").write_text('{"clip": "a", "status": "ok", "candidates": []}\n')
    before = sorted(tmp_path.iterdir())
    ended = actalign(*words, cwd=tmp_path)
    assert ended.returncode == 2
    assert re.search(r"error: file/x\S* can't be written: Not a directory", ended.stderr)
    assert sorted(tmp_path.iterdir()) == before


def test_an_output_that_is_not_utf_8_loses_no_row_and_has_plain_bars(clips, tmp_path):
    scripts = {"日出": ["black", "red", "yellow"], "café 🌅": ["yellow", "red", "black"]}
    (tmp_path / "day.json").write_text(json.dumps({"scripts": scripts}))
    said = {}
    for form in (("-v",), ("--json",)):
        done = subprocess.run(
            [sys.executable, "-m", "actalign", "classify", *map(str, clips), *form],
            cwd=tmp_path,
            env={**os.environ, "PYTHONIOENCODING": "cp1252"},
            capture_output=True,
            check=False,
        )
        assert done.returncode == 1, done.stderr  # one clip is no video
        assert b"Traceback" not in done.stderr
        said[form] = done.stdout.decode("cp1252")
    assert "#####" in said["-v",]
    assert "café" in said["-v",]
    assert "\\u65e5\\u51fa" in said["-v",]
    rows = [json.loads(line) for line in said["--json",].splitlines()]
    assert len(rows) == 3
    assert {row["label"] for row in rows} == {"日出", "café 🌅", None}


@pytest.mark.parametrize(
    ("score", "text"),
    [
        (8.123e-8, "8.123e-08"), (0.49891, "0.4989"), (0.0089779, "0.008978"), (0.5, "0.5000"),
        (-0.25, "-0.2500"), (0.0, "0.000"), (12.3456, "12.35"), (1234.5, "1234"),
    ],
)  # fmt: skip
def test_scores_have_significant_digits(score, text):
    assert score_text(score) == text


def test_small_scores_are_told_apart(clips, tmp_path):
    """SigLIP's pair probabilities were all printed as 0.0000."""
    model = shutil.copytree(clips[2], tmp_path / "model")
    card = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps({**card, "logit_bias": -20.0}))
    ended = actalign("classify", *clips[:2], model, *clips[3:], "-v", cwd=tmp_path)
    scores = [word for word in ended.stdout.split() if re.fullmatch(r"\d\.\d{3}e-\d\d", word)]
    assert len(set(scores)) == 2, ended.stdout


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
def test_a_files_name_does_not_steer_the_terminal(clips, tmp_path):
    write_colours(tmp_path / "clips" / "\x1b[31mred\nline.mp4", ["black", "red", "yellow"])
    (tmp_path / "clips" / "\x1b[2Jbroken.mp4").write_bytes(b"no video")
    for words in ((), ("--verbose",)):
        ended = actalign("classify", *clips, *words, cwd=tmp_path)
        assert ended.returncode == 1
        assert "\x1b" not in ended.stdout + ended.stderr
        assert r"\x1b[31mred\nline" in ended.stdout
        assert r"\x1b[2Jbroken: clips" in ended.stderr


def test_names_and_labels_that_look_like_markup_are_shown_as_they_are(clips, tmp_path):
    (tmp_path / "clips" / "day.mp4").rename(tmp_path / "clips" / "[a] day.mp4")
    scripts = {"[/i] rise :100:": ["black", "red", "yellow"], "sunset": ["yellow", "red", "black"]}
    (tmp_path / "day.json").write_text(json.dumps({"domain": "[/i]", "scripts": scripts}))
    for words in ((), ("--verbose",), ("--json",)):
        ended = actalign("classify", *clips, *words, "--out", "r.jsonl", cwd=tmp_path)
        assert ended.returncode == 1, ended.stderr
        assert "[a] day" in ended.stdout
        assert "[/i] rise :100:" in ended.stdout
    finds = actalign("locate", *clips, "--threshold", "2.5", "-q", cwd=tmp_path)
    assert "[a] day: " in finds.stdout
    shown = actalign("subactions", "show", "day.json", cwd=tmp_path)
    assert shown.stdout.startswith("[/i]")
    assert (cut := actalign("cut", "r.jsonl", "--out", "[/i]", cwd=tmp_path)).returncode == 0
    assert "[/i]/" in cut.stdout
    assert "[/i]" in cut.stderr


def test_a_frame_has_the_columns_of_the_tables(clips, tmp_path):
    pytest.importorskip("pandas")
    from actalign.output import predictions_frame

    actalign("classify", *clips, "--out", "rows.jsonl", "-q", cwd=tmp_path)
    rows = read_rows(tmp_path / "rows.jsonl")
    frame = predictions_frame(rows)
    assert list(frame["label"].dropna()) == ["+ sunrise", "sunset"]
    assert list(frame["clip"]) == [row["clip"] for row in rows]
    assert len(predictions_frame(rows, steps=True).query("rank == 1")) == 6
    assert not any("confidence" in row for row in rows)  # the encoder has no temperature
    assert frame["confidence"].round(2).isna().all()


def test_a_slip_of_the_models_name_is_answered_by_body(clips, tmp_path):
    ended = actalign("classify", "clips", "--labels", "a,b", "--model", "boddy", cwd=tmp_path)
    assert ended.returncode == 2
    assert "There is no model 'boddy'; did you mean 'body'?" in ended.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("--device", "cuda:0", "--dtype", "float16"),
            "leave out the device cuda:0 and the dtype float16",
        ),
        (("--model", " body "), "There is no model ' body '; did you mean 'body'?"),
        (("--model", "a/b/c"), "is neither a folder here nor a hub id"),
        (("--model", "siglip"), "There is no encoder 'siglip': it is neither built in nor"),
        (("--model", "."), "The folder . contains no model"),
        (("--store", "scripts.yaml"), "The store scripts.yaml is a file; give a folder"),
    ],
)
def test_what_is_no_encoder_or_no_store_is_wrong_usage(tmp_path, words, said):
    (tmp_path / "scripts.yaml").write_text("scripts:\n  jump:\n  - up\n")
    shared = ("classify", "clips.mp4", "--scripts", "scripts.yaml", "--model", "body")
    ended = actalign(*shared, *words, cwd=tmp_path)
    assert ended.returncode == 2
    assert said in ended.stderr


def test_an_interrupted_run_says_what_is_kept():
    said = io.StringIO()

    def interrupted():
        with Run(3) as run:
            run.row(ClipError("a", "a.mp4", ActAlignError("It failed.")).to_row(), first=True)
            raise KeyboardInterrupt

    with contextlib.redirect_stderr(said), pytest.raises(KeyboardInterrupt):
        interrupted()
    assert "1 of 3 clips are done. Run the same command again to go on" in said.getvalue()


def test_an_interrupted_evaluation_says_how_to_go_on():
    said = io.StringIO()

    def interrupted():
        console = console_of(stderr=True)
        with clip_progress(console, 3, quiet=True, resume="--resume") as shown:
            shown.clip("a", "")
            raise KeyboardInterrupt

    with contextlib.redirect_stderr(said), pytest.raises(KeyboardInterrupt):
        interrupted()
    assert said.getvalue() == (
        "1 of 3 clips are done; to go on, run the same command again with --resume\n"
    )


TERMINATED = """
import signal
from actalign.cli._eval_options import clip_progress
from actalign.cli._show import console_of
from actalign.program import run_program

def program():
    with clip_progress(console_of(stderr=True), 3, quiet=True, resume="--resume") as shown:
        shown.clip("a", "")
        signal.raise_signal(signal.SIGTERM)

run_program(program)
"""


def test_a_terminated_evaluation_says_how_to_go_on():
    program = [sys.executable, "-c", TERMINATED]
    ended = subprocess.run(program, capture_output=True, text=True, check=False)
    assert ended.returncode == 143
    assert ended.stderr == (
        "1 of 3 clips are done; to go on, run the same command again with --resume\n"
    )


TERMINATED_RUN = """
import signal
from pathlib import Path
from actalign.cli._run import Run
from actalign.program import run_program

def program():
    with Run(3, out=Path("rows.jsonl"), quiet=True) as run:
        run.row({"clip": "a", "status": "ok", "candidates": []}, first=True)
        signal.raise_signal(signal.SIGTERM)

run_program(program)
"""


def test_a_terminated_run_says_that_its_rows_are_not_written_yet(tmp_path):
    program = [sys.executable, "-c", TERMINATED_RUN]
    ended = subprocess.run(program, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert ended.returncode == 143
    assert ended.stderr == (
        "1 of 3 clips are done. Run the same command again to go on: what the cache or a store "
        "keeps, also of a long clip that is not done, is not encoded again. rows.jsonl is written "
        "when all are done.\n"
    )
    assert not [*tmp_path.iterdir()]


def test_without_a_terminal_progress_is_a_line_now_and_then(monkeypatch):
    said = io.StringIO()
    monkeypatch.setattr("actalign.cli._progress.LINE_SECONDS", 3600.0)
    with contextlib.redirect_stderr(said), Run(50) as run:
        for number in range(50):
            run.row({"clip": f"c{number}", "status": "ok", "candidates": []}, first=True)
    assert said.getvalue().splitlines() == ["[1/50] c0", "[50/50] c49"]
    monkeypatch.setattr("actalign.cli._progress.LINE_SECONDS", 0.0)
    with contextlib.redirect_stderr(said), Run(2) as run:
        run.frames("long\nname", 7)
    assert re.search(r"\[0/2\] long\\nname, \d+\.\d frames/s", said.getvalue())


def test_the_rate_is_without_what_is_compiled_to_score_the_first_clip(monkeypatch):
    said = io.StringIO()
    monkeypatch.setattr("actalign.cli._progress.LINE_SECONDS", 0.0)
    with contextlib.redirect_stderr(said), Run(2) as run:
        run.frames("a", 10, 1000)
        time.sleep(2)
        run.row({"clip": "a", "status": "ok", "candidates": []}, first=True)
        run.frames("b", 100, 900)
    [*_, rate] = re.findall(r"b, (\S+) frames/s, about \d+ s left", said.getvalue())
    assert float(rate) > 55  # of all frames in all the time


def test_progress_within_one_long_video_is_shown(tmp_path, colour_model, monkeypatch):
    monkeypatch.setattr("actalign.cli._progress.LINE_SECONDS", 0.0)
    write_video(tmp_path / "long.mp4", 240)
    words = ["locate", "long.mp4", "--model", colour_model, "--labels", "red,green"]
    said = actalign(*words, cwd=tmp_path).stderr
    line = r"^\[0/1\] long, (\d+) of about 240 frames, \S+ frames/s, about \d+ s left$"
    frames = [int(number) for number in re.findall(line, said, re.MULTILINE)]
    assert frames[0] < frames[-1] == 240


def test_a_file_that_is_read_is_never_written_over(clips, tmp_path):
    folder, *rest = clips
    (tmp_path / "labels.csv").write_text("sunrise\nsunset\n")
    (tmp_path / "link.json").symlink_to("day.json")
    shared = ("classify", folder, *rest)
    labels = ("classify", folder, *rest[:2], "--labels-file", "labels.csv")
    day, evening = "clips/day.mp4", "clips/evening.mp4"
    for verb, out in (
        ((*shared, "--out"), "day.json"),
        ((*shared, "--out"), "link.json"),
        ((*labels, "--out"), "labels.csv"),
        (("sync", day, evening, *rest[:2], "--out"), evening),
        (("sync", "labels.csv", day, *rest[:2], "--table"), "./labels.csv"),
    ):
        before = (tmp_path / out).read_bytes()
        ended = actalign(*verb, out, cwd=tmp_path)
        assert ended.returncode == 2, ended.stderr
        assert "would be lost; name another" in ended.stderr
        assert (tmp_path / out).read_bytes() == before


def test_an_export_says_how_many_clips_failed(clips, tmp_path):
    folder, *rest = clips
    actalign("classify", folder, *rest, "--quiet", "--out", "rows.jsonl", cwd=tmp_path)
    rows = read_rows(tmp_path / "rows.jsonl")
    assert sum(row["status"] == "error" for row in rows) == 1
    left_out = "1 clip failed and is left out\n"
    for to, told in (("vtt", left_out), ("fiftyone", left_out), ("csv", "")):
        ended = actalign("export", "rows.jsonl", "--to", to, cwd=tmp_path)
        assert (ended.returncode, ended.stderr) == (0, told)
    for to in ("lmms-eval", "label-studio", "inspect"):  # these hold the clips that failed
        ended = actalign("export", "rows.jsonl", "--to", to, cwd=tmp_path)
        assert (ended.returncode, ended.stderr) == (0, "")
        text = (tmp_path / ended.stdout.splitlines()[0]).read_text(encoding="utf-8")
        assert all(f'"{row["clip"]}"' in text for row in rows)


def test_results_do_not_replace_what_somebody_wrote(clips, tmp_path):
    folder, *rest = clips
    for name, text in {
        "notes.md": "# my notes\n",
        "table.csv": "player,goals\nx,3\n",
        "mine.jsonl": '{"a": 1}',
        "list.jsonl": '[{"a": 1}]\n',
        "table.xlsx": "x",
    }.items():
        (tmp_path / name).write_text(text)
        ended = actalign("classify", folder, *rest, "--quiet", "--out", name, cwd=tmp_path)
        assert ended.returncode == 2
        told = f"--out is {name}, which holds something other than results and would be lost"
        assert told in ended.stderr
        assert (tmp_path / name).read_text() == text


def test_what_people_write_is_never_replaced_by_results(clips, tmp_path):
    folder, *rest = clips
    video = write_colours(tmp_path / "one.mp4", ["black", "red"])
    question = Question(id="a", video=video, choices=("x", "y"), answer=0)
    write_question_file(QuestionSet("truth", (question,)), tmp_path / "clips" / "truth.jsonl")
    written = {
        "bank.json": json.dumps([{"domain": "d", "scripts": {"a": ["one", "two"]}}], indent=1),
        "theirs.json": json.dumps([{"subactions": {"a": ["one"]}}]),
        "asked.jsonl": json.dumps({"id": "1", "labels": ["a", "b"]}) + "\n",
        "labels.csv": "\ufeffFile;Class\na.mp4;x\n",
        "labels.jsonl": '{"video": "a.mp4", "label": "x"}\n{"video": "b.mp4", "label": "y"}\n',
        "labels.json": '[\n{"video": "a.mp4", "label": "x"}\n]',
        "mine.yaml": "# mine\nscripts:\n  a: [one]\n",
        "settings.yaml": "scorer: dtw\n",
        "slip.yaml": "scripts:\n  a: [one\n",
        # Only its beginning is read; what comes later may be wrong.
        "slip.csv": 'label,video\nx,"a.mp4\n',
        "none.csv": "video,label\n",
    }
    for name, text in written.items():
        (tmp_path / name).write_text(text)
    run = (*rest, "--quiet")
    assert actalign("classify", folder, *run, "--out", "rows.jsonl", cwd=tmp_path).returncode == 1
    for *verb, out, kind in (
        ("classify", folder, *run, "--out", "clips/truth.jsonl", "questions with their answers"),
        ("classify", folder, *run, "--out", "bank.json", "scripts"),
        ("classify", folder, *run, "--out", "theirs.json", "scripts"),
        ("classify", folder, *run, "--out", "asked.jsonl", "questions of `actalign subactions"),
        ("classify", folder, *run, "--out", "labels.csv", "labels of videos"),
        ("locate", folder, *run, "--out", "labels.jsonl", "labels of videos"),
        ("classify", folder, *run, "--out", "labels.json", "labels of videos"),
        ("background", folder, *run[:2], "--out", "mine.yaml", "scripts"),
        ("export", "rows.jsonl", "--to", "boris", "--out", "settings.yaml", "settings of"),
        ("background", folder, *run[:2], "--out", "slip.yaml", "text with a syntax error"),
        ("classify", folder, *run, "--out", "slip.csv", "labels of videos"),
        ("classify", folder, *run, "--out", "none.csv", "labels of videos"),
        ("export", "rows.jsonl", "labels.csv", "labels of videos"),
        ("merge", "rows.jsonl", "clips/truth.jsonl", "questions with their answers"),
    ):
        if verb == ["merge", "rows.jsonl"]:
            verb, words = ["merge"], (out, "rows.jsonl")
        elif verb == ["export", "rows.jsonl"]:
            words = ("--to", "csv", "--out", "labels")
        else:
            words = (out,)
        before = (tmp_path / out).read_bytes()
        ended = actalign(*verb, *words, cwd=tmp_path)
        assert ended.returncode == 2, ended.stderr
        assert f"is {out}, which holds {kind}" in ended.stderr
        assert ended.stderr.endswith("and would be lost; name another file to write.\n")
        assert (tmp_path / out).read_bytes() == before


def test_results_may_replace_results(clips, tmp_path):
    folder, *rest = clips
    (tmp_path / "rows.jsonl").touch()
    for out in ("rows.jsonl", "rows.csv", "rows.parquet", "rows.xlsx", "rows.md"):
        for _ in range(2):
            ended = actalign("classify", folder, *rest, "--out", out, "--quiet", cwd=tmp_path)
            assert "broken" in ended.stderr
            assert ended.returncode == 1
    scripts = rest[:4]
    for out in ("found.jsonl", "found.csv"):
        for _ in range(2):
            ended = actalign("locate", folder, *scripts, "--out", out, "--quiet", cwd=tmp_path)
            assert ended.returncode == 1, ended.stderr
    for to in ("csv", "activitynet", "boris", "lmms-eval"):
        for _ in range(2):
            ended = actalign("export", "rows.jsonl", "--to", to, "--out", f"x.{to}", cwd=tmp_path)
            assert ended.returncode == 0, ended.stderr
    for _ in range(2):
        words = ("eval", "convert", "sorted", *scripts[2:], "--out", "asked.jsonl")
        (tmp_path / "sorted" / "red").mkdir(parents=True, exist_ok=True)
        shutil.copy(tmp_path / "clips" / "day.mp4", tmp_path / "sorted" / "red")
        assert actalign(*words, cwd=tmp_path).returncode == 0


def test_of_a_table_that_is_there_only_the_beginning_is_read(tmp_path):
    table = tmp_path / "long.csv"
    table.write_bytes(b"video,score\r\n" + b"a.mp4,0.5\r\n" * 300_000)
    check_no_other_kind("--out", table)  # what it imports takes memory too
    tracemalloc.start()
    check_no_other_kind("--out", table)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 500_000


def test_a_question_file_with_other_questions_is_kept(clips, tmp_path):
    for label, truth in (("sunset", "a.csv"), ("sunrise", "b.csv")):
        (tmp_path / truth).write_text(f"video,label\nday.mp4,{label}\n")
    asked = tmp_path / "q.jsonl"

    def convert(truth):
        run = ("eval", "convert", "clips", "--labels", "sunset,sunrise", "--truth", truth)
        return actalign(*run, "--out", "q.jsonl", cwd=tmp_path)

    assert convert("a.csv").returncode == 0
    made = asked.read_text()
    said = convert("b.csv")
    assert said.returncode == 2
    assert "--out is q.jsonl, which holds other questions or corrected ones" in said.stderr
    corrected = made.replace('"answer": 0', '"answer": 1')
    assert corrected != made
    for text in (corrected, made.replace("}", "", 1)):
        asked.write_text(text)
        assert convert("a.csv").returncode == 2
        assert asked.read_text() == text
    asked.write_text(made)
    assert convert("a.csv").returncode == 0


def test_a_labels_file_has_blank_lines_and_remarks(clips, tmp_path):
    run = ("classify", "clips/day.mp4", *clips[1:3], "--labels-file", "labels.txt")
    (tmp_path / "labels.txt").write_text("# of the day\nsunrise\n\n # later\n  the # sunset \n")
    ended = actalign(*run, "--json", cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    labels = {one["label"] for one in json.loads(ended.stdout)["candidates"]}
    assert labels == {"sunrise", "the # sunset"}
    (tmp_path / "labels.txt").write_text("# none yet\n\n")
    ended = actalign(*run, *clips[3:5], cwd=tmp_path)
    assert ended.returncode == 2
    assert "The labels file labels.txt has no label; write one per line." in ended.stderr


def test_labels_are_taken_from_a_word_processor_but_not_from_columns(clips, tmp_path):
    run = ("classify", "clips/day.mp4", *clips[1:3], "--json")
    for labels in ("\u201csunrise\u201d, \u00absunset\u00bb", "sunrise, sunset"):
        (tmp_path / "labels.txt").write_text(labels.replace(", ", "\n"), encoding="utf-8")
        for given in (("--labels", labels), ("--labels-file", "labels.txt")):
            ended = actalign(*run, *given, cwd=tmp_path)
            found = {one["label"] for one in json.loads(ended.stdout)["candidates"]}
            assert found == {"sunrise", "sunset"}
    (tmp_path / "sunrise").mkdir()
    one = actalign(*run, "--labels", "\u201csunrise\u201d, \u201c\u201d", cwd=tmp_path)
    assert json.loads(one.stdout)["label"] == "sunrise"
    (tmp_path / "labels.txt").write_text("sunrise\tmorning\nsunset\tevening\n")
    ended = actalign(*run, "--labels-file", "labels.txt", cwd=tmp_path)
    assert ended.returncode == 2
    assert r"has several columns in the line 'sunrise\tmorning'" in ended.stderr
    for given in ("labels.txt", "@labels.txt"):
        ended = actalign(*run, "--labels", given, cwd=tmp_path)
        assert ended.returncode == 2
        assert "--labels names the file labels.txt; give it as --labels-file." in ended.stderr


def test_a_label_that_is_nearly_a_shipped_one_is_asked_about(clips, tmp_path):
    labels = "pusch up,benchpress,sit up,my own move,chest press"
    ended = actalign("classify", "clips/day.mp4", *clips[1:3], "--labels", labels, cwd=tmp_path)
    assert ended.returncode == 0
    assert "'pusch up' has no shipped script; did you mean 'push up'?" in ended.stderr
    assert "'benchpress' has no shipped script; did you mean 'bench press'?" in ended.stderr
    assert re.search(r"'chest press' has no .*; did you mean '.*chest press.*'\?", ended.stderr)
    assert ended.stderr.count("did you mean") == 3  # not about the other two


def test_scripts_may_be_a_bank_in_parquet(clips, tmp_path):
    write_bank(tmp_path / "bank.parquet", read_bank(tmp_path / "day.json"))
    run = ("classify", "clips/day.mp4", *clips[1:3], "--json", "--scripts")
    (found, expected) = (
        json.loads(actalign(*run, name, cwd=tmp_path).stdout)["candidates"]
        for name in ("bank.parquet", "day.json")
    )
    assert found == expected


def test_merge_does_not_take_the_place_of_a_part_that_was_named_first(clips, tmp_path):
    for name in ("day", "evening"):
        clip = ("classify", f"clips/{name}.mp4", *clips[1:], "--out", f"{name}.jsonl")
        assert actalign(*clip, cwd=tmp_path).returncode == 0
    before = (tmp_path / "day.jsonl").read_bytes()
    ended = actalign("merge", "day.jsonl", "evening.jsonl", cwd=tmp_path)
    assert ended.returncode == 2
    assert "such as that of 'day'; name a new file first" in ended.stderr
    for parts in (("day.jsonl", "evening.jsonl"), ("evening.jsonl", "./day.jsonl")):
        ended = actalign("merge", "day.jsonl", *parts, cwd=tmp_path)
        assert ended.returncode == 2
        assert "day.jsonl is the file to write and one of the parts" in ended.stderr
    assert (tmp_path / "day.jsonl").read_bytes() == before
    for _ in range(2):  # what merge made may be made again
        ended = actalign("merge", "both.jsonl", "day.jsonl", "evening.jsonl", cwd=tmp_path)
        assert ended.returncode == 0, ended.stderr
    assert len(read_rows(tmp_path / "both.jsonl")) == 2


def test_a_missing_file_is_named_once_and_without_a_number(clips, tmp_path):
    clip, *rest = clips
    for asked, said in (
        (("classify", clip, *rest[:2], "--labels-file", "no.csv"), "The labels file no.csv"),
        (("classify", clip, *rest[:4], "--settings", "no.yaml"), "The settings no.yaml"),
        (("classify", "no.txt", *rest[:4]), "The list no.txt"),
        (("export", "no.jsonl"), "The predictions no.jsonl"),
    ):
        ended = actalign(*asked, cwd=tmp_path)
        assert ended.returncode == 2
        assert ended.stderr == f"error: {said} can't be read: No such file or directory.\n"


def test_missing_videos_are_named_before_any_work(clips, tmp_path):
    ended = actalign("classify", *clips[:3], "--labels", "sunrise,", "sunset", cwd=tmp_path)
    assert ended.returncode == 1
    said = "1 named file missing: 'sunset'; put quotes around a name or a value that has spaces."
    assert said in ended.stderr
    assert ended.stderr.index(said) < ended.stderr.index("[1/")
    ended = actalign("classify", "no.mp4", *clips[:3], "--labels", "sunrise,sunset", cwd=tmp_path)
    assert "1 named file missing: 'no.mp4'.\n" in ended.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("classify", "no.mp4", "--labels", "sunrise,sunset"),
        ("locate", "no.mp4", "--labels", "sunrise"),
        ("encode", "no.mp4", "--out", "encoded"),
        ("background", "no.mp4", "--out", "background.safetensors"),
    ],
)
def test_a_missing_video_is_named_also_where_the_model_is_missing(tmp_path, command):
    ended = actalign(*command, "--model", tmp_path / "no model", cwd=tmp_path)
    assert ended.returncode != 0
    named, said = ended.stderr.splitlines()
    assert named == "1 named file missing: 'no.mp4'."
    assert said.startswith("error: ")
    assert "no model" in said


def test_columns_stay_in_line_for_wide_letters_and_long_notes():
    labels = ["俯卧撑", "squat"]
    lines = ResultLines(["腿", "b"], labels)
    steps = [{"step": "s", "start_seconds": 0.0, "end_seconds": 1.0, "affinity": 0.1}]
    repetition = {"start_seconds": 0.0, "end_seconds": 1.0, "segments": steps}
    repetitions = [repetition] * 2 + [{**repetition, "partial_steps": [1]}] * 2
    best = {"label": labels[0], "score": 1.0, "repetitions": repetitions}
    other = {"label": labels[1], "score": 0.5}
    row = {"clip": "腿", "label": labels[0], "candidates": [best, other], "margin": 0.5}
    head, first = str(lines.of(row)).splitlines()
    assert "俯卧撑, 2 whole and 2 partial" in first
    second = str(lines.of({**row, "clip": "b", "label": "squat", "candidates": [other, best]}))
    for line, runner_up in ((first, "squat"), (second, "俯卧撑")):
        assert cell_len(line[: line.rindex(runner_up)]) == head.index("runner-up")


BEST = {"label": "dunk", "score": 0.5, "segments": [], "path_length": 1, "has_script": True}


def test_an_answer_about_a_clip_that_shows_nothing_says_so(tmp_path):
    row = {"clip": "a", "video": "a.mp4", "label": "dunk", "status": "ok", "frames": 4}
    times = {"start_seconds": 0.0, "end_seconds": 1.0}
    rows = [
        {**row, **times, "clip": name, "neutral_frames": neutral, "candidates": [BEST]}
        for name, neutral in (("a", 4), ("b", 3))
    ]
    lines = ResultLines(["a", "b"], ["dunk"])
    shown = [str(lines.of(one)) for one in rows]
    assert "dunk (nothing seen)" in shown[0]
    assert "dunk (mostly unseen)" in shown[1]
    assert lines.summary() == "nothing seen 1, dunk 1"
    write_lines(tmp_path / "rows.jsonl", rows)
    assert actalign("export", "rows.jsonl", "--to", "md", cwd=tmp_path).returncode == 0
    table = (tmp_path / "rows.md").read_text().splitlines()
    assert "nothing seen: its label means nothing" in table[2]
    assert "nothing seen" not in table[3]
    assert [len(events(one)) for one in rows] == [0, 1]  # so no caption, cut or timeline names it


def test_of_how_many_frames_nothing_is_seen_is_said_from_a_fifth_on(tmp_path):
    row = {"clip": "a", "video": "a.mp4", "label": "dunk", "frames": 40, "candidates": [BEST]}
    rows = [
        {**row, "clip": "a", "neutral_frames": 7},
        {**row, "clip": "b", "neutral_frames": 10},
        {**row, "clip": "c", "neutral_frames": 0, "whole_frames": 20},
    ]
    lines = ResultLines(["a", "b", "c"], ["dunk"])
    shown = [str(lines.of(one)) for one in rows]
    assert ["unseen" in one for one in shown] == [False, True, True]
    assert "dunk (25% unseen)" in shown[1]
    write_lines(tmp_path / "rows.jsonl", rows)
    for kind in ("md", "csv"):
        assert actalign("export", "rows.jsonl", "--to", kind, cwd=tmp_path).returncode == 0
    notes = [
        line.split("|")[-2].strip() for line in (tmp_path / "rows.md").read_text().split("\n")[2:5]
    ]
    assert notes == ["", "25% unseen", "50% unseen"]
    table = read_csv(tmp_path / "rows.csv")
    assert [line["neutral_frames"] for line in table] == ["7", "10", "0"]
    assert [line["whole_frames"] for line in table] == ["", "", "20"]


def test_a_person_of_a_clip_that_mostly_shows_nobody_is_said_so():
    row = {"clip": "a", "label": "dunk", "frames": 4, "neutral_frames": 0, "candidates": [BEST]}
    lines = ResultLines(["a"], ["dunk"])
    counts = ({"0": 6, "1": 4}, {"0": 4, "1": 6})
    shown = [str(lines.of({**row, "people_frames": one})) for one in counts]
    assert ["(mostly unseen)" in one for one in shown] == [True, False]


@pytest.mark.parametrize(
    ("path", "windows", "typed"),
    [
        (r"runs\first", True, r"runs\first"),
        (r"C:\my runs\first", True, r'"C:\my runs\first"'),
        ("runs/first", False, "runs/first"),
        ("Ann's runs/first", False, """'Ann'"'"'s runs/first'"""),
    ],
)
def test_a_proposed_command_can_be_typed_where_it_is_shown(path, windows, typed):
    assert shell_word(path, windows=windows) == typed


def test_several_scorers_have_columns_in_which_confidences_and_margins_are_told_apart():
    row = {"clip": "a", "label": "dunk", "margin": 1.371, "candidates": [BEST]}
    times = {"start_seconds": 0.0, "end_seconds": 1.0}
    lines = ResultLines(["a"], ["dunk"], scorers=True)
    head, first = str(lines.of({**row, **times, "scorer": "a", "confidence": 0.9})).splitlines()
    second = str(lines.of({**row, "scorer": "b"}))
    assert [one.index(name) for one, name in ((first, "90%"), (second, "margin 1.371"))] == [
        head.index("how sure")
    ] * 2
    assert first.endswith("a")
    assert head.index("scorer") == len(first) - 1 == second.index("b")
    assert lines.summary() == "a: dunk 1\nb: dunk 1"
    third = str(lines.of({**row, "margin": 0.0055624, "scorer": "b"}))
    assert third.index("b") == head.index("scorer")


def test_an_answer_that_means_nothing_is_counted_as_such_in_the_end():
    best = {"label": "wurf", "score": 0.5, "segments": [], "path_length": 1, "has_script": False}
    row = {"clip": "a", "label": "wurf", "candidates": [best]}
    unknown = [{"text": "wurf", "unknown": ["wurf"]}]
    lines = ResultLines(["a"], ["wurf"])
    for one in ({"text_warnings": unknown}, {}, {"label": None, "confidence": 0.2}):
        lines.of({**row, **one})
    assert lines.summary() == "wurf (unknown words) 1, wurf 1, no label 1"


def test_one_candidate_alone_and_a_domain_that_has_no_script_are_said(
    clips, tmp_path, colour_model
):
    asked = ("classify", "clips/day.mp4", "--model", colour_model, "--labels")
    one = actalign(*asked, "push up;squat", cwd=tmp_path)
    assert one.returncode == 0, one.stderr
    assert (
        "is the only candidate, so it is always the answer; name others (with commas)" in one.stderr
    )
    two = actalign(*asked, "push up,sunset", "--domain", "swimming", cwd=tmp_path)
    assert "only candidate" not in two.stderr
    assert (
        "'push up' has a shipped script in gym, not in swimming; leave out the domain to use it"
        in " ".join(two.stderr.split())
    )
    every = actalign(*asked, "push up,handstand", cwd=tmp_path)
    assert "scripts of 'push up', 'handstand': shipped with actalign" in every.stderr
    assert (
        "not in" not in actalign(*asked, "push up,sunset", "--domain", "gym", cwd=tmp_path).stderr
    )


def test_a_report_of_what_is_no_run_says_what_there_is(tmp_path):
    said = actalign("report", "none", cwd=tmp_path).stderr
    assert said == "error: There is no run folder none.\n"
    (tmp_path / "runs" / "first").mkdir(parents=True)
    (tmp_path / "runs" / "first" / "results.json").write_text("{}")
    said = actalign("report", "runs", cwd=tmp_path).stderr
    assert said == "error: runs is a folder of runs; name one, such as runs/first.\n"
    (tmp_path / "r.jsonl").write_text("")
    said = actalign("report", "r.jsonl", cwd=tmp_path).stderr
    assert said == (
        "error: r.jsonl is a file; name the folder of a run, which `actalign eval` wrote.\n"
    )


def test_a_video_is_no_embedding(clips, tmp_path):
    said = actalign("align", "clips/day.mp4", "--scripts", "day.json", cwd=tmp_path).stderr
    assert "clips/day.mp4 is not an embedding; give a folder that `actalign encode --out`" in said


def test_a_truth_of_one_label_is_said_to_prove_nothing(clips, tmp_path):
    (tmp_path / "t.csv").write_text("video,label\nday.mp4,sunset\n")
    convert = ("eval", "convert", "clips", "--truth", "t.csv", "--out")
    ended = actalign(*convert, "q.jsonl", cwd=tmp_path)
    assert "only one candidate, so every answer is right" in ended.stderr
    ended = actalign(*convert, "p.jsonl", "--labels", "sunset,sunrise", cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "one candidate" not in ended.stderr


def test_the_columns_are_as_wide_as_the_ids_of_windows(tmp_path):
    row = {"label": "dunk", "status": "ok", "candidates": [BEST]}
    lines = ResultLines(["a"], ["dunk"])
    shown = [str(lines.of({**row, "clip": f"a@{n}.00-{n + 1}.00"})) for n in (3, 5)]
    head, *rest = "\n".join(shown).splitlines()
    assert {line.index("dunk") for line in rest} == {head.index("action")}
