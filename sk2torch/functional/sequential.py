"""Sums whose order of addition is fixed, for where the smallest difference decides."""

import torch
from torch import Tensor

from sk2torch.ops.layout import selected


def sequential_product(left: Tensor, right: Tensor) -> Tensor:
    """``left @ right.T``, added from the first column to the last; shape ``(n, m)``.

    Args:
        left: shape ``(n, k)``.
        right: shape ``(m, k)``.
    """
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling():
            return selected((left.unsqueeze(1) * right).cumsum(dim=2), 2, -1)
    total = left[:, :1] * right[:, 0]
    for k in range(1, right.shape[1]):
        total = total + left[:, k : k + 1] * right[:, k]
    return total
