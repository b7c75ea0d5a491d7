"""Write a script for every candidate: `python generate_subactions.py --help`."""

from actalign.evaluation.atlas.reference_commands import generate_subactions, run

if __name__ == "__main__":
    run(generate_subactions)
