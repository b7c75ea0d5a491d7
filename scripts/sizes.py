"""Print what the core and each extra weigh once installed, and the heaviest packages of each.

    python scripts/sizes.py [--packages N]

Reads the environment it runs in: a package's size is that of the files in its record, which pip and
uv write. An extra is the sum over all packages that it needs, the core's with it; one of which a
package is not installed is left out. torch counts as it is installed, here its build for CPUs.
"""

from __future__ import annotations

import argparse
from importlib.metadata import PackageNotFoundError, distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def closure(name: str, extras: frozenset[str]) -> set[str]:
    """Names of the packages that `name[extras]` needs, itself included."""
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
    return set(found)


def megabytes(package: str) -> float:
    """Size of the files that the package's record names."""
    files = distribution(package).files or []
    paths = {str(file.locate()): file.locate() for file in files}
    return sum(path.stat().st_size for path in paths.values() if path.is_file()) / 1e6


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


if __name__ == "__main__":
    main()
