"""The child of test_fuzz_files that types odd command lines; see fuzz_readers.

python -m tests.fuzz_arguments FIRST COUNT
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import signal
import sys
import tempfile
import traceback
from pathlib import Path

from actalign.cli._main import main as actalign
from tests.colour_model import save_colour_model
from tests.fuzzing import SEED
from tests.media import write_video

SECONDS = 300
VERBS = (
    ["classify"],
    ["encode"],
    ["align"],
    ["export"],
    ["merge"],
    ["report"],
    ["eval", "clips"],
    ["eval", "convert"],
    ["subactions", "show"],
    ["subactions", "validate"],
    ["subactions", "template"],
    ["subactions", "generate", "--dry-run"],
    [],
)
# Whatever reaches for a network, a port or a large model is left out.
OPTIONS = (
    *("--labels", "--labels-file", "--domain", "--scripts", "--scorer", "--fps", "--smoothing"),
    *("--start", "--end", "--top-k", "--out", "--json", "--quiet", "-q", "--store", "--to"),
    *(
        "--num-shards",
        "--shard",
        "--truth",
        "--layout",
        "--split",
        "--resume",
        "--decode-timeout",
        "--figure",
    ),
    *("--questions", "--prompt", "--temperature", "--steps", "--help", "--version"),
    *("--nonsense", "-x"),
)
# Names below the working folder only: a command may write what it is told to.
VALUES = (
    *("clips", "clips/a.mp4", "clips/none.mp4", "store", "model", "scripts.json", "labels.txt"),
    *("p.jsonl", ".", "out/x", "out/y.json", "out/z.yaml", "red", "red,green", "red,red"),
    *(",", "0", "1", "-1", "5", "1e9", "nan", "inf", "1e-300", "all", "dtw", "mean_pool", "vtt"),
    *("csv", "xyz", "colours", "--", "", " ", "a\tb", "\udcff\udcfe", "é", "x" * 300),
)


def words(number: int) -> list[str]:
    """A command line: a verb, sensible words and odd ones."""
    chance = random.Random(f"{SEED} arguments {number}")
    made = list(chance.choice(VERBS))
    verb = made[-1] if made else ""
    if chance.random() < 0.6:  # near enough to be right to come far
        made += {
            "classify": ["clips", "--labels", "red,green"],
            "encode": ["clips", "--out", "out/store"],
            "align": ["store", "--scripts", "scripts.json"],
            "export": ["p.jsonl", "--out", "out/e"],
        }.get(verb, [])
    for _ in range(chance.randrange(5)):
        made.append(chance.choice(OPTIONS))
        if chance.random() < 0.8:
            made.append(chance.choice(VALUES))
    if chance.random() < 0.3:
        made.insert(chance.randrange(len(made) + 1), chance.choice(VALUES))
    if verb in ("classify", "encode", "align", "clips"):
        made += ["--model", "model"]
    return made


def main() -> None:
    first, count = int(sys.argv[1]), int(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.environ["ACTALIGN_CACHE"] = f"{folder}/cache"
        Path("clips").mkdir()
        write_video(Path("clips/a.mp4"), 4)
        Path("clips/b.mp4").write_bytes(b"no video")
        save_colour_model(Path("model"))
        Path("scripts.json").write_text('{"scripts": {"stop": ["red"], "go": ["green", "blue"]}}')
        Path("labels.txt").write_text("red\ngreen\n")
        run(["encode", "clips/a.mp4", "--out", "store", "--model", "model", "-q"])
        run(["align", "store", "--labels", "red", "--out", "p.jsonl", "--model", "model", "-q"])
        print(json.dumps({"ready": True}), flush=True)
        for n in range(first, first + count):
            print(json.dumps({"begun": n}), flush=True)
            signal.setitimer(signal.ITIMER_REAL, SECONDS)
            typed = words(n)
            try:
                code, said = run(typed)
                assert code in (0, 1, 2), f"exit code {code}"
                assert "Traceback" not in said
            except BaseException:
                fault = {"fault": n, "trace": f"{typed}\n{traceback.format_exc()}"}
                print(json.dumps(fault), flush=True)
            signal.setitimer(signal.ITIMER_REAL, 0)
        print(json.dumps({"done": count}), flush=True)
        os.chdir("/")


def run(typed: list[str]) -> tuple[object, str]:
    """Exit code, and what was printed."""
    sys.argv = ["actalign", *typed]
    out = io.TextIOWrapper(io.BytesIO(), "utf-8", "surrogateescape")
    code: object = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            actalign()
        except SystemExit as end:
            code = end.code or 0
    out.flush()
    return code, out.buffer.getvalue().decode("utf-8", "replace")


if __name__ == "__main__":
    main()
