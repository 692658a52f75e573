"""What callers use: one function a reduction, which chooses how it is computed.

In eager mode and compiled graphs an operator of torch (``operator``) answers; TorchScript, exported graphs and
transforms of functions (``torch.func``, forward-mode gradients) have the formula in plain torch.
"""

import torch
from torch import Tensor

from sk2torch.ops.answering import takes_operators
from sk2torch.ops.pairwise import operator
from sk2torch.ops.pairwise.native_few import few_sums
from sk2torch.ops.pairwise.reference import blocked_arg_min, blocked_log_sum, blocked_sum
from sk2torch.ops.pairwise.statistics import LINKS, STATISTICS, align_outside, kernel_values


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
    constants: Tensor | None = None,
) -> Tensor:
    """``sum_{j in group g} weights[r, j] k(x_i, y_j) + constants[g, r]`` with ``k = link(statistic)``.

    Memory beyond the result is bounded; an exported graph has one block. A sum of products is one product with the
    summed rows.

    Args:
        x: shape ``(n, n_features)``.
        y: shape ``(m, n_features)``, the rows of a group side by side.
        weights: shape ``(n_weights, m)``.
        sizes: number of rows of each group; their sum is ``m``.
        statistic: one of ``STATISTICS``.
        link: one of ``LINKS``; with ``gamma``, ``coef0`` and ``degree`` as in ``kernel_values``.
        constants: shape ``(n_groups * n_weights,)``; None for zeros.

    Returns:
        shape ``(n, n_groups * n_weights)``, all weights of the first group first.
    """
    if not torch.jit.is_scripting():
        found = few_sums(x, y, weights, sizes, statistic, link, gamma, coef0, degree, constants)
        if found is not None:
            return found
    sums = _sums(x, y, weights, sizes, statistic, link, gamma, coef0, degree)
    return sums if constants is None else sums + constants


def _sums(
    x: Tensor,
    y: Tensor,
    weights: Tensor,
    sizes: list[int],
    statistic: str,
    link: str,
    gamma: Tensor,
    coef0: Tensor,
    degree: float,
) -> Tensor:
    if link == "identity" and (statistic == "dot" or statistic == "cosine"):
        left, right, _ = align_outside(x, y, statistic)
        return left @ _summed_rows(right, weights, sizes).T
    if not torch.jit.is_scripting():  # noqa: SIM102
        if takes_operators():
            _check_names(statistic, link)
            left, right, statistic = align_outside(x, y, statistic)
            answer = (
                operator.pairwise_sum if _is_recorded(left, right, weights, gamma, coef0) else operator.sum_of_pairs
            )
            return answer(left, right, weights, sizes, statistic, link, gamma, coef0, degree)
    return blocked_sum(x, y, weights, sizes, statistic, link, gamma, coef0, degree)


def _summed_rows(y: Tensor, weights: Tensor, sizes: list[int]) -> Tensor:
    """``sum_{j in group g} weights[r, j] y_j``; shape ``(n_groups * n_weights, n_features)``."""
    sums: list[Tensor] = []
    start = 0
    for size in sizes:
        sums.append(weights[:, start : start + size] @ y[start : start + size])
        start += size
    return torch.cat(sums) if len(sums) > 1 else sums[0]


def pairwise_kernel(
    x: Tensor, y: Tensor, statistic: str, link: str, gamma: Tensor, coef0: Tensor, degree: float
) -> Tensor:
    """A link of a statistic of each pair of rows, shape ``(n, m)``; see ``kernel_values``."""
    if not torch.jit.is_scripting():  # noqa: SIM102
        if takes_operators():
            _check_names(statistic, link)
            left, right, statistic = align_outside(x, y, statistic)
            answer = operator.pairwise_values if _is_recorded(left, right, gamma, coef0) else operator.values_of_pairs
            return answer(left, right, statistic, link, gamma, coef0, degree)
    return kernel_values(x, y, statistic, link, gamma, coef0, degree)


def log_sum(x: Tensor, y: Tensor, offsets: Tensor, statistic: str, link: str, gamma: Tensor) -> Tensor:
    """``log sum_j exp(k(x_i, y_j) + offsets[j])``, shape ``(n,)``; minus infinity where no term is above it.

    Args:
        x: shape ``(n, n_features)``.
        y: shape ``(m, n_features)``.
        offsets: shape ``(m,)``.
        statistic: one of ``STATISTICS``.
        link: ``scaled`` or ``scaled_root``.
        gamma: scalar tensor.
    """
    if not torch.jit.is_scripting():  # noqa: SIM102
        if takes_operators():
            _check_names(statistic, link)
            left, right, statistic = align_outside(x, y, statistic)
            answer = (
                operator.pairwise_log_sum if _is_recorded(left, right, offsets, gamma) else operator.log_sum_of_pairs
            )
            return answer(left, right, offsets, statistic, link, gamma)
    return blocked_log_sum(x, y, offsets, statistic, link, gamma)


def arg_min(
    x: Tensor, y: Tensor, offsets: Tensor, shifts: Tensor | None, statistic: str, link: str, gamma: Tensor
) -> Tensor:
    """The first ``j`` of the smallest ``k(x_i, y_j) + offsets[j]`` or ``max(0, shifts[i] + k(x_i, y_j) + offsets[j])``.

    Args:
        x: shape ``(n, n_features)``.
        y: shape ``(m, n_features)``.
        offsets: shape ``(m,)``.
        shifts: shape ``(n,)`` or None.
        statistic: one of ``STATISTICS``.
        link: ``scaled``, ``identity`` or ``negation``.
        gamma: scalar tensor.

    Returns:
        int64, shape ``(n,)``.
    """
    if not torch.jit.is_scripting():  # noqa: SIM102
        if takes_operators():
            _check_names(statistic, link)
            left, right, statistic = align_outside(x.detach(), y.detach(), statistic)
            shifts = None if shifts is None else shifts.detach()
            answer = operator.pairwise_arg_min if torch.compiler.is_compiling() else operator.least_of_pairs
            return answer(left, right, offsets.detach(), shifts, statistic, link, gamma.detach())
    return blocked_arg_min(x, y, offsets, shifts, statistic, link, gamma)


def _is_recorded(*inputs: Tensor) -> bool:
    """Whether the dispatcher has to see the call: for gradients, or for a graph."""
    if torch.compiler.is_compiling():
        return True
    return torch.is_grad_enabled() and any(tensor.requires_grad for tensor in inputs)


def _check_names(statistic: str, link: str) -> None:
    if statistic not in STATISTICS:
        raise ValueError(f"unknown statistic {statistic}")
    if link not in LINKS:
        raise ValueError(f"unknown link {link}")
