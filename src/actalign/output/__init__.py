"""Predictions as captions, tables, projects of other tools, and figures."""

from actalign.output._export import export
from actalign.output._figures import (
    alignment_figure,
    contrast_figure,
    heat_map_figure,
    picture,
    save,
)
from actalign.output._sync import Sync, synchronise, write_side_by_side
from actalign.output._tables import predictions_frame

__all__ = [
    "Sync",
    "alignment_figure",
    "contrast_figure",
    "export",
    "heat_map_figure",
    "picture",
    "predictions_frame",
    "save",
    "synchronise",
    "write_side_by_side",
]
