"""Check that all that `body` and `figures` need has wheels for each Python and platform we name.

    python scripts/platforms.py

Asks pip to resolve it for each, from wheels only; nothing is installed, and only metadata is
downloaded. Says for each which NumPy and ONNX Runtime would be installed; exits with 1 where one
can't be.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLATFORMS = {
    "Linux x86-64": [f"manylinux_2_{n}_x86_64" for n in (28, 27, 17)] + ["manylinux2014_x86_64"],
    "Linux ARM": [f"manylinux_2_{n}_aarch64" for n in (28, 27, 17)] + ["manylinux2014_aarch64"],
    "macOS ARM": ["macosx_14_0_arm64"],
    "Windows x86-64": ["win_amd64"],
}
OLD_NUMPY, ITS_PYTHON = "numpy==1.26.*", "3.12"  # the last that has wheels of it


def resolve(python: str, platform: str, more: list[str]) -> dict[str, str] | str:
    """Versions by package, or pip's last words."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    needs = [*project["dependencies"], *extras["body"], *extras["figures"], *more]
    tags = [word for tag in PLATFORMS[platform] for word in ("--platform", tag)]
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        words = [
            *(sys.executable, "-m", "pip", "install", "-q", "--dry-run", "--ignore-installed"),
            *("--only-binary=:all:", "--python-version", python, *tags, "--target", folder),
            *("--report", str(report), *needs),
        ]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            return (done.stderr.strip().splitlines() or ["pip failed"])[-1]
        installed = json.loads(report.read_text(encoding="utf-8"))["install"]
    return {item["metadata"]["name"].lower(): item["metadata"]["version"] for item in installed}


def main() -> None:
    jobs = [(python, platform, []) for python in PYTHONS for platform in PLATFORMS]
    jobs += [(ITS_PYTHON, platform, [OLD_NUMPY]) for platform in PLATFORMS]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda job: resolve(*job), jobs))
    failed = 0
    for (python, platform, _), versions in zip(jobs, found, strict=True):
        failed += isinstance(versions, str)
        said = (
            versions
            if isinstance(versions, str)
            else f"NumPy {versions['numpy']}, ONNX Runtime {versions['onnxruntime']}, "
            f"{len(versions)} packages"
        )
        print(f"{python}  {platform:15} {said}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
