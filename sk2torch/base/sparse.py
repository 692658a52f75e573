"""Sparse CSR tensors, which text becomes: to and from scipy, and by blocks of rows."""

import importlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sk2torch.base.errors import MissingDependency
from sk2torch.functional.sparse import csr_tensor


def to_scipy(tensor: Tensor) -> Any:
    """A CSR tensor as a ``scipy.sparse.csr_matrix``; explicit zeros stay.

    Raises:
        MissingDependency: scipy is not installed.
    """
    try:
        sparse = importlib.import_module("scipy.sparse")
    except ImportError as error:
        raise MissingDependency("this model's result is a sparse matrix; install scipy.") from error
    tensor = tensor.detach().cpu()
    parts = (tensor.values().numpy(), tensor.col_indices().numpy(), tensor.crow_indices().numpy())
    return sparse.csr_matrix(parts, shape=tuple(tensor.shape))


def from_scipy(matrix: Any, like: Tensor) -> Tensor:
    """A scipy sparse matrix as a CSR tensor with the dtype and device of ``like``."""
    matrix = matrix.tocsr()
    # Copies: what transforms nothing must not hand the caller's own arrays on.
    starts, columns = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64)
    return as_csr(starts, columns, matrix.data.astype(np.float64), matrix.shape[1], like)


def as_csr(starts: Any, columns: Any, values: Any, n_columns: int, like: Tensor) -> Tensor:
    """A CSR tensor with the dtype and device of ``like`` out of numpy arrays, which it may share."""
    integers = (torch.from_numpy(part.astype(np.int64, copy=False)) for part in (starts, columns))
    numbers = torch.from_numpy(values.astype(np.float64, copy=False))
    if not like.is_cpu:
        integers, numbers = (part.to(like.device) for part in integers), numbers.to(like.device)
    return csr_tensor(*integers, numbers if like.dtype == torch.float64 else numbers.to(like.dtype), n_columns)


def row_blocks(x: Tensor, size: int) -> Iterator[Tensor]:
    """``x`` in blocks of at most ``size`` rows; one empty block where there are no rows."""
    if x.shape[0] <= size:
        yield x
        return
    if not x.is_sparse_csr:
        yield from x.split(size)
        return
    starts, columns, values = x.crow_indices(), x.col_indices(), x.values()
    for first in range(0, x.shape[0], size):
        bounds = starts[first : first + size + 1]
        low, high = int(bounds[0]), int(bounds[-1])
        shape = (len(bounds) - 1, x.shape[1])
        yield torch.sparse_csr_tensor(bounds - low, columns[low:high], values[low:high], shape, check_invariants=False)


def joined(blocks: list[Tensor], dim: int) -> Tensor:
    """Results of blocks as one tensor; sparse ones are joined by rows."""
    if len(blocks) == 1 or not blocks[0].is_sparse_csr:
        return torch.cat(blocks, dim=dim) if len(blocks) > 1 else blocks[0]
    counts = torch.cat([block.crow_indices().diff() for block in blocks])
    starts = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
    columns = torch.cat([block.col_indices() for block in blocks])
    values = torch.cat([block.values() for block in blocks])
    return torch.sparse_csr_tensor(starts, columns, values, (len(counts), blocks[0].shape[1]), check_invariants=False)
