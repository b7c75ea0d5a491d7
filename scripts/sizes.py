"""Print what the core, each extra, actalign itself and the weights of `body` take once installed.

    python scripts/sizes.py [--packages N]

Reads the environment it runs in: a package's size is that of the files in its record, which pip and
uv write. An extra is the sum over all packages that it needs, the core's with it; one of which a
package is not installed is left out. torch counts as it is installed, here its build for CPUs.
actalign itself is no part of these sums; its files are counted where they lie, also in a clone.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import actalign
from actalign.encoders.body._weights import fetch, missing_weights


def closure(name: str, extras: frozenset[str]) -> set[str]:
    """Names of the packages that `name[extras]` needs."""
    found: dict[str, set[str]] = {}
    waiting = [(canonicalize_name(name), extras)]
    while waiting:
        package, wanted = waiting.pop()
        known = found.setdefault(package, set())
        new = ({""} | wanted) - known
        known.update(new)
        for text in distribution(package).requires or []:
            need = Requirement(text)
            if any(need.marker is None or need.marker.evaluate({"extra": e}) for e in new):
                key = canonicalize_name(need.name)
                if key not in found or set(need.extras) - found[key]:
                    waiting.append((key, frozenset(need.extras)))
    return set(found) - {canonicalize_name(name)}


def megabytes(package: str) -> float:
    """Size of the files that the package's record names."""
    files = distribution(package).files or []
    return of_files({Path(str(file.locate())) for file in files})


def of_files(paths: Iterable[Path]) -> float:
    """Size of those of these paths that are files, in megabytes."""
    return sum(path.stat().st_size for path in paths if path.is_file()) / 1e6


def own_files(*folders: str) -> list[Path]:
    """The files of actalign, or of a folder in it, without what Python compiles of them."""
    folder = Path(actalign.__file__).parent.joinpath(*folders)
    return [path for path in folder.rglob("*") if "__pycache__" not in path.parts]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", type=int, default=6, help="how many to name for each")
    heaviest = parser.parse_args().packages
    core = closure("actalign", frozenset())
    print("| extra | installed, MB | with the core, MB | heaviest packages of its own |")
    print("|---|---|---|---|")
    for extra in ("", *sorted(distribution("actalign").metadata.get_all("Provides-Extra") or [])):
        try:
            needed = closure("actalign", frozenset({extra} - {""}))
        except PackageNotFoundError as error:
            print(f"| `{extra}` | | | not installed: {error} |")
            continue
        own = {package: megabytes(package) for package in (needed - core if extra else needed)}
        total = sum(megabytes(package) for package in needed)
        listed = sorted(own, key=lambda package: -own[package])[:heaviest]
        names = ", ".join(f"{package} {own[package]:.0f}" for package in listed)
        name = f"`{extra}`" if extra else "none"
        print(f"| {name} | {sum(own.values()):.0f} | {total:.0f} | {names} |")
    networks = of_files(own_files("encoders", "body", "model"))
    print(
        f"\nactalign itself: {of_files(own_files()):.0f} MB, the own networks of `body` "
        f"{networks:.0f} of them"
    )
    fetched = "not fetched" if missing_weights() else f"{of_files(fetch()):.0f} MB"
    print(f"weights that `body` fetches: {fetched}")


if __name__ == "__main__":
    main()
