"""One example or more of each verb, which its help ends with, and the order of the verbs."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import typer
from typer.core import TyperGroup

EXAMPLES: dict[str, tuple[str, ...]] = {
    "demo": ("actalign demo",),
    "models": ("actalign models",),
    "subactions": ("actalign subactions list --domain gym",),
    "subactions list": ("actalign subactions list --domain gym",),
    "subactions template": (
        'actalign subactions template --labels "squat,push up" --domain gym --out scripts.yaml',
    ),
    "subactions generate": (
        'actalign subactions generate --labels "jump shot,layup" --domain basketball --llm-model '
        "gpt-4o --out bank.json",
    ),
    "subactions show": ("actalign subactions show scripts.yaml",),
    "subactions validate": ("actalign subactions validate scripts.yaml",),
    "subactions refine": (
        "actalign subactions refine bank.json --out better.json --llm-model gpt-4o",
    ),
    "subactions merge": ("actalign subactions merge mine.yaml --shipped --out all.yaml",),
    "subactions diagnose": (
        "actalign subactions diagnose store --scripts scripts.yaml --model body",
    ),
    "subactions batch": (
        "actalign subactions batch submit --questions questions.jsonl --llm-model gpt-4o --out "
        "bank.parquet",
    ),
    "subactions batch submit": (
        "actalign subactions batch submit --questions questions.jsonl --llm-model gpt-4o --out "
        "bank.parquet",
    ),
    "subactions batch poll": ("actalign subactions batch poll --out bank.parquet",),
    "subactions batch collect": ("actalign subactions batch collect --out bank.parquet",),
    "classify": (
        'actalign classify clips/ --model body --labels "push up,pull up,squat"',
        "actalign classify clips/ --model body --scripts scripts.yaml --out predictions.jsonl "
        "--figure figures",
    ),
    "locate": ("actalign locate match.mp4 --model body --scripts scripts.yaml --out found.jsonl",),
    "live": ("actalign live /dev/video0 --model body --scripts scripts.yaml",),
    "export": (
        "actalign export predictions.jsonl --to xlsx",
        "actalign export predictions.jsonl --to vtt --out captions",
        "actalign export predictions.jsonl --to burn --out burned",
    ),
    "cut": ("actalign cut predictions.jsonl --by action --out cuts",),
    "serve": ("actalign serve clips/",),
    "encode": ("actalign encode clips/ --model body --out store",),
    "align": ("actalign align store --scripts scripts.yaml",),
    "search": ('actalign search store "both arms overhead"',),
    "sync": ("actalign sync coach.mp4 pupil.mp4 --model body --out both.mp4",),
    "background": ("actalign background clips/ --model body --out background.safetensors",),
    "eval": ("actalign eval clips clips/ --scripts scripts.yaml --model body --out runs/first",),
    "eval clips": (
        "actalign eval clips clips/ --scripts scripts.yaml --model body --out runs/first",
    ),
    "eval convert": ("actalign eval convert clips/ --scripts scripts.yaml --out questions.jsonl",),
    "eval tune": (
        "actalign eval tune clips/ --scripts scripts.yaml --model body --out runs/tuned",
    ),
    "eval detections": ("actalign eval detections found.jsonl --truth truth.csv",),
    "report": ("actalign report runs/first",),
    "merge": ("actalign merge predictions.jsonl part0.jsonl part1.jsonl",),
    "fetch": ("actalign fetch",),
    "doctor": ("actalign doctor",),
    "schema": ("actalign schema",),
}
"""By the verb's name; the verbs are in the order of use."""
FIRST = "To begin with:\n\nactalign demo\n\n" + EXAMPLES["classify"][0]
"""The end of the help of `actalign` itself."""


class InOrder(TyperGroup):
    """Commands that are listed in the order of EXAMPLES, groups among them."""

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """The names of the commands."""
        group = ""
        while ctx.parent is not None:
            group, ctx = f"{ctx.info_name} {group}", ctx.parent  # type: ignore[assignment]
        order = [name.removeprefix(group) for name in EXAMPLES if name.startswith(group)]
        return sorted(self.commands, key=order.index)


def complete_help(app: typer.Typer) -> None:
    """Let the help of each verb and group end with its examples, and wrap all its paragraphs."""
    for name, info in _infos(app, ""):
        if callable(info.callback) and (text := inspect.getdoc(info.callback)):
            # Typer keeps the line ends of all paragraphs but the first.
            info.help = "\n\n".join(" ".join(one.split()) for one in text.split("\n\n"))
        lines = EXAMPLES[name]
        # Typer joins single lines; an empty one between them keeps them apart.
        info.epilog = "\n\n".join(["Example:" if len(lines) == 1 else "Examples:", *lines])


def _infos(app: typer.Typer, prefix: str) -> Iterator[tuple[str, typer.models.TyperInfo]]:
    for command in app.registered_commands:
        name = command.name or getattr(command.callback, "__name__", "")
        yield f"{prefix}{name}", command  # type: ignore[misc]
    for group in app.registered_groups:
        yield f"{prefix}{group.name}", group
        if group.typer_instance is not None:
            yield from _infos(group.typer_instance, f"{prefix}{group.name} ")
