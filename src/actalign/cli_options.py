"""Options that several verbs of the command line share: one help text each, and how to read it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from actalign.errors import UsageError

if TYPE_CHECKING:
    from actalign._types import Script
    from actalign.llm import LLMConfig
    from actalign.ray_cluster import RayCluster

Videos = Annotated[
    list[Path], typer.Argument(help="Video files, folders of them, or .txt lists of paths.")
]
Model = Annotated[
    str, typer.Option(help="Encoder: a hub id (ID@COMMIT pins it), a folder, or 'body' (built in).")
]
Labels = Annotated[str | None, typer.Option(help="Candidate labels, comma-separated.")]
LabelsFile = Annotated[Path | None, typer.Option(help="Candidate labels, one a line.")]
Domain = Annotated[str | None, typer.Option(help="Sport or field, e.g. basketball.")]
ScriptsFile = Annotated[
    Path | None, typer.Option("--scripts", help="JSON or YAML file of sub-action scripts.")
]
Smoothing = Annotated[
    float | None, typer.Option(help="Seconds of moving average over frames; 0 for none.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON Lines, nothing else.")]
Device = Annotated[
    str | None, typer.Option(help="cpu, cuda:0, ...; the first GPU if there is one.")
]
Dtype = Annotated[
    str | None,
    typer.Option(help="float32, bfloat16, float16 or, for SigLIP on a GPU, float8 (less exact)."),
]
Fps = Annotated[str | None, typer.Option(help="Frames encoded a second, or 'all'.")]
Start = Annotated[float | None, typer.Option(help="First second of the segment.")]
End = Annotated[float | None, typer.Option(help="End of the segment in seconds (not included).")]
SkipAlike = Annotated[
    float | None,
    typer.Option(
        min=0.1,
        max=255,
        help="Reuse the last encoded frame's embedding where no part of the picture differs from "
        "it by more levels of brightness, of 255; 2 for noise only. Not with 'body'.",
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print results and errors only.")]
DecodeTimeout = Annotated[
    float, typer.Option(help="Seconds a decoder may give nothing before its video fails.")
]
StoreDir = Annotated[
    str | None,
    typer.Option("--store", help="Folder, or address with ://, that keeps embeddings."),
]
NumShards = Annotated[
    int | None, typer.Option(min=1, help="Cut the run into N shards by clip id; see --shard.")
]
ShardIndex = Annotated[
    int | None,
    typer.Option("--shard", help="Do this shard only, 0 to N-1; `actalign merge` joins them."),
]
Engine = Annotated[
    str, typer.Option(help="local, or ray: encode on the machines of a Ray cluster.")
]
RayAddress = Annotated[
    str | None,
    typer.Option(help="Ray cluster, host:port or auto; without it one is started here."),
]
NumGpus = Annotated[
    float | None, typer.Option(min=0, help="With --engine ray: GPUs of each encoder, 0.5 to share.")
]
NumActors = Annotated[
    int | None, typer.Option(min=1, help="With --engine ray: encoders; as many as fit.")
]


def ray_cluster(
    engine: str, address: str | None, num_gpus: float | None, num_actors: int | None
) -> RayCluster | None:
    """The cluster that the flags name, None for the local engine; raises UsageError."""
    if engine not in ("local", "ray"):
        raise UsageError(f"--engine is {engine!r}; choose local or ray.")
    if engine == "local":
        if (address, num_gpus, num_actors) != (None, None, None):
            raise UsageError("--ray-address, --num-gpus and --num-actors need --engine ray.")
        return None
    from actalign.ray_cluster import RayCluster

    return RayCluster(address, num_gpus or 0.0, num_actors)


def parse_fps(fps: str | None) -> float | None:
    """Frames a second, None for all; raises UsageError."""
    if fps is None or fps == "all":
        return None
    try:
        value = float(fps)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise UsageError(f"--fps is {fps!r}; give a number above 0, or 'all'.")
    return value


def labels_of(labels: str | None, labels_file: Path | None) -> list[str]:
    """Labels from the flag or the file; giving both is an error."""
    if labels is not None and labels_file is not None:
        raise UsageError("Give --labels or --labels-file, not both.")
    if labels is not None:
        return [label.strip() for label in labels.split(",") if label.strip()]
    if labels_file is None:
        return []
    try:
        lines = labels_file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The labels file {labels_file} can't be read: {error}.") from error
    return [line.strip() for line in lines if line.strip()]


def read_candidates(
    labels: str | None,
    labels_file: Path | None,
    scripts: Path | None,
    domain: str | None,
    llm: LLMConfig | None = None,
    bank: Path | None = None,
) -> tuple[list[str], list[Script], list[str]]:
    """The candidates' labels, their scripts, and a sentence on each script that was not given.

    Raises UsageError when there is no candidate at all.
    """
    from actalign.classifier import as_scripts, candidate_labels_of
    from actalign.generation import add_missing_scripts
    from actalign.subactions import scripts_for

    given = as_scripts(scripts)
    wanted = labels_of(labels, labels_file) or candidate_labels_of(given)
    if not wanted:
        raise UsageError("There are no candidates; give --labels, --labels-file or --scripts.")
    ready, notes = add_missing_scripts(wanted, given, domain=domain, config=llm, bank=bank)
    _, bare = scripts_for(wanted, ready, domain=domain)
    if bare:
        names = ", ".join(repr(label) for label in bare)
        notes.append(f"no script for {names}: aligned as one step, its own name")
    return wanted, ready, notes


def llm_config(model: str | None, base_url: str | None) -> LLMConfig | None:
    """The language model that the flags name; raises UsageError."""
    if model is None:
        if base_url is not None:
            raise UsageError("--base-url needs --llm-model, the service's name of a model.")
        return None
    from actalign.llm import LLMConfig

    return LLMConfig(model=model, base_url=base_url)
