"""Module paths from earlier documentation that are now in a room; importing one warns."""

from __future__ import annotations

import importlib
import sys
import warnings
from importlib.machinery import ModuleSpec
from types import ModuleType

MOVED = {
    "encoder": {"DEFAULT_MODEL": "encoders", "load_encoder": "encoders"},
    "figures": dict.fromkeys(("alignment_figure", "contrast_figure", "heat_map_figure"), "output"),
    "generation": {"Question": "scripts.ScriptRequest", "generate_scripts": "scripts"},
    "llm": {"LLMConfig": "scripts"},
    "pipeline": {"thumbnails": "video"},
    "similarity": {"smooth": "alignment", "smooth_reference": "alignment"},
    "subactions": {"load_scripts": "scripts"},
}
"""By old module, where each name is now: a room, or ROOM.NAME if the name has changed too."""


class MovedModules:
    """Finds the old paths; used only for modules that don't exist.

    It has the methods of importlib.abc's MetaPathFinder and Loader, which are slow to load.
    """

    def find_spec(self, name: str, path: object, target: object = None) -> ModuleSpec | None:
        package, _, old = name.partition(".")
        if package != "actalign" or old not in MOVED:
            return None
        return ModuleSpec(name, self)  # type: ignore[arg-type]  # no Loader by name

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        for old, place in MOVED[module.__name__.partition(".")[2]].items():
            room, _, new = place.partition(".")
            found = getattr(importlib.import_module(f"actalign.{room}"), new or old)
            setattr(module, old, found)
            warnings.warn(
                f"{module.__name__}.{old} is now actalign.{room}.{new or old}.",
                DeprecationWarning,
                stacklevel=2,
            )


sys.meta_path.append(MovedModules())
