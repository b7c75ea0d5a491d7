"""`python -m actalign` is the `actalign` command."""

from actalign.cli import main

main()
