"""The clips that ship with the package and their candidates, which `actalign demo` classifies.

They are from mini-atlas (`benchmarks/mini_atlas`), whose videos show a rendered person.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from actalign.documents import parse_yaml
from actalign.scripts import parse_scripts
from actalign.types import Script


@dataclass(frozen=True, slots=True)
class DemoClip:
    """A shipped clip: its file, its true label, and the candidates' scripts."""

    path: Path
    label: str
    domain: str
    scripts: tuple[Script, ...]


def demo_clips() -> list[DemoClip]:
    """The shipped clips, in the order of `demo.yaml`."""
    folder = Path(str(files("actalign.demo")))
    blocks = parse_yaml((folder / "demo.yaml").read_text(encoding="utf-8"))
    return [
        DemoClip(
            path=folder / block["clip"],
            label=block["label"],
            domain=block["domain"],
            scripts=tuple(parse_scripts(block, source=str(folder / "demo.yaml"))),
        )
        for block in blocks
    ]
