"""Sequence alignment, Top-1/2/3: `python seq_alignment.py --help`."""

from actalign.evaluation.atlas.reference_commands import run, seq_alignment

if __name__ == "__main__":
    run(seq_alignment)
