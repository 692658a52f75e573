"""Piecewise linear functions."""

import torch
from torch import Tensor


def piecewise_linear(x: Tensor, knots: Tensor, values: Tensor) -> Tensor:
    """The function through ``(knots[i], values[i])``, constant beyond its ends; NaN for NaN.

    ``v_i + (v_{i+1} - v_i) / (k_{i+1} - k_i) * (x - k_i)`` for ``k_i < x < k_{i+1}``, as ``numpy.interp``.

    Args:
        x: any shape.
        knots: ascending, without repetitions, shape ``(n_knots,)``.
        values: shape ``(n_knots,)``.
    """
    last = knots.shape[0] - 1
    flat = x.reshape(-1)
    if last == 0:
        return (torch.zeros_like(flat) + values).reshape(x.shape)
    left = (_n_reached(flat.detach(), knots) - 1).clamp(0, last - 1)
    start, end = knots.index_select(0, left), knots.index_select(0, left + 1)
    low, high = values.index_select(0, left), values.index_select(0, left + 1)
    result = low + (high - low) / (end - start) * (flat - start)
    # At the knots themselves a steep slope times zero need not be zero.
    result = torch.where(flat <= start, low, result)
    return torch.where(flat >= end, high, result).reshape(x.shape)


def _n_reached(x: Tensor, knots: Tensor) -> Tensor:
    """How many knots are not above each value of ``x``, int64; 0 for NaN."""
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling():
            # ONNX has no search in a sorted list.
            return (x.unsqueeze(1) >= knots).long().sum(dim=1)
    found = torch.searchsorted(knots, x, right=True)
    return torch.where(x.isnan(), torch.zeros_like(found), found)
