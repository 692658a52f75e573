"""The nearest stored rows by compiled code, for processors."""

import ctypes

import torch
from torch import Tensor

from sk2torch.native import KernelMemoryError, kernel, require_shapes, takes_addresses, warn_if_missing
from sk2torch.ops.memo import Memo
from sk2torch.ops.pairwise.distances import Metric
from sk2torch.ops.pairwise.search_tree import SearchOrder, holds_rows
from sk2torch.ops.workspace import workspace_bytes

# The numbers that native/kernels/neighbors_metrics.h has for them.
METRIC_NUMBERS = {
    "euclidean": 0,
    "manhattan": 1,
    "chebyshev": 2,
    "minkowski": 3,
    "seuclidean": 4,
    "canberra": 5,
    "braycurtis": 6,
    "signed_braycurtis": 7,
    "hamming": 8,
    "cosine": 9,
    "correlation": 10,
    "matching": 11,
    "dice": 12,
    "jaccard": 13,
    "rogerstanimoto": 14,
    "russellrao": 15,
    "sokalsneath": 16,
    "nan_euclidean": 17,
}
# Those whose weights are one of each feature.
WEIGHTED = ("minkowski", "seuclidean")
# As in neighbors.c.
_ORDERS = {"index": 0, "heap": 1, "kd_tree": 2, "ball_tree": 3}
_TREES = ("kd_tree", "ball_tree")

_KERNELS = {
    dtype: (f"neighbors_nearest{suffix}", "qqqqqqqdqqqqqqqqqqq")
    for dtype, suffix in ((torch.float64, "_f64"), (torch.float32, "_f32"))
}

# Whether search trees hold their rows.
_known_trees: Memo[bool] = Memo()


def native_nearest(
    x: Tensor,
    rows: Tensor,
    k: int,
    metric: str,
    power: float,
    weights: Tensor,
    order: str,
    leaves: Tensor,
    lower: Tensor,
    upper: Tensor,
) -> tuple[Tensor, Tensor, Tensor | None] | None:
    """Indices as of ``nearest_rows`` and reduced distances; None where compiled code does not apply.

    It meets neither infinity nor NaN: with them come the rows of ``x`` that have too few neighbours without.

    Trees are walked as scikit-learn walks them. Where that takes longer, or without a tree, a product in float32 leaves
    out most rows, by a bound of its error. A tree that is not that of the rows any more, since these were written to,
    is not used: equal distances then come by index. Gradients do not pass.

    Raises:
        KernelMemoryError: no memory for a block of rows.
    """
    if not takes_addresses(x, rows) or x.dtype not in _KERNELS or metric not in METRIC_NUMBERS:
        return None
    if k < 1 or rows.shape[1] == 0:
        return None
    _require_tree(x, rows, k, metric, weights, order, leaves, lower, upper)
    if order in _TREES and not _known_trees.get(
        (rows, leaves, lower, upper, weights),
        (order, metric, power),
        lambda: holds_rows(rows, Metric(metric, power, weights), SearchOrder(order, leaves, lower, upper)),
    ):
        order = "heap"
    function = kernel(*_KERNELS[x.dtype], returns=ctypes.c_int)
    if function is None:
        warn_if_missing()
        return None
    arrays = [array if array.dtype == x.dtype else array.to(x.dtype) for array in (x, rows, weights, lower, upper)]
    arrays = [array if array.is_contiguous() else array.contiguous() for array in arrays]
    leaves = leaves if leaves.is_contiguous() else leaves.contiguous()
    index = torch.empty(x.shape[0], k, dtype=torch.int64)
    values = arrays[0].new_empty(x.shape[0], k)
    status = function(
        *(arrays[0].data_ptr(), x.shape[0], arrays[1].data_ptr(), rows.shape[0], rows.shape[1], k),
        *(METRIC_NUMBERS[metric], power, arrays[2].data_ptr(), _ORDERS[order], leaves.data_ptr(), *leaves.shape),
        *(arrays[3].data_ptr(), arrays[4].data_ptr(), workspace_bytes(), index.data_ptr(), values.data_ptr()),
        torch.get_num_threads(),
    )
    if status == 0:
        raise KernelMemoryError("no memory is left for the search of the nearest rows; give it fewer rows or threads.")
    if status == 2:
        lost = torch.nonzero((values[:, -1] < torch.inf).logical_not())[:, 0]
        return index, values, lost
    return index, values, None


def _require_tree(
    x: Tensor,
    rows: Tensor,
    k: int,
    metric: str,
    weights: Tensor,
    order: str,
    leaves: Tensor,
    lower: Tensor,
    upper: Tensor,
) -> None:
    """Refuse arrays that a search could leave; what is in leaves is for ``NeighborSearch.check_arrays`` to know."""
    m, d = rows.shape
    require_shapes((x, (x.shape[0], d)))
    if k > m:
        raise ValueError(f"expected at most {m} neighbours, got {k}.")
    if metric in WEIGHTED:
        require_shapes((weights, (d,)))
    if order in _TREES:
        n_leaves, width = leaves.shape
        n_nodes = 2 * n_leaves - 1
        require_shapes((leaves, (n_leaves, width)), (lower, (max(n_nodes, lower.shape[0]), d)))
        require_shapes((upper, (lower.shape[0], d if order == "kd_tree" else 1)))
