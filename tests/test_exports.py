"""Every export, opened by the program that reads that format.

The packages of the annotation tools are too large for the test environment; where one is installed
its own reader judges, and everywhere the documented form does, written here as strict models.
"""

import csv
import gc
import json
import os
import re
import signal
import sys
import threading
import time
import tracemalloc
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

import actalign
from actalign import ActAlignError, UsageError, VideoError
from actalign.cli._show import ResultLines
from actalign.output._cuts import cut_all, pieces
from actalign.output._events import video_names
from actalign.output._export import FORMATS, OF_VIDEOS, PER_VIDEO, TABLES, export
from actalign.output._row_files import row_file
from actalign.output._tables import STEPS as STEP_TABLE
from actalign.rows import read_rows
from actalign.rows._files import RowFile, parse_row, row_text
from tests import command
from tests.media import write_video
from tests.tables import read_csv, write_lines

READ_VIDEOS = ("kinovea", "burn")  # formats that need the videos themselves
CLIP = Path(actalign.__file__).parent / "demo" / "gym-clean-and-press.mp4"
STEPS = ['say "go", then\nlift', "arms < shoulders --> up & <b>out</b>", "双手举过头顶"]


def candidate(label, score, times, steps=STEPS):
    segments = [
        {"step": step, "start_seconds": start, "end_seconds": end, "affinity": 0.5}
        for step, (start, end) in zip(steps, times, strict=False)
    ]
    return {"label": label, "score": score, "has_script": True, "segments": segments}


def row(doc_id, candidates, *, scorer="dtw", target=None):
    return {
        "schema_version": 1,
        "doc_id": doc_id,
        "status": "ok",
        "error": None,
        "video": str(CLIP),
        "target": target,
        "filtered_resps": [candidates[0]["label"]],
        "candidates": candidates,
        "margin": 0.1,
        "domain": "gym",
        "warnings": [],
        "scorer": scorer,
        "model_id": "body",
    }


TIMES = [(0.0, 1.25), (1.2, 2.0), (2.0, 3.4)]
ROWS = [
    row(
        "press.v1",
        [candidate("clean & press", 0.75, TIMES), candidate('"lunge"', 0.5, TIMES[:2])],
        target="clean & press",
    ),
    row(
        "press.v1",
        [candidate('"lunge"', -0.25, []), candidate("clean & press", -0.5, [])],
        scorer="mean_pool",
        target="clean & press",
    ),
    row("a/b", [candidate("still", 0.5, [(3725.5, 3725.5)], ["hold"])]),
    row("a_b", [candidate("still", 0.5, [(0.0, 0.001)], ["hold"])]),
    {
        "schema_version": 1,
        "doc_id": "broken",
        "status": "error",
        "error": "broken.mp4 can't be opened.",
        "video": "broken.mp4",
        "target": None,
        "filtered_resps": [],
        "metrics": {},
        "candidates": [],
    },
]


@pytest.fixture
def predictions(tmp_path):
    path = write_lines(tmp_path / "predictions.jsonl", ROWS)
    return path


def cues(path):
    """Start, end and text of every cue, as FFmpeg's demuxer reads the file."""
    av = pytest.importorskip("av")
    with av.open(str(path)) as container:
        stream = container.streams.subtitles[0]
        return [
            (
                float(p.pts * stream.time_base),
                float((p.pts + p.duration) * stream.time_base),
                bytes(p).decode(),
            )
            for p in container.demux(stream)
            if p.size
        ]


@pytest.mark.parametrize("to", ["vtt", "srt"])
def test_captions_as_ffmpeg_reads_them(predictions, tmp_path, to):
    written = export(predictions, to, tmp_path / "captions")
    # A player finds captions by the video's name; two scorers of one video are told apart.
    assert [path.relative_to(tmp_path / "captions").with_suffix("") for path in written[:2]] == [
        Path("dtw", CLIP.stem),
        Path("mean_pool", CLIP.stem),
    ]
    found = cues(written[0])
    assert [(round(start, 3), round(end, 3)) for start, end, _ in found] == TIMES
    texts = [text for *_, text in found]
    press = "clean &amp; press" if to == "vtt" else "clean & press"
    assert texts[0] == f'{press}: say "go", then lift'
    assert texts[2] == f"{press}: {STEPS[2]}"
    assert texts[1] == f"{press}: " + (
        "arms &lt; shoulders --&gt; up &amp; &lt;b&gt;out&lt;/b&gt;" if to == "vtt" else STEPS[1]
    )
    # The rows of one video, such as windows, are one file; a cue without time would be dropped.
    assert [cue[:2] for cue in cues(written[2])] == [
        pytest.approx((0.0, 0.001)), pytest.approx((3725.5, 3725.501))
    ]  # fmt: skip


def test_captions_of_equal_file_names_go_into_folders_of_the_videos_names(tmp_path):
    videos = ["/d/mon/a/squat.mp4", "/d/tue/a/squat.mp4", "/d/tue/a/Squat.mov", "/d/x/jump.mp4"]
    names = [str(one) for one in video_names([(video, "dtw") for video in videos])]
    assert names == ["mon/a/squat", "tue/a/squat", "tue/a/Squat-2", "jump"]


@pytest.mark.parametrize(
    ("stem", "kept"),
    [
        *((stem, True) for stem in ("serve (1)", "it's #2, 50% [x] & a+b=c!", "U\u0308bung", "🏋️")),
        *((stem, False) for stem in ("a:b", 'a"b', "a?", "a*b", "a|b", "<a>", "a\nb", "a" * 101)),
    ],
)
def test_captions_have_the_videos_own_name_where_every_system_takes_it(tmp_path, stem, kept):
    path = tmp_path / "p.jsonl"
    turned = [candidate("swing", 0.5, [(0.0, 1.0)], ["back"])]
    path.write_text(json.dumps(row("c", turned) | {"video": f"{stem}.mp4"}))
    [made] = export(path, "srt", tmp_path / "srt")
    assert (made.name == f"{stem}.srt") == kept
    assert not set(made.name) & set('<>:"/\\|?*\n')
    assert len(made.name) < 120


def test_names_that_some_systems_take_for_one_are_of_two_files():
    names = video_names([(f"{stem}.mp4", "dtw") for stem in ("\u00dcbung", "u\u0308bung")])
    assert names == [Path("\u00dcbung"), Path("u\u0308bung-2")]


@pytest.mark.parametrize("video", [".", "..", "/"])
def test_a_folder_that_has_no_name_has_files_that_are_seen(tmp_path, video):
    path = write_lines(
        tmp_path / "p.jsonl", [row("c", [candidate("still", 0.5, TIMES)]) | {"video": video}]
    )
    [found] = export(path, "vtt", tmp_path / "out")
    assert re.fullmatch(r"\w[\w.]*\.vtt", found.name)


def test_captions_say_which_repetition_and_how_sure_and_skip_what_is_refused(tmp_path):
    parts = [candidate("squat", 0.5, TIMES)["segments"][k : k + 1] for k in range(2)]
    repeated = [
        {"start_seconds": s[0]["start_seconds"], "end_seconds": s[0]["end_seconds"], "segments": s}
        for s in parts
    ]
    best = candidate("squat", 0.5, []) | {"repetitions": repeated}
    refused = row("b", [candidate("jump", 0.5, TIMES)])
    rows = [
        row("a", [best]) | {"confidence": 0.875},
        refused | {"video": "refused.mp4", "label": None, "min_confidence": 0.5},
    ]
    path = write_lines(tmp_path / "p.jsonl", rows)
    first, second = export(path, "srt", tmp_path)
    (results,) = export(path, "activitynet", tmp_path / "a.json")
    found = json.loads(results.read_text())["results"][CLIP.stem]
    assert [(one["repetition"], one["confidence"]) for one in found] == [(1, 0.875), (2, 0.875)]
    elan = ET.parse(export(path, "elan", tmp_path / "eaf")[0])
    told = {
        tier.get("TIER_ID"): [one.text for one in tier.iter("ANNOTATION_VALUE")]
        for tier in elan.iter("TIER")
    }
    assert told["action"] == ["squat"] * 2
    assert (told["repetition"], told["confidence"]) == (["1 of 2", "2 of 2"], ["0.875"] * 2)
    (samples,) = export(path, "lmms-eval", tmp_path / "l.jsonl")
    said = [json.loads(line).get("confidence") for line in samples.read_text().splitlines()]
    assert said == [0.875, None]
    assert [cue[2] for cue in cues(first)] == [
        'squat (1 of 2), 88%: say "go", then lift', f"squat (2 of 2), 88%: {STEPS[1]}"
    ]  # fmt: skip
    assert second.read_text() == ""
    path.write_text(json.dumps({**rows[0], "frames": 10, "neutral_frames": 8}) + "\n")
    (first,) = export(path, "srt", tmp_path)
    assert cues(first)[1][2] == f"squat (2 of 2), 88% (mostly unseen): {STEPS[1]}"


def test_tables_and_projects_say_what_was_refused_by_which_scorer_and_background(tmp_path):
    others = "the run's 2 other clips (transductive)"
    best = candidate("squat", 0.5, TIMES)
    twice = [
        {"start_seconds": start, "end_seconds": end, "segments": best["segments"][:1]}
        for start, end in TIMES[:2]
    ]
    rows = [
        row("a", [best | {"repetitions": twice}], scorer="competitive")
        | {"label": "squat", "confidence": 0.875, "background": others},
        row("a", [best]) | {"label": "squat"},
        row("b", [best]) | {"label": None, "confidence": 0.25, "min_confidence": 0.5},
        row("c", [best]) | {"label": "squat", "frames": 4, "neutral_frames": 4},
    ]
    path = write_lines(tmp_path / "p.jsonl", rows)
    clips, _ = export(path, "csv", tmp_path / "t.csv")
    found = read_csv(clips)
    assert [one["background"] for one in found] == [others, "", "", ""]
    refusal = "no label: squat has confidence 25% below 50%"
    assert (found[2]["label"], found[2]["warnings"]) == ("", refusal)
    (page,) = export(path, "md", tmp_path / "t.md")
    head, _, *lines = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in page.read_text().splitlines()
        if line.startswith("|")
    ]
    told = [dict(zip(head, line, strict=True)) for line in lines]
    assert [one["scorer"].replace("\\", "") for one in told] == ["competitive", *["dtw"] * 3]
    assert [one["repetitions"] for one in told] == ["2", "", "", ""]
    assert others in told[0]["notes"]
    assert told[2]["notes"] == refusal
    labels, _ = export(path, "fiftyone", tmp_path / "fo")
    of_steps = list(json.loads(labels.read_text())["labels"].values())
    assert [len(one) for one in of_steps] == [2, 3, 0, 0]
    assert of_steps[0][0]["confidence"] == 0.875
    (samples,) = export(path, "lmms-eval", tmp_path / "l.jsonl")
    said = [json.loads(line)["scorer"] for line in samples.read_text().splitlines()]
    assert said == ["competitive", "dtw", "dtw", "dtw"]
    tasks, _ = label_studio(path, tmp_path / "ls")
    assert [len(one["predictions"][0]["result"]) for one in tasks] == [3, 4, 0, 0]
    (results,) = export(path, "activitynet", tmp_path / "a.json")
    [detections] = json.loads(results.read_text())["results"].values()
    assert [one["scorer"] for one in detections] == ["competitive", "competitive", "dtw"]


def test_a_table_warns_where_nothing_is_seen_in_all_frames_or_in_many(tmp_path):
    seen = row("a", [candidate("squat", 0.5, TIMES)]) | {"label": "squat", "frames": 50}
    path = tmp_path / "p.jsonl"
    path.write_text("".join(json.dumps(seen | {"neutral_frames": n}) + "\n" for n in (50, 11, 9)))
    clips, _ = export(path, "csv", tmp_path / "t.csv")
    told = [one["warnings"] for one in read_csv(clips)]
    assert told == ["nothing seen: its label means nothing", "22% unseen", ""]


def test_none_of_the_candidates_is_no_event_but_an_answer(tmp_path):
    nothing = candidate("nothing", 0.5, []) | {"none": True, "path_length": None}
    one = row("a", [nothing, candidate("squat", 0.25, TIMES)]) | {"label": "nothing"}
    path = write_lines(tmp_path / "p.jsonl", [one | {"start_seconds": 0.0, "end_seconds": 3.0}])
    (captions,) = export(path, "srt", tmp_path)
    assert captions.read_text() == ""
    (results,) = export(path, "activitynet", tmp_path / "a.json")
    assert list(json.loads(results.read_text())["results"].values()) == [[]]
    ((task,), _) = label_studio(path, tmp_path / "ls")
    assert [one["value"] for one in task["predictions"][0]["result"]] == [{"choices": ["nothing"]}]
    files = export(path, "csv", tmp_path / "t.csv")
    tables = [list(csv.DictReader(file.read_text("utf-8-sig").splitlines())) for file in files]
    assert [[(one["label"], one["none"]) for one in table] for table in tables] == [
        [("nothing", "yes")],
        [("nothing", "yes"), *[("squat", "")] * 3],
    ]


def test_an_answer_without_an_action_has_no_time(tmp_path):
    best = candidate("squat", 0.5, TIMES)
    best["repetitions"] = [{"start_seconds": 0.0, "end_seconds": 3.4, "segments": best["segments"]}]
    nothing = candidate("nothing", 0.5, []) | {"none": True, "path_length": None}
    clip = {"start_seconds": 0.0, "end_seconds": 3.5, "frames": 4, "confidence": 0.25}
    rows = [
        row("a", [best]) | {"label": "squat"} | clip,
        row("b", [best]) | {"label": None, "min_confidence": 0.5} | clip,
        row("c", [nothing, best]) | {"label": "nothing"} | clip,
        row("d", [best]) | {"label": "squat", "neutral_frames": 4} | clip,
    ]
    lines = ResultLines("abcd", ["squat"])
    shown = [str(lines.of({**one, "clip": one["doc_id"]})).splitlines()[-1] for one in rows]
    assert ["0:00:03.4" in line for line in shown] == [True, False, False, False]
    assert not any("0:00:03.5" in line for line in shown)
    path = write_lines(tmp_path / "p.jsonl", rows)
    (page,) = export(path, "md", tmp_path / "t.md")
    _, _, *lines = page.read_text().splitlines()
    cells = [[cell.strip() for cell in line.split("|")] for line in lines]
    assert [one[6:9] for one in cells] == [["0", "3.4", "1"], *[["", "", ""]] * 3]
    assert cells[2][-2] == "none of the other candidates fits"


def test_every_export_tells_two_people_of_a_video_apart(tmp_path):
    rows = [
        row(f"a-person{n}", [candidate(label, 0.5, TIMES)])
        | {"video": "a.mp4", "label": label, "person": n, "people": 2}
        for n, label in ((1, "squat"), (2, "jump"))
    ]
    path = write_lines(tmp_path / "p.jsonl", rows)
    for table in export(path, "csv", tmp_path / "t.csv"):
        found = {(one["person"], one["label"]) for one in read_csv(table)}
        assert found == {("1", "squat"), ("2", "jump")}
    (results,) = export(path, "activitynet", tmp_path / "a.json")
    detections = json.loads(results.read_text())["results"]["a"]
    assert [(one["person"], one["label"]) for one in detections] == [(1, "squat"), (2, "jump")]
    labels, _ = export(path, "fiftyone", tmp_path / "fo")
    steps = [one for of in json.loads(labels.read_text())["labels"].values() for one in of]
    assert {(s["attributes"]["person"], s["attributes"]["action"]) for s in steps} == {
        *((1, "squat"), (2, "jump"))
    }
    tasks, _ = label_studio(path, tmp_path / "ls")
    assert [task["data"]["person"] for task in tasks] == [1, 2]
    (log,) = export(path, "inspect", tmp_path / "logs")
    samples = json.loads(log.read_text())["samples"]
    assert [one["metadata"]["person"] for one in samples] == [1, 2]
    for to in ("vtt", "elan", "otio", "resolve", "sportscode", "boris"):
        (made,) = export(path, to, tmp_path / to)
        assert {"1", "2"} <= set(re.findall(r"person\W*(?:<[^>]*>\s*)*(\d)", made.read_text())), to


def test_csv_as_pythons_reader_reads_it(predictions, tmp_path):
    _, path = export(predictions, "csv", tmp_path / "rows.csv")
    found = read_csv(path)
    assert tuple(found[0]) == tuple(STEP_TABLE.columns)
    first = [r for r in found if (r["clip"], r["scorer"]) == ("press.v1", "dtw")]
    assert [r["step"] for r in first] == [*STEPS, *STEPS[:2]]
    assert [r["rank"] for r in first] == ["1", "1", "1", "2", "2"]
    assert [float(r["start_seconds"]) for r in first[:3]] == [0.0, 1.2, 2.0]
    assert {r["target"] for r in first} == {"clean & press"}
    pooled = [r for r in found if r["scorer"] == "mean_pool"]
    assert [(r["label"], r["score"], r["step"]) for r in pooled] == [
        ('"lunge"', "-0.25", ""),
        ("clean & press", "-0.5", ""),
    ]
    assert found[-1]["status"] == "error"
    assert found[-1]["error"] == "broken.mp4 can't be opened."
    assert found[-1]["label"] == ""


def test_steps_say_which_wording_they_are_of(tmp_path):
    several = {**candidate("press", 0.75, TIMES), "wording": 3, "wordings": 5}
    file = tmp_path / "predictions.jsonl"
    file.write_text(row_text(row("a", [several, candidate("still", 0.5, TIMES)])) + "\n")
    clips, steps = export(file, "csv", tmp_path / "rows.csv")
    for path, wordings in ((clips, ["3"]), (steps, ["3"] * 3 + [""] * 3)):
        assert [one["wording"] for one in read_csv(path)] == wordings


def test_parquet_as_pyarrow_reads_it(predictions, tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    _, path = export(predictions, "parquet", tmp_path / "rows.parquet")
    table = pq.read_table(path)
    assert tuple(table.column_names) == tuple(STEP_TABLE.columns)
    kinds = {name: str(table.schema.field(name).type) for name in STEP_TABLE.columns}
    assert kinds["rank"] == kinds["step_number"] == "int32"
    assert kinds["score"] == kinds["end_seconds"] == "double"
    found = table.to_pylist()
    assert [r["step"] for r in found[:3]] == STEPS
    assert found[0]["end_seconds"] == 1.25
    assert found[-1]["score"] is None


FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", " =1+1", "\t=1+1", "＝1+1", "#N/A"]


def test_no_cell_is_a_formula(tmp_path):
    """A label from elsewhere must not run in the spreadsheet of whoever opens the table."""
    openpyxl = pytest.importorskip("openpyxl")
    rows = [row(f"{text}.mp4", [candidate(text, -0.5, TIMES, [text])]) for text in FORMULAS]
    path = write_lines(tmp_path / "p.jsonl", rows)
    _, table = export(path, "csv", tmp_path / "rows.csv")
    found = read_csv(table)
    for one, text in zip(found, FORMULAS, strict=True):
        safe = text if text == "#N/A" else f"'{text}"
        assert (one["label"], one["step"]) == (safe, safe)
        assert one["clip"] == f"{safe}.mp4"
        assert one["score"] == "-0.5"  # a number stays one
    [table] = export(path, "xlsx", tmp_path / "rows.xlsx")
    for sheet in openpyxl.load_workbook(table):
        head = [cell.value for cell in sheet[1]]
        cells = [line[head.index("label")] for line in sheet.iter_rows(min_row=2)]
        assert [cell.value for cell in cells] == FORMULAS  # the cell's type says that it is text
        assert {cell.data_type for line in sheet for cell in line} <= {"s", "inlineStr", "n"}


# Files a video hold a video's rows, and openpyxl's own memory is not ours: both would take long.
@pytest.mark.parametrize("to", sorted({*FORMATS} - {*PER_VIDEO, *OF_VIDEOS, "xlsx"}))
def test_an_export_holds_a_row_at_a_time(predictions, tmp_path, to):
    path = tmp_path / "many.jsonl"
    line = json.dumps(ROWS[0]) + "\n"
    one = json.loads(line)
    with path.open("w") as file:
        for number in range(3000):
            file.write(json.dumps(one | {"doc_id": f"clip {number:06}"}) + "\n")
    export(predictions, to, tmp_path / "warm")  # imports what it needs
    tracemalloc.start()
    export(path, to, tmp_path / "out")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < path.stat().st_size


def test_the_time_for_file_names_grows_as_their_number():
    def seconds(count):
        clips = [
            (f"{number // 4}/{number % 2}.mp4", f"{number // 2 % 2}") for number in range(count)
        ]
        took = []
        for _ in range(3):
            began = time.process_time()
            assert len(set(video_names(clips))) == count
            took.append(time.process_time() - began)
        return min(took)

    assert seconds(16_000) < 25 * seconds(2_000)  # 8 times where it is linear, 64 where quadratic


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


TWO = [
    row("press", [candidate("clean & press", 0.75, TIMES)]) | {"confidence": 0.875},
    row("b", [candidate("<still>\x01", 0.5, [(0.5, 2.0)], ["hold | it"])]) | {"video": "/v/b.mov"},
]


@pytest.fixture
def two(tmp_path):
    path = write_lines(tmp_path / "two.jsonl", TWO)
    return path


@pytest.mark.parametrize("option", [["--int8"], ["--model", "body"]])
def test_an_option_of_a_model_is_refused_with_predictions(two, tmp_path, option):
    ended = command.actalign("export", two, "--to", "csv", *option, cwd=tmp_path)
    assert ended.returncode == 2
    assert f"{option[0]} is for a model; give --to onnx too, or leave it out." in ended.stderr


def test_elan_files_as_pympi_reads_them(two, tmp_path):
    elan = pytest.importorskip("pympi.Elan")
    press, still = export(two, "elan", tmp_path / "eaf")
    found = elan.Eaf(str(press))
    assert list(found.get_tier_names()) == ["action", "step", "confidence"]
    assert [one[:3] for one in found.get_annotation_data_for_tier("action")] == [
        (0, 3400, "clean & press")
    ]
    steps = sorted(found.get_annotation_data_for_tier("step"))
    # Steps that share a frame are cut apart: a tier of ELAN holds no two at one time.
    assert [one[:2] for one in steps] == [(0, 1250), (1250, 2000), (2000, 3400)]
    assert [one[2] for one in steps] == STEPS
    assert found.media_descriptors[0]["MEDIA_URL"] == CLIP.as_uri()
    assert elan.Eaf(str(still)).get_annotation_data_for_tier("action")[0][2] == "<still>"


@pytest.mark.filterwarnings("ignore:Exception ignored:pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore:Unclosed file:ResourceWarning")  # kloppy's own
def test_sportscode_timelines_as_kloppy_reads_them(two, tmp_path):
    sportscode = pytest.importorskip("kloppy.sportscode")
    press, _ = export(two, "sportscode", tmp_path / "xml")
    [code] = sportscode.load(str(press)).codes
    assert (code.code_id, code.code) == ("1", "clean & press")
    assert (code.timestamp.total_seconds(), code.end_timestamp.total_seconds()) == (0, 3.4)
    assert code.labels == {"step": STEPS, "confidence": 0.875}


def test_timelines_as_opentimelineio_reads_them(two, tmp_path):
    otio = pytest.importorskip("opentimelineio")
    press, still = export(two, "otio", tmp_path / "otio")
    [clip] = otio.adapters.read_from_file(str(press)).find_clips()
    assert clip.name == "clean & press"
    assert clip.media_reference.target_url == CLIP.as_uri()
    assert clip.source_range.duration.to_seconds() == 3.4
    marks = [(m.name, m.marked_range.start_time.to_seconds()) for m in clip.markers]
    assert marks == [(step, start) for step, (start, _) in zip(STEPS, TIMES, strict=True)]
    [clip] = otio.adapters.read_from_file(str(still)).find_clips()
    assert clip.source_range.start_time.to_seconds() == 0.5


def test_resolve_markers_are_an_edl_as_resolve_writes_it(two, tmp_path):
    press, still = export(two, "resolve", tmp_path / "edl")
    assert still.read_text().splitlines() == [
        "TITLE: b",
        "FCM: NON-DROP FRAME",
        "",
        "001  001      V     C        01:00:00:12 01:00:00:13 01:00:00:12 01:00:00:13",
        " |C:ResolveColorBlue |M:<still>\x01 |D:38",
        "",
        "002  001      V     C        01:00:00:12 01:00:00:13 01:00:00:12 01:00:00:13",
        " |C:ResolveColorGreen |M:<still>\x01: hold / it |D:38",
    ]
    assert press.read_text(encoding="utf-8").count("ResolveColorGreen") == len(STEPS)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux's always full device")
@pytest.mark.parametrize("to", ["xlsx", "parquet", "csv", "md"])
def test_a_full_disk_is_one_error_of_a_table_and_nothing_more(tmp_path, monkeypatch, to):
    pytest.importorskip({"xlsx": "openpyxl", "parquet": "pyarrow"}.get(to, "csv"))
    told: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", told.append)

    def write_to_full_disk():
        with row_file(tmp_path / f"t.{to}") as write:
            write(parse_row(json.dumps(row("c", [candidate("swing", 0.5, [])])), "here"))
            for one in [*Path("/proc/self/fd").iterdir()]:
                if str(tmp_path) in os.path.realpath(one):
                    full = os.open("/dev/full", os.O_WRONLY)
                    os.dup2(full, int(one.name))
                    os.close(full)

    with pytest.raises(ActAlignError, match="No space left on device"):
        write_to_full_disk()
    gc.collect()
    assert not told
    assert not list(tmp_path.iterdir())


class BorisObservation(Strict):
    """https://boris.readthedocs.io: an observation, whose events are time, subject, code, ..."""

    file: dict[str, list[str]]
    type: Literal["MEDIA"]
    date: str
    description: str
    time_offset: int = Field(alias="time offset")
    events: list[tuple[float, str, str, str, str]]
    interval: list[float] = Field(alias="observation time interval")
    independent_variables: dict[str, str]
    media_info: dict[str, dict[str, float | bool]]


def test_a_boris_project_has_a_start_and_a_stop_of_every_action(two, tmp_path):
    [path] = export(two, "boris", tmp_path / "p.boris")
    project = json.loads(path.read_text(encoding="utf-8"))
    codes = [one["code"] for one in project["behaviors_conf"].values()]
    assert codes == ["clean & press", "<still>\x01"]
    assert {one["type"] for one in project["behaviors_conf"].values()} == {"State event"}
    assert list(project["observations"]) == [CLIP.stem, "b"]
    for one, times, code, video in zip(
        project["observations"].values(), [(0, 3.4), (0.5, 2)], codes, [str(CLIP), "/v/b.mov"],
        strict=True,
    ):  # fmt: skip
        found = BorisObservation.model_validate_json(json.dumps(one))
        assert [event[0] for event in found.events] == list(times)
        assert {event[2] for event in found.events} == {code}
        assert found.file["1"] == [video]
        there = video == str(CLIP)  # BORIS itself finds no fault then (8.27)
        assert found.media_info["length"] == ({video: pytest.approx(3.5, abs=0.1)} if there else {})
        assert found.media_info["hasAudio"] == ({video: False} if there else {})


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
def test_a_video_that_crashes_its_reader_leaves_a_boris_project_without_its_facts(two, tmp_path):
    others = set(command.decoding_children())  # of tests before this one
    killed, done = set(), threading.Event()

    def kill():
        while not done.wait(0.01):
            for pid in set(command.decoding_children()) - others - killed:
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        [path] = export(two, "boris", tmp_path / "p.boris")
    finally:
        done.set()
        killer.join()
    project = json.loads(path.read_text(encoding="utf-8"))
    assert killed
    assert [one["media_info"]["fps"] for one in project["observations"].values()] == [{}, {}]


@pytest.fixture
def people(tmp_path):
    """Two people who do the same at the same time, the first of them twice; each ends later."""
    video = write_video(tmp_path / "v.mp4", 60)
    found = [
        row(f"v-person{one}", [candidate("swing", 0.5, times, ["back", "through"])])
        | {"video": str(video), "person": one, "people": 2}
        for one, times in ((1, [(0.0, 0.5), (0.5, 1.0)]), (2, [(0.0, 0.8), (0.8, 1.6)]))
    ]
    again = [{"start_seconds": s, "end_seconds": s + 0.5, "segments": []} for s in (0.0, 0.5)]
    found[0]["candidates"][0]["repetitions"] = again
    path = write_lines(tmp_path / "people.jsonl", found)
    return path


def test_boris_finds_a_video_whose_path_was_given_from_another_folder(tmp_path, monkeypatch):
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "a.mp4").touch()
    (tmp_path / "runs").mkdir()
    one = row("a", [candidate("swing", 0.5, [(0.0, 1.0)])]) | {"video": "clips/a.mp4"}
    (tmp_path / "runs" / "rows.jsonl").write_text(json.dumps(one) + "\n")
    monkeypatch.chdir(tmp_path)
    [path] = export("runs/rows.jsonl", "boris")
    [observation] = json.loads(path.read_text())["observations"].values()
    assert observation["file"]["1"] == [str(tmp_path / "clips" / "a.mp4")]


def test_boris_has_a_subject_a_person_since_it_takes_events_for_start_and_stop(people, tmp_path):
    [path] = export(people, out=tmp_path / "p.boris")  # its ending says the format
    project = json.loads(path.read_text(encoding="utf-8"))
    assert [one["name"] for one in project["subjects_conf"].values()] == ["person 1", "person 2"]
    events = project["observations"]["v"]["events"]
    assert [one[:3] for one in events if one[1] == "person 1"] == [
        [time, "person 1", "swing"] for time in (0.0, 0.5, 0.5, 1.0)
    ]
    assert [one[0] for one in events if one[1] == "person 2"] == [0.0, 1.6]
    assert [one[0] for one in events] == sorted(one[0] for one in events)


@pytest.mark.parametrize("to", ["boris", "boris-events"])
def test_in_boris_no_action_begins_again_before_it_ended(tmp_path, to):
    windows = [
        row(f"v@{start}", [candidate("swing", 0.5, [(start, start + 2.0)], ["back"])])
        for start in (0.0, 1.0)
    ]
    path = write_lines(tmp_path / "windows.jsonl", windows)
    [found] = export(path, to, tmp_path / ("out.boris" if to == "boris" else "out"))
    if to == "boris":
        [observation] = json.loads(found.read_text(encoding="utf-8"))["observations"].values()
        times = [one[0] for one in observation["events"]]
    else:
        sheet = pytest.importorskip("openpyxl").load_workbook(found).worksheets[0]
        times = [line[0].value for line in sheet.iter_rows(min_row=2)]
    assert times == [0, 2, 2, 3]


@pytest.mark.parametrize("to", ["vtt", "srt"])
def test_captions_of_several_people_are_in_the_order_of_time(people, to, tmp_path):
    [path] = export(people, to, tmp_path / "captions")
    assert [begin for begin, _, _ in cues(path)] == [0.0, 0.0, 0.5, 0.8]


@pytest.mark.parametrize("to", ["vtt", "srt"])
def test_captions_of_one_action_do_not_overlap_where_its_detections_do(to, tmp_path):
    spans = {
        "swing": [(0.0, 2.0), (2.0, 4.0)],
        "swing again": [(3.0, 5.0), (5.0, 8.0)],
        "jump": [(3.5, 4.5), (4.5, 6.0)],
        "swing within": [(6.0, 6.5), (6.5, 7.0)],
    }
    found = [
        row(f"v#{n}", [candidate(name.split()[0], 4.0, times, ["back", "up"])], scorer=None)
        | {"label": name.split()[0], "start_seconds": times[0][0], "end_seconds": times[-1][1]}
        for n, (name, times) in enumerate(spans.items(), start=1)
    ]
    # A file's rows may be in any order.
    path = write_lines(tmp_path / "found.jsonl", reversed(found))
    [captions] = export(path, to, tmp_path / "captions")
    assert cues(captions) == [
        (0.0, 2.0, "swing: back"),
        (2.0, 4.0, "swing: up"),
        (3.5, 4.5, "jump: back"),
        (4.0, 5.0, "swing: back"),
        (4.5, 6.0, "jump: up"),
        (5.0, 8.0, "swing: up"),
    ]


@pytest.mark.parametrize("to", ["vtt", "srt"])
def test_captions_show_each_of_several_questions_about_a_video(to, tmp_path):
    """Also if the answer is the same, which may have other steps at other times."""
    found = [
        row(f"q{n}", [candidate("swing", 4.0, [(0.0, end), (end, 4.0)], steps)])
        | {"label": "swing", "start_seconds": 0.0, "end_seconds": 4.0}
        for n, (end, steps) in enumerate([(1.0, ["back", "up"]), (3.0, ["lift", "hit"])])
    ]
    path = write_lines(tmp_path / "asked.jsonl", found)
    [captions] = export(path, to, tmp_path / "captions")
    assert [text for *_, text in cues(captions)] == [
        "swing: back", "swing: lift", "swing: up", "swing: hit",
    ]  # fmt: skip


@pytest.mark.parametrize("to", ["vtt", "srt"])
def test_captions_of_windows_do_not_wait_for_a_clip_without_an_answer(to, tmp_path):
    refused = row("all", [candidate("swing", 1.0, [(0.0, 9.0)])]) | {"label": None}
    window = row("all@1", [candidate("jump", 4.0, [(1.0, 3.0)], ["up"])]) | {"label": "jump"}
    window |= {"end_seconds": 3.0, "provenance": {"window_start": "1"}}
    rows = [refused | {"start_seconds": 0.0, "end_seconds": 9.0}, window]
    path = write_lines(tmp_path / "both.jsonl", rows)
    [captions] = export(path, to, tmp_path / "captions")
    assert cues(captions) == [(1.0, 3.0, "jump: up")]


def test_kinovea_shows_what_several_people_begin_at_one_time(people, tmp_path):
    pytest.importorskip("av")
    [path] = export(people, "kinovea", tmp_path / "kva")
    titles = [one.text for one in ET.parse(path).getroot().findall("Keyframes/Keyframe/Title")]
    assert titles == [
        "person 1, swing (1 of 2); person 2, swing: back",
        "person 1, swing (2 of 2)",
        "person 2, swing: through",
        "person 1, swing (2 of 2): end",
        "person 2, swing: end",
    ]


def test_timelines_keep_several_people_apart(people, tmp_path):
    [path] = export(people, "elan", tmp_path / "eaf")
    root = ET.parse(path).getroot()
    tiers = {one.get("TIER_ID"): one for one in root.findall("TIER")}
    assert list(tiers) == [
        *("person 1, action", "person 1, step", "person 1, repetition"),
        *("person 2, action", "person 2, step"),
    ]
    texts = [one.text for one in tiers["person 2, step"].iter("ANNOTATION_VALUE")]
    assert (texts, tiers["person 2, step"].get("PARTICIPANT")) == (["back", "through"], "person 2")
    [path] = export(people, "sportscode", tmp_path / "xml")
    labels = [
        label.findtext("text")
        for label in ET.parse(path).getroot().iter("label")
        if label.findtext("group") == "person"
    ]
    assert sorted(labels) == ["1", "1", "2"]


@pytest.mark.parametrize("to", sorted({*FORMATS} - {*TABLES, *READ_VIDEOS, "boris-events"}))
def test_no_export_has_times_before_the_videos_begin(tmp_path, to):
    early = [row("c", [candidate("swing", 0.5, [(-5.0, -2.0), (-2.0, 1.0)])])]
    path = write_lines(tmp_path / "early.jsonl", early)
    for file in export(path, to, tmp_path / "out"):
        if to not in ("lmms-eval", "inspect", "fiftyone"):  # these hold the row as it is
            assert not re.search(r"[^\w]-[1-9]|00:59:", file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("to", sorted({*FORMATS} - {*READ_VIDEOS}))
def test_rows_need_no_more_than_the_schema_requires(tmp_path, to):
    if to in ("xlsx", "boris-events"):
        pytest.importorskip("openpyxl")
    if to == "parquet":
        pytest.importorskip("pyarrow")
    least = {"clip": "c", "candidates": [{"label": "swing", "score": 1.0}]}
    path = write_lines(tmp_path / "least.jsonl", [least])
    assert export(path, to, tmp_path / "out")


def test_activitynet_keeps_videos_of_one_name_apart(tmp_path):
    turned = [candidate("swing", 0.5, [(0.0, 1.0)], ["back"])]
    videos = ["mon/squat.mp4", "tue/squat.mov", "tue/jump.mp4", "tue/jump.mp4"]
    rows = [
        row("c", turned, scorer=scorer) | {"video": video}
        for video, scorer in zip(videos, ["dtw", "dtw", "dtw", "mean_pool"], strict=True)
    ]
    path = write_lines(tmp_path / "p.jsonl", rows)
    [made] = export(path, "activitynet", tmp_path / "a.json")
    results = json.loads(made.read_text())["results"]
    assert {video: len(found) for video, found in results.items()} == {
        "mon/squat.mp4": 1, "tue/squat.mov": 1, "jump": 2
    }  # fmt: skip


def test_activitynet_results_and_truth(two, tmp_path):
    [path] = export(two, "activitynet", tmp_path / "results.json")
    results = json.loads(path.read_text(encoding="utf-8"))["results"]
    assert results == {
        CLIP.stem: [
            {
                "label": "clean & press",
                "score": 0.75,
                "segment": [0.0, 3.4],
                "scorer": "dtw",
                "confidence": 0.875,
            }
        ],
        "b": [{"label": "<still>\x01", "score": 0.5, "segment": [0.5, 2.0], "scorer": "dtw"}],
    }
    events = {
        video: {
            "subset": "testing",
            "annotations": [{"label": e["label"], "segment": e["segment"]} for e in found],
        }
        for video, found in results.items()
    }
    truth = tmp_path / "truth.json"
    truth.write_text(json.dumps({"version": "VERSION 1.3", "database": events}))
    found = [
        json.dumps(
            one
            | {"start_seconds": s, "end_seconds": e, "label": one["filtered_resps"][0]}
            | {"scorer": None}
        )
        for one, (s, e) in zip(TWO, [(0.0, 3.4), (0.5, 2.0)], strict=True)
    ]
    (tmp_path / "found.jsonl").write_text("\n".join(found))
    ended = command.actalign(
        "eval", "detections", tmp_path / "found.jsonl", "--truth", truth, cwd=tmp_path
    )
    assert ended.returncode == 0, ended.stderr
    assert "100" in ended.stdout
    truth.write_text(json.dumps({"database": {"b": {"annotations": [{"label": "x"}]}}}))
    ended = command.actalign(
        "eval", "detections", tmp_path / "found.jsonl", "--truth", truth, cwd=tmp_path
    )
    assert ended.returncode == 2
    assert "truth.json, b: it has no annotations with a label and a segment" in ended.stderr


def test_boris_takes_the_events_of_a_workbook(two, tmp_path):
    """As its import of observations reads one: the first sheet, by the names of its columns."""
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("openpyxl")
    press, still = export(two, "boris-events", tmp_path / "events")
    assert (press.name, still.name) == (f"{CLIP.stem}.xlsx", "b.xlsx")
    found = pandas.read_excel(press, sheet_name=0, engine="openpyxl")
    assert list(found.columns) == ["time", "subject", "code", "modifier", "comment"]
    assert found["time"].tolist() == [0, 3.4]
    assert set(found["code"]) == {"clean & press"}
    assert found["comment"][0].endswith("; confidence 88%")


STAMPS = [0, 40, 300, 310, 400, 500, 533, 566, 900, 940]
KINOVEA = ["FormatVersion", "Producer", "OriginalFilename", "ImageSize"]
KINOVEA += ["AverageTimeStampsPerFrame", "FirstTimeStamp", "SelectionStart", "Keyframes"]
"""Elements of kva.2.0.xsd in Kinovea's repository, a sequence, those that may be left out."""


def test_kinovea_files_follow_its_schema_and_count_in_the_videos_clock(tmp_path):
    av = pytest.importorskip("av")
    video = write_video(
        tmp_path / "v.mkv", 10, times=[0, 40, 300, 310, 400, 500, 533, 566, 900, 940]
    )
    turned = [candidate("swing", 0.5, [(0.04, 0.4), (0.4, 0.9)], ["back", "through <&>"])]
    rows = [row("v", turned) | {"video": str(video), "confidence": 0.875}]
    rows.append(row("gone", turned) | {"video": str(tmp_path / "gone.mp4")})
    path = write_lines(tmp_path / "p.jsonl", rows)
    with pytest.raises(VideoError, match=r"1 of 2 files were not written: There is no file"):
        export(path, "kinovea", tmp_path / "kva")
    root = ET.parse(tmp_path / "kva" / "v.kva").getroot()
    assert root.tag == "KinoveaVideoAnalysis"
    assert [one.tag for one in root] == KINOVEA
    assert (root.findtext("OriginalFilename"), root.findtext("ImageSize")) == ("v", "96;64")
    for name in KINOVEA[4:7]:
        int(root.findtext(name))
    images = root.findall("Keyframes/Keyframe")
    assert [[one.tag for one in image] for image in images] == [["Position", "Title"]] * 3
    assert [image.findtext("Title") for image in images] == [
        "swing, 88%: back", "swing, 88%: through <&>", "swing: end"
    ]  # fmt: skip
    with av.open(str(video)) as file:
        stamps = sorted(packet.pts for packet in file.demux(video=0) if packet.size)
    at = [int(image.findtext("Position")) for image in images]
    assert at == [stamps[1], stamps[4], stamps[8]]


class Range(Strict):
    start: int = Field(ge=1)
    end: int = Field(ge=1)


class TimelineValue(Strict):
    ranges: list[Range] = Field(min_length=1)
    timelinelabels: list[str] = Field(min_length=1)


class TimelineRegion(Strict):
    id: str
    from_name: Literal["steps"]
    to_name: Literal["video"]
    type: Literal["timelinelabels"]
    value: TimelineValue


class ChoicesValue(Strict):
    choices: list[str] = Field(min_length=1, max_length=1)


class ChoicesRegion(Strict):
    id: str
    from_name: Literal["action"]
    to_name: Literal["video"]
    type: Literal["choices"]
    value: ChoicesValue


class LabelStudioPrediction(Strict):
    """https://labelstud.io/guide/predictions"""

    model_version: str
    result: list[ChoicesRegion | TimelineRegion]
    score: float | None = Field(default=None, ge=0, le=1)


class LabelStudioTask(Strict):
    data: dict[str, str]
    predictions: list[LabelStudioPrediction] = []


def label_studio(predictions, out):
    tasks, config = export(predictions, "label-studio", out)
    assert (tasks.name, config.name) == ("tasks.json", "config.xml")
    return json.loads(tasks.read_text(encoding="utf-8")), config.read_text(encoding="utf-8")


def test_label_studio_tasks_are_as_documented_and_fit_their_configuration(predictions, tmp_path):
    raw, config = label_studio(predictions, tmp_path / "ls")
    tasks = [LabelStudioTask.model_validate(task) for task in raw]
    assert [len(task.predictions) for task in tasks] == [1, 1, 1, 1, 0]
    root = ET.fromstring(config)
    assert root.find("Video").get("value") == "$video"
    fps = float(root.find("Video").get("framerate"))
    labels = {e.get("value") for e in root.find("TimelineLabels")}
    choices = {e.get("value") for e in root.find("Choices")}
    for task in tasks:
        for prediction in task.predictions:
            action, *steps = prediction.result
            assert set(action.value.choices) <= choices
            assert all(set(step.value.timelinelabels) <= labels for step in steps)
    ranges = [region.value.ranges[0] for region in tasks[0].predictions[0].result[1:]]
    for found, (start, end) in zip(ranges, TIMES, strict=True):
        assert (found.start - 1) / fps == pytest.approx(start, abs=0.5 / fps)
        assert found.end / fps == pytest.approx(end, abs=0.5 / fps)
    assert [task.predictions[0].score for task in tasks[:2]] == [0.75, None]


def test_label_studios_own_package_takes_the_tasks(predictions, tmp_path):
    interface = pytest.importorskip("label_studio_sdk.label_interface")
    raw, config = label_studio(predictions, tmp_path / "ls")
    judge = interface.LabelInterface(config)
    judge.validate()
    for task in raw:
        for prediction in task.get("predictions", []):
            assert judge.validate_prediction(prediction, return_errors=True) == []
    wrong = raw[0]["predictions"][0] | {"score": -1}
    assert judge.validate_prediction(wrong, return_errors=True)


class Detection(Strict):
    """https://docs.voxel51.com/user_guide/import_datasets.html, FiftyOneTemporalDetectionDataset"""

    label: str
    timestamps: list[float] = Field(min_length=2, max_length=2)
    confidence: float | None
    attributes: dict[str, str | int | float | None]


class TemporalDetections(Strict):
    classes: None
    labels: dict[str, list[Detection]]


def test_fiftyone_dataset_is_as_documented(predictions, tmp_path):
    labels, data = export(predictions, "fiftyone", tmp_path / "fo")
    assert (labels.name, data.name) == ("labels.json", "data.json")
    found = TemporalDetections.model_validate_json(labels.read_text(encoding="utf-8")).labels
    videos = json.loads(data.read_text(encoding="utf-8"))
    assert set(found) == set(videos)
    assert all(Path(video).is_file() and Path(video).is_absolute() for video in videos.values())
    # FiftyOne drops what follows the last dot of a key of the manifest.
    assert not any("." in key for key in videos)
    first = next(iter(found.values()))
    assert [tuple(one.timestamps) for one in first] == TIMES
    assert [one.attributes["step"] for one in first] == [1, 2, 3]
    assert {one.attributes["clip"] for one in first} == {"press.v1"}
    assert {one.attributes["action"] for one in first} == {"clean & press"}
    # FiftyOne passes these on beside its own fields, and ends where two have one name.
    assert not {"label", "confidence", "support", "metadata", "sample"} & set(first[0].attributes)


def test_fiftyones_own_importer_reads_the_dataset(predictions, tmp_path):
    importers = pytest.importorskip("fiftyone.utils.data.importers")
    export(predictions, "fiftyone", tmp_path / "fo")
    with importers.FiftyOneTemporalDetectionDatasetImporter(
        dataset_dir=str(tmp_path / "fo"), data_path="data.json"
    ) as importer:
        samples = list(importer)
    assert len(samples) == 4
    path, _, found, _ = samples[0]
    assert Path(path) == CLIP
    first = found.detections[0]
    assert first.label == 'say "go", then lift'
    assert first.support[0] == 1
    assert first["action"] == "clean & press"
    assert found.detections[-1].support[1] > first.support[1]


class InspectMessage(Strict):
    role: Literal["user", "assistant"]
    content: str


class InspectChoice(Strict):
    message: InspectMessage
    stop_reason: Literal["stop"]


class InspectOutput(Strict):
    model: str
    choices: list[InspectChoice] = Field(min_length=1)
    completion: str


class InspectScore(Strict):
    value: Literal["C", "I"]
    answer: str
    explanation: str


class InspectError(Strict):
    message: str
    traceback: str
    traceback_ansi: str


class InspectSample(Strict):
    id: str
    epoch: Literal[1]
    input: str
    target: str
    messages: list[InspectMessage]
    metadata: dict[str, object]
    choices: list[str] | None = None
    output: InspectOutput | None = None
    scores: dict[str, InspectScore] | None = None
    error: InspectError | None = None


class InspectLog(Strict):
    """https://inspect.aisi.org.uk/reference/inspect_ai.log.html, EvalLog"""

    version: Literal[2]
    status: Literal["success"]
    eval: dict[str, object]
    results: dict[str, object]
    stats: dict[str, str]
    samples: list[InspectSample]


def test_inspect_logs_are_as_documented(predictions, tmp_path):
    written = export(predictions, "inspect", tmp_path / "logs")
    # Inspect's listing skips a JSON file that is not named time_task_id.
    assert [path.name.split("_")[1] for path in written] == ["actalign-dtw", "actalign-mean-pool"]
    for path in written:
        assert re.fullmatch(
            r"\d{4}(-\d\d){2}T\d\d(-\d\d){2}\+00-00_.+_[0-9a-f]{22}\.json", path.name
        )
    logs = [InspectLog.model_validate_json(path.read_text(encoding="utf-8")) for path in written]
    assert {"run_id", "created", "task", "dataset", "model", "config"} <= set(logs[0].eval)
    accuracy = [log.results["scores"][0]["metrics"]["accuracy"]["value"] for log in logs]
    assert accuracy == [1.0, 0.0]
    assert [sample.id for sample in logs[0].samples] == ["press.v1", "a/b", "a_b", "broken"]
    assert logs[0].samples[0].scores["dtw"].value == "C"
    assert logs[0].samples[1].scores is None
    assert "can't be opened" in logs[0].samples[3].error.message


def test_inspects_own_package_reads_the_logs(predictions, tmp_path):
    log_files = pytest.importorskip("inspect_ai.log")
    for path, right in zip(export(predictions, "inspect", tmp_path / "logs"), (1, 0), strict=True):
        log = log_files.read_eval_log(str(path))
        assert log.status == "success"
        assert log.results.scores[0].metrics["accuracy"].value == right
        assert log.samples[0].output.completion in ('"lunge"', "clean & press")
        assert log.samples[0].score.answer == log.samples[0].output.completion
        assert log.samples[-1].error.message.startswith("broken.mp4")
    listed = log_files.list_eval_logs(str(tmp_path / "logs"))
    assert sorted(one.task for one in listed) == ["actalign-dtw", "actalign-mean-pool"]


def test_the_command_writes_and_names_its_files(predictions, tmp_path):
    done = command.actalign("export", predictions, "--to", "csv", "--out", tmp_path / "steps.csv")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(tmp_path / n) for n in ("steps.csv", "steps.steps.csv")]
    assert (tmp_path / "steps.csv").is_file()
    done = command.actalign("export", predictions, "--out", tmp_path / "x.json")
    assert done.returncode == 2
    assert "x.json is not known by .json; name it with --to" in done.stderr
    assert not list(tmp_path.glob("x.*"))
    done = command.actalign("export", predictions, "--to", "xls")
    assert done.returncode == 2
    assert f"choose {', '.join(FORMATS)}." in done.stderr
    done = command.actalign("export", tmp_path / "none.jsonl", "--to", "csv")
    assert done.returncode == 2
    assert "none.jsonl can't be read" in done.stderr


def test_one_clip_twice_gets_two_files(tmp_path):
    path = tmp_path / "p.jsonl"
    long = json.dumps(ROWS[0] | {"video": "x" * 300 + ".mp4"})
    path.write_text("\n".join([json.dumps(ROWS[0]), long, json.dumps(ROWS[0])]))
    written = export(path, "srt", tmp_path / "out")
    assert [one.name for one in written[::2]] == [f"{CLIP.stem}.srt", f"{CLIP.stem}-2.srt"]
    assert len(set(written)) == 3
    assert all(one.is_file() for one in written)


@pytest.mark.parametrize(
    "line", ["{", "[]", '{"doc_id": "a"}', '"text"'], ids=["cut", "list", "half", "text"]
)
def test_a_file_that_holds_no_predictions_is_named_with_its_line(tmp_path, line):
    path = tmp_path / "p.jsonl"
    path.write_text(json.dumps(ROWS[0]) + "\n\n" + line + "\n")
    with pytest.raises(UsageError, match=r"p\.jsonl, line 3 is not a prediction"):
        export(path, "csv", tmp_path / "x.csv")
    assert not (tmp_path / "x.csv").exists()


def test_a_label_may_hold_what_unicode_calls_a_line_end(tmp_path):
    """JSON writes U+2028 as it is, and only a newline ends a line of JSON Lines."""
    label = "jump\u2028shot"
    path = tmp_path / "rows.jsonl"
    one = row("clip", [candidate(label, 0.5, TIMES)])
    path.write_text(json.dumps(one, ensure_ascii=False) + "\n", encoding="utf-8")
    _, table = export(path, "csv", tmp_path / "rows.csv")
    assert label in {line["label"] for line in read_csv(table)}


@pytest.mark.parametrize("to", sorted({*FORMATS} - {*READ_VIDEOS}))
def test_names_that_are_no_text_are_exported_escaped(tmp_path, to):
    """Half a character, as earlier versions wrote the bytes of such a name."""
    rows = [{**ROWS[0], "doc_id": "caf\udce9", "video": "caf\udce9.mp4"}, ROWS[1]]
    predictions = write_lines(tmp_path / "p.jsonl", rows)
    (first, _) = read_rows(predictions)
    assert (first["clip"], first["video"]) == (r"caf\xe9", r"caf\xe9.mp4")
    row_text(first).encode()
    assert export(predictions, to, tmp_path / "out")


@pytest.fixture
def no_text(tmp_path):
    """Predictions beside their video, whose name and folder are no text."""
    if sys.platform != "linux":
        pytest.skip("names there are text")
    folder = tmp_path / os.fsdecode(b"day\xff")
    folder.mkdir()
    write_video(folder / os.fsdecode(b"caf\xe9.mp4"), 10)
    turned = [candidate("swing", 0.5, [(0.0, 0.2), (0.2, 0.5)])]
    found = row("c", turned) | {"video": r"caf\xe9.mp4"}
    (folder / "p.jsonl").write_text(json.dumps(found))
    return folder / "p.jsonl"


@pytest.mark.parametrize(("to", "leads"), [("elan", True), ("boris", True), ("vtt", False)])
def test_an_export_that_leads_to_no_video_says_so(two, tmp_path, to, leads):
    out = "out" if to != "boris" else "out.boris"
    ended = command.run("export", two, "--to", to, "--out", out, cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert ("1 video can't be found from here, such as /v/b.mov: " in ended.stderr) == leads


@pytest.mark.parametrize("to", ["boris", "fiftyone", "elan", "otio", *READ_VIDEOS])
def test_a_video_is_found_whose_name_and_folder_are_no_text(no_text, tmp_path, monkeypatch, to):
    [made, *_] = export(no_text, to, tmp_path / "beside")
    if to in ("elan", "otio"):
        assert f"{no_text.parent.as_uri()}/caf%E9.mp4" in made.read_text(encoding="utf-8")
    monkeypatch.chdir(no_text.parent)
    assert export(no_text.name, to, tmp_path / "here")


def test_a_video_is_cut_whose_name_and_folder_are_no_text(no_text, tmp_path):
    found = pieces(RowFile(no_text, find_videos=True))
    cuts = list(cut_all(found, tmp_path / "cut", silent_seconds=20.0))
    assert [(one.error, one.path.exists()) for one in cuts] == [(None, True)] * 2


@pytest.mark.parametrize("name", ["predictions.jsonl", "predictions.json", "x.md"])
def test_the_file_that_is_exported_is_never_written_over(predictions, name):
    path = predictions.rename(predictions.with_name(name))
    before = path.read_bytes()
    for to in ("lmms-eval", "activitynet", "md"):
        assert path not in export(path, to)
        with pytest.raises(UsageError, match="would be lost; name another"):
            export(path, to, path)
    if path.suffix != ".md":
        with pytest.raises(UsageError, match=f"{name} is the file to export"):
            export(path, "csv", path)  # whose table would be named path.csv
    assert path.read_bytes() == before


def test_an_ending_names_one_format():
    """Workbooks of rows are named by .xlsx, so those of events for BORIS only by their format."""
    endings = [suffix for suffix, _ in PER_VIDEO.values()] + [f".{name}" for name in TABLES]
    assert [one for one in set(endings) if endings.count(one) > 1] == [".xlsx"]


def test_an_ending_that_contradicts_the_format_is_refused(predictions, tmp_path):
    with pytest.raises(UsageError, match=r"t\.xlsx ends in \.xlsx, and the format is csv"):
        export(predictions, "csv", tmp_path / "t.xlsx")
    assert export(predictions, "csv", tmp_path / "v1.2")[0].name == "v1.2.csv"


@pytest.mark.parametrize(
    ("to", "name"),
    [
        ("vtt", "x.vtt"),
        ("srt", "x.SRT"),
        ("burn", "x.mp4"),
        ("elan", "x.eaf"),
        ("resolve", "x.edl"),
    ],
)
def test_a_file_named_in_place_of_a_folder_is_refused(predictions, tmp_path, to, name):
    before = sorted(tmp_path.iterdir())
    # the ending says the format, or belongs to another
    for given, place in ((to, name), (None, name), (to, "x.otio"), ("fiftyone", "x.json")):
        with pytest.raises(
            UsageError, match=f"{given or to} takes a folder, but .*{place} looks like a file"
        ):
            export(predictions, given, tmp_path / place)
    assert sorted(tmp_path.iterdir()) == before


def test_videos_are_found_from_the_folder_of_the_predictions_too(tmp_path, monkeypatch):
    (tmp_path / "clips").mkdir()
    write_video(tmp_path / "clips" / "press.mp4", 5)
    there = {**row("press", [candidate("clean", 0.5, TIMES)]), "video": "clips/press.mp4"}
    write_lines(tmp_path / "predictions.jsonl", [there])
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    for to in (
        "kinovea",
        "otio",
        "label-studio",
    ):  # the first opens it, the second says its address
        written = export(Path("..", "predictions.jsonl"), to)
        assert all(path.stat().st_size for path in written)
        if to == "otio":
            assert (tmp_path / "clips" / "press.mp4").as_uri() in written[0].read_text()
    (tmp_path / "elsewhere" / "clips").symlink_to(tmp_path / "clips")  # what is here comes first
    (made,) = export(tmp_path / "predictions.jsonl", "fiftyone", tmp_path / "out")[1:]
    assert str(tmp_path / "elsewhere" / "clips" / "press.mp4") in made.read_text()
