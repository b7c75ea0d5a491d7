"""What a model's configuration may not refer to: other locations, and third-party code.

Libraries follow these settings without asking. What a configuration must contain is not checked
here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from actalign.documents import parse_json, read_text
from actalign.encoders._fingerprint import inside
from actalign.errors import EncoderError, reason_of

ELSEWHERE = (
    "transformers_weights",
    "tokenizer_name_or_path",
    "checkpoint_path",
    "cache_dir",
    "pretrained_cfg_overlay",
)
"""Settings of transformers, sentence-transformers and timm that name files or code."""


def check_configuration(file: Path) -> None:
    """Raise EncoderError for a JSON file that names weights, a tokenizer, a timm model or a kernel
    elsewhere, at any depth, or that can't be read."""
    try:
        stored = parse_json(read_text(file))
    except (OSError, ValueError) as error:
        raise EncoderError(
            f"{file} can't be read ({reason_of(error)}); fetch the model again."
        ) from error
    for name, value in _settings(stored):
        if (
            (name in ELSEWHERE and value)
            or (name.endswith("_implementation") and _named(value, "/"))
            or (name == "architecture" and _named(value, "/:"))
        ):
            raise EncoderError(
                f"{file}: {name} names other weights, files or code ({str(value)[:80]!r}); a model "
                "is read from one folder only, so remove it."
            )


def check_adapter(folder: Path) -> None:
    """Raise EncoderError for an adapter's configuration, which would load other weights."""
    if (folder / "adapter_config.json").exists():
        raise EncoderError(
            f"{folder} contains adapter_config.json; merge the adapter into the model's weights "
            "and remove that file."
        )


def shards_of(index: Path) -> list[Path]:
    """The weight files that an index names; raises EncoderError if one is missing or outside its
    folder."""
    try:
        stored = parse_json(read_text(index))
        names = set(stored["weight_map"].values())
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        names = {None}
    if not all(isinstance(name, str) and name.endswith(".safetensors") for name in names):
        raise EncoderError(f"{index}: weight_map must name a safetensors file for each tensor.")
    return [inside(index.parent, name, by=index) for name in sorted(names)]


def _settings(stored: Any) -> Iterator[tuple[str, Any]]:
    """Each setting with its name, including those in nested dicts and lists."""
    if isinstance(stored, dict):
        yield from stored.items()
        stored = list(stored.values())
    for part in stored if isinstance(stored, list) else ():
        yield from _settings(part)


def _named(value: Any, marks: str) -> bool:
    """Whether a text, or a value of a dict, contains one of the marks."""
    texts = list(value.values()) if isinstance(value, dict) else [value]
    return any(isinstance(text, str) and mark in text for text in texts for mark in marks)
