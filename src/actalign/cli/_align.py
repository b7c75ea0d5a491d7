"""`actalign align`: score stored embeddings, without their videos, a clip at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import typer

from actalign.cli._candidates import CandidateOptions
from actalign.cli._grouped import MACHINES, MODEL, grouped
from actalign.cli._machine_options import EngineOptions, RayAddress, ShardOptions
from actalign.cli._model_options import MODEL_HELP, Device, Dtype
from actalign.cli._options import RowOptions
from actalign.cli._scoring_options import SeveralScoringOptions
from actalign.encoders._load import EncoderChoice
from actalign.errors import UsageError

if TYPE_CHECKING:
    from actalign.candidates import Candidates
    from actalign.clips._background import OtherClips
    from actalign.rows import Row


@dataclass(frozen=True, slots=True)
class StoredModelOptions:
    """The encoder, by default the one that made the embeddings."""

    PANEL: ClassVar[str] = MODEL

    model: Annotated[
        str | None, typer.Option(help=f"{MODEL_HELP} By default the one named in the entries.")
    ] = None
    device: Device = None
    dtype: Dtype = None

    def choice(self, entries: Mapping[str, str]) -> EncoderChoice:
        """The model of the flags, else that of the first entry that can be read."""
        from actalign.clips._stored import read_stored

        if self.model is not None:
            return EncoderChoice(self.model, self.device, self.dtype)
        for entry_id, entry in entries.items():
            clip = read_stored(entry_id, entry).clip
            if clip is not None:
                revision = clip.provenance.get("model_revision")
                model = f"{clip.model_id}@{revision}" if revision else clip.model_id
                dtype = self.dtype or clip.provenance.get("dtype")
                return EncoderChoice(model, self.device, dtype)
        raise UsageError("None of the entries can be read, so none names a model; give --model.")


@grouped
def align(
    stored: Annotated[
        list[str],
        typer.Argument(
            help="Folders or addresses with :// that `actalign encode --out` wrote, or files in "
            "them."
        ),
    ],
    candidates: CandidateOptions,
    model: StoredModelOptions,
    scoring: SeveralScoringOptions,
    output: RowOptions,
    shards: ShardOptions,
    engine: Annotated[
        str,
        typer.Option(
            help="local, or ray: score on the machines of a Ray cluster.", rich_help_panel=MACHINES
        ),
    ] = "local",
    ray_address: RayAddress = None,
) -> None:
    """Score embedded clips again, with other candidates, scripts or scorers; no video is read."""
    from actalign.clips._background import OtherClips
    from actalign.clips._stored import entry_clip, list_entries, read_stored, with_unique_ids

    machines = EngineOptions(engine, ray_address)
    part = shards.part
    output.check(part)
    listed = list_entries(stored)
    found = {n: e for n, e in listed.items() if not part or part.holds(entry_clip(e))}
    alone = not part and not machines.on_ray
    where = "here" if alone else "with --num-shards" if part else "with --engine ray"
    scoring.check(where=where, clips=alone, several=alone)
    given = candidates.read()
    encoder = model.choice(listed).load()
    others = None
    if scoring.of_clips:
        others = OtherClips(encoder.info, (read_stored(*entry).clip for entry in found.items()))
    resolved = given.resolve(encoder, scoring, others=others)
    settings = {**resolved[0].identity(), "top_k": output.top_k}
    marks = part.marks(listed, settings, held=found) if part else {}
    # Rows go to the file as they come: a store of any size needs the memory of one clip.
    clips, labels = map(entry_clip, found.values()), resolved[0].labels
    with output.run(len(found), clips, labels, scorers=len(resolved) > 1) as run:
        run.note(given.notes)
        rows = _rows(resolved, found, output.top_k, machines, others)
        last = None
        for entry_id, row in with_unique_ids(rows):
            if part:
                row["shard"] = marks[entry_id]
            run.row(row, first=entry_id != last)
            last = entry_id
            run.result(row)
    where = f": {output.written()}" if output.out else ""
    run.end(f"{len(found) - run.failed} aligned, {run.failed} failed{where}")


def _rows(
    several: Sequence[Candidates],
    entries: Mapping[str, str],
    top_k: int | None,
    machines: EngineOptions,
    others: OtherClips | None,
) -> Iterator[tuple[str, Row]]:
    """(entry, row) for each entry, in order, and each scorer; a failed one has one row."""
    if machines.on_ray:
        from actalign.cluster import align_stored_on_ray

        rows = align_stored_on_ray(several[0], entries, top_k=top_k, cluster=machines.cluster())
        yield from zip(entries, rows, strict=True)
        return
    from actalign.clips._stored import read_stored

    for entry_id, entry in entries.items():
        result = read_stored(entry_id, entry)
        for candidates in several:
            row, prediction = candidates.against(others, result).score(result, top_k=top_k)
            yield entry_id, row
            if prediction is None:
                break
