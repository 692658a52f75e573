"""Reductions over pairs of rows in plain torch, a block of rows at a time."""

import torch
from torch import Tensor

from sk2torch.ops.pairwise.statistics import align, aligned_kernel
from sk2torch.ops.row_blocks import keep_block


def blocked_sum(
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
    """``weighted_sum``; graphs that are exported have one block."""
    left, right = align(x, y, statistic, link, gamma)
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling():
            values = aligned_kernel(left, right, statistic, link, gamma, coef0, degree)
            return group_sums(values, weights, sizes)
    rows = _block_rows(y, statistic, block_elements)
    blocks: list[Tensor] = []
    for start in range(0, max(1, x.shape[0]), rows):
        values = aligned_kernel(left[start : start + rows], right, statistic, link, gamma, coef0, degree)
        keep_block(blocks, group_sums(values, weights, sizes), start, x.shape[0])
    return torch.cat(blocks) if len(blocks) > 1 else blocks[0]


def blocked_log_sum(
    x: Tensor,
    y: Tensor,
    offsets: Tensor,
    statistic: str,
    link: str,
    gamma: Tensor,
    block_elements: int = 2097152,
) -> Tensor:
    """``log_sum``; graphs that are exported have one block."""
    left, right = align(x, y, statistic, link, gamma)
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling():
            return log_sum_exp(aligned_kernel(left, right, statistic, link, gamma, gamma, 1.0) + offsets)
    rows = _block_rows(y, statistic, block_elements)
    blocks: list[Tensor] = []
    for start in range(0, max(1, x.shape[0]), rows):
        values = aligned_kernel(left[start : start + rows], right, statistic, link, gamma, gamma, 1.0)
        keep_block(blocks, log_sum_exp(values + offsets), start, x.shape[0])
    return torch.cat(blocks) if len(blocks) > 1 else blocks[0]


def blocked_arg_min(
    x: Tensor,
    y: Tensor,
    offsets: Tensor,
    shifts: Tensor | None,
    statistic: str,
    link: str,
    gamma: Tensor,
    block_elements: int = 4194304,
) -> Tensor:
    """``arg_min``; graphs that are exported have one block."""
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling():
            return _block_arg_min(x, y, offsets, shifts, statistic, link, gamma)
    rows = _block_rows(y, statistic, block_elements)
    blocks: list[Tensor] = []
    for start in range(0, max(1, x.shape[0]), rows):
        part = None if shifts is None else shifts[start : start + rows]
        block = _block_arg_min(x[start : start + rows], y, offsets, part, statistic, link, gamma)
        keep_block(blocks, block, start, x.shape[0])
    return torch.cat(blocks) if len(blocks) > 1 else blocks[0]


def _block_arg_min(
    x: Tensor, y: Tensor, offsets: Tensor, shifts: Tensor | None, statistic: str, link: str, gamma: Tensor
) -> Tensor:
    if statistic == "dot" and link == "scaled":
        # ONNX Runtime would fuse a scalar after the product into it, in single precision.
        values = x @ (-gamma * y).T
    else:
        left, right = align(x, y, statistic, link, gamma)
        values = aligned_kernel(left, right, statistic, link, gamma, gamma, 1.0)
    if shifts is None:
        return (values + offsets).argmin(dim=1)
    return torch.clamp(shifts.unsqueeze(1) + values + offsets, min=0.0).argmin(dim=1)


def _block_rows(y: Tensor, statistic: str, block_elements: int) -> int:
    # Only this statistic forms differences of all the features at once.
    width = y.shape[0] * (y.shape[1] if statistic == "chi_squared" else 1)
    return max(1, block_elements // max(1, width))


def log_sum_exp(x: Tensor) -> Tensor:
    """``log(sum_j exp(x[:, j]))``; minus infinity where all are."""
    largest = x.detach().amax(dim=1, keepdim=True)
    largest = torch.where(largest == -torch.inf, torch.zeros_like(largest), largest)
    return (x - largest).exp().sum(dim=1).log() + largest[:, 0]


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
