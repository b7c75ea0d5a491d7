"""SigLIP's image tower, rearranged for a GPU: the same arithmetic in fewer passes.

Between matrix products, a tower mostly waits for memory. Here queries, keys and values are one
product, products add to the residual stream as they write it, and GELU is part of the product
before it. The biases of products that add to the stream are constant, so they are left out of the
stream, and each layer norm adds the sum of those before it. The pooling head is the model's own.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import torch
from torch.nn import functional
from torch.nn.attention import SDPBackend, sdpa_kernel

from actalign.errors import brief_reason

kernels: Any
try:
    from actalign.encoders import _tower_kernels as kernels
except ImportError:  # without CUDA there is no Triton
    kernels = None

gelu_of_product: Any = getattr(torch, "_addmm_activation", None)
"""Torch's product that ends with the bias and, on CUDA, the tanh form of GELU; not public."""

BACKENDS = [
    SDPBackend.CUDNN_ATTENTION,
    SDPBackend.FLASH_ATTENTION,
    SDPBackend.EFFICIENT_ATTENTION,
    SDPBackend.MATH,
]
"""From fastest to slowest for heads of width 72 (benchmarks/README.md)."""


@cache
def kernels_run(device: torch.device) -> bool:
    """Whether the Triton kernels run on a device. They are compiled there on first use, which needs
    more than torch does: a C compiler and Python's headers. Without these, torch's slower
    operations are used, and a warning says so once."""
    if kernels is None or device.type != "cuda":
        return False
    row = torch.zeros(1, 16, device=device)
    try:
        kernels.layer_norm(row, row[0], row[0], row[0], 1e-6)
    except Exception as error:  # whatever compilers and drivers raise
        reason = brief_reason(error)
        warnings.warn(
            f"Triton can't compile for {device} ({type(error).__name__}: {reason}), so images are "
            "encoded more slowly; a C compiler and Python's headers are needed.",
            stacklevel=2,
        )
        return False
    return True


@dataclass(frozen=True, slots=True)
class Norm:
    """A layer norm of the stream plus ``shift``, the (C,) biases left out of the stream."""

    shift: torch.Tensor
    weight: torch.Tensor
    bias: torch.Tensor
    eps: float

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        if kernels_run(x.device):
            normed: torch.Tensor = kernels.layer_norm(
                x, self.shift, self.weight, self.bias, self.eps
            )
            return normed
        shifted = x.float() + self.shift
        width = shifted.shape[-1:]
        return functional.layer_norm(shifted, width, self.weight, self.bias, self.eps).to(x.dtype)

    def float8(
        self, x: torch.Tensor, added: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The same as float8 rows with their scales; ``added`` is first added to x itself."""
        rows: tuple[torch.Tensor, torch.Tensor] = kernels.layer_norm_float8(
            x, self.shift, self.weight, self.bias, self.eps, added
        )
        return rows


class Layer(Protocol):
    """One layer: changes the (B * tokens, C) residual stream in place."""

    def __call__(self, x: torch.Tensor, tokens: int, heads: int) -> None: ...


class ProductLayer:
    """A layer in the weights' own dtype.

    Weights are stored in the layout in which their products are fastest (benchmarks/README.md):
    those of `up` and `down` as (inputs, outputs), the others as in the checkpoint.
    """

    def __init__(self, layer: Any, norm1: Norm, norm2: Norm) -> None:
        attention, mlp = layer.self_attn, layer.mlp
        self.norm1, self.norm2 = norm1, norm2
        self.qkv, self.qkv_bias = _qkv(attention)
        self.out = attention.out_proj.weight.detach()
        self.up = mlp.fc1.weight.detach().T.contiguous()
        self.up_bias = mlp.fc1.bias.detach()
        self.down = mlp.fc2.weight.detach().T.contiguous()

    def __call__(self, x: torch.Tensor, tokens: int, heads: int) -> None:
        qkv = torch.addmm(self.qkv_bias, self.norm1(x), self.qkv.T)
        x.addmm_(attend(qkv, tokens, heads), self.out.T)
        x.addmm_(self._gelu_of_up(self.norm2(x)), self.down)

    def _gelu_of_up(self, x: torch.Tensor) -> torch.Tensor:
        if x.is_cuda and x.dtype != torch.float32 and gelu_of_product is not None:
            wide: torch.Tensor = gelu_of_product(self.up_bias, x, self.up, use_gelu=True)
            return wide
        return functional.gelu(torch.addmm(self.up_bias, x, self.up), approximate="tanh")


class Float8Layer:
    """A layer with float8 matrix products; each row and each output has its own scale.

    Attention, the stream and what is added to it stay in the weights' dtype.
    """

    def __init__(self, layer: Any, norm1: Norm, norm2: Norm) -> None:
        attention, mlp = layer.self_attn, layer.mlp
        self.norm1, self.norm2 = norm1, norm2
        weight, self.qkv_bias = _qkv(attention)
        self.qkv = kernels.float8_rows(weight)
        self.out = kernels.float8_rows(attention.out_proj.weight.detach())
        self.up = kernels.float8_rows(mlp.fc1.weight.detach())
        self.up_bias = mlp.fc1.bias.detach()
        self.down = kernels.float8_rows(mlp.fc2.weight.detach())

    def __call__(self, x: torch.Tensor, tokens: int, heads: int) -> None:
        qkv = _product(self.norm1.float8(x), self.qkv, self.qkv_bias)
        mixed = _product(kernels.float8_rows(attend(qkv, tokens, heads)), self.out)
        wide = _product(self.norm2.float8(x, mixed), self.up)
        x += _product(kernels.float8_rows(wide, self.up_bias), self.down)


class VisionTower:
    """The image tower of a transformers SiglipModel, with the same device and dtype.

    float8: matrix products in float8; for CUDA devices with compute capability 8.9 or higher.
    """

    @staticmethod
    def can_run(model: Any) -> bool:
        """Whether a model has the expected architecture: SigLIP's, with its usual GELU."""
        vision = model.config.vision_config
        return (
            model.config.model_type == "siglip"
            and vision.hidden_act == "gelu_pytorch_tanh"
            and getattr(model.vision_model, "use_head", True)
        )

    @staticmethod
    def has_float8(device: torch.device) -> bool:
        """Whether a device supports float8 matrix products."""
        return kernels_run(device) and torch.cuda.get_device_capability(device) >= (8, 9)

    @torch.no_grad()
    def __init__(self, model: Any, *, float8: bool = False) -> None:
        vision = model.vision_model
        config = model.config.vision_config
        self.patch = int(config.patch_size)
        self.grid = int(config.image_size) // self.patch
        self.heads = int(config.num_attention_heads)
        self.head = vision.head
        embeddings = vision.embeddings
        kernel = embeddings.patch_embedding.weight.flatten(1)
        # The 588 numbers of a 14 x 14 patch don't fill a whole number of 16-byte words.
        self.patch_weights = functional.pad(kernel, (0, -kernel.shape[1] % 16)).T.contiguous()
        self.positions = (
            embeddings.position_embedding.weight.float() + embeddings.patch_embedding.bias.float()
        ).to(kernel.dtype)
        shift = torch.zeros(len(kernel), device=kernel.device)
        self.layers: list[Layer] = []
        for layer in vision.encoder.layers:
            norm1 = _norm(layer.layer_norm1, shift)
            shift = shift + layer.self_attn.out_proj.bias.float()
            norm2 = _norm(layer.layer_norm2, shift)
            shift = shift + layer.mlp.fc2.bias.float()
            self.layers.append((Float8Layer if float8 else ProductLayer)(layer, norm1, norm2))
        self.last_norm = _norm(vision.post_layernorm, shift)

    @torch.inference_mode()
    def __call__(self, pixel_values: torch.Tensor) -> torch.Tensor:
        """Embed (B, 3, size, size) pixels as (B, D)."""
        tokens, width = self.positions.shape
        x = self._patches(pixel_values) @ self.patch_weights
        x.view(-1, tokens, width).add_(self.positions)
        with fastest_attention():
            for layer in self.layers:
                layer(x, tokens, self.heads)
        pooled: torch.Tensor = self.head(self.last_norm(x).view(-1, tokens, width))
        return pooled

    def _patches(self, pixels: torch.Tensor) -> torch.Tensor:
        """(B, 3, size, size) pixels to (B * tokens, numbers per patch), padded with zeros."""
        grid, patch = self.grid, self.patch
        whole = pixels[:, :, : grid * patch, : grid * patch].to(self.positions.dtype)
        squares = whole.reshape(-1, 3, grid, patch, grid, patch).permute(0, 2, 4, 1, 3, 5)
        rows = squares.new_zeros(len(pixels) * grid**2, len(self.patch_weights))
        rows[:, : 3 * patch**2].view(squares.shape).copy_(squares)
        return rows


def attend(qkv: torch.Tensor, tokens: int, heads: int) -> torch.Tensor:
    """(B * tokens, 3 C) queries, keys and values, side by side, to (B * tokens, C)."""
    parts = qkv.view(-1, tokens, 3, heads, qkv.shape[1] // (3 * heads)).permute(2, 0, 3, 1, 4)
    queries, keys, values = parts.unbind()
    mixed = functional.scaled_dot_product_attention(queries, keys, values)
    return mixed.transpose(1, 2).reshape(len(qkv), -1)


def fastest_attention() -> Any:
    try:
        return sdpa_kernel(BACKENDS, set_priority=True)
    except TypeError:  # torch 2.5 can't set the order
        return sdpa_kernel(BACKENDS)


def _qkv(attention: Any) -> tuple[torch.Tensor, torch.Tensor]:
    parts = (attention.q_proj, attention.k_proj, attention.v_proj)
    weight = torch.cat([part.weight for part in parts]).detach()
    return weight, torch.cat([part.bias for part in parts]).detach()


def _norm(norm: torch.nn.LayerNorm, shift: torch.Tensor) -> Norm:
    weight, bias = norm.weight.float(), norm.bias.float()
    return Norm(shift=shift, weight=weight, bias=bias, eps=norm.eps)


def _product(
    rows: tuple[torch.Tensor, torch.Tensor],
    weight: tuple[torch.Tensor, torch.Tensor],
    bias: torch.Tensor | None = None,
) -> torch.Tensor:
    """(N, C) float8 rows times (outputs, C) float8 weights, in bfloat16."""
    return torch._scaled_mm(
        rows[0],
        weight[0].T,
        scale_a=rows[1],
        scale_b=weight[1].T,
        bias=bias,
        out_dtype=torch.bfloat16,
        use_fast_accum=True,
    )
