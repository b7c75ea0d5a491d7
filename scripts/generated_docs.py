"""Write generated files of docs/, or with --check fail where one is out of date."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def write_or_check(texts: Mapping[str, str]) -> None:
    """Do what the running script's flag says, with its files' texts by name."""
    for name, text in texts.items():
        path = DOCS / name
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            print(f"{path} is out of date; run python scripts/{Path(sys.argv[0]).name}")
            sys.exit(1)
