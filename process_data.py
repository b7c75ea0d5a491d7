"""Download ActionAtlas, cut its segments and keep them: `python process_data.py --help`."""

from actalign.evaluation.atlas.reference_commands import process_data, run

if __name__ == "__main__":
    run(process_data)
