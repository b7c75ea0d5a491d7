"""Rows as an Excel workbook, as openpyxl reads it back."""

import json
import os
import subprocess
import sys

import pytest

from actalign import UsageError
from actalign.output import _workbooks
from actalign.output._export import export
from actalign.output._row_files import row_file
from tests.command import actalign
from tests.tables import read_csv, write_lines

openpyxl = pytest.importorskip("openpyxl")

LIFT = ["bend", "lift", "lower " + "slowly " * 20]
LONG = "a sentence of warning that is longer than any column should be made for it to fit"


def step(text, start, end):
    return {"step": text, "start_seconds": start, "end_seconds": end, "affinity": 0.123456}


def repetition(start, numbers=(1, 2, 3)):
    steps = [step(LIFT[n - 1], start + k, start + k + 1) for k, n in enumerate(numbers)]
    partial = {} if len(numbers) == len(LIFT) else {"partial_steps": list(numbers)}
    times = {"start_seconds": start, "end_seconds": start + len(numbers)}
    return {**times, "segments": steps, **partial}


def row(clip, best, **fields):
    others = [{"label": "jump", "score": 0.25, "segments": [step("jumping", 0.0, 9.0)]}]
    return {
        "schema_version": 1,
        "clip": clip,
        "status": "ok",
        "video": f"{clip}.mp4",
        "label": best["label"],
        "margin": 0.5,
        "candidates": [best, *others],
        "start_seconds": 0.0,
        "end_seconds": 9.0,
        "min_confidence": 0.5,
        **fields,
    }


TIMES = [repetition(0.5), repetition(3.5), repetition(6.5, (1, 2))]
SEGMENTS = {"segments": TIMES[0]["segments"]}
ROWS = [
    row(
        "set",
        {
            "label": "dead lift",
            "score": 0.75,
            "repetitions": TIMES,
            "segments": [one for times in TIMES for one in times["segments"]],
        },
        confidence=0.9999994173988719,
        warnings=[LONG],
    ),
    row("once", {"label": "throw", "score": 1.5, "segments": [step("throw", 0.25, 9.0)]}),
    row("unsure", {"label": "throw", "score": 0.5, "repetitions": TIMES[:1]} | SEGMENTS)
    | {"label": None, "confidence": 0.25},
    {
        "schema_version": 1,
        "clip": "broken",
        "status": "error",
        "error": "broken.mp4 is no video.",
        "candidates": [],
    },
]


def workbook(tmp_path, rows=ROWS):
    """The workbook of rows, and the path of the rows."""
    path = write_lines(tmp_path / "rows.jsonl", rows)
    [made] = export(path, "xlsx")
    assert [one.name for one in sorted(tmp_path.iterdir())] == ["rows.jsonl", "rows.xlsx"]
    return openpyxl.load_workbook(made), path


def lines_of(sheet):
    header, *lines = sheet.iter_rows(values_only=True)
    return [dict(zip(header, line, strict=True)) for line in lines]


def test_the_clips_repetitions_and_steps_are_sheets_of_one_file(tmp_path):
    book, _ = workbook(tmp_path)
    assert book.sheetnames == ["Clips", "Repetitions", "Steps"]
    names = [cell.value for cell in book["Clips"][1]]
    assert names[:10] == [
        "clip", "label", "confidence", "margin", "second_label", "action_start_seconds",
        "action_end_seconds", "repetitions", "partial_repetitions", "warnings",
    ]  # fmt: skip
    lifted, thrown, unsure, broken = lines_of(book["Clips"])
    assert (lifted["action_start_seconds"], lifted["action_end_seconds"]) == (0.5, 8.5)
    assert (lifted["repetitions"], lifted["partial_repetitions"]) == (2, 1)
    assert (lifted["second_label"], lifted["warnings"]) == ("jump", LONG)
    assert thrown["action_start_seconds"] == 0.25
    assert (unsure["label"], unsure["action_start_seconds"]) == (None, None)
    assert broken["error"] == "broken.mp4 is no video."
    found = [
        (one["clip"], one["label"], one["repetition"], one["start_seconds"], one["end_seconds"])
        for one in lines_of(book["Repetitions"])
    ]
    assert found == [
        ("set", "dead lift", n, t, e) for n, t, e in ((1, 0.5, 3.5), (2, 3.5, 6.5), (3, 6.5, 8.5))
    ]
    assert [one["partial"] for one in lines_of(book["Repetitions"])] == [None, None, "yes"]


def test_steps_are_those_of_the_answers(tmp_path):
    book, _ = workbook(tmp_path)
    steps = lines_of(book["Steps"])
    assert [(one["repetition"], one["step"]) for one in steps if one["clip"] == "set"] == [
        (n, text) for n, texts in ((1, LIFT), (2, LIFT), (3, LIFT[:2])) for text in texts
    ]
    # Neither of losing candidates, nor of clips without an answer.
    answers = {("set", "dead lift"), ("once", "throw")}
    assert {(one["clip"], one["label"]) for one in steps} == answers
    assert not {"answer", "rank", "status", "error"} & {*steps[0]}


def test_the_sheet_of_clips_holds_all_that_the_csv_holds_but_empty_columns(tmp_path):
    book, path = workbook(tmp_path)
    table, _ = export(path, "csv", tmp_path / "rows.csv")
    by_csv = read_csv(table)
    clips = lines_of(book["Clips"])
    filled = {name for one in by_csv for name, text in one.items() if text}
    assert {*clips[0]} == filled | {"action_start_seconds", "action_end_seconds"}
    assert "target" not in clips[0]
    for ours, theirs in zip(clips, by_csv, strict=True):
        for name in filled:
            text = "" if ours[name] is None else ours[name]
            assert text == (float(theirs[name]) if isinstance(text, int | float) else theirs[name])


def test_a_sheet_is_formatted_for_reading(tmp_path):
    book, _ = workbook(tmp_path)
    for sheet, lines in zip(book, (4, 3, 9), strict=True):
        assert sheet.freeze_panes == "A2"
        assert (sheet.auto_filter.ref, sheet.max_row) == (sheet.dimensions, lines + 1)
        assert all(cell.font.bold for cell in sheet[1])
        assert not any(cell.font.bold for cell in sheet[2])
        for name, column in ((column[0].value, column) for column in sheet.columns):
            width = sheet.column_dimensions[column[0].column_letter].width
            longest = max(len(str(cell.value)) for cell in column if isinstance(cell.value, str))
            assert min(longest, 60) <= width <= 60
            if isinstance(column[1].value, float):
                assert width <= len(name) + 4  # by what is shown, not by all digits
    formats, steps = (
        {column[0].value: column[1].number_format for column in book[name].columns}
        for name in ("Clips", "Steps")
    )
    assert (formats["confidence"], formats["label"]) == ("0.0%", "General")
    assert {formats[name] for name in formats if name.endswith("_seconds")} == {"0.00"}
    assert formats["score"] == formats["margin"] == formats["second_score"] == "0.0000"
    assert (steps["affinity"], steps["start_seconds"]) == ("0.0000", "0.00")
    assert book["Clips"]["C2"].value == 0.9999994173988719  # the number itself is whole


def test_a_sheet_without_lines_is_left_out(tmp_path):
    book, _ = workbook(tmp_path, ROWS[1:])
    assert book.sheetnames == ["Clips", "Steps"]
    book, _ = workbook(tmp_path, ROWS[2:])
    assert book.sheetnames == ["Clips"]
    with row_file(tmp_path / "none.xlsx"):
        pass
    assert lines_of(openpyxl.load_workbook(tmp_path / "none.xlsx")["Clips"]) == []


def test_a_workbook_that_takes_long_is_named_while_it_is_written(tmp_path, monkeypatch):
    path = tmp_path / "rows.jsonl"
    with path.open("w") as file:
        for number in range(300):
            file.write(json.dumps({**ROWS[0], "clip": f"c{number}"}) + "\n")
    commands = (
        ("export", path, "--to", "xlsx", "--out", tmp_path / "a.xlsx"),
        ("merge", tmp_path / "b.xlsx", path),
    )
    for command in commands:
        done = actalign(*command)
        assert (done.returncode, done.stderr) == (0, "")
    monkeypatch.setattr("actalign.cli._progress.SILENT_SECONDS", 0.0)
    for command, name in zip(commands, ("a", "b"), strict=True):
        done = actalign(*command)
        assert (done.returncode, done.stderr) == (0, f"writing {tmp_path / name}.xlsx\n")


def test_a_full_sheet_goes_on_in_another(tmp_path, monkeypatch):
    monkeypatch.setattr(_workbooks, "SHEET_LINES", 4)
    book, _ = workbook(tmp_path)
    assert book.sheetnames == ["Clips", "Clips 2", "Repetitions", "Steps", "Steps 2", "Steps 3"]
    clips = [line["clip"] for name in ("Clips", "Clips 2") for line in lines_of(book[name])]
    assert clips == ["set", "once", "unsure", "broken"]
    assert [book[name].auto_filter.ref[-1] for name in ("Clips", "Clips 2")] == ["4", "2"]
    assert all(cell.font.bold for cell in book["Clips 2"][1])


def test_a_workbook_is_written_whole_or_not_at_all(tmp_path):
    _, path = workbook(tmp_path)
    before = (tmp_path / "rows.xlsx").read_bytes()
    path.write_text(path.read_text() + "{\n")
    with pytest.raises(UsageError, match="line 5 is not a prediction"):
        export(path, "xlsx")
    assert (tmp_path / "rows.xlsx").read_bytes() == before
    assert len([*tmp_path.iterdir()]) == 2


def test_merge_writes_the_same_workbook(tmp_path):
    book, path = workbook(tmp_path)
    ended = actalign("merge", "all.xlsx", path, cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (0, "all.xlsx\n")
    merged = openpyxl.load_workbook(tmp_path / "all.xlsx")
    assert [lines_of(sheet) for sheet in merged] == [lines_of(sheet) for sheet in book]
    assert not (tmp_path / "all.steps.xlsx").exists()


def test_a_full_folder_of_temporary_files_is_named(tmp_path):
    """A limit of file sizes is like a full disk; the workbook's sheets are made in that folder."""
    pytest.importorskip("resource", reason="limits of file sizes are POSIX's")
    path = write_lines(
        tmp_path / "rows.jsonl", [{**ROWS[0], "clip": f"clip {n}"} for n in range(500)]
    )
    code = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (8000, 8000));"
        "sys.argv[0] = 'actalign'; from actalign.cli._main import main; main()"
    )
    words = ["export", str(path), "--to", "xlsx", "--out", str(tmp_path / "new" / "a.xlsx")]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
    assert done.returncode == 1
    said = f"{tmp_path / 'new' / 'a.xlsx'} can't be written: File too large (in the folder of"
    assert said in done.stderr
    assert "name another folder in TMPDIR" in done.stderr
    assert not (tmp_path / "new").exists()


FULL_IN_A_SHEET = """
import resource
from pathlib import Path
from actalign.output._workbooks import sheets
from actalign.program import run_program

def program():
    with sheets(Path("a.xlsx"), {"A": {"a": str, "b": float}}) as kept:
        for n in range(3000):
            kept["A"].keep({"a": f"line {n}", "b": n / 7})
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

run_program(program)
"""


@pytest.mark.parametrize("lxml", ["True", "False"])  # openpyxl uses it where it is installed
def test_a_disk_that_is_full_within_a_sheet_is_said_in_one_sentence(tmp_path, lxml):
    pytest.importorskip("resource", reason="limits of file sizes are POSIX's")
    done = subprocess.run(
        [sys.executable, "-c", FULL_IN_A_SHEET],
        cwd=tmp_path,
        env={**os.environ, "OPENPYXL_LXML": lxml},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    (said,) = done.stderr.splitlines()
    assert said.startswith("error: a.xlsx can't be written: File too large (in the folder of")
    assert not [*tmp_path.iterdir()]
