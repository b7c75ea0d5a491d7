"""Write docs/python.md from the docstrings of the public names; with --check, fail where it is out
of date. Needs the extras body, siglip and web, whose modules it imports.

A name is public where a module below lists it in `__all__`, or, in a module without that list,
where the module defines it and it has no underscore. Each name is described once: by the first
room that exports it, and by `actalign` itself where no room does.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Annotated, Any, get_args, get_origin

from generated_docs import write_or_check

PACKAGE = "actalign"
ROOMS = (
    "actalign.video",
    "actalign.encoders",
    "actalign.encoders.body",
    "actalign.alignment",
    "actalign.alignment.torch",
    "actalign.background",
    "actalign.scripts",
    "actalign.clips",
    "actalign.examples",
    "actalign.second_look",
    "actalign.rows",
    "actalign.output",
    "actalign.cluster",
    "actalign.evaluation",
    "actalign.evaluation.atlas.reference_commands",
    "actalign.web",
    "actalign.demo",
)
CHOSEN = {
    "actalign.background": ("Background", "BackgroundSums", "read_background", "write_background"),
    "actalign.rows": ("Row", "read_rows", "write_rows", "json_schema"),
}
"""Modules of which a few names are meant for others."""
ALSO = {
    "Row": "Its fields are listed in [rows.md](rows.md).",
    "ENCODERS": "A program adds its own to it ([encoders.md](encoders.md#a-minimal-encoder)).",
    "SCORERS": "A program may add its own ([method.md](method.md#a-scorer-of-your-own)).",
}
WIDTH = 88


def public_names(module: ModuleType) -> list[str]:
    """The names that a module offers, in order."""
    if module.__name__ in CHOSEN:
        return list(CHOSEN[module.__name__])
    listed = getattr(module, "__all__", None)
    if listed is not None:
        return sorted(listed, key=str.casefold)
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and inspect.isroutine(value)
        and value.__module__ == module.__name__
    ]


def signature(function: Callable[..., Any], name: str, *, bound: bool = False) -> str:
    """`name(parameters) -> result`, on several lines where it is long; bound: without self."""
    try:
        found = inspect.signature(function)
    except (TypeError, ValueError):
        return f"{name}(...)"
    parameters = list(found.parameters.values())[bound:]
    shown, keyword_only, positional_only = [], False, False
    for one in parameters:
        if one.kind is one.POSITIONAL_ONLY:
            positional_only = True
        elif positional_only:
            shown.append("/")
            positional_only = False
        if one.kind is one.VAR_POSITIONAL:
            keyword_only = True
        elif one.kind is one.KEYWORD_ONLY and not keyword_only:
            shown.append("*")
            keyword_only = True
        shown.append(parameter(one, getattr(function, "__globals__", {})))
    result = found.return_annotation
    end = "" if result is inspect.Signature.empty else f" -> {type_text(result)}"
    whole = f"{name}({', '.join(shown)}){end}"
    if len(whole) <= WIDTH:
        return whole
    return "\n".join([f"{name}(", *(f"    {one}," for one in shown), f"){end}"])


def parameter(one: inspect.Parameter, names: Mapping[str, object]) -> str:
    """A parameter as it is written, with its type and its default; names: of its module."""
    stars = {one.VAR_POSITIONAL: "*", one.VAR_KEYWORD: "**"}.get(one.kind, "")
    kind = one.annotation
    if get_origin(known := names.get(str(kind))) is Annotated:  # an option of a command
        kind = get_args(known)[0]
    typed = "" if kind is one.empty else f": {type_text(kind)}"
    if one.default is one.empty:
        return f"{stars}{one.name}{typed}"
    equals = " = " if typed else "="
    return f"{stars}{one.name}{typed}{equals}{value_text(one.default)}"


class _WithoutAnnotated(ast.NodeTransformer):
    """Annotated[X, ...] as X, wherever it stands in a type."""

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        annotated = isinstance(node.value, ast.Name) and node.value.id == "Annotated"
        return node.slice.elts[0] if annotated and isinstance(node.slice, ast.Tuple) else node


def type_text(annotation: object) -> str:
    """An annotation as it stands in the source, else its name."""
    if isinstance(annotation, str):
        return ast.unparse(_WithoutAnnotated().visit(ast.parse(annotation, mode="eval")))
    if isinstance(annotation, type):
        return annotation.__name__
    return re.sub(r"\b(?:[a-z_]\w*\.)+(?=[A-Za-z])", "", str(annotation))


def value_text(value: object) -> str:
    """A default, `...` for one that is no plain value."""
    if isinstance(value, Path):
        return repr(str(value))
    plain = value is None or isinstance(value, str | int | float | tuple | list | dict)
    return repr(value) if plain and " at 0x" not in repr(value) else "..."


def constant_text(value: object) -> str:
    """A constant, or the keys of a table."""
    if isinstance(value, dict):
        return "a table of " + ", ".join(f"`{key}`" for key in value) if value else "an empty table"
    if isinstance(value, set | frozenset):
        value = sorted(value)
    return f"`{value!r}`"


def docstring(described: object) -> str:
    """The docstring without its indentation; "" for none, and for one that dataclasses make up."""
    text = inspect.cleandoc(getattr(described, "__doc__", None) or "")
    name = getattr(described, "__name__", "")
    return "" if dataclasses.is_dataclass(described) and text.startswith(f"{name}(") else text


def members(described: type) -> Iterator[tuple[str, str, str]]:
    """Name, signature and docstring of each public method and property that a class defines."""
    for name, raw in vars(described).items():
        if name.startswith("_") and name != "__call__":
            continue
        if isinstance(raw, property | cached_property):
            getter = raw.fget if isinstance(raw, property) else raw.func
            result = inspect.signature(getter).return_annotation  # type: ignore[arg-type]
            kind = "" if result is inspect.Signature.empty else f": {type_text(result)}"
            yield name, f"@property\n{name}{kind}", docstring(getter)
        elif isinstance(raw, classmethod | staticmethod):
            bound = isinstance(raw, classmethod)
            kind = "classmethod" if bound else "staticmethod"
            shown = signature(raw.__func__, name, bound=bound)
            yield name, f"@{kind}\n{shown}", docstring(raw)
        elif isinstance(raw, FunctionType):
            yield name, signature(raw, name, bound=True), docstring(raw)


def entry(name: str, value: object) -> list[str]:
    """Markdown for one name of a module."""
    lines = [f"### `{name}`", ""]
    if not isinstance(value, type) and not callable(value):
        text = inspect.getdoc(value) if dataclasses.is_dataclass(value) else ""
        more = [part for one in (text, ALSO.get(name)) if one for part in ("", one)]
        return [*lines, f"{constant_text(value)}.", *more, ""]
    protocol = getattr(value, "_is_protocol", False) is True
    typed_dict = isinstance(value, type) and issubclass(value, dict)
    error = isinstance(value, type) and issubclass(value, BaseException)
    if protocol or typed_dict or error:
        kind = "protocol" if protocol else "TypedDict" if typed_dict else "exception"
        known = (base.__name__ for base in getattr(value, "__bases__", ()))
        bases = ", ".join(base for base in known if base not in ("Protocol", "dict", "Generic"))
        lines += [f"```python\n{kind} {name}" + (f"({bases})" if bases else "") + "\n```", ""]
    else:
        shown = signature(value, name)  # type: ignore[arg-type]
        if isinstance(value, type):
            shown = "class " + shown.removesuffix(" -> None")
        lines += [f"```python\n{shown}\n```", ""]
    if text := docstring(value):
        lines += [text, ""]
    if name in ALSO:
        lines += [ALSO[name], ""]
    if isinstance(value, type) and not error and not typed_dict:
        for member, head, about in members(value):
            lines += [f"#### `{name}.{member}`", "", f"```python\n{head}\n```", ""]
            if about:
                lines += [about, ""]
    return lines


def page() -> str:
    """The whole page."""
    root = importlib.import_module(PACKAGE)
    rooms = {name: importlib.import_module(name) for name in ROOMS}
    place: dict[int, tuple[str, str]] = {}
    sections = []
    for module_name, module in rooms.items():
        lines = [f"## {module_name}", "", docstring(module), ""]
        others = []
        for name in public_names(module):
            value = getattr(module, name)
            if callable(value) and id(value) in place:
                others.append(f"`{name}` ([{place[id(value)][0]}]({anchor(place[id(value)][0])}))")
                continue
            place[id(value)] = (module_name, name)
            lines += entry(name, value)
        if others:
            lines += [f"Also here: {', '.join(others)}.", ""]
        sections.append("\n".join(lines).rstrip() + "\n\n")
    own, linked = [], []
    for name in public_names(root):
        value = getattr(root, name)
        if id(value) in place:
            room = place[id(value)][0]
            linked.append(f"| `{name}` | [{room}]({anchor(room)}) |")
        else:
            own += entry(name, value)
    head = [
        "# Python reference",
        "",
        "Made from the docstrings by `python scripts/make_python_docs.py`; a test checks it. Names",
        "that are not here are not public: they may change without notice. A module whose name",
        "begins with an underscore is private.",
        "",
        "Shapes: `t` runs over `T` frames, `k` over `K` steps, `m` over the candidates, and `D` is",
        "the width of an embedding. Intervals are `[start, end)`. Every error that a user can",
        "cause is an `ActAlignError`.",
        "",
        "Types in signatures: `Float32`, `Float64`, `Int32` and `UInt8` are NumPy arrays of these",
        "numbers. `Video` is a path, a `FrameBatch` or a `ClipEmbedding`. `Scripts` is a path of a",
        "script file, a list of `Script`, or a dict of label to steps.",
        "",
        f"## {PACKAGE}",
        "",
        docstring(root),
        "",
        "| name | described under |",
        "|---|---|",
        *linked,
        "",
    ]
    return "\n".join([*head, *own]) + "\n" + "".join(sections).rstrip() + "\n"


def anchor(module: str) -> str:
    """GitHub's anchor of a module's heading."""
    return "#" + module.replace(".", "")


def main() -> None:
    write_or_check({"python.md": page()})


if __name__ == "__main__":
    main()
