"""Reads the text, JSON and YAML that users write as they meant it, or refuses it with a reason.

A byte order mark is left out. A duplicate key is refused, as its first value would be lost
silently. In YAML every value is read as text, so that labels such as `yes` or `360` stay unchanged.
Which values are valid is checked elsewhere.
"""

from __future__ import annotations

import codecs
import json
import re
import unicodedata
from collections.abc import Generator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TextIO

MAX_YAML_VALUES = 1_000_000
"""Maximum number of values in a YAML text, counting those that an alias repeats again."""


def read_text(path: str | Path, *, errors: str = "strict") -> str:
    """A UTF-8 file's text with "\\n" as line ending; UTF-16 if there is such a byte order mark.

    errors: "surrogateescape" for lists of file names, which may not be text. Raises OSError, or
    ValueError for a file that is not text.
    """
    data = Path(path).read_bytes()
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig", errors)
    except UnicodeDecodeError as error:
        raise _not_utf8(path, f" (byte {error.start + 1})") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _not_utf8(path: str | Path, where: str = "") -> ValueError:
    with Path(path).open("rb") as file:
        if file.read(4) == b"PK\3\4":  # a ZIP file
            return ValueError("it is a workbook or a document, and not text")
    csv = Path(path).suffix.lower() == ".csv"
    how = 'as UTF-8 (in Excel, the type "CSV UTF-8")' if csv else "as UTF-8"
    return ValueError(f"it is not UTF-8 text{where}; save it {how}")


def read_lines(path: str | Path) -> Generator[str]:
    """The lines of a file that `read_text` can read, one by one; raises the same errors."""
    try:
        with open_text(path) as lines:
            yield from lines
    except UnicodeDecodeError:
        raise _not_utf8(path) from None


def open_text(path: str | Path) -> TextIO:
    """Open a file that `read_text` can read; raises OSError; reading raises UnicodeDecodeError."""
    path = Path(path)
    with path.open("rb") as file:
        wide = file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    return path.open(encoding="utf-16" if wide else "utf-8-sig")


def read_list(path: str | Path, *, errors: str = "strict") -> list[str]:
    """The entries of a file with one entry per line, without the spaces around them.

    Blank lines and those that begin with `#` are left out. Otherwise like `read_text`, with the
    same errors.
    """
    lines = map(str.strip, read_text(path, errors=errors).split("\n"))
    return [line for line in lines if line and not line.startswith("#")]


def parse_json(text: str | bytes) -> Any:
    """A JSON value; raises ValueError, also for a duplicate key and for too deep nesting."""
    try:
        return json.loads(text, object_pairs_hook=_each_once)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def parse_json_lines(text: str) -> list[Any]:
    """The value of each non-empty line; raises ValueError, which names the line."""
    found = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            found.append(parse_json(line))
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from None
    return found


_YAML_FAULTS = {
    "'\\t'": "it contains a tab where YAML allows only spaces",
    "found '<scalar>'": "text follows a closing quotation mark; put all of it in quotes",
    "<block end>": "its lines are not indented equally",
    "could not find expected ':'": "a text is without '- ' before it or ':' after it",
    "mapping values are not allowed": (
        "a ':' is out of place: one is missing above it, or its text needs quotes"
    ),
    "found unexpected end of stream": "a quotation mark is not closed",
    "sequence entries are not allowed": "a '- ' is not at the beginning of its line",
}
"""What PyYAML says of faults that people make, and what is said in its place."""


def parse_yaml(text: str) -> Any:
    """A YAML value whose scalars are str, or None if left out or `null`.

    Raises ValueError, also for a duplicate key and for aliases that repeat each other endlessly.
    """
    import yaml

    try:
        return yaml.load(text, _loader())
    except yaml.MarkedYAMLError as error:
        said = " ".join(filter(None, (error.context, error.problem)))
        fault = next((words for sign, words in _YAML_FAULTS.items() if sign in said), said)
        # What begins on a line and doesn't end is noticed further down.
        noticed = said.startswith(("while scanning a simple key", "while scanning a quoted scalar"))
        mark = (noticed and error.context_mark) or error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark else ""
        raise ValueError(f"{fault}{line}") from None
    except yaml.YAMLError as error:
        raise ValueError(one_line(error)) from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def read_document(path: str | Path) -> Any:
    """The value of a JSON file or, with any other suffix, a YAML file; see `parse_yaml`.

    Raises OSError and ValueError.
    """
    text = read_text(path)
    return parse_json(text) if Path(path).suffix.lower() == ".json" else parse_yaml(text)


def composed(text: str) -> str:
    """The text in Unicode's composed form, NFC: the same however its accents were typed."""
    return unicodedata.normalize("NFC", text)


def one_line(text: object) -> str:
    """The text of anything, such as an error, without line breaks, tabs and outer spaces."""
    return " ".join(str(text).split())


UNWRITABLE = re.compile(r"[\0-\b\v\f\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that XML (and so an SVG figure) can't contain, and captions and tables can't show:
control characters, and halves of characters from text that is not UTF-8 (lone surrogates)."""


def unwritable(text: str) -> str | None:
    """A description of the first character of UNWRITABLE in a text; None if it has none."""
    found = UNWRITABLE.search(text)
    if found is None:
        return None
    if "\ud800" <= found[0] <= "\udfff":
        return "an incomplete character (is the text UTF-8?)"
    return f"the control character U+{ord(found[0]):04X}"


def escaped(text: str) -> str:
    r"""The text with \xNN for each byte of a file name that is not text and so can't be written."""
    if text.isascii():
        return text
    return re.sub("[\ud800-\udfff]", _escape, text)


def _escape(found: re.Match[str]) -> str:
    number = ord(found[0])
    return f"\\x{number - 0xDC00:02x}" if 0xDC80 <= number <= 0xDCFF else f"\\u{number:04x}"


def _each_once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {keys[_twice(keys) or 0]!r} occurs twice")
    return found


def _twice(keys: Sequence[str]) -> int | None:
    """The index of the first key that occurs a second time."""
    seen: set[str] = set()
    for at, key in enumerate(keys):
        if key in seen:
            return at
        seen.add(key)
    return None


@cache
def _loader() -> Any:
    import yaml

    kept = ("tag:yaml.org,2002:null", "tag:yaml.org,2002:merge")

    class Loader(yaml.SafeLoader):  # type: ignore[misc]  # yaml has no types
        def __init__(self, text: str) -> None:
            super().__init__(text)
            self._sizes: dict[int, int] = {}

        def compose_node(self, parent: Any, index: Any) -> Any:
            """One value; those inside it are composed before it."""
            repeated = self.check_event(yaml.AliasEvent)
            node = super().compose_node(parent, index)
            if not repeated:
                self._sizes[id(node)] = 1 + sum(self._sizes.get(id(v), 0) for v in _inside(node))
            elif id(node) not in self._sizes:
                raise yaml.composer.ComposerError(
                    None, None, "an alias repeats the value that it is in", node.start_mark
                )
            if self._sizes[id(node)] > MAX_YAML_VALUES:
                raise yaml.composer.ComposerError(
                    None, None, f"aliases make more than {MAX_YAML_VALUES} values", node.start_mark
                )
            return node

        def compose_mapping_node(self, anchor: Any) -> Any:
            """A mapping; its keys are text, including `null`."""
            node = super().compose_mapping_node(anchor)
            keys = [key for key, _ in node.value if key.tag != kept[1]]
            for key in keys:
                if not isinstance(key, yaml.ScalarNode):
                    raise yaml.composer.ComposerError(
                        None, None, "a key is not text", key.start_mark
                    )
                key.tag = "tag:yaml.org,2002:str"
            if (at := _twice([key.value for key in keys])) is not None:
                raise yaml.composer.ComposerError(
                    None, None, f"the key {keys[at].value!r} occurs twice", keys[at].start_mark
                )
            return node

    Loader.yaml_implicit_resolvers = {
        first: [one for one in resolvers if one[0] in kept]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    return Loader


def _inside(node: Any) -> list[Any]:
    """The values inside a composed YAML value."""
    if isinstance(node.value, str):
        return []
    return [one for item in node.value for one in (item if isinstance(item, tuple) else (item,))]
