"""When each step happens, as a table.

python examples/timestamps_to_csv.py VIDEO SCRIPTS.yaml OUT.csv

Aligns the clip with the candidate that fits best and writes one row per step.
"""

import csv
import sys
from pathlib import Path

from actalign import ActAlign, load_scripts


def main(video: str, script_file: str, out: str) -> None:
    scripts = load_scripts(script_file)
    classifier = ActAlign.from_pretrained("body")
    prediction = classifier.predict(
        video, candidate_labels=[script.label for script in scripts], scripts=scripts
    )
    with Path(out).open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["action", "step", "start_seconds", "end_seconds"])
        for segment in prediction.best.segments:
            times = f"{segment.start_seconds:.3f}", f"{segment.end_seconds:.3f}"
            table.writerow([prediction.label, segment.step, *times])


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
