"""Known vulnerabilities of the versions in constraints.txt, as pip-audit finds them.

Exits with 1 for each one that ACCEPTED doesn't list. Where the service doesn't answer, that is said
and the exit code is 0: no network is no vulnerability. Arguments go to pip-audit, e.g. `-s osv`.
"""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

CONSTRAINTS = Path(__file__).parents[1] / "constraints.txt"
LONGEST_SECONDS = 300

# Id of a vulnerability (any of its aliases): why it doesn't concern this package.
ACCEPTED: dict[str, str] = {}


def verdict(report: dict[str, Any], accepted: dict[str, str]) -> tuple[list[str], bool]:
    """Lines that say what pip-audit's JSON report found, and whether all of it is accepted."""
    lines, fine = [], True
    audited = [package for package in report["dependencies"] if "skip_reason" not in package]
    skipped = [package["name"] for package in report["dependencies"] if "skip_reason" in package]
    for package in audited:
        for found in package["vulns"]:
            ids = [found["id"], *found["aliases"]]
            why = next((accepted[name] for name in ids if name in accepted), None)
            fixed = ", ".join(found["fix_versions"]) or "no version yet"
            what = f"{package['name']} {package['version']}: {' '.join(ids)}, fixed in {fixed}"
            lines.append(f"audit: {what}" + (f"; accepted: {why}" if why else ""))
            fine = fine and why is not None
    if skipped:
        lines.append(f"audit: not audited, unknown to the service: {', '.join(sorted(skipped))}")
    lines.append(f"audit: {len(audited)} of {len(audited) + len(skipped)} packages audited")
    return lines, fine


def unreachable() -> str:
    """Why PyPI's service for vulnerabilities can't be asked, "" if it can."""
    lines = CONSTRAINTS.read_text(encoding="utf-8").splitlines()
    name, _, version = next(line for line in lines if line.startswith("numpy==")).partition("==")
    url = f"https://pypi.org/pypi/{name}/{version}/json"
    try:
        with urllib.request.urlopen(url, timeout=15):
            return ""
    except OSError as error:
        return f"{url}: {error}"


def main() -> int:
    arguments = sys.argv[1:]
    reason = "" if arguments else unreachable()
    if not reason:
        command = [sys.executable, "-m", "pip_audit", "--requirement", str(CONSTRAINTS)]
        command += ["--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off"]
        try:
            done = subprocess.run(
                [*command, *arguments],
                capture_output=True,
                text=True,
                timeout=LONGEST_SECONDS,
                check=False,
            )
            lines, fine = verdict(json.loads(done.stdout), ACCEPTED)
            print("\n".join(lines))
            return 0 if fine else 1
        except subprocess.TimeoutExpired:
            reason = f"no answer within {LONGEST_SECONDS} s"
        except ValueError:
            reason = next(reversed(done.stderr.strip().splitlines()), "no report")
    print(f"audit: NOT DONE, known vulnerabilities can't be looked up here ({reason})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
