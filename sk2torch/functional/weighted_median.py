"""The weighted median of several answers."""

import torch
from torch import Tensor


def weighted_median(values: Tensor, weights: Tensor) -> Tensor:
    """The smallest value whose cumulative weight, in ascending order, reaches half of the total; shape ``(n,)``.

    Args:
        values: shape ``(n, n_values)``.
        weights: not below zero, shape ``(n_values,)``.
    """
    ordered, order = torch.sort(values, dim=1)
    share = weights.index_select(0, order.reshape(-1)).reshape(values.shape).cumsum(dim=1)
    before = (share < 0.5 * share[:, -1:]).long().sum(dim=1, keepdim=True)
    return ordered.gather(1, before)[:, 0]


def staged_weighted_median(values: Tensor, weights: Tensor) -> Tensor:
    """``weighted_median`` of the first value, of the first two, and so on: shape ``(n_values, n)``."""
    n_values = weights.shape[0]
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling():
            return _all_stages(values, weights)
    stages = [weighted_median(values[:, :count], weights[:count]) for count in range(1, n_values + 1)]
    return torch.stack(stages)


def _all_stages(values: Tensor, weights: Tensor) -> Tensor:
    """All stages from one sort: values of later stages weigh nothing."""
    n, n_values = values.shape[0], weights.shape[0]
    ordered, order = torch.sort(values, dim=1)
    weight = weights.index_select(0, order.reshape(-1)).reshape(n, n_values)
    stage = torch.arange(n_values, device=values.device).reshape(-1, 1, 1)
    share = torch.where(order <= stage, weight, torch.zeros_like(weight)).cumsum(dim=2)
    before = (share < 0.5 * share[:, :, -1:]).long().sum(dim=2)
    return ordered.gather(1, before.transpose(0, 1)).transpose(0, 1)
