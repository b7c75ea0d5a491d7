"""Predictions as captions, tables, projects of other tools, and figures."""

from actalign.output._export import export
from actalign.output._figures import (
    alignment_figure,
    contrast_figure,
    heat_map_figure,
    picture,
    save,
)

__all__ = [
    "alignment_figure",
    "contrast_figure",
    "export",
    "heat_map_figure",
    "picture",
    "save",
]
