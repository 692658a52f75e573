"""Forest evaluation by the C kernels."""

import ctypes

import torch
from torch import Tensor

from sk2torch.native import kernel
from sk2torch.ops.forest.packed import PackedForest

_POINTER, _LONG, _INT = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int
_LEAVES = (_POINTER, _POINTER, _INT, _LONG, _POINTER, _INT)
_SUMS = (_POINTER, _POINTER, _INT, _LONG, _POINTER, _INT, _LONG, _LONG, _POINTER, _INT)


def native_leaves(packed: PackedForest, x: Tensor) -> Tensor:
    """``reached_nodes`` of a packed forest; ``x`` is float32 or float64, on the CPU."""
    x = x.contiguous()
    leaf = torch.empty([x.shape[0], packed.structure.n_trees], dtype=torch.int64)
    function = kernel("forest_leaves", *_LEAVES)
    assert function is not None
    is_double = int(x.dtype == torch.float64)
    function(packed.address, x.data_ptr(), is_double, x.shape[0], leaf.data_ptr(), torch.get_num_threads())
    return leaf


def native_sums(packed: PackedForest, x: Tensor, values: Tensor, start: Tensor, n_groups: int) -> Tensor:
    """``start`` and the values of the leaves, tree by tree; values and start are both float32 or both float64.

    Args:
        packed: the trees.
        x: float32 or float64, on the CPU, shape ``(n_samples, n_features)``.
        values: shape ``(n_nodes, n_values)``.
        start: shape ``(n_samples, n_groups * n_values)``.
        n_groups: trees take turns in adding to the groups.
    """
    x, values = x.contiguous(), values.contiguous()
    sums = torch.empty(start.shape, dtype=start.dtype).copy_(start)
    function = kernel("forest_sums", *_SUMS)
    assert function is not None
    function(
        packed.address,
        x.data_ptr(),
        int(x.dtype == torch.float64),
        x.shape[0],
        values.data_ptr(),
        int(values.dtype == torch.float64),
        values.shape[1],
        n_groups,
        sums.data_ptr(),
        torch.get_num_threads(),
    )
    return sums
