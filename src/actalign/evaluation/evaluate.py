"""Evaluation of a data set of questions into a run folder, resumable, scorable again.

The folder: `config.json` (resolved), `environment.json`, `predictions.jsonl` (a row a sample and
scorer), `errors.jsonl` (what is unscored or missing, and why), `results.json`, `embeddings/` and
`texts.sqlite`. Every question is its id; an unscored one is counted apart, never wrong.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from actalign import __version__
from actalign._types import ClipEmbedding, Script
from actalign.atlas.dataset import Dataset, Entry, file_sha256, load_dataset
from actalign.atlas.encoding import clip_key, embed_entry
from actalign.atlas.texts import read_questions, read_rows
from actalign.atomic import write_text
from actalign.classifier import ActAlign
from actalign.encoder import Encoder, revision_of
from actalign.errors import ActAlignError, UsageError, VideoError
from actalign.evaluation.results import summarise
from actalign.evaluation.stored import EncoderFacts, StoredEncoder
from actalign.pipeline import Embedded, Sampling, embed_videos
from actalign.prediction import SCHEMA_VERSION, Prediction, write_rows
from actalign.scoring import SCORERS, get_scorer
from actalign.script_bank import read_bank
from actalign.store import Store
from actalign.subactions import scripts_for

RANDOM = "random"
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class EvalConfig:
    """What a run is: the same fields in the command, in Python and in `config.json`.

    data: dataset folder (or an `.npy` of one). scripts: `generated_subactions.json` or a script
    bank. fps: frames encoded a second, None for the encoder's own. smoothing_seconds, templates:
    None for the encoder's own. Resolved by `run`.
    """

    data: str
    scripts: str
    model: str
    scorers: tuple[str, ...]
    fps: float | None = None
    smoothing_seconds: float | None = None
    step_template: str | None = None
    label_template: str | None = None
    seed: int = 0


def check_scorers(names: Sequence[str]) -> tuple[str, ...]:
    """Scorer names, each once; raises UsageError that lists the legal ones."""
    chosen = tuple(dict.fromkeys(name.strip() for name in names if name.strip()))
    for name in chosen:
        if name != RANDOM and name not in SCORERS:
            raise UsageError(
                f"There is no scorer {name!r}; choose of {', '.join([*SCORERS, RANDOM])}."
            )
    if not chosen:
        raise UsageError("--scorer names no scorer; give one, e.g. dtw.")
    return chosen


def run(
    config: EvalConfig,
    out: Path,
    *,
    load: Callable[[], Encoder],
    resume: bool,
    progress: Callable[[str, str], None],
    embed: Callable[..., Iterator[Embedded]] = embed_videos,
) -> dict[str, Any]:
    """Evaluate, or go on with or score again a run; returns what `results.json` holds.

    load: loads the model of the configuration; called only when something must be encoded.
    embed: `pipeline.embed_videos`, or what does the same elsewhere.
    ``progress(id, note)`` is called once a sample, with "" or why it is unscored. Raises
    UsageError when ``out`` holds another run, or one without ``resume``.
    """
    dataset = load_dataset(config.data)
    encoder, config = _open_run(config, out, load=load, resume=resume)
    scripts = read_scripts(Path(config.scripts), dataset.usable)
    store = Store(out / "embeddings")
    classifier = make_classifier(encoder, config)
    journal = _Journal(out)
    errors = [_error(e.id, "data", e.kind, e.reason) for e in dataset.failed]
    keys, missing = _look_up(dataset, encoder, store, config.fps)
    coming: Iterator[Embedded] = iter(())
    if missing:
        coming = embed(encoder.real, missing, sampling=Sampling(config.fps), store=store)
    for entry in dataset.usable:
        if entry.correct is None:
            found = [_error(entry.id, "data", "no answer", "its answer names no candidate")]
        else:
            try:
                if entry.id in missing:
                    clip = _clip_of(next(coming))
                else:
                    clip = _embedded(entry, dataset, encoder, store, config.fps, keys[entry.id])
                found = _evaluate_one(entry, clip, scripts[entry.id], classifier, config, journal)
            except VideoError as error:
                found = [_error(entry.id, "decode", "not encoded", str(error))]
        errors += found
        progress(entry.id, "; ".join(dict.fromkeys(e["error"] for e in found)))
    rows = journal.sorted([e.id for e in dataset.entries])
    write_rows(rows, out / "predictions.jsonl")
    write_rows(errors, out / "errors.jsonl")
    results = summarise(rows, errors, scorers=config.scorers, total=len(dataset.entries))
    results |= revision_of(encoder)
    _write_json(out / "results.json", results)
    return results


def make_classifier(encoder: Encoder, config: EvalConfig) -> ActAlign:
    """The classifier of a resolved configuration."""
    return ActAlign(
        encoder,
        fps=config.fps,
        smoothing_seconds=config.smoothing_seconds,
        step_template=config.step_template,
        label_template=config.label_template,
    )


def open_run(out: Path) -> tuple[EvalConfig, StoredEncoder]:
    """A finished run's configuration and its encoder, which can't encode anything new."""
    saved = _read_json(out / "config.json")

    def refuse() -> Encoder:
        raise UsageError(f"{out} lacks an embedding; run the evaluation again with --resume.")

    facts = EncoderFacts(**saved["encoder"])
    config = EvalConfig(**{**saved["config"], "scorers": tuple(saved["config"]["scorers"])})
    return config, StoredEncoder(facts, out / "texts.sqlite", refuse)


def prediction_again(out: Path, doc_id: str, scorer: str) -> tuple[Prediction, Path]:
    """One sample's prediction from what the run folder holds, and its clip's file."""
    config, encoder = open_run(out)
    dataset = load_dataset(config.data)
    entry = next((e for e in dataset.usable if e.id == doc_id), None)
    if entry is None:
        raise UsageError(f"The data set {config.data} has no clip of sample {doc_id!r}.")
    scripts = read_scripts(Path(config.scripts), [entry])[entry.id]
    key = clip_key(dataset, entry, encoder.fingerprint, config.fps)
    clip = _embedded(entry, dataset, encoder, Store(out / "embeddings"), config.fps, key)
    classifier = make_classifier(encoder, config)
    return _predict(classifier, clip, entry, scripts, scorer), dataset.clip_path(entry)


def read_scripts(path: Path, entries: Sequence[Entry]) -> dict[str, list[Script | None]]:
    """Each entry's scripts, one a candidate in order, None where there is none.

    The file is `generated_subactions.json`, joined by id, or a script bank or file, joined by
    label and domain.
    """
    if path.suffix == ".json" and _is_generated(path):
        known = {q.id: dict(zip(q.options, q.scripts, strict=True)) for q in read_questions(path)}
        return {e.id: [known.get(e.id, {}).get(o) for o in e.choices] for e in entries}
    if not path.is_file():
        raise UsageError(f"The script file {path} is missing; check --scripts.")
    bank = [script for record in read_bank(path) for script in record.to_scripts()]
    found: dict[str, list[Script | None]] = {}
    for entry in entries:
        chosen, without = scripts_for(entry.choices, bank, domain=entry.domain or None)
        found[entry.id] = [None if s.label in without else s for s in chosen]
    return found


def _is_generated(path: Path) -> bool:
    rows = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    if not isinstance(rows, list) or not rows or not isinstance(rows[0], dict):
        return False
    return "cleaned_options" in read_rows(path)[0]


def _open_run(
    config: EvalConfig, out: Path, *, load: Callable[[], Encoder], resume: bool
) -> tuple[StoredEncoder, EvalConfig]:
    """Start or reopen the run folder; returns the encoder and the resolved configuration."""
    path = out / "config.json"
    scripts_sha = file_sha256(Path(config.scripts)) if Path(config.scripts).is_file() else ""
    if path.exists():
        if not resume:
            raise UsageError(
                f"{out} holds a run already; give --resume to go on with it or to score it again, "
                "or another --out."
            )
        saved = _read_json(path)
        facts = EncoderFacts(**saved["encoder"])
        encoder = StoredEncoder(facts, out / "texts.sqlite", load)
        resolved = _resolve(config, facts)
        old = {**saved["config"], "scripts_sha256": saved["scripts_sha256"]}
        new = {**asdict(resolved), "scripts_sha256": scripts_sha}
        for name in ("data", "model", "fps", "smoothing_seconds", "step_template"):
            if old[name] != new[name]:
                raise UsageError(
                    f"{out} was run with {name} {old[name]!r}, not {new[name]!r}; choose another "
                    "--out."
                )
        for name in ("label_template", "seed", "scripts_sha256"):
            if old[name] != new[name]:
                what = "the script file" if name == "scripts_sha256" else name
                raise UsageError(f"{out} was run with another {what}; choose another --out.")
        known = tuple(saved["config"]["scorers"])
        resolved = replace(resolved, scorers=tuple(dict.fromkeys(known + config.scorers)))
    else:
        facts = EncoderFacts.of(loaded := load())
        encoder = StoredEncoder(facts, out / "texts.sqlite", lambda: loaded)
        resolved = _resolve(config, facts)
    saved = {
        "config": asdict(resolved),
        "encoder": asdict(facts),
        "scripts_sha256": scripts_sha,
    }
    _write_json(path, saved)
    _write_json(out / "environment.json", environment())
    return encoder, resolved


def _resolve(config: EvalConfig, facts: EncoderFacts) -> EvalConfig:
    smoothing = config.smoothing_seconds
    return replace(
        config,
        fps=facts.fps if config.fps is None else config.fps,
        smoothing_seconds=facts.smoothing_seconds if smoothing is None else smoothing,
        step_template=config.step_template or facts.step_template,
        label_template=config.label_template or facts.label_template,
    )


def _evaluate_one(
    entry: Entry,
    clip: ClipEmbedding,
    scripts: Sequence[Script | None],
    classifier: ActAlign,
    config: EvalConfig,
    journal: _Journal,
) -> list[Row]:
    """Score one sample with every scorer that has not scored it; returns why some can't."""
    errors = []
    without = [o for o, s in zip(entry.choices, scripts, strict=True) if s is None]
    for scorer in config.scorers:
        if scorer != RANDOM and get_scorer(scorer).texts == "steps" and without:
            names = ", ".join(repr(option) for option in without)
            reason = f"no script for {names}"
            errors.append(_error(entry.id, "scripts", "missing candidate", reason, scorer))
        elif not journal.has(entry.id, scorer):
            if scorer == RANDOM:
                row = _random_row(entry, config.seed)
            else:
                row = _row(_predict(classifier, clip, entry, scripts, scorer), entry)
            journal.add(row)
    return errors


def _look_up(
    dataset: Dataset, encoder: StoredEncoder, store: Store, fps: float | None
) -> tuple[dict[str, str], dict[str, Path]]:
    """Each clip's key in the store, and the files of those that must be encoded, both by id.

    Clips of a data set that holds frames have no file, so they are encoded when their turn comes.
    """
    keys: dict[str, str] = {}
    missing: dict[str, Path] = {}
    for entry in dataset.usable:
        if entry.correct is None:
            continue
        try:
            key = keys[entry.id] = clip_key(dataset, entry, encoder.fingerprint, fps)
            there = store.path(entry.id, key).exists()
        except VideoError:  # can't be read: the run says so in its place
            there = False
        if not there and dataset.folder is not None:
            missing[entry.id] = dataset.clip_path(entry)
    return keys, missing


def _clip_of(embedded: Embedded) -> ClipEmbedding:
    if embedded.clip is None:
        raise embedded.error or VideoError(f"{embedded.path} could not be embedded.")
    return embedded.clip


def _embedded(
    entry: Entry,
    dataset: Dataset,
    encoder: StoredEncoder,
    store: Store,
    fps: float | None,
    key: str,
) -> ClipEmbedding:
    clip = store.get(entry.id, key)
    if clip is None:
        clip = embed_entry(encoder.real, dataset, entry, fps)
        store.put(clip, key)
    return clip


def _predict(
    classifier: ActAlign,
    clip: ClipEmbedding,
    entry: Entry,
    scripts: Sequence[Script | None],
    scorer: str,
) -> Prediction:
    return classifier.predict(
        clip,
        candidate_labels=list(entry.choices),
        scripts=[s for s in scripts if s is not None],
        domain=entry.domain or None,
        scorer=scorer,
    )


def _row(prediction: Prediction, entry: Entry) -> Row:
    assert entry.correct is not None
    row = prediction.to_row(target=entry.choices[entry.correct])
    return _with_rank(row, entry)


def _random_row(entry: Entry, seed: int) -> Row:
    """Uniform scores drawn from the seed and the id, so that order and resuming don't matter."""
    assert entry.correct is not None
    digest = hashlib.sha256(f"{seed}:{entry.id}".encode()).digest()
    scores = np.random.default_rng(list(digest)).random(len(entry.choices))
    order = np.argsort(-scores, kind="stable")
    row: Row = {
        "schema_version": SCHEMA_VERSION,
        "doc_id": entry.id,
        "status": "ok",
        "error": None,
        "target": entry.choices[entry.correct],
        "filtered_resps": [entry.choices[int(order[0])]],
        "candidates": [{"label": entry.choices[m], "score": float(scores[m])} for m in order],
        "margin": float(scores[order[0]] - scores[order[1]]),
        "scorer": RANDOM,
        "domain": entry.domain,
    }
    return _with_rank(row, entry)


def _with_rank(row: Row, entry: Entry) -> Row:
    labels = [c["label"] for c in row["candidates"]]
    rank = labels.index(row["target"]) + 1
    return {
        **row,
        "question": entry.question,
        "action": entry.action,
        "options": list(entry.choices),
        "target_index": entry.correct,
        "rank": rank,
        "metrics": {f"top{k}": float(rank <= k) for k in (1, 2, 3)},
    }


class _Journal:
    """`predictions.jsonl` while it grows; a half-written last line of a killed run is dropped."""

    def __init__(self, out: Path) -> None:
        self._path = out / "predictions.jsonl"
        self._rows: dict[tuple[str, str], Row] = {}
        lines = self._path.read_bytes().splitlines(keepends=True) if self._path.exists() else []
        whole = 0
        for line in lines:
            try:
                row = json.loads(line)
                key = (row["doc_id"], row["scorer"])
            except (ValueError, KeyError, TypeError):
                break
            if not line.endswith(b"\n"):
                break
            whole += len(line)
            self._rows[key] = row
        if lines:
            os.truncate(self._path, whole)

    def has(self, doc_id: str, scorer: str) -> bool:
        return (doc_id, scorer) in self._rows

    def add(self, row: Row) -> None:
        self._rows[row["doc_id"], row["scorer"]] = row
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")
        except OSError as error:
            raise ActAlignError(
                f"{self._path} can't be written: {error.strerror or error}; free space, then go on "
                "with --resume."
            ) from error

    def sorted(self, ids: Sequence[str]) -> list[Row]:
        """Rows by sample, then scorer: the same however often the run was interrupted."""
        place = {one: n for n, one in enumerate(ids)}
        names = {name: n for n, name in enumerate([*SCORERS, RANDOM])}
        keys = sorted(
            (key for key in self._rows if key[0] in place),
            key=lambda key: (place[key[0]], names.get(key[1], len(names))),
        )
        return [self._rows[key] for key in keys]


def _error(doc_id: str, stage: str, kind: str, reason: str, scorer: str | None = None) -> Row:
    return {"doc_id": doc_id, "stage": stage, "kind": kind, "error": reason, "scorer": scorer}


def environment() -> dict[str, Any]:
    """Versions and machine, for the record."""
    packages: dict[str, str | None] = {}
    for name in ("numpy", "av", "numba", "torch", "transformers", "onnxruntime", "mediapipe"):
        try:
            packages[name] = version(name)
        except PackageNotFoundError:
            packages[name] = None
    return {
        "actalign": __version__,
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "packages": packages,
    }


def _write_json(path: Path, value: Any) -> None:
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"{path.parent} is not a run folder: {path.name} is missing.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"The file {path} can't be read ({error}).") from None
