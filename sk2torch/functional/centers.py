"""The nearest of several centers, as scikit-learn's clusterers find it."""

import numpy as np
import torch
from torch import Tensor

from sk2torch.ops.pairwise import arg_min, pairwise_kernel


def first_of_equals(centers: Tensor) -> Tensor:
    """For each center the first one that is equal to it; int64, shape ``(n_centers,)``."""
    _, first, inverse = np.unique(centers.numpy(), axis=0, return_index=True, return_inverse=True)
    return torch.from_numpy(first[inverse.reshape(-1)].astype(np.int64))


def nearest_center(x: Tensor, centers: Tensor, norms: Tensor, first: Tensor, is_clipped: bool) -> Tensor:
    """Index of the nearest center, the first of equally near ones; int64, shape ``(n,)``.

    Compares ``|c|^2 - 2 x.c`` or, where clipped, ``max(0, |x|^2 - 2 x.c + |c|^2)``, in scikit-learn's order, so
    that ties fall alike wherever the products are exact.

    Args:
        x: shape ``(n, n_features)``.
        centers: shape ``(n_centers, n_features)``.
        norms: ``|c|^2``, shape ``(n_centers,)``.
        first: ``first_of_equals(centers)``.
        is_clipped: the second expression.
    """
    # The factor two is exact on either side of the product.
    two = torch.full([], 2.0, dtype=x.dtype, device=x.device)
    shifts = x.square().sum(dim=1) if is_clipped else None
    return first.index_select(0, arg_min(x, centers, norms, shifts, "dot", "scaled", two))


def center_distances(x: Tensor, centers: Tensor) -> Tensor:
    """``|x - c|`` from differences, each to rounding; shape ``(n, n_centers)``."""
    one = torch.ones([], dtype=x.dtype, device=x.device)
    return pairwise_kernel(x, centers, "direct_squared_distance", "root", one, one, 1.0)
