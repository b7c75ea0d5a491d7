"""Hand-written descriptions of every named posture, as a step of a script would put them.

They lie in lexicon.txt, which has the names of postures and exercises too, and in lexicon_more.txt,
many more by language models, in the grammar of `phrases`. Below a posture's name ("= name"), a
plain line describes being in it, "> " moving into it, "< " moving out of it, "§ " is held out for
testing. A line with the words left or right belongs to that side (its mirror image, with the words
swapped, to the twin posture); a line without them belongs to both.
"""

from __future__ import annotations

from pathlib import Path

_KINDS = {">": "enter", "<": "leave", "§": "test"}


def sections(path: Path) -> dict[str, list[str]]:
    """{heading: its lines} of a file whose headings look like "= heading"."""
    out: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("= "):
            lines = out.setdefault(line[2:], [])
        elif line.strip():
            lines.append(line)
    return out


def _described(file: str) -> dict[str, list[tuple[str, str]]]:
    found = sections(Path(__file__).with_name(file))
    return {
        name: [
            (_KINDS[line[0]], line[2:]) if line[0] in _KINDS else ("hold", line) for line in lines
        ]
        for name, lines in found.items()
    }


# {posture: [(kind, wording)]} with kind "hold", "enter", "leave" or "test"
LEXICON = _described("lexicon.txt")
MORE = _described("lexicon_more.txt")
