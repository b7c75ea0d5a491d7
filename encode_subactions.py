"""Encode every candidate's sub-actions: `python encode_subactions.py --help`."""

from actalign.evaluation.atlas.reference_commands import encode_subactions, run

if __name__ == "__main__":
    run(encode_subactions)
