"""The nearest of several centers, as scikit-learn's clusterers find it."""

import numpy as np
import torch
from torch import Tensor

from sk2torch.ops.pairwise import safe_root


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
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling():
            return first.index_select(0, _block_nearest(x, centers, norms, is_clipped))
    # At most this many numbers are held at a time.
    step = max(1, 4194304 // centers.shape[0])
    starts = range(0, max(1, x.shape[0]), step)
    blocks = [_block_nearest(x[start : start + step], centers, norms, is_clipped) for start in starts]
    return first.index_select(0, torch.cat(blocks) if len(blocks) > 1 else blocks[0])


def _block_nearest(x: Tensor, centers: Tensor, norms: Tensor, is_clipped: bool) -> Tensor:
    # The factor two is exact on either side of the product.
    products = x @ (-2.0 * centers).T
    if is_clipped:
        distances = x.square().sum(dim=1, keepdim=True) + products + norms
        return torch.clamp(distances, min=0.0).argmin(dim=1)
    return (products + norms).argmin(dim=1)


def center_distances(x: Tensor, centers: Tensor) -> Tensor:
    """``|x - c|`` from differences, each to rounding; shape ``(n, n_centers)``."""
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling():
            return safe_root((x.unsqueeze(1) - centers).square().sum(dim=2))
    return torch.cdist(x, centers, 2.0, "donot_use_mm_for_euclid_dist")
