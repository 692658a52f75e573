"""The nearest of several centers, as scikit-learn's clusterers find it."""

import numpy as np
import torch
from torch import Tensor

from sk2torch.ops.pairwise import arg_min, nearest_of_few, pairwise_kernel


def first_of_equals(centers: Tensor) -> Tensor:
    """For each center the first one that is equal to it; int64, shape ``(n_centers,)``, or empty where none are."""
    _, first, inverse = np.unique(centers.numpy(), axis=0, return_index=True, return_inverse=True)
    return without_own(torch.from_numpy(first[inverse.reshape(-1)].astype(np.int64)))


def without_own(first: Tensor) -> Tensor:
    """``first``, shape ``(n_centers,)``; empty where each center is the first that is equal to it."""
    return first[:0] if torch.equal(first, torch.arange(len(first))) else first


def nearest_center(x: Tensor, centers: Tensor, first: Tensor, is_clipped: bool) -> Tensor:
    """Index of the nearest center, the first of equally near ones; int64, shape ``(n,)``.

    Compares ``|c|^2 - 2 x.c`` or, where clipped, ``max(0, |x|^2 - 2 x.c + |c|^2)``, in scikit-learn's order, so
    that ties fall alike wherever the products are exact.

    Args:
        x: shape ``(n, n_features)``.
        centers: shape ``(n_centers, n_features)``.
        first: ``first_of_equals(centers)``, or of what they were before training: those that differ by now are apart.
        is_clipped: the second expression.
    """
    if not torch.jit.is_scripting():
        found = nearest_of_few(x, centers, is_clipped)
        if found is not None:
            return found
    # The factor two is exact on either side of the product.
    two = torch.full([], 2.0, dtype=x.dtype, device=x.device)
    shifts = x.square().sum(dim=1) if is_clipped else None
    index = arg_min(x, centers, centers.square().sum(dim=1), shifts, "dot", "scaled", two)
    if first.shape[0] == 0:
        return index
    # Equal centers may have products that are not, by where they lie.
    own = torch.arange(centers.shape[0], device=x.device)
    is_equal = (centers.index_select(0, first) == centers).all(dim=1)
    return torch.where(is_equal, first, own).index_select(0, index)


def center_distances(x: Tensor, centers: Tensor) -> Tensor:
    """``|x - c|`` from differences, each to rounding; shape ``(n, n_centers)``."""
    one = torch.ones([], dtype=x.dtype, device=x.device)
    return pairwise_kernel(x, centers, "direct_squared_distance", "root", one, one, 1.0)
