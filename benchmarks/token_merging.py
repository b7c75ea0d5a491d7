"""Would merging alike tokens between a SigLIP tower's layers be worth it? A trial, not a feature.

After each layer's attention the R tokens that are most like another one are averaged into it
(Bolya et al., "Token Merging", arXiv 2210.09461, Sec. 3), by the cosine of their keys. Prints, for
some R, with and without that paper's "proportional attention", the speed beside the whole tower,
the least cosine of a frame's embedding with it, and how often 1,000 random candidates have the
same winner once the mean frame is taken off. Frames are those of the demo clips; weights are random
at the shape of SigLIP base at 224 pixels. Usage: python benchmarks/token_merging.py [--merge 2 4 8]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from encode_cpu import BASE
from tiny_models import make_siglip

from actalign.demo import demo_clips
from actalign.encoders._load import load_encoder
from actalign.video._sampling import sample_frames


def merged(
    x: torch.Tensor, sizes: torch.Tensor, keys: torch.Tensor, count: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Average ``count`` of the even tokens of (B, T, C) into the odd ones most like them.

    sizes: (B, T, 1), how many patches each token stands for; keys: (B, T, W).
    """
    keys = functional.normalize(keys, dim=-1)
    likeness, partner = (keys[:, ::2] @ keys[:, 1::2].transpose(1, 2)).max(dim=-1)
    ranked = likeness.argsort(dim=-1, descending=True)
    going, staying = ranked[:, :count], ranked[:, count:].sort(dim=-1).values
    sums = torch.cat([x * sizes, sizes], dim=-1)
    width = sums.shape[-1]

    def rows(of: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
        return of.gather(1, index[..., None].expand(-1, -1, width))

    even, odd = sums[:, ::2], sums[:, 1::2].clone()
    into = partner.gather(1, going)[..., None].expand(-1, -1, width)
    odd.scatter_add_(1, into, rows(even, going))
    sums = torch.cat([rows(even, staying), odd], dim=1)
    return sums[..., :-1] / sums[..., -1:], sums[..., -1:]


@torch.inference_mode()
def embed(model: Any, pixels: torch.Tensor, count: int, proportional: bool) -> torch.Tensor:
    """(B, D) embeddings, ``count`` tokens merged in each layer."""
    vision = model.vision_model
    x = vision.embeddings(pixels)
    sizes = x.new_ones(*x.shape[:2], 1)
    for layer in vision.encoder.layers:
        normed, attention = layer.layer_norm1(x), layer.self_attn
        shape = (*x.shape[:2], attention.num_heads, -1)
        parts = (attention.q_proj, attention.k_proj, attention.v_proj)
        queries, keys, values = (part(normed).view(shape).transpose(1, 2) for part in parts)
        mask = sizes.log().view(len(x), 1, 1, -1) if proportional else None
        mixed = functional.scaled_dot_product_attention(queries, keys, values, attn_mask=mask)
        x = x + attention.out_proj(mixed.transpose(1, 2).flatten(2))
        if count:
            x, sizes = merged(x, sizes, keys.mean(dim=1), count)
        x = x + layer.mlp(layer.layer_norm2(x))
    pooled: torch.Tensor = vision.head(vision.post_layernorm(x))
    return pooled


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--merge", type=int, nargs="+", default=[2, 4, 8, 12])
    parser.add_argument("--frames", type=int, default=16, help="of each clip")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        encoder: Any = load_encoder(str(make_siglip(Path(folder) / "siglip", BASE)))
    pixels = torch.cat(
        [
            encoder.image_inputs(torch.from_numpy(batch.frames))["pixel_values"]
            for clip in demo_clips()
            for batch in sample_frames(clip.path, num_frames=options.frames)
        ]
    )
    model = encoder.torch_model

    def timed(count: int, proportional: bool) -> tuple[np.ndarray, float]:
        start = time.process_time()
        found = torch.cat([embed(model, part, count, proportional) for part in pixels.split(16)])
        return found.numpy(), time.process_time() - start

    whole, whole_seconds = timed(0, False)
    with torch.inference_mode():
        own = encoder.image_tower(pixel_values=pixels[:16]).numpy()
    np.testing.assert_allclose(whole[:16], own, atol=1e-4)
    candidates = np.random.default_rng(0).normal(size=(whole.shape[1], 1000))
    winners = ((whole - whole.mean(axis=0)) @ candidates).argmax(axis=1)
    print(f"{len(pixels)} frames, {whole_seconds:.1f} s of processor time without merging")
    tokens = (BASE["image_size"] // BASE["patch_size"]) ** 2
    for count in options.merge:
        for proportional in (False, True):
            found, seconds = timed(count, proportional)
            norms = np.linalg.norm(found, axis=1) * np.linalg.norm(whole, axis=1)
            cosine = ((found * whole).sum(axis=1) / norms).min()
            same = (((found - whole.mean(axis=0)) @ candidates).argmax(axis=1) == winners).mean()
            left = tokens - count * BASE["num_hidden_layers"]
            print(
                f"merge {count:2d} a layer, {left:3d} of {tokens} left, "
                f"{'proportional' if proportional else 'plain':12s} {whole_seconds / seconds:.2f} "
                f"of the speed, least cosine {cosine:.4f}, same winner {same:.1%}"
            )


if __name__ == "__main__":
    main()
