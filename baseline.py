"""Mean-pooling baseline, Top-1/2/3: `python baseline.py --help`."""

from actalign.evaluation.atlas.reference_commands import baseline, run

if __name__ == "__main__":
    run(baseline)
