"""Models and data sets of the hub: brought into its own cache, or found there."""

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
    "Point --model at a local folder that has it (or HF_HOME at a cache that has it), "
    "or use --model body."
)
"""What to do where a model isn't there."""


def check_hub_id(model: str) -> None:
    """Raise EncoderUsageError unless this may be a model's id on the hub, without a revision."""
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
    """The folder of a snapshot, which is named by its commit; what is there is not fetched again.

    revision: a branch, tag or commit; None for the main branch. patterns: of the files that are
    wanted, None for all. Where the hub can't be reached, its cache is used. Raises ImportError
    without huggingface_hub; its errors, those of the connection, and OSError.
    """
    from huggingface_hub import HfApi, snapshot_download

    wanted: dict[str, Any] = {
        "repo_type": kind,
        "revision": revision,
        "allow_patterns": None if patterns is None else [*patterns],
    }

    def ask() -> None:
        HfApi().repo_info(name, repo_type=kind, revision=revision, timeout=HUB_SECONDS)

    try:  # asked first because the download itself would wait for a silent hub without end
        within(ANSWER_SECONDS, ask)
        return Path(snapshot_download(name, **wanted))
    except Exception:  # of many kinds: the client's own, httpx's or requests', OSError
        try:
            return Path(snapshot_download(name, local_files_only=True, **wanted))
        except Exception:  # not in the cache either: what went wrong first says more
            pass
        raise
