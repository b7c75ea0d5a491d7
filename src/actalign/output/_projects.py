"""Rows as projects of other tools: Label Studio, FiftyOne, Inspect, and lmms-eval's samples.

Each writes its files one row at a time and returns their paths. Not here: captions and tables.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO
from xml.sax.saxutils import quoteattr

from actalign import __version__
from actalign.documents import one_line
from actalign.files import write_text, writing
from actalign.output._events import whole_path
from actalign.rows import Row
from actalign.rows._facts import NumberedStep, numbered_steps, refused, score_text, unseen

Json = dict[str, Any]
LABEL_STUDIO_FPS = 25.0


def to_label_studio(rows: Iterable[Row], out: Path) -> list[Path]:
    """Label Studio: `tasks.json` to import, and `config.xml`, the labelling interface it fits.

    One task per clip. The winner is a choice of the control "action", its steps are ranges of the
    timeline "steps" in 1-based frames at LABEL_STUDIO_FPS, which the configuration sets, whatever
    the clip's own rate. A step of a partial repetition says so in its note. A clip whose answer is
    refused, or that shows nothing, has an empty result. A score is included if it is between 0 and
    1, as the tool requires. Put the address that serves a video in place of its path before the
    import.
    """
    labels: dict[str, None] = {}
    steps: dict[str, None] = {}
    with writing(out / "tasks.json") as file, _items(file, b"[", b"]") as add:
        for row in rows:
            add(_json(_task(row)))
            for candidate in row["candidates"]:
                labels[candidate["label"]] = None
                steps.update(
                    (one_line(s["step"]), None) for _, _, s, _ in numbered_steps(candidate)
                )
    write_text(out / "config.xml", _label_studio_config(labels, steps))
    return [out / "tasks.json", out / "config.xml"]


def _task(row: Row) -> Json:
    task: Json = {"data": {"video": row.get("video") or "", "clip": row["clip"]}}
    task["data"] |= {name: row[name] for name in ("scorer", "person") if row.get(name)}
    if row["candidates"]:
        best = row["candidates"][0]
        choice = {
            "id": "action",
            "from_name": "action",
            "to_name": "video",
            "type": "choices",
            "value": {"choices": [best["label"]]},
        }
        ranges = [_range(found) for found in numbered_steps(best)]
        prediction: Json = {
            "model_version": f"actalign {row.get('model_id', '')}".strip(),
            "result": [] if refused(row) or unseen(row) else [choice, *ranges],
        }
        sure = best.get("confidence", best["score"])
        if 0 <= sure <= 1:
            prediction["score"] = sure
        task["predictions"] = [prediction]
    return task


def _range(found: NumberedStep) -> Json:
    segment, again = found.step, (found.repetition or 1) > 1
    first = max(1, round(segment["start_seconds"] * LABEL_STUDIO_FPS) + 1)
    last = max(first, round(segment["end_seconds"] * LABEL_STUDIO_FPS))
    return {
        "id": f"step{found.number}" + (f"-{found.repetition}" if again else ""),
        **({"meta": {"text": ["partial repetition"]}} if found.partial else {}),
        "from_name": "steps",
        "to_name": "video",
        "type": "timelinelabels",
        "value": {
            "ranges": [{"start": first, "end": last}],
            "timelinelabels": [one_line(segment["step"])],
        },
    }


def _label_studio_config(labels: Iterable[str], steps: Iterable[str]) -> str:
    lines = [
        "<View>",
        f'  <Video name="video" value="$video" framerate="{LABEL_STUDIO_FPS:g}"/>',
        '  <TimelineLabels name="steps" toName="video">',
        *(f"    <Label value={quoteattr(step)}/>" for step in steps),
        "  </TimelineLabels>",
        '  <Choices name="action" toName="video" choice="single">',
        *(f"    <Choice value={quoteattr(label)}/>" for label in labels),
        "  </Choices>",
        "</View>",
    ]
    return "\n".join(lines) + "\n"


def to_fiftyone(rows: Iterable[Row], out: Path) -> list[Path]:
    """FiftyOne: a FiftyOneTemporalDetectionDataset, `labels.json` and the manifest `data.json`.

    One detection per step of the winner, in seconds; its attributes hold whose it is, the action,
    its score and confidence, and the step's repetition, whether that is partial, its number and
    mean affinity. A clip whose answer is refused, or that shows nothing, has none; rows without a
    clip (errors) are left out. Read it with `fiftyone.Dataset.from_dir(dataset_dir=...,
    data_path="data.json", dataset_type=fiftyone.types.FiftyOneTemporalDetectionDataset)`.
    """
    usable = (row for row in rows if row["candidates"] and row.get("video"))
    paths = [out / "labels.json", out / "data.json"]
    with (
        writing(paths[0]) as labels,
        writing(paths[1]) as data,
        _items(labels, b'{"classes": null, "labels": {', b"}}") as add_labels,
        _items(data, b"{", b"}") as add_video,
    ):
        for number, row in enumerate(usable):
            # FiftyOne takes the part after a key's last dot for a suffix and drops it.
            key = f'"{number:06d}": '.encode()
            add_labels(key + _json(_detections(row)))
            add_video(key + _json(whole_path(str(row["video"]))))
    return paths


def _detections(row: Row) -> list[Json]:
    best = row["candidates"][0]
    if refused(row) or unseen(row):
        return []
    return [
        {
            "label": one_line(segment["step"]),
            "timestamps": [segment["start_seconds"], segment["end_seconds"]],
            "confidence": row.get("confidence"),
            "attributes": {
                "clip": row["clip"],
                "person": row.get("person"),
                "scorer": row.get("scorer"),
                "action": best["label"],
                "score": best["score"],
                "repetition": found.repetition,
                "partial": "yes" if found.partial else None,
                "step": found.number,
                "affinity": segment.get("affinity"),
            },
        }
        for found in numbered_steps(best)
        for segment in [found.step]
    ]


def to_inspect(rows: Iterable[Row], out: Path) -> list[Path]:
    """Inspect: one evaluation log (JSON, version 2) per scorer, for `inspect view --log-dir`.

    One sample per clip: its candidates are the choices, the winner is the answer, and if the true
    label is known its score is C or I. A clip that failed is a sample with an error.
    """
    samples: list[tuple[str | None, str, bool, bool | None]] = []
    content, model = hashlib.sha256(), "actalign"
    for row in rows:
        answer = row["candidates"][0]["label"] if row["candidates"] else None
        answer = "" if refused(row) else answer
        right = answer == row["target"] if row.get("target") and answer is not None else None
        samples.append((row.get("scorer"), row["clip"], answer is not None, right))
        content.update(_json(row))
        model = row.get("model_id") or model
    # A clip without a scorer failed before any scored it.
    names = list(dict.fromkeys(name for name, *_ in samples if name)) or ["actalign"]
    now = datetime.now(UTC).isoformat(timespec="seconds")
    paths, add = [], {}
    with ExitStack() as files:
        for name in names if samples else ():
            task = f"actalign-{name}".replace("_", "-")
            digest = hashlib.sha256(content.digest() + name.encode()).hexdigest()[:22]
            # Inspect lists only those JSON files of a folder that are named time_task_id.
            paths.append(out / f"{now.replace(':', '-')}_{task}_{digest}.json")
            mine = [sample[1:] for sample in samples if sample[0] in (name, None)]
            head = _inspect_head(name, mine, model=model, now=now, task=task, digest=digest)
            file = files.enter_context(writing(paths[-1]))
            begin = _json(head)[:-1] + b', "samples": ['
            add[name] = files.enter_context(_items(file, begin, b"]}"))
        for row in rows:
            scorer = row.get("scorer")
            for name in [scorer] if scorer else names:
                add[name](_json(_inspect_sample(name, row)))
    return paths


def _inspect_head(
    scorer: str,
    samples: Sequence[tuple[str, bool, bool | None]],
    *,
    model: str,
    now: str,
    task: str,
    digest: str,
) -> Json:
    """A log without its samples; each sample is given by its id, whether it has an answer, and
    whether that is right, None if unknown."""
    judged = [right for *_, right in samples if right is not None]
    results: Json = {
        "total_samples": len(samples),
        "completed_samples": sum(answered for _, answered, _ in samples),
        "scores": [],
    }
    if judged:
        accuracy = {"name": "accuracy", "value": sum(judged) / len(judged)}
        results["scores"] = [
            {
                "name": scorer,
                "scorer": scorer,
                "scored_samples": len(judged),
                "unscored_samples": len(samples) - len(judged),
                "metrics": {"accuracy": accuracy},
            }
        ]
    return {
        "version": 2,
        "status": "success",
        "eval": {
            "run_id": digest,
            "eval_id": digest,
            "task_id": digest,
            "created": now,
            "task": task,
            "dataset": {
                "name": "clips",
                "samples": len(samples),
                "sample_ids": [sample for sample, *_ in samples],
            },
            "model": f"actalign/{model}",
            "config": {},
            "packages": {"actalign": __version__},
            "metadata": {"scorer": scorer},
        },
        "results": results,
        "stats": {"started_at": now, "completed_at": now},
    }


def _inspect_sample(scorer: str, row: Row) -> Json:
    question = f"Which action does {row.get('video') or row['clip']} show?"
    sample: Json = {
        "id": row["clip"],
        "epoch": 1,
        "input": question,
        "target": row.get("target") or "",
        "messages": [{"role": "user", "content": question}],
        "metadata": {
            name: row.get(name)
            for name in (
                "video",
                "person",
                "domain",
                "confidence",
                "min_confidence",
                "margin",
                "candidates",
                "background",
                "model_id",
                "warnings",
                "text_warnings",
            )
        },
    }
    if not row["candidates"]:
        message = row.get("error") or "not classified"
        failure = {"message": message, "traceback": message, "traceback_ansi": message}
        return sample | {"error": failure}
    answer = "" if refused(row) else row["candidates"][0]["label"]
    reply = {"role": "assistant", "content": answer}
    sample["choices"] = [c["label"] for c in row["candidates"]]
    sample["messages"].append(reply)
    sample["output"] = {
        "model": f"actalign/{row.get('model_id')}",
        "choices": [{"message": reply, "stop_reason": "stop"}],
        "completion": answer,
    }
    if row.get("target"):
        ranked = ", ".join(f"{c['label']} {score_text(c['score'])}" for c in row["candidates"])
        value = "C" if answer == row["target"] else "I"
        sample["scores"] = {scorer: {"value": value, "answer": answer, "explanation": ranked}}
    return sample


def to_lmms_eval(rows: Iterable[Row], out: Path) -> list[Path]:
    """lmms-eval: one sample per line, with the keys of its `--log_samples` files.

    A sample that failed has no answer. Of the row's own fields it has the scorer, the scores and,
    if there is one, the confidence.
    """
    with writing(out) as file:
        for row in rows:
            sample = {
                "doc_id": row["clip"],
                "scorer": row.get("scorer"),
                "target": row.get("target"),
                "filtered_resps": (
                    [] if refused(row) else [c["label"] for c in row["candidates"][:1]]
                ),
                "resps": [[{c["label"]: c["score"] for c in row["candidates"]}]],
                **({"confidence": row["confidence"]} if "confidence" in row else {}),
                "metrics": list(row.get("metrics", {})),
                **row.get("metrics", {}),
            }
            file.write(_json(sample) + b"\n")
    return [out]


@contextmanager
def _items(file: BinaryIO, begin: bytes, end: bytes) -> Iterator[Callable[[bytes], None]]:
    """Writes the items of a JSON list or object, one per line, between its beginning and end."""
    file.write(begin)
    separator = b"\n"

    def add(item: bytes) -> None:
        nonlocal separator
        file.write(separator + item)
        separator = b",\n"

    yield add
    file.write(b"\n" + end + b"\n")


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
