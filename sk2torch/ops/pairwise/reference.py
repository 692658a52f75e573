"""The weighted sum over stored rows in plain torch, a block of rows at a time."""

import torch
from torch import Tensor

from sk2torch.ops.pairwise.statistics import align, aligned_kernel
from sk2torch.ops.row_blocks import keep_block


def weighted_sum(
    x: Tensor,
    y: Tensor,
    weights: Tensor,
    sizes: list[int],
    statistic: str,
    link: str,
    gamma: Tensor,
    coef0: Tensor,
    degree: float,
    block_elements: int = 4194304,
) -> Tensor:
    """``sum_{j in group g} weights[r, j] k(x_i, y_j)`` with ``k = link(statistic)``.

    Memory beyond the result is bounded by ``block_elements`` numbers in eager and scripted mode;
    a traced graph (compile, export) has one block, which the compiler may fuse.

    Args:
        x: shape ``(n, n_features)``.
        y: shape ``(m, n_features)``, the rows of a group side by side.
        weights: shape ``(n_weights, m)``.
        sizes: number of rows of each group; their sum is ``m``.
        statistic: one of ``STATISTICS``.
        link: one of ``LINKS``; with ``gamma``, ``coef0`` and ``degree`` as in ``pairwise_kernel``.
        block_elements: size of the largest temporary.

    Returns:
        shape ``(n, n_groups * n_weights)``, all weights of the first group first.
    """
    left, right = align(x, y, statistic, link, gamma)
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling():
            values = aligned_kernel(left, right, statistic, link, gamma, coef0, degree)
            return group_sums(values, weights, sizes)
    # Only this statistic forms differences of all the features at once.
    width = y.shape[0] * (y.shape[1] if statistic == "chi_squared" else 1)
    rows = max(1, block_elements // max(1, width))
    blocks: list[Tensor] = []
    for start in range(0, max(1, x.shape[0]), rows):
        values = aligned_kernel(left[start : start + rows], right, statistic, link, gamma, coef0, degree)
        keep_block(blocks, group_sums(values, weights, sizes), start, x.shape[0])
    return torch.cat(blocks) if len(blocks) > 1 else blocks[0]


def group_sums(values: Tensor, weights: Tensor, sizes: list[int]) -> Tensor:
    """``sum_{j in group g} weights[r, j] values[i, j]``; shape ``(n, n_groups * n_weights)``.

    Args:
        values: shape ``(n, m)``.
        weights: shape ``(n_weights, m)``.
        sizes: number of columns of each group.
    """
    if len(sizes) == 1:
        return values @ weights.T
    sums: list[Tensor] = []
    start = 0
    for size in sizes:
        sums.append(values[:, start : start + size] @ weights[:, start : start + size].T)
        start += size
    return torch.cat(sums, dim=1)
