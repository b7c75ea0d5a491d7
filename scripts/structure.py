"""Print the structure of a package: its rooms, imports, circles, longest functions and files.

A room is a folder or a module directly below the package. An arrow is an import of one module by
another, at any depth: imports inside functions count. Imports under `if TYPE_CHECKING:` never run,
so they are counted apart. `from package.room import name` leads to the module that defines `name`,
where the room's `__init__.py` only hands it on. Nothing is imported; every file is parsed.

    python scripts/structure.py [--root src/actalign] [--json]
"""

from __future__ import annotations

import argparse
import ast
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1] / "src" / "actalign"
LONG_FILE = 400
LONG_FUNCTION = 60
SHOWN = 10


@dataclass(frozen=True)
class Module:
    """A parsed file. The name of a package's `__init__.py` is that of the package."""

    name: str
    path: Path
    lines: int
    tree: ast.Module = field(repr=False)

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"

    @property
    def room(self) -> str:
        return room_of(self.name)


@dataclass(frozen=True, order=True)
class Import:
    """`source` imports `target` in this line. lazy: inside a function. checking: for types only."""

    source: str
    target: str
    line: int
    lazy: bool
    checking: bool


@dataclass(frozen=True)
class Function:
    """A function or method, by its name in the module; nested ones count within their parent."""

    module: str
    path: Path
    name: str
    line: int
    lines: int


def room_of(name: str) -> str:
    """The first part below the package; `__init__` for the package's own file."""
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def modules(root: Path) -> dict[str, Module]:
    """Every module below a package's folder, by its dotted name."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = [root.name, *path.relative_to(root).with_suffix("").parts]
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        text = path.read_text(encoding="utf-8")
        tree = ast.parse(text, filename=str(path))
        found[name] = Module(name, path, len(text.splitlines()), tree)
    return found


def imports(known: Mapping[str, Module]) -> list[Import]:
    """Every import of one of these modules by another of them, sorted."""
    faces = {name: _handed_on(one) for name, one in known.items() if one.is_package}
    found = set()
    for source, module in known.items():
        for node, lazy, checking in _statements(module.tree):
            for base, name in _asked(node, module):
                target = resolve(base, name, known, faces)
                if target is not None and target[0] != source:
                    found.add(Import(source, target[0], node.lineno, lazy, checking))
    return sorted(found)


def circles(arrows: Iterable[Import]) -> list[list[str]]:
    """The groups of modules that reach each other by imports that run, largest first."""
    following: dict[str, set[str]] = {}
    for arrow in arrows:
        if not arrow.checking:
            following.setdefault(arrow.source, set()).add(arrow.target)
    reached = {name: _reach(name, following) for name in following}
    groups = {
        tuple(sorted(other for other in found if name in reached.get(other, ())))
        for name, found in reached.items()
        if name in found
    }
    return [list(group) for group in sorted(groups, key=lambda group: (-len(group), group))]


def functions(known: Mapping[str, Module]) -> list[Function]:
    """Every function and method, longest first, without those nested in another function."""
    found = []
    for module in known.values():
        for name, node in _functions(module.tree.body, ""):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            found.append(Function(module.name, module.path, name, node.lineno, lines))
    return sorted(found, key=lambda one: (-one.lines, one.module, one.line))


def public_definitions(known: Mapping[str, Module]) -> set[tuple[str, str]]:
    """(module, name) of what is public by its name and path or by an `__init__.py`'s `__all__`."""
    faces = {name: _handed_on(one) for name, one in known.items() if one.is_package}
    found = set()
    for name, module in known.items():
        if any(part.startswith("_") for part in name.split(".")):
            continue
        defined = _defined(module.tree.body)
        found |= {(name, one) for one in defined if not one.startswith("_")}
        for one in _listed(module) if module.is_package else ():
            home = resolve(name, one, known, faces)
            if home is not None and not home[1].startswith("_"):
                found.add(home)
    return found


def resolve(
    base: str,
    name: str,
    known: Mapping[str, Module],
    faces: Mapping[str, Mapping[str, tuple[str, str]]],
) -> tuple[str, str] | None:
    """The module that `from base import name` leads to, and the name there; None if not known.

    The name is "" where the module itself is meant.
    """
    seen = set()
    while name and (base, name) not in seen:
        seen.add((base, name))
        if name in faces.get(base, {}):
            base, name = faces[base][name]
        elif f"{base}.{name}" in known:
            return f"{base}.{name}", ""
    return (base, name) if base in known else None


def _statements(
    node: ast.AST, lazy: bool = False, checking: bool = False
) -> Iterator[tuple[ast.Import | ast.ImportFrom | ast.Call, bool, bool]]:
    """Everything below a node that may import, whether in a function, and whether for types."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom | ast.Call):
            yield child, lazy, checking
        if isinstance(child, ast.If) and _checks_types(child.test):
            for part in child.body:
                yield from _statements(ast.Module([part], []), lazy, True)
            yield from _statements(ast.Module(child.orelse, []), lazy, checking)
        else:
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _statements(child, lazy or inside, checking)


def _checks_types(test: ast.expr) -> bool:
    return ast.unparse(test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def _asked(
    node: ast.Import | ast.ImportFrom | ast.Call, module: Module
) -> Iterator[tuple[str, str]]:
    """The (module, name) pairs that a statement asks for, name "" for the module itself."""
    if isinstance(node, ast.Import):
        yield from ((alias.name, "") for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = _base(node, module)
        yield from ((base, "" if alias.name == "*" else alias.name) for alias in node.names)
    elif ast.unparse(node.func) in ("import_module", "importlib.import_module", "__import__"):
        first = node.args[0] if node.args else None
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield first.value, ""


def _base(node: ast.ImportFrom, module: Module) -> str:
    """The absolute name of the module that a `from` statement names."""
    if node.level == 0:
        return node.module or ""
    parts = module.name.split(".")
    above = parts[: len(parts) - node.level + module.is_package]
    return ".".join([*above, *([node.module] if node.module else [])])


def _handed_on(module: Module) -> dict[str, tuple[str, str]]:
    """The names that a package's `__init__.py` imports from elsewhere: where from, what there.

    Imports inside functions and for types count too: a lazy `__getattr__` states its names so.
    """
    found: dict[str, tuple[str, str]] = {}
    for node, _, _ in _statements(module.tree):
        if isinstance(node, ast.ImportFrom):
            base = _base(node, module)
            found |= {one.asname or one.name: (base, one.name) for one in node.names}
    return found


def _reach(start: str, following: Mapping[str, Collection[str]]) -> set[str]:
    """All that can be reached from `start` by one step or more."""
    reached: set[str] = set()
    waiting = list(following.get(start, ()))
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(following.get(name, ()))
    return reached


def _functions(
    body: Iterable[ast.stmt], prefix: str
) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node.body, f"{prefix}{node.name}.")
        elif isinstance(node, ast.If | ast.Try):
            yield from _functions(_branches(node), prefix)


def _branches(node: ast.If | ast.Try) -> list[ast.stmt]:
    """The statements of all branches of an `if` or `try`."""
    handlers = node.handlers if isinstance(node, ast.Try) else []
    last = node.finalbody if isinstance(node, ast.Try) else []
    return [*node.body, *(one for way in handlers for one in way.body), *node.orelse, *last]


def _defined(body: Iterable[ast.stmt]) -> set[str]:
    """The classes, functions and constants that these top-level statements define."""
    found = set()
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            parts = [part for target in targets for part in ast.walk(target)]
            found |= {
                part.id
                for part in parts
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
            }
        elif isinstance(node, ast.If | ast.Try):
            found |= _defined(_branches(node))
    return found


def _listed(module: Module) -> list[str]:
    """The strings of a module's `__all__`."""
    for node in module.tree.body:
        if isinstance(node, ast.Assign) and "__all__" in map(ast.unparse, node.targets):
            return [
                part.value
                for part in ast.walk(node.value)
                if isinstance(part, ast.Constant) and isinstance(part.value, str)
            ]
    return []


def describe(root: Path) -> dict[str, Any]:
    """The structure of the package in this folder, as `--json` prints it."""
    known = modules(root)
    arrows = imports(known)
    run = {(one.source, one.target) for one in arrows if not one.checking}
    types = {(one.source, one.target) for one in arrows if one.checking} - run
    rooms = {(room_of(source), room_of(target)) for source, target in run}
    in_room = Counter(module.room for module in known.values())
    lines: Counter[str] = Counter()
    for module in known.values():
        lines[module.room] += module.lines
    long = functions(known)

    def place(path: Path) -> str:
        return path.relative_to(root).as_posix()

    def shown(one: Function) -> dict[str, Any]:
        return {"function": f"{place(one.path)}:{one.name}", "lines": one.lines}

    return {
        "modules": len(known),
        "lines": sum(lines.values()),
        "rooms": [
            {"room": room, "modules": in_room[room], "lines": count}
            for room, count in sorted(lines.items(), key=lambda item: (-item[1], item[0]))
        ],
        "module_arrows": len(run),
        "module_arrows_for_types_only": len(types),
        "room_arrows": sum(source != target for source, target in rooms),
        "circles": circles(arrows),
        "longest_functions": [shown(one) for one in long[:SHOWN]],
        "functions_over_60_lines": sum(one.lines > LONG_FUNCTION for one in long),
        "files_over_400_lines": [
            {"file": place(module.path), "lines": module.lines}
            for module in sorted(known.values(), key=lambda one: -one.lines)
            if module.lines > LONG_FILE
        ],
        "public_definitions": len(public_definitions(known)),
    }


def report(found: Mapping[str, Any]) -> str:
    """The structure as text for a reader."""
    text = [f"{found['modules']} modules, {found['lines']} lines", ""]
    text += [f"{len(found['rooms'])} rooms                 modules   lines"]
    text += [f"  {one['room']:<20} {one['modules']:>7} {one['lines']:>7}" for one in found["rooms"]]
    text += ["", f"{found['module_arrows']} arrows between modules"]
    text[-1] += f", and {found['module_arrows_for_types_only']} more for types only"
    text += [f"{found['room_arrows']} arrows between rooms"]
    text += [f"{len(found['circles'])} circles of modules"]
    text += [f"  {', '.join(circle)}" for circle in found["circles"]]
    text += ["", "longest functions"]
    text += [f"  {one['lines']:>5} {one['function']}" for one in found["longest_functions"]]
    text += [f"{found['functions_over_60_lines']} functions over {LONG_FUNCTION} lines"]
    text += [f"{len(found['files_over_400_lines'])} files over {LONG_FILE} lines"]
    text += [f"  {one['lines']:>5} {one['file']}" for one in found["files_over_400_lines"]]
    text += [f"{found['public_definitions']} public definitions"]
    return "\n".join(text)


def main() -> None:
    parser = argparse.ArgumentParser(description="Print the structure of a package.")
    parser.add_argument("--root", type=Path, default=ROOT, help="the package's folder")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    if not (options.root / "__init__.py").is_file():
        parser.error(f"{options.root} is not the folder of a package: it has no __init__.py")
    found = describe(options.root.resolve())
    print(json.dumps(found, indent=2) if options.json else report(found))


if __name__ == "__main__":
    main()
