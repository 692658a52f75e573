"""Solving many small systems of linear equations."""

import torch
from torch import Tensor

from sk2torch.ops.loops import graph_loop


def solve_positive(matrix: Tensor, right: Tensor) -> Tensor:
    """``matrix^-1 right`` for positive definite matrices, by elimination without pivoting.

    In operations that ONNX has, too.

    Args:
        matrix: shape ``(n, k, k)``.
        right: shape ``(n, k)``.

    Returns:
        shape ``(n, k)``.
    """
    k = matrix.shape[1]
    system = torch.cat([matrix, right.unsqueeze(2)], dim=2)
    index = torch.arange(k, device=matrix.device)
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling() and k > 8:
            return _loop(system)[:, :, k]
    for step in range(k):
        system = _eliminated(system, index[step : step + 1])
    return system[:, :, k]


def _eliminated(system: Tensor, step: Tensor) -> Tensor:
    """Solve equation ``step`` for its unknown, and take that out of all others."""
    row, column = system.index_select(1, step), system.index_select(2, step)
    row = row / column.index_select(1, step)
    is_own = (torch.arange(system.shape[1], device=system.device) == step).unsqueeze(1)
    return torch.where(is_own, row, system - column * row)


def _loop(system: Tensor) -> Tensor:
    """The elimination as one loop of a graph."""
    k = system.shape[1]
    if torch.compiler.is_exporting():
        # An exported loop has no gradient, and is not to be asked for one.
        system = system.detach()

    def unfinished(step: Tensor, system: Tensor) -> Tensor:
        return step[0] < k

    def advance(step: Tensor, system: Tensor) -> tuple[Tensor, ...]:
        return step + 1, _eliminated(system, step)

    start = torch.zeros(1, dtype=torch.int64, device=system.device)
    return graph_loop(unfinished, advance, (start, system))[1]
