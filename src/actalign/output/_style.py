"""How every figure looks: its theme, its palette, and texts that stay inside it.

A theme's colours are passed to each artist: matplotlib's global settings are never changed, so
figures may be drawn in several threads at once.
"""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from actalign.errors import UsageError
from actalign.output._lettering import boxes_for, shaped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

# Okabe and Ito's colour-blind safe palette (2008), without black and yellow, ordered so that
# neighbours differ as much as they can for every colour vision.
PALETTE = ("#0072B2", "#CC79A7", "#D55E00", "#009E73", "#E69F00", "#56B4E9")
ON_PALETTE = ("white", "black", "white", "white", "black", "black")
"""The most readable text colour on each colour of the palette."""
HEAT_MAP = "viridis"
"""Even steps of lightness, so it is readable in grey and for every colour vision."""
MARKERS = ("o", "s", "^", "D", "v", "P")
DPI = 130
FORMATS = ("png", "svg")


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours of a figure. accent: a bar that stands out."""

    background: str
    ink: str
    muted: str
    rule: str
    accent: str


THEMES = {
    "light": Theme("#ffffff", "#222222", "#555555", "#bbbbbb", "#0072B2"),
    "dark": Theme("#16191d", "#ececec", "#b0b6bd", "#4b5158", "#56B4E9"),
}


def get_theme(name: str) -> Theme:
    """The theme of that name; raises UsageError that lists the names."""
    if name not in THEMES:
        raise UsageError(f"There is no figure theme {name!r}; choose {' or '.join(THEMES)}.")
    return THEMES[name]


def check_format(name: str) -> str:
    """The picture format if it is one; raises UsageError that lists them."""
    if name not in FORMATS:
        raise UsageError(f"There is no figure format {name!r}; choose {' or '.join(FORMATS)}.")
    return name


def check_drawing() -> None:
    """Raises UsageError if matplotlib is not installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"Pictures need matplotlib ({error}); run `pip install 'actalign[figures]'`."
        ) from None


def new_figure(width: float, height: float, theme: Theme) -> Figure:
    """An empty figure of this size in inches, outside pyplot."""
    check_drawing()
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=DPI, facecolor=theme.background)


def dress(ax: Axes, theme: Theme, *, frame: bool = True) -> None:
    """Give the axes the theme's colours; without ``frame`` only the left and lower lines remain."""
    ax.set_facecolor(theme.background)
    ax.tick_params(colors=theme.ink, labelsize=8, length=2)
    for side, spine in ax.spines.items():
        spine.set_color(theme.rule)
        spine.set_linewidth(0.6)
        spine.set_visible(frame or side in ("left", "bottom"))
    ax.xaxis.label.set_color(theme.ink)
    ax.yaxis.label.set_color(theme.ink)


def literal(figure: Figure) -> Figure:
    """Show every text as it is written: a label's `$` starts no formula. Returns the figure."""
    from matplotlib.text import Text

    for text in figure.findobj(Text):
        text.set_parse_math(False)
        text.set_fontfamily(_families())
    return figure


def wrap(text: str, inches: float, lines: int, *, size: float) -> str:
    """The text on at most ``lines`` lines, none wider than ``inches`` at ``size`` points."""
    check_drawing()
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family=_families(), size=size)
    columns = len(text)
    while True:
        wrapped = textwrap.wrap(text, max(4, columns), max_lines=lines, placeholder=" …")
        with missing_glyphs_allowed():
            widest = max(
                text_to_path.get_text_width_height_descent(line, font, ismath=False)[0] / 72
                for line in wrapped
            )
        if widest <= inches or columns <= 4:
            return "\n".join(wrapped)
        columns = min(columns - 1, int(columns * inches / widest) + 1)


def fit(text: Text, inches: float) -> None:
    """Cut the text where it would be wider than ``inches``."""
    left = full = text.get_text()
    text.set_parse_math(False)
    text.set_fontfamily(_families())
    with missing_glyphs_allowed():
        while len(left) > 1 and (wide := text.get_window_extent().width / DPI) > inches:
            left = full[: min(len(left) - 1, int(len(left) * inches / wide))].rstrip()
            text.set_text(left + "…")


@contextmanager
def missing_glyphs_allowed() -> Iterator[None]:
    """A character that no font here knows is drawn as a box, without a warning for each."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from")
        yield


def undrawable(texts: Iterable[str]) -> list[str]:
    """One sentence if no font of the figures draws all characters of the texts."""
    from matplotlib.font_manager import FontProperties, findfont
    from matplotlib.ft2font import FT2Font

    known: set[int] = set()
    for family in _families():
        known.update(FT2Font(findfont(FontProperties(family=family))).get_charmap())
    letters = sorted({letter for text in texts for letter in text})
    return boxes_for("".join(a for a in letters if ord(a) not in known and shaped(a)), "the figure")


_FALLBACKS = (
    "Noto Sans CJK JP", "Noto Sans CJK SC", "Source Han Sans", "PingFang SC", "Hiragino Sans",
    "Microsoft YaHei", "Yu Gothic", "Malgun Gothic", "WenQuanYi Zen Hei", "Noto Sans Arabic",
    "Noto Sans Devanagari",
)  # fmt: skip


@cache
def _families() -> list[str]:
    """matplotlib's own font, then those on this machine that know more scripts."""
    check_drawing()
    from matplotlib import font_manager

    found = set(font_manager.get_font_names())
    return ["DejaVu Sans", *(name for name in _FALLBACKS if name in found)]
