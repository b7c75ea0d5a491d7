"""Turn pip's installation report into constraints; `scripts/setup lock` calls it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

HEAD = """\
# The versions that the tests ran with, on CPython {python}; `scripts/setup dev` installs them.
# Written by `scripts/setup lock`. No hashes: pip would then ask for one of the package itself,
# which is installed from this folder, and of torch, whose CPU build is not the one on PyPI.
"""


def constraints(report: dict[str, object]) -> str:
    """The lines of constraints.txt, sorted by name; without what is installed from a folder."""
    lines = []
    for item in report["install"]:  # type: ignore[attr-defined]
        about = item["metadata"]
        if "dir_info" not in item["download_info"]:
            # torch 2.13.0+cpu is a build of 2.13.0; elsewhere there may be other builds only.
            version = about["version"].partition("+")[0]
            lines.append(f"{about['name'].lower().replace('_', '-')}=={version}")
    return "".join(f"{line}\n" for line in sorted(lines))


def main() -> None:
    report = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    head = HEAD.format(python=report["environment"]["python_version"])
    print(head + constraints(report), end="")


if __name__ == "__main__":
    main()
