"""Copy a few rendered clips and their questions into the package, for `actalign demo`.

python benchmarks/mini_atlas/ship_demo.py mini-atlas ID ID ...
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import yaml

PACKAGE = Path(__file__).parents[2] / "src" / "actalign" / "demo"


def main() -> None:
    data, wanted = Path(sys.argv[1]), sys.argv[2:]
    lines = (data / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    questions = {row["id"]: row for row in map(json.loads, lines)}
    PACKAGE.mkdir(exist_ok=True)
    for old in PACKAGE.glob("*.mp4"):
        old.unlink()
    blocks = []
    for identity in wanted:
        row = questions[identity]
        label = row["candidates"][row["answer"]]["label"]
        name = f"{row['domain']}-{label.replace(' ', '-')}.mp4"
        shutil.copyfile(data / row["clip"], PACKAGE / name)
        blocks.append(
            {
                "clip": name,
                "label": label,
                "domain": row["domain"],
                "scripts": {c["label"]: c["script"] for c in row["candidates"]},
            }
        )
    (PACKAGE / "demo.yaml").write_text(yaml.safe_dump(blocks, sort_keys=False), encoding="utf-8")


if __name__ == "__main__":
    main()
