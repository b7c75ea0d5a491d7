"""Data sets on the Hugging Face hub, downloaded to a folder: `hub:OWNER/NAME[@COMMIT]`."""

from __future__ import annotations

import re
from pathlib import Path

from actalign.errors import ActAlignError, UsageError, brief_reason
from actalign.hub import hub_folder

HUB = "hub:"


def local_folder(data: str | Path) -> Path:
    """The folder of the data: the given one, or that of the hub's files in the hub's cache.

    All files are downloaded, except those that are already there. Raises UsageError for an invalid
    id, ActAlignError if the hub doesn't give the data.
    """
    text = str(data)
    if not text.startswith(HUB):
        return Path(data)
    name, _, revision = text.removeprefix(HUB).partition("@")
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", name) or name.startswith("."):
        raise UsageError(f"{text} names no data set on the hub; write hub:OWNER/NAME.")
    try:
        return hub_folder(name, "dataset", revision=revision or None)
    except ImportError as error:
        raise UsageError(
            f"Data from the hub need huggingface_hub ({error}); run `pip install huggingface_hub`, "
            "or download them and name the folder."
        ) from None
    except Exception as error:  # see `hub_folder`
        raise ActAlignError(
            f"The data set {name} is not available from the hub ({type(error).__name__}: "
            f"{brief_reason(error)}). If it asks for consent, give it on the hub's page and set "
            "HF_TOKEN; or download it elsewhere and name the folder."
        ) from error
