"""The child of test_fuzz_files: reads many mutated files of one kind and says what went wrong.

    python -m tests.fuzz_readers KIND FIRST COUNT

A line of JSON a file: its number before it is read, and the fault, if it had one, after. An error
of ours is what a reader of bad input owes; any other error, a crash or a hang is a fault.
"""

from __future__ import annotations

import copy
import json
import resource
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from actalign.errors import ActAlignError
from actalign.types import ClipEmbedding
from tests.colour_model import save_colour_model
from tests.fuzzing import mutated, odd_json, random_pickle

SECONDS = 120
MEMORY = 6 << 30

SCRIPTS = [
    {
        "domain": "golf",
        "candidates": ["putt", "chip"],
        "scripts": {"putt": ["ball rolls", "ball drops"], "chip": ["club back", "ball up"]},
        "key": "ab" * 32,
        "prompt": "discriminative",
        "min_steps": 2,
        "parameters": {"temperature": 0.2},
        "input_tokens": 10,
        "cost_usd": 0.1,
    }
]
YAML = """domain: golf
scripts:
  putt:
    - ball rolls
    - &drop ball drops
  chip: [club back, *drop, "up: high"]
"""
GENERATED = [
    {
        "youtube_id": "y",
        "id": "q1",
        "domain": "golf",
        "action": "putt",
        "question": "?",
        "cleaned_options": ["putt", "chip"],
        "correct_answer_index": 0,
        "subactions": {"putt in golf": ["ball rolls"], "chip in golf": ["club back"]},
    }
]
QUESTIONS = [{"id": "q1", "labels": ["putt", "chip"], "domain": "golf"}]
MINI = {
    "id": "q1",
    "clip": "clips/q1.mp4",
    "domain": "golf",
    "kind": "action",
    "candidates": [{"label": "a", "script": ["x", "y"]}, {"label": "b", "script": ["y"]}],
    "answer": 1,
    "intervals": [[0, 1], [1, 2]],
}
QUESTION = {
    "id": "q1",
    "video": "a.mp4",
    "start": 0.5,
    "end": 2,
    "domain": "golf",
    "choices": ["putt", "chip"],
    "answer": 1,
    "scripts": [["x", "y"], None],
    "intervals": [{"start": 0, "end": 1, "step": 0}],
    "absent": None,
}
VIDEONET = {
    "key": "1-mcq-val-1",
    "question": [
        {"type": "text", "text": "Which of the following golf actions is shown?\nA. a\nB. b"},
        {"type": "video", "video": "d.mp4"},
    ],
    "answer": "B",
}
STEP = {"step": "ball rolls", "start_seconds": 0.0, "end_seconds": 0.5, "affinity": 0.25}
CONFIG = {
    "data": "data",
    "scripts": "s.json",
    "model": "m",
    "scorers": ["dtw"],
    "fps": None,
    "smoothing_seconds": 1.0,
    "step_template": "{step}",
    "label_template": "{label}",
    "seed": 0,
}
FACTS = {
    "model_id": "m",
    "fingerprint": "f",
    "dim": 3,
    "logit_scale": 1.0,
    "logit_bias": 0.0,
    "fps": None,
    "smoothing_seconds": 1.0,
    "step_template": "{step}",
    "label_template": "{label}",
}
ENTRIES = [
    {
        "id": "q1",
        "youtube_id": "y",
        "action": "putt",
        "domain": "golf",
        "question": "?",
        "answer": 1,
        "choices_str": "1. putt\n2. chip",
        "choice_descriptions": ["a", "b"],
        "start_timestamp": 0.5,
        "end_timestamp": 1.5,
        "frames_to_obfuscate": {
            "1": [{"bounding_poly": {"vertices": [[0, 0], [4, 0], [4, 4], [0, 4]]}}],
            "2": None,
        },
    }
]
PREDICTION = {
    "schema_version": 1,
    "doc_id": "clip one",
    "status": "ok",
    "error": None,
    "video": "a.mp4",
    "target": "putt",
    "filtered_resps": ["putt"],
    "metrics": {"top1": 1.0, "top2": 1.0, "top3": 1.0},
    "margin": 0.125,
    "candidates": [
        {"label": name, "score": 0.5, "has_script": True, "path_length": 7, "segments": [STEP]}
        for name in ("putt", "chip")
    ],
    "domain": "golf",
    "frames": 8,
    "warnings": [],
    "scorer": "dtw",
    "model_id": "tiny",
    "fingerprint": "f00d",
    "smoothing_seconds": 1.0,
    "settings": {},
    "provenance": {"fps": "all"},
    "question": "?",
    "action": "putt",
    "options": ["putt", "chip"],
    "target_index": 0,
    "rank": 1,
}


class Kinds:
    """Each method writes file number ``n`` of its kind into ``folder`` and reads it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.results = self._results()
        self.entry = self._entry()
        self.npy = self._npy()
        self.parquet = self._parquet()
        save_colour_model(folder / "model")
        self.model = {p.name: p.read_bytes() for p in sorted((folder / "model").iterdir())}

    def scripts(self, n: int) -> None:
        from actalign.scripts._answer import script_faults
        from actalign.scripts._bank import read_bank
        from actalign.scripts._script import load_scripts, scripts_for
        from actalign.scripts._templates import step_texts

        name, data = (("s.yaml", YAML.encode()), ("s.json", json.dumps(SCRIPTS).encode()))[n % 2]
        if n % 4 == 3:
            data = json.dumps(odd_json(SCRIPTS, f"scripts {n}")).encode()
        else:
            data = mutated(data, [YAML.encode()], f"scripts {n}", head=10**6)
        path = self._put(name, data)
        _told(lambda: [r.to_scripts() for r in read_bank(path)])
        _told(lambda: [script_faults(r.scripts, "golf", min_steps=2) for r in read_bank(path)])
        for script in load_scripts(path):
            scripts_for([script.label], [script])
            step_texts(script, "a video of {label} in {domain} with {step}")

    def banks(self, n: int) -> None:
        from actalign.scripts._bank import read_bank

        read_bank(self._put("b.parquet", mutated(self.parquet, [self.parquet], f"banks {n}")))

    def generated(self, n: int) -> None:
        from actalign.evaluation.atlas._questions import read_generated
        from actalign.scripts._generate import read_requests as read_asked
        from actalign.scripts._script import load_scripts

        path = self._json("g.json", GENERATED, f"generated {n}", n)
        _told(lambda: load_scripts(path))
        _told(lambda: read_generated(path))
        read_asked(self._json("q.json", QUESTIONS, f"asked {n}", n))

    def predictions(self, n: int) -> None:
        from actalign.clips._shards import merge
        from actalign.output._export import FORMATS, export
        from actalign.rows import write_rows

        path = self._lines("p.jsonl", [PREDICTION, {**PREDICTION, "doc_id": "two"}], n)
        for to in FORMATS:
            _told(lambda to=to: export(path, to, self.folder / f"exports-{to}"))
            shutil.rmtree(self.folder / f"exports-{to}", ignore_errors=True)
            (self.folder / f"exports-{to}").unlink(missing_ok=True)
        write_rows(merge([path, path]), self.folder / "merged.jsonl")

    def reports(self, n: int) -> None:
        from actalign.evaluation._report import write_reports

        self._lines("run/predictions.jsonl", [PREDICTION, {**PREDICTION, "doc_id": "two"}], n)
        self._put("run/errors.jsonl", b"")
        self._json("run/results.json", self.results, f"results {n}", n)
        config = {"config": CONFIG, "encoder": FACTS, "scripts_sha256": ""}
        self._json("run/config.json", config, f"config {n}", n)
        write_reports([self.folder / "run"])

    def mini(self, n: int) -> None:
        from actalign.evaluation import Source, read_data

        self._lines("data/questions.jsonl", [MINI], n)
        read_data(Source(self.folder / "data"), "mini-atlas")

    def questions(self, n: int) -> None:
        from actalign.evaluation import read_question_file

        header = {"format": "actalign-questions-1", "name": "fuzz"}
        read_question_file(self._lines("asked.jsonl", [header, QUESTION, QUESTION], n))

    def tables(self, n: int) -> None:
        from actalign.evaluation import Source, read_data

        rows = [{"video": "a.mp4", "label": "putt", "start": 0, "end": 1.5, "candidates": ["putt"]}]
        path = self._lines("truth.jsonl", rows, n)
        _told(lambda: read_data(Source(path), "table"))
        text = b'video;label;start\na.mp4;putt;0\n"b""c.mp4";chip;1\n'
        read_data(Source(self._put("t.csv", mutated(text, [text], f"tables {n}"))), "table")

    def videonet(self, n: int) -> None:
        from actalign.evaluation import Source, read_data

        read_data(Source(self._lines("mcq.jsonl", [VIDEONET], n)), "videonet")

    def manifests(self, n: int) -> None:
        from actalign.evaluation.atlas._dataset import load_dataset

        row = {"id": "q1", "youtube_id": "y", "status": "ok", "answer": 1, "choices_str": "1. a"}
        self._lines("set/manifest.jsonl", [row], n)
        for entry in load_dataset(self.folder / "set").entries:
            assert entry.correct in (None, 0, 1, 2, 3)

    def metadata(self, n: int) -> None:
        from actalign.evaluation.atlas._metadata import read_metadata

        read_metadata(self._json("metadata.json", ENTRIES, f"metadata {n}", n))

    def arrays(self, n: int) -> None:
        from actalign.evaluation.atlas._dataset import load_dataset
        from actalign.evaluation.atlas._embeddings import TEXT_FORMAT, VIDEO_FORMAT, read_embeddings
        from actalign.evaluation.atlas._npy import load_objects

        data = mutated(self.npy[n % len(self.npy)], self.npy, f"arrays {n}", head=160)
        path = self._put("a.npy", data)
        _told(lambda: load_objects(path))
        _told(lambda: load_dataset(path))
        _told(lambda: read_embeddings(path, VIDEO_FORMAT))
        _told(lambda: read_embeddings(path, TEXT_FORMAT))

    def pickles(self, n: int) -> None:
        """Pickles of random pieces of arrays; what is read is used."""
        from actalign.evaluation.atlas._npy import load_objects

        path = self._put("p.npy", self.npy[1][:128] + random_pickle(f"pickles {n}"))
        found = load_objects(path)
        repr(found)
        copy.deepcopy(found)

    def tensors(self, n: int) -> None:
        from actalign.clips._store import Store, read_entry
        from actalign.evaluation.atlas._embeddings import VIDEO_FORMAT, _load_cell

        data = mutated(self.entry, [self.entry], f"tensors {n}", head=700)
        path = self._put("store/e.k.safetensors", data)
        damaged: list[str] = []
        found = Store(self.folder / "store").get("e", "k", damaged=damaged)
        assert (found is None) == (len(damaged) == 1)
        _told(lambda: _load_cell(path, VIDEO_FORMAT))
        read_entry(path)

    def forged(self, n: int) -> None:
        """Entries whose checksum fits, but whose content is odd."""
        import hashlib

        from safetensors.numpy import save

        from actalign.clips._store import FORMAT, Store, read_entry

        header = {
            "clip_id": "c",
            "end_seconds": 1.0,
            "model_id": "m",
            "fingerprint": "f",
            "provenance": {"video": "x"},
            "warnings": ["w"],
        }
        text = json.dumps(odd_json(header, f"forged {n}"))
        chance = np.random.default_rng(n)
        shapes = [(3, 2), (3,), (0, 2), (3, 0), (), (2, 3, 2), (4, 2)]
        kinds = [np.float32, np.float64, np.int8, np.bool_, np.float16, np.uint64]
        rows, times = chance.integers(len(shapes), size=2) * (chance.random(2) < 0.5)
        arrays = {
            "embeddings": np.ones(shapes[rows], kinds[chance.integers(len(kinds)) * (n % 2)]),
            "pts_seconds": np.ones(shapes[times] if times else (3,), np.float64),
        }
        if chance.random() < 0.3 and arrays["embeddings"].dtype.kind == "f":
            arrays["embeddings"][...] = np.nan
        if chance.random() < 0.3:
            arrays["pts_seconds"][...] = np.inf
        digest = hashlib.sha256(text.encode())
        for name in sorted(arrays):
            digest.update(name.encode() + str(arrays[name].shape).encode())
            digest.update(arrays[name].tobytes())
        metadata = {"format": FORMAT, "clip": text, "checksum": digest.hexdigest()}
        path = self._put("store/c.k.safetensors", save(arrays, metadata=metadata))
        damaged: list[str] = []
        found = Store(self.folder / "store").get("c", "k", damaged=damaged)
        assert (found is None) == (len(damaged) == 1)
        clip = read_entry(path)
        assert clip.embeddings.dtype == np.float32
        assert np.isfinite(clip.embeddings).all()
        assert np.isfinite(clip.pts_seconds).all()

    def models(self, n: int) -> None:
        from actalign.encoders._onnx import OnnxEncoder

        name = list(self.model)[n % len(self.model)]
        data = mutated(self.model[name], list(self.model.values()), f"models {n}", head=400)
        self._put(f"model/{name}", data)
        try:
            encoder = OnnxEncoder(self.folder / "model")
            encoder.encode_image(np.zeros((2, 12, 9, 3), np.uint8))
            encoder.encode_text(["red"])
            encoder.text_warnings(["green"])
        finally:
            self._put(f"model/{name}", self.model[name])

    def labels(self, n: int) -> None:
        from actalign.cli._candidates import CandidateOptions
        from actalign.video._listing import list_videos

        data = mutated("putt\nchip\n\nschräg\r\n".encode(), [b"\xff\xfe\0"], f"labels {n}")
        path = self._put("labels.txt", data)
        _told(lambda: list_videos([path]))
        _told(lambda: CandidateOptions(labels_file=path).read())
        CandidateOptions(labels_file=path).listed()

    def _put(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        return path

    def _json(self, name: str, value: Any, key: str, n: int) -> Path:
        if n % 50 == 49:
            return self._put(name, b"[" * 100_000)
        if n % 3:
            data = json.dumps(odd_json(value, key)).encode()
        else:
            data = json.dumps(value).encode()
            data = mutated(data, [data], key, head=10**6)
        return self._put(name, data)

    def _lines(self, name: str, rows: list[Any], n: int) -> Path:
        if n % 50 == 49:
            return self._put(name, b'{"a":' * 100_000)
        made = [json.dumps(odd_json(row, f"{name} {n} {k}")).encode() for k, row in enumerate(rows)]
        if n % 3 == 0:
            whole = "\n".join(map(json.dumps, rows)).encode()
            return self._put(name, mutated(whole, [whole], f"{name} {n}", head=10**6))
        return self._put(name, b"\n".join(made) + b"\n")

    def _results(self) -> dict[str, Any]:
        from actalign.evaluation._results import summarise

        return summarise([PREDICTION], [], scorers=("dtw",), total=1)

    def _entry(self) -> bytes:
        from actalign.clips._store import write_entry

        clip = ClipEmbedding(
            "e", np.eye(4, dtype=np.float32), np.arange(4.0), 4.0, "m", "f", {"video": "x"}
        )
        write_entry(clip, self.folder / "entry.safetensors")
        return (self.folder / "entry.safetensors").read_bytes()

    def _npy(self) -> list[bytes]:
        from actalign.evaluation.atlas._npy import object_column

        column = object_column([np.ones((3, 2), np.float32), None])
        nested = object_column([object_column([np.ones((3, 2)), None]), [np.ones((1, 2))]])
        table = np.empty((1, 10), dtype=object)
        table[0] = object_column(
            ["y", "q1", "putt", "golf", "?", 1, "1. putt", None, "a.mp4", np.zeros((2, 3, 4, 4))]
        )
        made = []
        for array in (np.arange(6.0).reshape(3, 2), column, nested, table):
            np.save(self.folder / "x.npy", array, allow_pickle=True)
            made.append((self.folder / "x.npy").read_bytes())
        return made

    def _parquet(self) -> bytes:
        from actalign.scripts._bank import BankRecord, write_bank

        write_bank(self.folder / "x.parquet", [BankRecord.model_validate(SCRIPTS[0])])
        return (self.folder / "x.parquet").read_bytes()


KINDS = [name for name in vars(Kinds) if not name.startswith("_")]


def _told(read: Callable[[], object]) -> None:
    """Read; one of our errors is what it owes."""
    try:
        read()
    except ActAlignError as error:
        text = str(error)
        assert "\n" not in text.strip(), f"more than a sentence: {text!r}"


def main() -> None:
    kind, first, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with tempfile.TemporaryDirectory() as folder:
        read = getattr(Kinds(Path(folder)), kind)
        print(json.dumps({"ready": True}), flush=True)
        for n in range(first, first + count):
            print(json.dumps({"begun": n}), flush=True)
            signal.setitimer(signal.ITIMER_REAL, SECONDS)  # ends the process, also in C code
            try:
                _told(lambda n=n: read(n))
            except Exception:
                print(json.dumps({"fault": n, "trace": traceback.format_exc()}), flush=True)
            signal.setitimer(signal.ITIMER_REAL, 0)
        print(json.dumps({"done": count}), flush=True)


if __name__ == "__main__":
    main()
