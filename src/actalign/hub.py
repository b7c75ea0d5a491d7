"""Models and data sets from the hub: downloaded to its cache, or found there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from actalign.errors import EncoderUsageError
from actalign.services import within

HUB_SECONDS, ANSWER_SECONDS = 10.0, 60.0
"""How long the hub may be silent, and how long its first answer, a list of files, may take."""

WAYS_OUT = (
    "Name a local folder that has it (or set HF_HOME to a cache that has it), or use the model "
    "body."
)
"""What to do if a model isn't there."""


def check_hub_id(model: str) -> None:
    """Raise EncoderUsageError unless this can be a model's id on the hub, without a revision."""
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)?", model) or model.startswith("."):
        raise EncoderUsageError(
            f"The model {model!r} is neither a folder here nor a hub id. {WAYS_OUT} "
            "Models of the hub need `actalign[siglip]` installed."
        )


def hub_folder(
    name: str,
    kind: Literal["model", "dataset"],
    *,
    revision: str | None,
    patterns: Sequence[str] | None = None,
) -> Path:
    """The folder of a snapshot, named after its commit; existing files are not fetched again.

    revision: a branch, tag or commit; None for the main branch. patterns: of the files to get; None
    for all. If the hub can't be reached, its cache is used. Raises ImportError without
    huggingface_hub, and else its errors, connection errors and OSError.
    """
    from huggingface_hub import HfApi, snapshot_download

    wanted: dict[str, Any] = {
        "repo_type": kind,
        "revision": revision,
        "allow_patterns": None if patterns is None else [*patterns],
    }

    def ask() -> None:
        HfApi().repo_info(name, repo_type=kind, revision=revision, timeout=HUB_SECONDS)

    try:  # asked first because the download itself would wait forever for a silent hub
        within(ANSWER_SECONDS, ask)
        return Path(snapshot_download(name, **wanted))
    except Exception:  # many kinds: the client's own, httpx's or requests', OSError
        try:
            return Path(snapshot_download(name, local_files_only=True, **wanted))
        except Exception:  # not in the cache either; the first error says more
            pass
        raise
