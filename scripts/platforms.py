"""Check that all that `body` and `figures` need has wheels for each Python and platform we name.

    python scripts/platforms.py

Asks uv to resolve it for each, from wheels only, with the packages that only this platform needs;
nothing is installed, and only metadata is downloaded. Says for each which NumPy and ONNX Runtime
would be installed; exits with 1 where one can't be. Whether they work there is not checked.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
OLD_NUMPY, ITS_PYTHON = "numpy==1.26.*", "3.12"  # the last that has wheels of it


class Platform(NamedTuple):
    """The oldest of its kind that we name, as uv calls it."""

    name: str
    target: str
    macos: str = ""
    pythons: tuple[str, ...] = PYTHONS


PLATFORMS = (
    Platform("Linux x86-64", "x86_64-manylinux_2_28"),
    Platform("Linux ARM", "aarch64-manylinux_2_28"),
    Platform("macOS 14 ARM", "aarch64-apple-darwin", "14.0"),
    # ONNX Runtime's last wheels for it are of CPython 3.13.
    Platform("macOS 13 Intel", "x86_64-apple-darwin", "13.0", PYTHONS[:-1]),
    Platform("Windows x86-64", "x86_64-pc-windows-msvc"),
)


def resolve(python: str, platform: Platform, more: str) -> dict[str, str] | str:
    """Versions by package, or why there are none. more: a requirement beside the project's."""
    words = [
        *(sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", "-", "-q"),
        *("--extra", "body", "--extra", "figures", "--only-binary", ":all:"),
        *("--python-version", python, "--python-platform", platform.target),
        *("--no-header", "--no-annotate"),
    ]
    version = {"MACOSX_DEPLOYMENT_TARGET": platform.macos} if platform.macos else {}
    done = subprocess.run(
        words,
        input=more,
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | version,
    )
    if done.returncode:
        return " ".join(done.stderr.split()) or "uv failed"
    return dict(line.split("==") for line in done.stdout.splitlines())


def main() -> None:
    jobs = [(python, one, "") for one in PLATFORMS for python in one.pythons]
    jobs += [(ITS_PYTHON, one, OLD_NUMPY) for one in PLATFORMS]
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
        print(f"{python}  {platform.name:15} {said}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
