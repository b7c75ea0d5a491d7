"""The script bank: one JSON or Parquet file.

A bank is a list of records, one per question: domain, candidates, scripts and provenance. As JSON
it is a script file like any other (`load_scripts` reads it). As Parquet it has one row per label.
The key of a record is the hash of everything its first wording depends on: the service, the model,
its parameters and the full prompt with domain and candidates. Further wordings have that key too.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from actalign.documents import composed, one_line
from actalign.errors import UsageError, counted, first_fault
from actalign.files import check_writable, pyarrow, write_bytes, write_text
from actalign.scripts._chat import AnswerFormat, content_hash
from actalign.scripts._script import parse_scripts, read_script_file
from actalign.types import Script

SUFFIXES = (".json", ".parquet")
_SAVE_SECONDS = 5.0


class Replaced(BaseModel):
    """A step that was replaced: what it said before. wording, step: counted from 1."""

    model_config = ConfigDict(frozen=True)

    label: str
    wording: int
    step: int
    before: str


class Refinement(BaseModel):
    """Which model replaced which steps of a record, and at what cost; see `_refine`.

    refined: hash of the scripts as they were before. wordings: how many were looked at.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    refined: str
    wordings: int
    service: str
    model: str
    served_model: str
    parameters: dict[str, Any] = {}
    prompt_sha256: str
    turns: int
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    created: str
    replaced: tuple[Replaced, ...] = ()


class BankRecord(BaseModel):
    """The scripts of one question and their provenance, which is None for hand-written scripts.

    scripts: the first wording of each label. rewordings: the others, for labels that have any. key:
    content hash (see the module). turns: one per wording, and one per repair. input_tokens,
    output_tokens: sums over all turns. cost_usd: only if prices were given. created: UTC, ISO 8601.
    refinement: set if `subactions refine` has replaced steps.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    domain: str | None
    candidates: tuple[str, ...]
    scripts: dict[str, tuple[str, ...]]
    rewordings: dict[str, tuple[tuple[str, ...], ...]] = {}
    key: str | None = None
    prompt: str | None = None
    prompt_version: str | None = None
    prompt_sha256: str | None = None
    min_steps: int | None = None
    max_steps: int | None = None
    service: str | None = None
    model: str | None = None
    served_model: str | None = None
    parameters: dict[str, Any] = {}
    answer_format: AnswerFormat | None = None
    turns: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None
    created: str | None = None
    generator: str | None = None
    refinement: Refinement | None = None

    def to_scripts(self) -> tuple[Script, ...]:
        """One Script per candidate, in the candidates' order."""
        return tuple(
            Script(name, self.scripts[name], self.domain, self.rewordings.get(name, ()))
            for name in self.candidates
        )

    def wordings(self) -> list[dict[str, tuple[str, ...]]]:
        """{label: steps} of the first wording, the second and so on, for the labels that have
        it."""
        most = max(map(len, self.rewordings.values()), default=0)
        return [
            self.scripts,
            *(
                {name: lists[n] for name, lists in self.rewordings.items() if n < len(lists)}
                for n in range(most)
            ),
        ]

    @property
    def digest(self) -> str:
        """A hash of the scripts."""
        return content_hash([self.domain, self.candidates, self.wordings()])

    def is_of(self, given: BankRecord) -> bool:
        """Whether these are the given record's scripts, or were refined from them."""
        refined = None if self.refinement is None else self.refinement.refined
        return given.digest in (self.digest, refined)


def read_bank(path: str | Path) -> list[BankRecord]:
    """Read a bank (.json or .parquet), or any script file (.yaml) as records without provenance.

    Raises UsageError naming the file and what is wrong with it.
    """
    path = Path(path)
    if not path.exists():
        raise UsageError(f"There is no script file or bank {path}.")
    blocks = _read_parquet(path) if path.suffix.lower() == ".parquet" else _read_text(path)
    records = []
    for number, block in enumerate(blocks, start=1):
        where = record_place(path, number, len(blocks))
        scripts = parse_scripts(block, source=where)
        labels = [script.label for script in scripts]
        fields = dict(block) if isinstance(block, Mapping) else {}
        fields["domain"] = scripts[0].domain
        fields["scripts"] = {script.label: script.steps for script in scripts}
        fields["rewordings"] = {s.label: s.rewordings for s in scripts if s.rewordings}
        fields["candidates"] = fields.get("candidates") or labels
        if not isinstance(fields["candidates"], list | tuple):
            raise UsageError(f"{where}: 'candidates' is not a list; list the labels.")
        fields["candidates"] = [composed(str(name)) for name in fields["candidates"]]
        if sorted(fields["candidates"]) != sorted(labels):
            raise UsageError(
                f"{where}: 'candidates' and the labels of 'scripts' differ; write the same labels "
                "in both."
            )
        try:
            records.append(BankRecord.model_validate(fields))
        except ValidationError as error:
            field, why = first_fault(error)
            raise UsageError(f"{where}: field {field!r} is wrong: {why}.") from None
    return records


def read_bank_scripts(path: str | Path) -> list[Script]:
    """The scripts of all records; raises UsageError as `read_bank` does."""
    return [script for record in read_bank(path) for script in record.to_scripts()]


def record_place(path: Path, number: int, records: int) -> str:
    """The file and, if it has several records, the number of this one, counted from 1."""
    return str(path) if records == 1 else f"{path}, record {number}"


def write_bank(path: str | Path, records: Sequence[BankRecord]) -> None:
    """Write all records atomically, and the dataset card beside them."""
    path = Path(path)
    if path.suffix.lower() == ".parquet":
        _write_parquet(path, records)
    else:
        write_text(path, bank_json(records))
    write_text(card_path(path), dataset_card(path, records))


def bank_json(records: Sequence[BankRecord]) -> str:
    """The records as the JSON of a bank file."""
    data = [_as_block(record) for record in records]
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def _as_block(record: BankRecord) -> dict[str, Any]:
    """The record as a block of a script file, where a label with rewordings has several lists."""
    block = record.model_dump(mode="json", exclude_none=True, exclude={"rewordings"})
    more = {name: [block["scripts"][name], *lists] for name, lists in record.rewordings.items()}
    return {**block, "scripts": block["scripts"] | more}


def check_bank_path(path: str | Path) -> Path:
    """The path of a bank to write. Raises UsageError if it doesn't end in .json or .parquet, or
    can't be written."""
    path = Path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"The script bank's name must end in .json or .parquet; it is {path.name!r}."
        )
    check_writable(path)
    return path


def card_path(bank: Path) -> Path:
    """The path of a bank's dataset card: beside the bank, and never your own README.md."""
    return bank.with_name(f"{bank.stem}.card.md")


def dataset_card(bank: Path, records: Sequence[BankRecord]) -> str:
    """A Hugging Face dataset card (a README.md with its YAML head) that describes the bank."""

    def listed(values: Iterable[object]) -> str:
        names = sorted({str(value) for value in values if value is not None})
        return ", ".join(names) or "unknown"

    count = sum(len(r.candidates) for r in records)
    size = "n<1K" if count < 1000 else "1K<n<10K" if count < 10_000 else "10K<n<100K"
    refined = [r.refinement for r in records if r.refinement is not None]
    took: list[BankRecord | Refinement] = [*records, *refined]
    tokens_in = sum(r.input_tokens or 0 for r in took)
    tokens_out = sum(r.output_tokens or 0 for r in took)
    costs = [r.cost_usd for r in took if r.cost_usd is not None]
    cost = f", {sum(costs):.4f} USD at the prices given" if costs else ""
    prompts = listed(f"{r.prompt} (version {r.prompt_version})" for r in records if r.prompt)
    return f"""---
pretty_name: Action scripts
language:
- en
task_categories:
- zero-shot-classification
- video-classification
tags:
- actalign
- action-recognition
- synthetic
size_categories:
- {size}
configs:
- config_name: default
  data_files: {json.dumps(bank.name)}
---

# Action scripts

{counted(count, "script")} for {counted(len(records), "set")} of candidate actions.
A script is an action as an ordered list of steps (sub-actions), each a short visual description,
for zero-shot video classification by sequence alignment (ActAlign, arXiv 2506.22967). They
were written by a language model; only their form was checked, not whether they are correct.
The terms of the model's provider apply; choose the dataset's licence accordingly before you
publish it.

- Domains: {listed(r.domain for r in records)}
- Models: {listed(r.served_model or r.model for r in records)}
- Prompts: {prompts}
- Wordings of a script: {listed(len(r.wordings()) for r in records)}
- Parameters: {listed(json.dumps(r.parameters, sort_keys=True) for r in records)}
- Steps replaced in a second pass: {sum(len(r.replaced) for r in refined)}
- Tokens: {tokens_in} in, {tokens_out} out{cost}
- Made by: {listed(r.generator for r in records)}

Fields: `domain`, `candidates` (all labels of the request), the steps of each label, and the
provenance: `key`, `prompt`, `prompt_version`, `prompt_sha256`, `service`, `model`,
`served_model`, `parameters`, `answer_format`, `turns`, token counts, `created`.

To publish, put this file into the dataset's folder as `README.md` beside `{bank.name}`.
"""


class Bank:
    """A bank file in memory: read by key, extended, and saved every few seconds.

    Without a path nothing is written. Raises UsageError for a wrong suffix or an unreadable file.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = check_bank_path(path) if path is not None else None
        self.records = read_bank(path) if path is not None and path.exists() else []
        self._at = {record.key: m for m, record in enumerate(self.records) if record.key}
        self._saved_at = time.monotonic()
        self._dirty = False

    def get(self, key: str) -> BankRecord | None:
        """The record with this content hash, or None."""
        return self.records[self._at[key]] if key in self._at else None

    def add(self, record: BankRecord | str) -> None:
        """Add a record, replacing one with the same key; an error (a string) is ignored."""
        if isinstance(record, str) or record.key is None:
            return
        if record.key in self._at:
            self.records[self._at[record.key]] = record
        else:
            self._at[record.key] = len(self.records)
            self.records.append(record)
        self._dirty = True
        if time.monotonic() - self._saved_at > _SAVE_SECONDS:
            self.save()

    def adopt(self, records: Sequence[BankRecord]) -> None:
        """Add records that have keys, replacing those that are the same but have no key."""
        keyless = [m for m, record in enumerate(self.records) if not record.key]
        for record in records:
            same = next((m for m in keyless if self.records[m].is_of(record)), None)
            if same is not None and record.key not in self._at:
                self.records[same] = record
                self._at[record.key or ""] = same
                keyless.remove(same)
            elif (kept := self.get(record.key or "")) is None or not kept.is_of(record):
                self.add(record)

    def save(self) -> None:
        """Write the file if anything was added since the last time."""
        if self._path is not None and self._dirty:
            write_bank(self._path, self.records)
            self._dirty = False
        self._saved_at = time.monotonic()


def _read_text(path: Path) -> list[Any]:
    data = read_script_file(path)
    blocks = data if isinstance(data, list) else [data]
    return [] if blocks == [None] else blocks


def _read_parquet(path: Path) -> list[dict[str, Any]]:
    pa, pq = pyarrow()

    try:
        rows = pq.read_table(path).to_pylist()
        blocks: dict[int, dict[str, Any]] = {}
        for row in rows:
            label, steps = row.pop("label"), row.pop("steps")
            more = row.pop("rewordings", None)  # banks from before wordings lack this column
            block = blocks.setdefault(row.pop("record"), {**row, "scripts": {}})
            if label in block["scripts"]:
                raise ValueError(f"the label {label!r} occurs twice")
            block["scripts"][label] = [steps, *more] if more else steps
            block["parameters"] = json.loads(row["parameters"])
            block["refinement"] = json.loads(row.get("refinement") or "null")
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        reason = one_line(error)[:200]
        raise UsageError(f"{path} is not a script bank in Parquet: {reason}.") from None
    return list(blocks.values())


def _write_parquet(path: Path, records: Sequence[BankRecord]) -> None:
    pa, pq = pyarrow()

    text, number = pa.string(), pa.int64()
    schema = pa.schema(
        [
            ("record", number),
            ("domain", text),
            ("label", text),
            ("steps", pa.list_(text)),
            ("rewordings", pa.list_(pa.list_(text))),
            ("candidates", pa.list_(text)),
            *((name, text) for name in ("key", "prompt", "prompt_version", "prompt_sha256")),
            *((name, number) for name in ("min_steps", "max_steps")),
            *((name, text) for name in ("service", "model", "served_model", "parameters")),
            ("answer_format", text),
            *((name, number) for name in ("turns", "input_tokens", "output_tokens")),
            ("cost_usd", pa.float64()),
            *((name, text) for name in ("created", "generator", "refinement")),
        ]
    )
    rows = []
    for m, record in enumerate(records):
        fields = record.model_dump(mode="json", exclude={"scripts", "rewordings"})
        fields["parameters"] = json.dumps(record.parameters, sort_keys=True)
        fields["refinement"] = record.refinement and record.refinement.model_dump_json()
        for label in record.candidates:
            steps = list(record.scripts[label])
            more = [list(one) for one in record.rewordings.get(label, ())]
            row = {"record": m, "label": label, "steps": steps, "rewordings": more}
            rows.append({**fields, **row})
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), sink)
    write_bytes(path, sink.getvalue().to_pybytes())
