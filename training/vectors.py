"""Captions as the text tower reads them: ids of word pieces and their frozen vectors."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from actalign.encoders.body._text import MAX_TOKENS, VECTOR_SCALE, WordVectors
from actalign.encoders.body._weights import weights
from training.model import Towers


def load_vectors() -> Tensor:
    """(32001, 256) word vectors, scaled as the runtime does; the last row is padding."""
    from safetensors.numpy import load_file

    table = (
        load_file(weights("words.safetensors")[0])["embedding.weight"].astype(np.float32)
        * VECTOR_SCALE
    )
    return torch.from_numpy(np.concatenate([table, np.zeros((1, 256), np.float32)]))


def tokenize(texts: list[str], words: WordVectors) -> NDArray[np.int32]:
    """(M, MAX_TOKENS) ids, padded with 32000."""
    out = np.full((len(texts), MAX_TOKENS), 32000, np.int32)
    for m, text in enumerate(texts):
        ids = words.ids(text)[:MAX_TOKENS]
        out[m, : len(ids)] = ids
    return out


def embed_texts(towers: Towers, table: Tensor, ids: Tensor) -> Tensor:
    tokens = ids[:, : max(1, int((ids < 32000).sum(1).max()))].long()
    return towers.text(table[tokens], tokens == 32000)
