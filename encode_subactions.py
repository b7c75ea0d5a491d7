"""Encode every candidate's sub-actions: `python encode_subactions.py --help`."""

from actalign.atlas.seed_commands import encode_subactions, run

if __name__ == "__main__":
    run(encode_subactions)
