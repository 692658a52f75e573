"""Sums that round as numpy's do."""

import torch
from torch import Tensor


def numpy_sum(x: Tensor) -> Tensor:
    """``x.sum(-1)`` in the order of ``numpy.add.reduce``: eight sums side by side, then pairs of them.

    Args:
        x: shape ``(..., k)``; beyond 128 terms torch's own order is taken.
    """
    k = x.shape[-1]
    # numpy halves longer ones first.
    if k > 128:
        return x.sum(dim=-1)
    whole = k - k % 8
    total = torch.zeros_like(x[..., 0])
    if whole > 0:
        lanes = x[..., :8]
        for start in range(8, whole, 8):
            lanes = lanes + x[..., start : start + 8]
        pairs = lanes[..., 0::2] + lanes[..., 1::2]
        fours = pairs[..., 0::2] + pairs[..., 1::2]
        total = fours[..., 0] + fours[..., 1]
    for term in range(whole, k):
        total = total + x[..., term]
    return total
