"""The `actalign` command: one file a verb."""

import sys


def main() -> None:
    """Run the command line."""
    try:  # Loading it takes a while, and Ctrl+C would print a traceback.
        from actalign.cli._main import main as run
    except KeyboardInterrupt:
        sys.exit(130)
    run()
