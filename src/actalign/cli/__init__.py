"""The `actalign` command: one file a verb."""

from actalign.cli._main import main

__all__ = ["main"]
