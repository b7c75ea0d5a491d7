"""The text tower of the `body` encoder: turns an English phrase into a unit vector.

Word pieces and their static vectors are two files from wordllama's wheel (`_weights`); the small
network over their sequence is ours (`text.onnx`). It needs no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors import safe_open
from tokenizers import Tokenizer

from actalign.encoders.body._network import open_network
from actalign.encoders.body._weights import weights
from actalign.types import Float32

MAX_TOKENS = 48
# Vectors have norms around 10; the network expects entries of about 1.
VECTOR_SCALE = 1.5


def normalize_text(text: str) -> str:
    """Lower case, single spaces, no final full stop, like the training captions."""
    return " ".join(text.lower().split()).rstrip(".!")


class WordVectors:
    """Tokens of a text and their (L, 256) float32 vectors; only the rows needed are read."""

    def __init__(self) -> None:
        self._vectors_path, tokenizer_path = weights("words.safetensors", "words_tokenizer.json")
        self._tokenizer = Tokenizer.from_file(str(tokenizer_path))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._rows: dict[int, Float32] = {}

    def ids(self, text: str) -> list[int]:
        """Token ids of a text; never empty (an empty text is one full stop)."""
        words = normalize_text(text) or "."
        return [int(i) for i in self._tokenizer.encode(words, add_special_tokens=False).ids]

    def vectors(self, ids: Sequence[int]) -> Float32:
        """(L, 256) vectors of L token ids, scaled to entries of about 1."""
        missing = sorted({i for i in ids if i not in self._rows})
        if missing:
            with safe_open(self._vectors_path, framework="numpy") as file:
                table = file.get_slice("embedding.weight")
                for i in missing:
                    row = np.asarray(table[i : i + 1], dtype=np.float32)[0]
                    self._rows[i] = row * np.float32(VECTOR_SCALE)
        return np.stack([self._rows[i] for i in ids])


class TextTower:
    """Runs ``text.onnx`` over a text's word vectors, one text at a time.

    One at a time, so that a text's row depends only on the text, not on padding or a batch.
    """

    def __init__(self, model: Path) -> None:
        self._session = open_network(model)
        self._words = WordVectors()

    def cuts(self, text: str) -> bool:
        """Whether the text has more than MAX_TOKENS tokens."""
        return len(self._words.ids(text)) > MAX_TOKENS

    def encode(self, texts: Sequence[str]) -> Float32:
        """(K, D) float32 unit rows for K texts; texts beyond MAX_TOKENS tokens are cut."""
        rows = [
            self._session.run(
                None, {"vectors": self._words.vectors(self._words.ids(text)[:MAX_TOKENS])[None]}
            )
            for text in texts
        ]
        width = self._session.get_outputs()[0].shape[-1]
        if not rows:
            return np.zeros((0, width), np.float32)
        return np.concatenate([np.asarray(r[0], dtype=np.float32) for r in rows])
