"""Forest evaluation by the fastest back end: C on a CPU, Triton on CUDA, else plain torch in bounded memory."""

import torch
from torch import Tensor

from sk2torch.native import takes_addresses, warn_if_missing
from sk2torch.ops.answering import has_triton
from sk2torch.ops.forest.arrays import TreeArrays
from sk2torch.ops.forest.native import native_leaves, native_sums
from sk2torch.ops.forest.packed import PackedForest, packed_forest
from sk2torch.ops.forest.reference import reached_nodes, sequential_sum
from sk2torch.ops.forest.tiles import compared_columns, takes_tiles, tiled_leaves, tiled_sums

FLOATS = (torch.float32, torch.float64)


def rows_at_a_time(n_trees: int, is_cuda: bool) -> int:
    """How many rows torch evaluates together: as many as bound memory, and on a CPU fit its cache."""
    return max(1, (8388608 if is_cuda else 65536) // n_trees)


def direct_sums(
    x: Tensor, trees: TreeArrays, values: Tensor, start: Tensor | None, n_groups: int, divisor: int
) -> Tensor | None:
    """``forest_sums / divisor`` by a kernel, without an operator, where nothing has to see one; else None.

    The short way for few rows. ``start`` broadcasts to the shape of the result; None for zeros.
    """
    if torch.is_grad_enabled() and (values.requires_grad or (start is not None and start.requires_grad)):
        return None
    if not takes_addresses(x, trees.feature, values, values if start is None else start):
        return None
    if x.dtype not in FLOATS or values.dtype not in FLOATS or (x if start is None else start).dtype != values.dtype:
        return None
    if start is not None and start.shape != (1, n_groups * values.shape[1]):
        start = start.expand(x.shape[0], n_groups * values.shape[1])
    packed = packed_forest(x.shape[1], trees) if trees.threshold.dtype in FLOATS else None
    return None if packed is None else native_sums(packed, x, values, start, n_groups, divisor)


def forest_leaves(x: Tensor, trees: TreeArrays, depth: int, copies: bool) -> Tensor:
    """The leaf of each tree that each row reaches, int64, shape ``(n_samples, n_trees)``.

    Args:
        x: shape ``(n_samples, n_features)``.
        trees: of every node.
        depth: the largest number of steps from a root to a leaf.
        copies: some features are copies.
    """
    packed = _packed(x, trees)
    if packed is not None:
        return native_leaves(packed, x)
    if x.is_cuda and has_triton():
        from sk2torch.ops.forest.triton_kernel import triton_leaves

        return triton_leaves(x, trees, copies)
    if takes_tiles(x, trees.roots.shape[0], trees.feature.shape[0]):
        return tiled_leaves(x, trees, depth, copies)
    parts = x.split(rows_at_a_time(trees.roots.shape[0], x.is_cuda))
    return torch.cat([_reference(part, trees, depth, copies) for part in parts])


def forest_sums(
    x: Tensor, trees: TreeArrays, depth: int, copies: bool, values: Tensor, start: Tensor, n_groups: int
) -> Tensor:
    """``start + sum_t values[leaf_t(x)]`` in the order of the trees; shape ``(n_samples, n_groups * n_values)``.

    Args:
        x: shape ``(n_samples, n_features)``.
        trees: of every node.
        depth: the largest number of steps from a root to a leaf.
        copies: some features are copies.
        values: shape ``(n_nodes, n_values)``.
        start: of the shape of the result.
        n_groups: trees take turns in adding to the groups.
    """
    if values.dtype == start.dtype and values.dtype in FLOATS:
        packed = _packed(x, trees)
        if packed is not None:
            return native_sums(packed, x, values, start, n_groups, 1)
        if x.is_cuda and has_triton():
            from sk2torch.ops.forest.triton_kernel import triton_sums

            return triton_sums(x, trees, copies, values, start, n_groups)
    if takes_tiles(x, trees.roots.shape[0], trees.feature.shape[0]):
        return tiled_sums(x, trees, depth, copies, values, start, n_groups)
    rows = rows_at_a_time(trees.roots.shape[0], x.is_cuda)
    parts = zip(x.split(rows), start.split(rows), strict=True)
    return torch.cat([grouped_sum(values, _reference(a, trees, depth, copies), b, n_groups) for a, b in parts])


def values_gradient(x: Tensor, trees: TreeArrays, depth: int, copies: bool, gradient: Tensor, n_groups: int) -> Tensor:
    """What ``forest_sums`` passes back to the values: shape ``(n_nodes, n_values)``.

    Args:
        x: shape ``(n_samples, n_features)``.
        trees: of every node.
        depth: the largest number of steps from a root to a leaf.
        copies: some features are copies.
        gradient: of the sums, shape ``(n_samples, n_groups * n_values)``.
        n_groups: trees take turns in adding to the groups.
    """
    n_trees, n_values = trees.roots.shape[0], gradient.shape[1] // n_groups
    result = gradient.new_zeros([trees.feature.shape[0], n_values])
    rows = max(1, rows_at_a_time(n_trees, x.is_cuda) // n_values)
    for part, passed in zip(x.split(rows), gradient.split(rows), strict=True):
        leaf = forest_leaves(part, trees, depth, copies)
        terms = passed.reshape(-1, 1, n_groups, n_values).expand(-1, n_trees // n_groups, -1, -1)
        result.index_add_(0, leaf.reshape(-1), terms.reshape(-1, n_values))
    return result


def grouped_sum(values: Tensor, leaf: Tensor, start: Tensor, n_groups: int) -> Tensor:
    """``sequential_sum`` where trees take turns in adding to ``n_groups`` sums, side by side in ``start``."""
    if n_groups == 1:
        return sequential_sum(values, leaf, start)
    # A row per sample and group.
    rounds = leaf.shape[1] // n_groups
    leaf = leaf.reshape(-1, rounds, n_groups).transpose(1, 2).reshape(-1, rounds)
    total = sequential_sum(values, leaf, start.reshape(-1, values.shape[1]))
    return total.reshape(start.shape)


def _packed(x: Tensor, trees: TreeArrays) -> PackedForest | None:
    if not takes_addresses(x, trees.feature) or x.dtype not in FLOATS or trees.threshold.dtype not in FLOATS:
        return None
    packed = packed_forest(x.shape[1], trees)
    if packed is None:
        warn_if_missing()
    return packed


def _reference(x: Tensor, trees: TreeArrays, depth: int, copies: bool) -> Tensor:
    x = compared_columns(x, trees.threshold.dtype, copies)
    return reached_nodes(x, *trees, depth, trees.category_row.shape[0] > 0)
