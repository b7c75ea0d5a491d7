"""The clips that ship with the package, with their candidates: what `actalign demo` classifies.

They come from mini-atlas (`benchmarks/mini_atlas`): a rendered person, seen as any video is.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from actalign._types import Script
from actalign.subactions import parse_scripts

FOLDER = "demo_clips"


@dataclass(frozen=True, slots=True)
class DemoClip:
    """A shipped clip: its file, what it truly shows, and the candidates' scripts."""

    path: Path
    label: str
    domain: str
    scripts: tuple[Script, ...]


def demo_clips() -> list[DemoClip]:
    """The shipped clips, in the order of `demo.yaml`."""
    import yaml

    folder = Path(str(files("actalign") / FOLDER))
    blocks = yaml.safe_load((folder / "demo.yaml").read_text(encoding="utf-8"))
    return [
        DemoClip(
            path=folder / block["clip"],
            label=block["label"],
            domain=block["domain"],
            scripts=tuple(parse_scripts(block, source=str(folder / "demo.yaml"))),
        )
        for block in blocks
    ]
