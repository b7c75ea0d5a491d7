"""Mean-pooling baseline, Top-1/2/3: `python baseline.py --help`."""

from actalign.atlas.seed_commands import baseline, run

if __name__ == "__main__":
    run(baseline)
