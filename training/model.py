"""The two small networks of the `body` encoder, in torch; `train` exports them to ONNX."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

DIM = 256


class ImageTower(nn.Module):
    """(N, F) features -> (N, D) unit vectors: standardise, then a residual MLP."""

    def __init__(self, mean: Tensor, std: Tensor, width: int = 768, blocks: int = 3) -> None:
        super().__init__()
        self.mean = nn.Buffer(mean)
        self.std = nn.Buffer(std)
        self.inlet = nn.Linear(len(mean), width)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(width),
                nn.Linear(width, width),
                nn.GELU(),
                nn.Dropout(0.1),
                nn.Linear(width, width),
            )
            for _ in range(blocks)
        )
        self.norm = nn.LayerNorm(width)
        self.outlet = nn.Linear(width, DIM)

    def forward(self, features: Tensor) -> Tensor:
        x = ((features - self.mean) / self.std).clamp(-6, 6)
        x = self.inlet(x)
        for block in self.blocks:
            x = x + block(x)
        return functional.normalize(self.outlet(self.norm(x)), dim=-1)


class Layer(nn.Module):
    """One pre-norm transformer layer, written out so that it exports to plain ONNX operators."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.merge = nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )
        self.drop = nn.Dropout(0.1)

    def forward(self, x: Tensor, hidden: Tensor | None) -> Tensor:
        n, length, width = x.shape
        split = self.qkv(self.norm1(x)).reshape(n, length, 3, self.heads, width // self.heads)
        q, k, v = split.permute(2, 0, 3, 1, 4)
        score = q @ k.transpose(-1, -2) * (width // self.heads) ** -0.5
        if hidden is not None:
            score = score.masked_fill(hidden[:, None, None], -1e4)
        mixed = (score.softmax(-1) @ v).transpose(1, 2).reshape(n, length, width)
        x = x + self.drop(self.merge(mixed))
        return x + self.drop(self.mlp(self.norm2(x)))


class TextTower(nn.Module):
    """(N, L, 256) frozen word vectors -> (N, D) unit vectors.

    Projection, a local convolution (word order), transformer layers, attention pool; the pool of
    the projected words is added, so that an unseen phrase still lands near its words.
    """

    def __init__(
        self, width: int = 256, layers: int = 4, heads: int = 4, longest: int = 48
    ) -> None:
        super().__init__()
        self.inlet = nn.Linear(256, width)
        self.place = nn.Parameter(torch.randn(longest, width) * 0.02)
        self.local = nn.Conv1d(width, width, 3, padding=1)
        self.layers = nn.ModuleList(Layer(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.look = nn.Linear(width, 4)
        self.outlet = nn.Linear(4 * width, DIM)
        self.words = nn.Sequential(nn.Linear(256, 384), nn.GELU(), nn.Linear(384, DIM))

    def forward(self, vectors: Tensor, hidden: Tensor | None = None) -> Tensor:
        """hidden: (N, L) bool, true at padding."""
        x = self.inlet(vectors)
        if hidden is not None:
            x = x.masked_fill(hidden[..., None], 0.0)
        x = x + functional.gelu(self.local(x.transpose(1, 2))).transpose(1, 2)
        x = x + self.place[: vectors.shape[1]]
        for layer in self.layers:
            x = layer(x, hidden)
        x = self.norm(x)
        look = self.look(x)
        if hidden is not None:  # vectors of padding are zero
            look = look.masked_fill(hidden[..., None], -1e4)
            words = vectors.sum(1) / (~hidden).sum(1, keepdim=True)
        else:
            words = vectors.mean(1)
        pooled = (look.softmax(1).transpose(1, 2) @ x).flatten(1)
        return functional.normalize(self.outlet(pooled) + self.words(words), dim=-1)


class Towers(torch.nn.Module):
    def __init__(self, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.image, self.text = ImageTower(mean, std), TextTower()
        self.scale = torch.nn.Parameter(torch.tensor(math.log(10.0)))
        self.bias = torch.nn.Parameter(torch.tensor(-5.0))

    def logits(self, image: Tensor, text: Tensor) -> Tensor:
        return image @ text.T * self.scale.exp() + self.bias
