"""Rows as projects of other tools: Label Studio, FiftyOne, Inspect, and lmms-eval's samples.

Most functions return the files to write, by name. Not here: captions and tables.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from actalign import __version__
from actalign.rows import NumberedStep, Row, numbered_steps

Json = dict[str, Any]
LABEL_STUDIO_FPS = 25.0


def to_label_studio(rows: Sequence[Row]) -> dict[str, str]:
    """Label Studio: `tasks.json` to import, and `config.xml`, the labelling interface it fits.

    One task a clip. The winner is a choice of the control "action", its steps are ranges of the
    timeline "steps" in 1-based frames at LABEL_STUDIO_FPS, which the configuration sets, whatever
    the clip's own rate. A score goes along where it is a share of 1, as the tool asks. Put the
    address that serves a video in place of its path before the import.
    """
    return {
        "tasks.json": _json([_task(row) for row in rows]),
        "config.xml": _label_studio_config(rows),
    }


def _task(row: Row) -> Json:
    task: Json = {"data": {"video": row.get("video") or "", "clip": row["clip"]}}
    if row.get("scorer"):
        task["data"]["scorer"] = row["scorer"]
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
            "result": [choice, *ranges],
        }
        if 0 <= best["score"] <= 1:
            prediction["score"] = best["score"]
        task["predictions"] = [prediction]
    return task


def _range(found: NumberedStep) -> Json:
    segment, again = found.step, (found.repetition or 1) > 1
    first = round(segment["start_seconds"] * LABEL_STUDIO_FPS) + 1
    last = max(first, round(segment["end_seconds"] * LABEL_STUDIO_FPS))
    return {
        "id": f"step{found.number}" + (f"-{found.repetition}" if again else ""),
        "from_name": "steps",
        "to_name": "video",
        "type": "timelinelabels",
        "value": {
            "ranges": [{"start": first, "end": last}],
            "timelinelabels": [_one_line(segment["step"])],
        },
    }


def _label_studio_config(rows: Sequence[Row]) -> str:
    labels = dict.fromkeys(c["label"] for row in rows for c in row["candidates"])
    steps = dict.fromkeys(
        _one_line(s["step"])
        for row in rows
        for c in row["candidates"]
        for s in c.get("segments", ())
    )
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


def to_fiftyone(rows: Sequence[Row]) -> dict[str, str]:
    """FiftyOne: a FiftyOneTemporalDetectionDataset, `labels.json` and the manifest `data.json`.

    A detection a step of the winner, in seconds; its attributes hold the action, the action's
    score, and the step's repetition, number and mean affinity. Rows without a clip (errors) are
    left out. Read it with `fiftyone.Dataset.from_dir(dataset_dir=..., data_path="data.json",
    dataset_type=fiftyone.types.FiftyOneTemporalDetectionDataset)`.
    """
    usable = [row for row in rows if row["candidates"] and row.get("video")]
    # FiftyOne takes what follows a key's last dot for a suffix and drops it.
    keys = [f"{number:06d}" for number in range(len(usable))]
    labels = {
        key: [
            {
                "label": _one_line(step["step"]),
                "timestamps": [step["start_seconds"], step["end_seconds"]],
                "attributes": {
                    "clip": row["clip"],
                    "scorer": row.get("scorer"),
                    "action": row["candidates"][0]["label"],
                    "score": row["candidates"][0]["score"],
                    "repetition": n,
                    "step": k,
                    "affinity": step.get("affinity"),
                },
            }
            for n, k, step in numbered_steps(row["candidates"][0])
        ]
        for key, row in zip(keys, usable, strict=True)
    }
    videos = {
        key: str(Path(row["video"] or "").absolute()) for key, row in zip(keys, usable, strict=True)
    }
    return {"labels.json": _json({"classes": None, "labels": labels}), "data.json": _json(videos)}


def to_inspect(rows: Sequence[Row]) -> dict[str, str]:
    """Inspect: one evaluation log (JSON, version 2) a scorer, for `inspect view --log-dir`.

    A sample a clip: its candidates are the choices, the winner is the answer, and where the true
    label is known its score is C or I. A clip that failed is a sample with an error.
    """
    by_scorer: dict[str, list[Row]] = {}
    scorers = dict.fromkeys(scorer for row in rows if (scorer := row.get("scorer")))
    for row in rows:
        scorer = row.get("scorer")
        # A clip without a scorer failed before any scored it.
        for name in [scorer] if scorer else scorers or ["actalign"]:
            by_scorer.setdefault(name, []).append(row)
    now = datetime.now(UTC).isoformat(timespec="seconds")
    logs = {}
    for name, mine in by_scorer.items():
        task = f"actalign-{name}".replace("_", "-")
        digest = hashlib.sha256(_json(mine).encode()).hexdigest()[:22]
        # Inspect lists the JSON files of a folder that are named time_task_id only.
        file = f"{now.replace(':', '-')}_{task}_{digest}.json"
        logs[file] = _inspect_log(name, mine, now=now, task=task, digest=digest)
    return logs


def _inspect_log(scorer: str, rows: Sequence[Row], *, now: str, task: str, digest: str) -> str:
    model = next((row["model_id"] for row in rows if row.get("model_id")), "actalign")
    judged = [row for row in rows if row.get("target") and row["candidates"]]
    right = sum(row["candidates"][0]["label"] == row["target"] for row in judged)
    results: Json = {
        "total_samples": len(rows),
        "completed_samples": sum(bool(row["candidates"]) for row in rows),
        "scores": [],
    }
    if judged:
        accuracy = {"name": "accuracy", "value": right / len(judged)}
        results["scores"] = [
            {
                "name": scorer,
                "scorer": scorer,
                "scored_samples": len(judged),
                "unscored_samples": len(rows) - len(judged),
                "metrics": {"accuracy": accuracy},
            }
        ]
    return _json(
        {
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
                    "samples": len(rows),
                    "sample_ids": [row["clip"] for row in rows],
                },
                "model": f"actalign/{model}",
                "config": {},
                "packages": {"actalign": __version__},
                "metadata": {"scorer": scorer},
            },
            "results": results,
            "stats": {"started_at": now, "completed_at": now},
            "samples": [_inspect_sample(scorer, row) for row in rows],
        }
    )


def _inspect_sample(scorer: str, row: Row) -> Json:
    question = f"Which action does {row.get('video') or row['doc_id']} show?"
    sample: Json = {
        "id": row["clip"],
        "epoch": 1,
        "input": question,
        "target": row.get("target") or "",
        "messages": [{"role": "user", "content": question}],
        "metadata": {
            name: row.get(name)
            for name in ("video", "domain", "margin", "candidates", "model_id", "warnings")
        },
    }
    if not row["candidates"]:
        message = row.get("error") or "not classified"
        failure = {"message": message, "traceback": message, "traceback_ansi": message}
        return sample | {"error": failure}
    answer = row["candidates"][0]["label"]
    reply = {"role": "assistant", "content": answer}
    sample["choices"] = [c["label"] for c in row["candidates"]]
    sample["messages"].append(reply)
    sample["output"] = {
        "model": f"actalign/{row.get('model_id')}",
        "choices": [{"message": reply, "stop_reason": "stop"}],
        "completion": answer,
    }
    if row.get("target"):
        ranked = ", ".join(f"{c['label']} {c['score']:.4f}" for c in row["candidates"])
        value = "C" if answer == row["target"] else "I"
        sample["scores"] = {scorer: {"value": value, "answer": answer, "explanation": ranked}}
    return sample


def to_lmms_eval(rows: Sequence[Row]) -> str:
    """lmms-eval: one sample a line, by the keys of its `--log_samples` files.

    A sample that failed has no answer. The row's own fields are left out, but for the scores.
    """
    samples = (
        {
            "doc_id": row["clip"],
            "target": row.get("target"),
            "filtered_resps": [c["label"] for c in row["candidates"][:1]],
            "resps": [[{c["label"]: c["score"] for c in row["candidates"]}]],
            "metrics": list(row.get("metrics", {})),
            **row.get("metrics", {}),
        }
        for row in rows
    )
    return "".join(json.dumps(sample, ensure_ascii=False) + "\n" for sample in samples)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def _one_line(text: str) -> str:
    return " ".join(text.split())
