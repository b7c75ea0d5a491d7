"""Text as small pictures to lay over frames: white on a dark background, in any script with a font.

The fonts are this machine's, found by their file names; Pillow's own comes last.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from actalign.documents import one_line
from actalign.types import UInt8

FONTS = (
    "DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf", "Arial Unicode.ttf",
    "segoeui.ttf", "arial.ttf", "Arial.ttf", "NotoSansCJK-Regular.ttc", "NotoSansCJKjp-Regular.otf",
    "SourceHanSans-Regular.ttc", "PingFang.ttc", "Hiragino Sans GB.ttc", "msyh.ttc", "YuGothM.ttc",
    "malgun.ttf", "wqy-zenhei.ttc", "wqy-microhei.ttc", "DroidSansFallbackFull.ttf",
    "NotoSansArabic-Regular.ttf", "NotoSansHebrew-Regular.ttf", "NotoSansDevanagari-Regular.ttf",
    "NotoSansThai-Regular.ttf",
)  # fmt: skip
"""The first that knows a character draws it."""
GROUND = 0.62
"""How much of the frame the dark background hides: text is readable on white and on black."""
UNSEEN = ("Cc", "Cf", "Me", "Mn", "Zl", "Zp", "Zs")
"""Kinds of characters that have no shape of their own."""
ROWS = 2
Run = tuple[Any, str]


def unknown_letters(texts: Iterable[str]) -> str:
    """The characters that no font here can draw, each once."""
    letters = dict.fromkeys(letter for text in texts for letter in text)
    return "".join(letter for letter in letters if _font_of(letter, 16) is None)


def shaped(letter: str) -> bool:
    """Whether a character has a shape of its own."""
    return unicodedata.category(letter) not in UNSEEN


def boxes_for(letters: str, where: str) -> list[str]:
    """One sentence on characters that no font here draws, if there are any."""
    if not letters:
        return []
    return [
        f"No font here draws {letters[:20]}{'…' if len(letters) > 20 else ''}, which appear as "
        f"boxes in {where}; install one that does, such as Noto Sans CJK."
    ]


def lettered(lines: Sequence[str], *, size: int, width: int) -> NDArray[np.uint8]:
    """(H, W, 2) the text's lightness and what its background leaves of the frame, 0 to 255 each.

    Each line is broken into at most ROWS rows, none wider than ``width`` pixels with the margin;
    the rest is cut off.
    """
    from PIL import Image, ImageDraw

    margin = size // 2
    broken = [row for line in lines for row in _broken(line, size, width - 2 * margin)]
    runs = [_runs(row, size) for row in broken]
    wide = max(sum(font.getlength(text) for font, text in row) for row in runs)
    step = round(size * 1.35)
    top = margin // 2 + size
    image = Image.new("L", (min(width, round(wide) + 2 * margin), len(runs) * step + margin))
    draw = ImageDraw.Draw(image)
    for number, row in enumerate(runs):
        x = float(margin)
        for font, text in row:
            draw.text((x, top + number * step), text, fill=255, font=font, anchor="ls")
            x += font.getlength(text)
    light = np.asarray(image)
    return np.stack([light, np.full_like(light, round(255 * (1 - GROUND)))], axis=2)


def lay_over(frame: UInt8, picture: NDArray[np.uint8], *, x: int, y: int) -> None:
    """Draw a picture of `lettered` into an (H, W, 3) frame; anything outside is left out."""
    part = frame[y : y + len(picture), x : x + picture.shape[1]]
    light, left = np.moveaxis(picture[: part.shape[0], : part.shape[1]].astype(np.uint16), 2, 0)
    dark = part * left[..., None] // 255
    part[:] = dark + (255 - dark) * light[..., None] // 255


def _broken(line: str, size: int, width: int) -> list[str]:
    """The line in rows that fit; words are broken only if one alone is too wide."""
    found = [""]
    for word in re.findall(r"\s*\S+", one_line(line)) or [""]:
        for part in (word,) if _width(word.strip(), size) <= width else tuple(word):
            joined = found[-1] + part
            if found[-1] and _width(joined, size) > width:
                found.append(part.strip())
            else:
                found[-1] = joined
    if len(found) > ROWS:
        last = found[ROWS - 1]
        while last and _width(f"{last}…", size) > width:
            last = last[:-1].rstrip()
        found = [*found[: ROWS - 1], f"{last}…"]
    return found


def _width(text: str, size: int) -> float:
    return sum(font.getlength(part) for font, part in _runs(text, size))


def _runs(text: str, size: int) -> list[Run]:
    """The text in parts of one font each."""
    found: list[Run] = []
    for letter in text:
        font = _font_of(letter, size) or _fonts(size)[0]
        if found and (found[-1][0] is font or letter.isspace()):
            found[-1] = (found[-1][0], found[-1][1] + letter)
        else:
            found.append((font, letter))
    return found


@cache
def _font_of(letter: str, size: int) -> Any:
    """The first font that draws the character; None if none does."""
    if not shaped(letter):
        return _fonts(size)[0]
    for font in _fonts(size):
        mask, none = font.getmask(letter), font.getmask("\U0010fffe")
        if (mask.size, bytes(mask)) != (none.size, bytes(none)):
            return font
    return None


@cache
def _fonts(size: int) -> list[Any]:
    from PIL import ImageFont

    found = []
    for name in (*_bundled(), *FONTS):
        try:
            found.append(ImageFont.truetype(name, size))
        except OSError:
            continue
    return [*found, ImageFont.load_default(size)]


def _bundled() -> list[str]:
    """The font that comes with matplotlib, if it is installed."""
    spec = find_spec("matplotlib")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    return [str(Path(folder, "mpl-data", "fonts", "ttf", "DejaVuSans.ttf")) for folder in folders]
