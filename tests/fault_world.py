"""Real runs of the command line in child processes, and what can be done to them."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from actalign.clips._store import read_entry
from actalign.evaluation.atlas._dataset import Entry, write_manifest
from actalign.files import file_sha256
from tests.atlas_world import BANK, render
from tests.colour_model import save_colour_model
from tests.command import DEADLOCK_SECONDS, actalign, wait_for
from tests.media import write_video

SEED = int(os.environ.get("ACTALIGN_FAULT_SEED", "20260"))
SCRIPTS = [
    {
        "domain": "colours",
        "scripts": {"stop": ["red", "white"], "go": ["green", "blue"], "wait": ["yellow", "red"]},
    }
]


def make_clips(folder: Path, *, count=16, frames=40) -> Path:
    """Short numbered clips, an encoder that takes no time, and a script file."""
    (folder / "clips").mkdir(parents=True)
    for n in range(count):
        write_video(folder / "clips" / f"clip{n:02}.mp4", frames + n)
    save_colour_model(folder / "model")
    (folder / "scripts.json").write_text(json.dumps(SCRIPTS))
    return folder


def make_dataset(folder: Path, *, count=12) -> Path:
    """A finished data set of clips whose colours are one of their candidates' scripts."""
    labels = list(BANK["scripts"])
    choices = "\n".join(f"{i}. {label}" for i, label in enumerate(labels, 1))
    entries = []
    for n in range(count):
        colours = BANK["scripts"][labels[n % len(labels)]]
        clip = render(folder / "data" / "clips" / f"q{n:02}.mp4", colours, fps=10 + n % 3)
        entries.append(
            Entry(
                id=f"q{n:02}",
                youtube_id=f"y{n}",
                status="ok",
                action=labels[n % len(labels)],
                domain="basketball",
                question="What is it?",
                answer=1 + n % len(labels),
                choices_str=choices,
                clip=f"clips/q{n:02}.mp4",
                sha256=file_sha256(clip),
            )
        )
    write_manifest(folder / "data", entries)
    (folder / "bank.json").write_text(json.dumps(BANK))
    save_colour_model(folder / "model")
    return folder


def start(words: list[object], folder: Path, **environment: object) -> subprocess.Popen[str]:
    """A command as a user types it, in a session of its own, so that what it leaves is found.

    Its first word is a verb of `actalign`, or a script's path.
    """
    program = [] if str(words[0]).endswith(".py") else ["-m", "actalign"]
    # To files: a reader of a pipe would wait for whoever outlives the command.
    out, err = (folder / name for name in (".stdout", ".stderr"))
    with out.open("w") as to, err.open("w") as errors:
        return subprocess.Popen(
            [sys.executable, *program, *map(str, words)],
            cwd=folder,
            stdout=to,
            stderr=errors,
            text=True,
            start_new_session=True,
            env={**os.environ, "COLUMNS": "200", **{k: str(v) for k, v in environment.items()}},
        )


def run(words: list[object], folder: Path, **environment: object) -> tuple[int, str, str]:
    """Run to the end in this process: exit code, stdout, stderr; no trace of Python must show."""
    ended = actalign(*words, cwd=folder, **{"COLUMNS": 200, **environment})
    return ended.returncode, ended.stdout, ended.stderr


def run_alone(words: list[object], folder: Path, **environment: object) -> tuple[int, str, str]:
    """The same in a process of its own."""
    process = start(words, folder, **environment)
    code = process.wait(timeout=DEADLOCK_SECONDS)
    out, err = said(folder)
    assert "Traceback" not in err, err
    return code, out, err


def said(folder: Path) -> tuple[str, str]:
    out, err = (folder / name for name in (".stdout", ".stderr"))
    return out.read_text(errors="replace"), err.read_text(errors="replace")


def left_of(process: subprocess.Popen[str]) -> list[int]:
    """Processes of the command's session that still run."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[3]) == process.pid and fields[0] != "Z":
                found.append(int(entry.name))
    return found


def kill_at(process: subprocess.Popen[str], seconds: float) -> bool:
    """kill -9 after so long; False where the command was faster. Its children must end as well."""
    try:
        process.wait(seconds)
        killed = False
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        killed = True
    ended_with(process)
    return killed


def kill_when(process: subprocess.Popen[str], happened: Callable[[], object]) -> None:
    """kill -9 as soon as something has happened, which the command does before its end."""
    wait_for(happened, by=process)
    process.kill()
    process.wait()
    ended_with(process)


def ended_with(process: subprocess.Popen[str]) -> None:
    """Wait until the processes that a command started have ended too, as they must."""
    wait_for(lambda: not left_of(process))


def killed_runs(
    words: list[object],
    folder: Path,
    *,
    kills: int,
    lasts: float,
    name: str,
    done: Callable[[], int] | None = None,
    **environment: object,
) -> Iterator[float]:
    """Kill ``kills`` runs at moments spread over a run's work; yields each moment, after it.

    A run loads its packages for about half its duration: a kill before the last of that finds
    nothing begun. done: how much of the work is done. With it the first two kills come when there
    is more of it, so that they fall into the work on however busy a machine.
    """
    chance = random.Random(f"{SEED} {name}")
    for _ in range(2 if done else 0):
        before, began = done(), time.monotonic()
        kill_when(start(words, folder, **environment), lambda before=before: done() > before)
        yield time.monotonic() - began
        kills -= 1
    moments = [0.4 + 0.6 * (n + chance.random()) / kills for n in range(kills)]
    chance.shuffle(moments)
    for share in moments:
        print(f"{name}, seed {SEED}: kill -9 at {share * lasts:.3f} s of {lasts:.3f} s")
        while not kill_at(start(words, folder, **environment), share * lasts):
            share *= 0.8  # the machine is quicker now than when the duration was measured
            yield -1.0
        yield share * lasts


def entries(store: Path) -> dict[str, tuple[int, tuple[object, ...]]]:
    """The store's entries, each read whole: when it was written, and what it says."""
    found = {}
    for path in sorted(store.glob("*.safetensors")):
        clip = read_entry(path)
        arrays = (clip.embeddings.tobytes(), clip.pts_seconds.tobytes())
        facts = (clip.clip_id, clip.end_seconds, clip.fingerprint, tuple(clip.provenance.items()))
        found[path.name] = (path.stat().st_mtime_ns, (*arrays, *facts, clip.warnings))
    return found


@contextmanager
def timed() -> Iterator[Callable[[], float]]:
    began = time.monotonic()
    yield lambda: time.monotonic() - began
