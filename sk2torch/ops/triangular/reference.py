"""Triangular systems in plain torch."""

import math

import torch
from torch import Tensor

_SMALLEST_BLOCK = 32
_MOST_BLOCKS = 12


def diagonal_inverses(lower: Tensor) -> Tensor:
    """Inverses of the diagonal blocks of a lower triangular matrix; shape ``(n_blocks, size, size)``.

    The last block is filled up with the identity.
    """
    n = lower.shape[0]
    size = min(max(n, 1), max(_SMALLEST_BLOCK, math.ceil(n / _MOST_BLOCKS)))
    n_blocks = max(1, math.ceil(n / size))
    identity = torch.eye(size, dtype=lower.dtype, device=lower.device)
    blocks = identity.repeat(n_blocks, 1, 1)
    for k in range(n_blocks):
        start, stop = k * size, min(n, (k + 1) * size)
        blocks[k, : stop - start, : stop - start] = lower[start:stop, start:stop]
    return torch.linalg.solve_triangular(blocks, identity, upper=False)


def solve_rows(lower: Tensor, inverses: Tensor, right: Tensor) -> Tensor:
    """The rows ``v`` with ``lower v = b`` for each row ``b`` of ``right``; shape ``(n, m)``.

    Args:
        lower: lower triangular, shape ``(m, m)``.
        inverses: ``diagonal_inverses(lower)``.
        right: shape ``(n, m)``.
    """
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_exporting():
            return _substitute(lower, inverses, right)
    return torch.linalg.solve_triangular(lower, right.T, upper=False).T


def _substitute(lower: Tensor, inverses: Tensor, right: Tensor) -> Tensor:
    size, m = inverses.shape[1], lower.shape[0]
    solved = right[:, :0]
    for k in range(inverses.shape[0]):
        start, stop = k * size, min(m, (k + 1) * size)
        rest = right[:, start:stop]
        if start > 0:
            rest = rest - solved @ lower[start:stop, :start].T
        block = lower[start:stop, start:stop].T
        inverse = inverses[k, : stop - start, : stop - start].T
        # One step of refinement: what an inverse loses where the block is badly conditioned.
        part = rest @ inverse
        part = part + (rest - part @ block) @ inverse
        solved = part if start == 0 else torch.cat([solved, part], dim=1)
    return solved
