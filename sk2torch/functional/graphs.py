"""Neighbour graphs: sparse in eager mode and TorchScript, dense in compiled and exported graphs.

Sparse ones carry no gradients.
"""

import torch
from torch import Tensor

from sk2torch.functional.sparse import csr_tensor


def row_graph(values: Tensor, index: Tensor, n_columns: int) -> Tensor:
    """A matrix with ``values[i, j]`` at ``(i, index[i, j])``; shape ``(n, n_columns)``.

    Args:
        values: shape ``(n, k)``.
        index: int64, different ones in each row, shape ``(n, k)``.
        n_columns: number of columns.
    """
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling():
            empty = values.new_zeros([values.shape[0], n_columns])
            return empty.scatter(1, index, values)
    index, order = torch.sort(index, dim=1)
    k = index.shape[1]
    starts = torch.arange(0, k * (index.shape[0] + 1), k, device=index.device)
    values = values.detach().gather(1, order).reshape(-1)
    return csr_tensor(starts, index.reshape(-1), values, n_columns)


def ragged_graph(values: Tensor, index: Tensor, counts: Tensor, n_columns: int) -> Tensor:
    """A sparse matrix with the next ``counts[i]`` of ``values`` in row ``i`` at the columns ``index``.

    Args:
        values: shape ``(counts.sum(),)``.
        index: int64, columns, of the same shape.
        counts: int64, shape ``(n,)``.
        n_columns: number of columns.
    """
    row = torch.repeat_interleave(torch.arange(counts.shape[0], device=counts.device), counts)
    order = torch.sort(row * n_columns + index)[1]
    starts = torch.cat([counts.new_zeros([1]), counts.cumsum(0)])
    return csr_tensor(starts, index[order], values.detach()[order], n_columns)
