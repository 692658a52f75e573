"""Forest evaluation on CUDA: a program per block of rows walks the trees in their order, its sums in registers.

Import only where triton is installed.
"""

import torch
import triton  # pyright: ignore[reportMissingImports]
import triton.language as tl  # pyright: ignore[reportMissingImports]
from torch import Tensor

from sk2torch.ops.forest.arrays import TreeArrays
from sk2torch.ops.memo import Memo

_ROWS = 128
_MAX_VALUES = 32


@triton.jit
def _reached_leaf(
    x,
    row,
    in_range,
    root,
    nodes,
    threshold,
    category_left,
    n_features,
    HAS_COPIES: tl.constexpr,
    HAS_CATEGORIES: tl.constexpr,
    ROWS: tl.constexpr,
):
    """The node arrays' position of the leaf that each row reaches from ``root``."""
    node = tl.zeros([ROWS], dtype=tl.int32) + root
    unfinished = True
    while unfinished:
        column = tl.load(nodes + 4 * node)
        limit = tl.load(threshold + node)
        if HAS_COPIES:
            is_copy = column >= n_features
            column = tl.where(is_copy, column - n_features, column)
        value = tl.load(x + row * n_features + column, mask=in_range, other=0.0).to(limit.dtype)
        if HAS_COPIES:
            value = tl.where(is_copy & (value != value), -float("inf"), value)
        goes_left = value <= limit
        if HAS_CATEGORIES:
            table = tl.load(nodes + 4 * node + 3)
            is_code = value >= 0
            small = tl.where(is_code & (value < 2147483648.0), value, 0.0).to(tl.int64) % 256
            code = tl.where(is_code, small, 256)
            listed = tl.load(category_left + table.to(tl.int64) * 257 + code) != 0
            goes_left = listed | (goes_left & (table == 0))
        following = tl.load(nodes + 4 * node + tl.where(goes_left, 1, 2))
        unfinished = tl.max((following != node).to(tl.int32), axis=0) > 0  # pyright: ignore[reportOperatorIssue]
        node = following
    return node


@triton.jit
def _leaves_kernel(
    x,
    nodes,
    threshold,
    category_left,
    roots,
    leaves,
    n_rows,
    n_features,
    n_trees,
    HAS_COPIES: tl.constexpr,
    HAS_CATEGORIES: tl.constexpr,
    ROWS: tl.constexpr,
):
    row = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)
    tree = tl.program_id(1)
    in_range = row < n_rows
    root = tl.load(roots + tree)
    node = _reached_leaf(
        x, row, in_range, root, nodes, threshold, category_left, n_features, HAS_COPIES, HAS_CATEGORIES, ROWS
    )
    tl.store(leaves + row * n_trees + tree, node.to(tl.int64), mask=in_range)


@triton.jit
def _sums_kernel(
    x,
    nodes,
    threshold,
    category_left,
    roots,
    values,
    start,
    sums,
    n_rows,
    n_features,
    n_trees,
    n_values,
    n_groups,
    HAS_COPIES: tl.constexpr,
    HAS_CATEGORIES: tl.constexpr,
    ROWS: tl.constexpr,
    VALUES: tl.constexpr,
):
    row = tl.program_id(0).to(tl.int64) * ROWS + tl.arange(0, ROWS)
    group = tl.program_id(1)
    value = tl.program_id(2) * VALUES + tl.arange(0, VALUES)
    in_range = row < n_rows
    wanted = in_range[:, None] & (value < n_values)[None, :]
    place = row[:, None] * (n_groups * n_values) + (group * n_values + value)[None, :]
    total = tl.load(start + place, mask=wanted, other=0.0)
    tree = group
    while tree < n_trees:
        root = tl.load(roots + tree)
        node = _reached_leaf(
            x, row, in_range, root, nodes, threshold, category_left, n_features, HAS_COPIES, HAS_CATEGORIES, ROWS
        )
        offset = node.to(tl.int64)[:, None] * n_values + value[None, :]
        total += tl.load(values + offset, mask=wanted, other=0.0)
        tree += n_groups
    tl.store(sums + place, total, mask=wanted)


def triton_leaves(x: Tensor, trees: TreeArrays, copies: bool) -> Tensor:
    """See ``forest_leaves``."""
    x = x.contiguous()
    n_trees = trees.roots.shape[0]
    leaves = torch.empty([x.shape[0], n_trees], dtype=torch.int64, device=x.device)
    if leaves.numel() > 0:
        grid = (triton.cdiv(x.shape[0], _ROWS), n_trees)
        _leaves_kernel[grid](
            x, *_device_arrays(trees), leaves, x.shape[0], x.shape[1], n_trees, copies, _has_categories(trees), _ROWS
        )
    return leaves


def triton_sums(x: Tensor, trees: TreeArrays, copies: bool, values: Tensor, start: Tensor, n_groups: int) -> Tensor:
    """See ``forest_sums``."""
    x, values, start = x.contiguous(), values.contiguous(), start.contiguous()
    sums = torch.empty_like(start)
    n_values = values.shape[1]
    block = min(_MAX_VALUES, triton.next_power_of_2(n_values))
    if sums.numel() > 0:
        grid = (triton.cdiv(x.shape[0], _ROWS), n_groups, triton.cdiv(n_values, block))
        _sums_kernel[grid](
            x,
            *_device_arrays(trees),
            values,
            start,
            sums,
            x.shape[0],
            x.shape[1],
            trees.roots.shape[0],
            n_values,
            n_groups,
            copies,
            _has_categories(trees),
            _ROWS,
            block,
        )
    return sums


def _has_categories(trees: TreeArrays) -> bool:
    return trees.category_row.shape[0] > 0


def _pack(trees: TreeArrays) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Column, children and category table of each node side by side; thresholds, tables and roots as they are read."""
    row = trees.category_row if _has_categories(trees) else torch.zeros_like(trees.feature)
    nodes = torch.stack([trees.feature, trees.children[::2], trees.children[1::2], row], dim=1)
    # One table at least, so that there is something to point to.
    tables = trees.category_left if _has_categories(trees) else trees.category_left.new_zeros(1)
    return nodes.int().contiguous(), trees.threshold.contiguous(), tables.to(torch.uint8), trees.roots.int()


_device_forests: Memo[tuple[Tensor, Tensor, Tensor, Tensor]] = Memo()


def _device_arrays(trees: TreeArrays) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    return _device_forests.get(trees, None, lambda: _pack(trees))
