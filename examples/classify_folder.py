"""Classify every video of a folder: python examples/classify_folder.py FOLDER SCRIPTS.yaml

Prints one line per clip. A file that can't be read is named, and the others are classified.
"""

import sys

from actalign import ActAlign, VideoError, load_scripts
from actalign.video import list_videos


def main(folder: str, script_file: str) -> None:
    classifier = ActAlign.from_pretrained("body")
    scripts = load_scripts(script_file)
    labels = [script.label for script in scripts]
    for path in list_videos([folder]):
        try:
            prediction = classifier.predict(path, candidate_labels=labels, scripts=scripts)
        except VideoError as error:
            print(f"{path.name}: {error}")
        else:
            print(f"{path.name}: {prediction.label} (margin {prediction.margin or 0:.3f})")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
