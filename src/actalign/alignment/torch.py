"""Dynamic time warping of many padded affinity matrices at once, with torch: for sweeps on a GPU.

The same recurrence, order of ties and float64 sums as `align`, one anti-diagonal of every matrix at
a time. A single video is aligned faster by `align`. Needs torch (extra `siglip`).
"""

from __future__ import annotations

import torch

from actalign.errors import ArrayError


@torch.inference_mode()
def align_scores(
    affinity: torch.Tensor, frames: torch.Tensor, steps: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Scores and path lengths of B alignments, as `alignment.align_scores` finds them for each.

    affinity: (B, T, K) on any device; of matrix b the first frames[b] rows and steps[b] columns
    count, the rest is padding of any finite value. frames, steps: (B,) integers of at least 1.
    Returns (B,) float64 scores and (B,) int64 path lengths on the same device. Source: ActAlign
    (arXiv 2506.22967), Sec. 3. Raises ArrayError for shapes that don't fit and for NaN or infinity.
    """
    if affinity.ndim != 3 or 0 in affinity.shape:
        raise ArrayError(
            "The affinities must be a non-empty (matrices, frames, steps) tensor, not "
            f"{tuple(affinity.shape)}."
        )
    count, rows, columns = affinity.shape
    frames, steps = frames.to(affinity.device), steps.to(affinity.device)
    for name, sizes, most in (("frames", frames, rows), ("steps", steps, columns)):
        if sizes.shape != (count,) or bool((sizes < 1).any()) or bool((sizes > most).any()):
            raise ArrayError(f"The {name} must be {count} numbers from 1 to {most}.")
    if not bool(torch.isfinite(affinity).all()):
        raise ArrayError("The affinities hold NaN or infinity; encode the clips and scripts again.")
    # Cell (t, k) goes to row t + k, so that a whole anti-diagonal lies side by side.
    slanted = affinity.new_zeros((rows + columns - 1, columns, count), dtype=torch.float64)
    for k in range(columns):
        slanted[k : k + rows, k] = affinity[:, :, k].T
    edge = slanted.new_full((1, count), -torch.inf)
    none = torch.zeros_like(edge)
    sums = edge.expand(columns, count)
    lengths = none.expand(columns, count)
    earlier, earlier_lengths = sums, lengths
    ends = frames + steps - 2
    scores, path_lengths = torch.zeros_like(edge[0]), torch.zeros_like(edge[0])
    last = (steps - 1).unsqueeze(0)
    for d in range(int(ends.max()) + 1):
        step = torch.cat([edge, sums[:-1]])
        diagonal = torch.cat([edge, earlier[:-1]])
        by_frame = sums >= step
        best = torch.where(by_frame, sums, step)
        length = torch.where(by_frame, lengths, torch.cat([none, lengths[:-1]]))
        by_diagonal = diagonal >= best
        best = torch.where(by_diagonal, diagonal, best) + slanted[d]
        length = torch.where(by_diagonal, torch.cat([none, earlier_lengths[:-1]]), length) + 1
        if d == 0:
            best[0], length[0] = slanted[0, 0], 1
        earlier, earlier_lengths, sums, lengths = sums, lengths, best, length
        here = ends == d
        scores = torch.where(here, sums.gather(0, last)[0], scores)
        path_lengths = torch.where(here, lengths.gather(0, last)[0], path_lengths)
    return scores / path_lengths, path_lengths.long()
