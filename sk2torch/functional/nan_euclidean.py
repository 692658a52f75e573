"""Distances between rows with missing values."""

import torch
from torch import Tensor

from sk2torch.ops.loops import graph_loop

# Wider rows are a loop in compiled and exported graphs.
_MAX_UNROLLED_FEATURES = 16


def nan_squared_distances(x: Tensor, known_x: Tensor, y: Tensor, known_y: Tensor) -> Tensor:
    """``n_features / n_common * sum over common features of (x - y)^2``; 0 where no feature is common.

    From differences, each to rounding, as the square of scikit-learn's ``nan_euclidean_distances``.

    Args:
        x: shape ``(n, n_features)``, zero where missing.
        known_x: 1.0 where ``x`` is known, else 0.0.
        y: shape ``(m, n_features)``, zero where missing.
        known_y: 1.0 where ``y`` is known, else 0.0.

    Returns:
        shape ``(n, m)``.
    """
    total = _sum_of_squares(x, known_x, y, known_y)
    return total / common_features(known_x, known_y).clamp(min=1.0) * x.shape[1]


def common_features(known_x: Tensor, known_y: Tensor) -> Tensor:
    """How many features both rows of each pair know, shape ``(n, m)``."""
    return known_x @ known_y.T


def _sum_of_squares(x: Tensor, known_x: Tensor, y: Tensor, known_y: Tensor) -> Tensor:
    total = x.new_zeros(x.shape[0], y.shape[0])
    if torch.jit.is_scripting():
        for j in range(x.shape[1]):
            total = total + _squares(x[:, j : j + 1], known_x[:, j : j + 1], y[:, j], known_y[:, j])
        return total
    else:
        if torch.compiler.is_compiling() and x.shape[1] > _MAX_UNROLLED_FEATURES:
            return _loop(total, x, known_x, y, known_y)
        for j in range(x.shape[1]):
            total = total + _squares(x[:, j : j + 1], known_x[:, j : j + 1], y[:, j], known_y[:, j])
        return total


def _squares(x: Tensor, known_x: Tensor, y: Tensor, known_y: Tensor) -> Tensor:
    return (x - y).square() * (known_x * known_y)


def _loop(total: Tensor, x: Tensor, known_x: Tensor, y: Tensor, known_y: Tensor) -> Tensor:
    n_features = x.shape[1]
    if torch.compiler.is_exporting():
        # The exporter's loops refuse what requires a gradient.
        x = x.detach()

    def unfinished(j: Tensor, total: Tensor) -> Tensor:
        return j < n_features

    def add(j: Tensor, total: Tensor) -> tuple[Tensor, Tensor]:
        at = j.reshape(1)
        left = x.index_select(1, at), known_x.index_select(1, at)
        return j + 1, total + _squares(*left, y.index_select(1, at)[:, 0], known_y.index_select(1, at)[:, 0])

    start = torch.zeros((), dtype=torch.int64, device=x.device)
    return graph_loop(unfinished, add, (start, total))[1]
