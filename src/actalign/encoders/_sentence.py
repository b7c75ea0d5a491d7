"""sentence-transformers models that embed images and texts (extra `sentence-transformers`).

A name is a hub id or a folder. Weights are read only from safetensors, and no code of a checkpoint
is run: its modules must be sentence-transformers' own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from actalign.arguments import check_frames
from actalign.documents import parse_json, read_text
from actalign.encoder_info import EncoderInfo, template_for
from actalign.encoders._base import cut_warning
from actalign.encoders._configuration import check_adapter, check_configuration, shards_of
from actalign.encoders._fingerprint import fingerprint_files
from actalign.errors import EncoderError, EncoderUsageError
from actalign.types import Float32, TextWarning, UInt8

try:
    from PIL import Image
    from sentence_transformers import SentenceTransformer

    from actalign.encoders._checkpoint import CARD, find_files, licence_of, quiet, unloadable
    from actalign.encoders._torch import DTYPES, Placement
except (ImportError, RuntimeError) as error:  # RuntimeError: torchvision built for another torch
    raise EncoderUsageError(
        f"sentence-transformers models need torch and sentence-transformers ({error}); run "
        "`pip install 'actalign[siglip,sentence-transformers]'`."
    ) from error

PATTERNS = ("*.json", "*.safetensors", "*.txt", "*.model", "*.jinja", CARD)
PICKLES = (".bin", ".pt", ".pth", ".pkl", ".ckpt")
WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
"""Weight files that are preferred over pickles."""
MODULES = ("Transformer", "CLIPModel", "Pooling", "Normalize", "Dense", "LayerNorm", "Router")
"""Modules that load only JSON and safetensors."""


class SentenceEncoder:
    """A sentence-transformers model as an `Encoder`, with its own `encode` and no prompt.

    Such models have no scale, so candidates are compared by cosine.
    """

    def __init__(
        self,
        name: str,
        *,
        device: str | None = None,
        dtype: str | None = None,
        revision: str | None = None,
        batch_size: int | None = None,
    ) -> None:
        """Load a hub id, `ID@REVISION`, or a folder; raises EncoderError."""
        placement = Placement.choose(device, dtype, batch_size)
        folder, name, commit = find_files(name, revision, PATTERNS)
        model_id = f"st:{name}"
        check_files(folder)
        self.batch_size = placement.batch_size
        try:
            with quiet():
                self.model = SentenceTransformer(
                    str(folder),
                    device=placement.device,
                    trust_remote_code=False,
                    local_files_only=True,
                    model_kwargs={"dtype": DTYPES[placement.dtype], "use_safetensors": True},
                ).eval()
            lacking = [kind for kind in ("text", "image") if not self.model.supports(kind)]
        except Exception as error:  # its libraries raise their own exceptions
            raise unloadable(f"The model {model_id}", error) from error
        dim = self.model.get_embedding_dimension()
        if lacking or dim is None:
            raise EncoderError(
                f"{model_id} embeds no {' and no '.join(lacking) or 'vectors of one length'}; "
                "choose a sentence-transformers model that embeds images and texts."
            )
        context = self.model.get_max_seq_length()
        self.info = EncoderInfo(
            model_id=model_id,
            fingerprint=placement.marked(fingerprint_of(folder)),
            dim=dim,
            logit_scale=None,
            logit_bias=None,
            dtype=placement.dtype,
            revision=commit,
            context_length=context,
            licence=licence_of(folder),
            step_template=template_for(context),
        )

    def encode_image(self, frames: UInt8) -> Float32:
        """Embed (T, H, W, 3) uint8 RGB frames, each by itself, as (T, D) float32."""
        check_frames(frames)
        return self._encode([Image.fromarray(frame) for frame in frames], self.batch_size)

    def encode_text(self, texts: Sequence[str]) -> Float32:
        """Embed K texts as (K, D) float32; a text's row never depends on the other texts.

        One at a time, because the amount of padding changes the last bits of a row.
        """
        return self._encode(list(texts), 1)

    def _encode(self, inputs: Sequence[Any], batch_size: int) -> Float32:
        if not inputs:
            return np.empty((0, self.info.dim), np.float32)
        rows = self.model.encode(list(inputs), batch_size=batch_size, show_progress_bar=False)
        return np.asarray(rows, np.float32)

    def text_warnings(self, texts: Sequence[str]) -> list[TextWarning]:
        """One for each text that is cut because it is longer than the tower's input."""
        limit, tokenizer = self.info.context_length, self.model.tokenizer
        if limit is None or tokenizer is None:
            return []
        lengths = [len(tokenizer(text, verbose=False)["input_ids"]) for text in texts]
        return [
            cut_warning(self.info.model_id, text, limit, length)
            for text, length in zip(texts, lengths, strict=True)
            if length > limit
        ]


def fingerprint_of(folder: Path) -> str:
    """A hash of all files that a model is loaded from, including their paths in the folder."""
    found = hashlib.sha256()
    files = {file for pattern in PATTERNS for file in folder.rglob(pattern) if file.is_file()}
    for file in sorted(files - {folder / CARD}):
        found.update(
            f"{file.relative_to(folder).as_posix()}\0{fingerprint_files([file])}\n".encode()
        )
    return found.hexdigest()[:16]


def check_files(folder: Path) -> None:
    """Raise EncoderError for modules with their own code, adapters, weights that are not
    safetensors, and files outside the folder."""
    if not any((folder / name).is_file() for name in ("modules.json", "config.json")):
        raise EncoderError(
            f"{folder} contains no sentence-transformers model (modules.json); write st:ID or "
            "st:FOLDER with one."
        )
    for name in ("modules.json", "router_config.json"):
        for file in folder.rglob(name):
            for kind in _types(file):
                package, _, last = kind.rpartition(".")
                if package.split(".")[0] != "sentence_transformers" or last not in MODULES:
                    raise EncoderError(
                        f"{file} names the module {kind!r}, which is the model's own code or of no "
                        "use here and is not run; the modules that can be used are "
                        f"{', '.join(MODULES)}."
                    )
    for file in folder.rglob("*"):
        if file.is_symlink() and file.is_dir():
            raise EncoderError(
                f"{file} is a link to another folder; a model is read from one folder only, so "
                "copy it there."
            )
        if file.name.endswith(".safetensors.index.json"):
            shards_of(file)
        elif file.name.endswith("config.json"):
            check_configuration(file)
        if file.name == "adapter_config.json":
            check_adapter(file.parent)
        if file.suffix in PICKLES and not any((file.parent / name).is_file() for name in WEIGHTS):
            raise EncoderError(
                f"{file.parent} has no weights in safetensors format, only {file.name}; other "
                "formats aren't read because loading them can run code."
            )


def _types(file: Path) -> list[str]:
    try:
        stored = parse_json(read_text(file))
        if isinstance(stored, dict):
            return [str(kind) for kind in stored["types"].values()]
        return [str(module["type"]) for module in stored]
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise EncoderError(
            f"{file} doesn't list the model's modules in sentence-transformers' format ({error}); "
            "fetch the model again."
        ) from error
