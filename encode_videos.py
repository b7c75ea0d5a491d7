"""Encode every clip's frames: `python encode_videos.py --help`."""

from actalign.evaluation.atlas.reference_commands import encode_videos, run

if __name__ == "__main__":
    run(encode_videos)
