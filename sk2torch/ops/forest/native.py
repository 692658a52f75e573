"""Forest evaluation by the C kernels."""

import torch
from torch import Tensor

from sk2torch.native import KernelMemoryError
from sk2torch.ops.forest.packed import PackedForest


def native_leaves(packed: PackedForest, x: Tensor) -> Tensor:
    """``reached_nodes`` of a packed forest; ``x`` is float32 or float64, on the CPU.

    Raises:
        KernelMemoryError: there is no room for the workspace.
    """
    x = x.contiguous()
    n = x.shape[0]
    leaf = torch.empty([n, packed.structure.n_trees], dtype=torch.int64)
    is_double = x.dtype == torch.float64
    _check(packed.leaves(packed.address, x.data_ptr(), is_double, n, leaf.data_ptr(), torch.get_num_threads()))
    return leaf


def native_sums(
    packed: PackedForest, x: Tensor, values: Tensor, start: Tensor | None, n_groups: int, divisor: int
) -> Tensor:
    """``start`` and the values of the leaves, tree by tree, divided; both are float32 or both float64.

    Args:
        packed: the trees.
        x: float32 or float64, on the CPU, shape ``(n_samples, n_features)``.
        values: shape ``(n_nodes, n_values)``.
        start: shape ``(n_samples, n_groups * n_values)`` or one row of that, of any strides; None for zeros.
        n_groups: trees take turns in adding to the groups.
        divisor: of the sums.

    Raises:
        ValueError: the shapes do not fit.
        KernelMemoryError: there is no room for the workspace.
    """
    n, n_values = x.shape[0], values.shape[1]
    width = n_groups * n_values
    if values.shape[0] != packed.n_nodes or (start is not None and start.shape not in ((n, width), (1, width))):
        raise ValueError("the values of a forest do not fit its nodes.")
    x, values = x.contiguous(), values.contiguous()
    sums = torch.empty([n, width], dtype=values.dtype)
    failed = packed.sums(
        packed.address,
        x.data_ptr(),
        x.dtype == torch.float64,
        n,
        values.data_ptr(),
        values.dtype == torch.float64,
        n_values,
        n_groups,
        0 if start is None else start.data_ptr(),
        *((0, 0) if start is None else _broadcast_strides(start, n)),
        divisor,
        sums.data_ptr(),
        torch.get_num_threads(),
    )
    _check(failed)
    return sums


def _broadcast_strides(start: Tensor, n: int) -> tuple[int, int]:
    by_row, by_column = start.stride()
    return (by_row if start.shape[0] == n else 0), by_column


def _check(failed: int) -> None:
    if failed:
        raise KernelMemoryError("no memory is left for the workspace of a forest; give it fewer columns or threads.")
