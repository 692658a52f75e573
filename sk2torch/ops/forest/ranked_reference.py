"""Trees over ranks in plain torch, from tables in few bytes: what a step looks up is widened, never a table."""

import torch
from torch import Tensor

from sk2torch.ops.forest.reference import MAX_UNROLLED_STEPS, category_code, loop_down


def next_ranked(
    node: Tensor,
    x: Tensor,
    codes: Tensor,
    column: Tensor,
    rank: Tensor,
    left: Tensor,
    right: Tensor,
    category_row: Tensor,
    category_left: Tensor,
    n_trees: int,
) -> Tensor:
    """One step down every tree from ``node``, shape ``(n_samples * n_trees,)``; see ``ranked_nodes``.

    ``codes`` are the ``category_code`` of ``x``; ignored without categories.
    """
    place = column.index_select(0, node).long().reshape(x.shape[0], n_trees)
    value = x.gather(1, place).reshape(-1)
    # False for NaN, which therefore goes right.
    goes_left = value <= rank.index_select(0, node).to(x.dtype)
    if category_row.shape[0] > 0:
        row = category_row.index_select(0, node).long()
        code = codes.gather(1, place).reshape(-1)
        byte = category_left.reshape(-1).index_select(0, category_left.shape[1] * row + code // 8).long()
        bit = (byte // torch.pow(2, code % 8)) % 2 == 1
        # Row 0, of nodes that compare, lists nothing.
        goes_left = bit | (goes_left & (row == 0))
    to_right = right.index_select(0, node).long()
    to_left = left.index_select(0, node).long() if left.shape[0] > 0 else to_right.clamp(max=1)
    return node + torch.where(goes_left, to_left, to_right)


def ranked_nodes(
    x: Tensor,
    column: Tensor,
    rank: Tensor,
    left: Tensor,
    right: Tensor,
    category_row: Tensor,
    category_left: Tensor,
    roots: Tensor,
    depth: int,
) -> Tensor:
    """The leaf of each tree that each row reaches, int64, shape ``(n_samples, n_trees)``; see ``reached_nodes``.

    Args:
        x: ranks and codes of categories, float32, shape ``(n_samples, n_columns)``.
        column: of ``x``, that each node looks at; an integer dtype, as all tables.
        rank: of each node's threshold.
        left: distance of each node's left child, 0 for leaves; empty where it is the next node.
        right: the same of the right child.
        category_row: per node its row of ``category_left``, 0 where it compares; empty where all do.
        category_left: uint8, shape ``(rows, 33)``: bits of the codes, and of missing ones, that go left.
        roots: int64, shape ``(n_trees,)``.
        depth: the largest number of steps from a root to a leaf.
    """
    n_trees = roots.shape[0]
    codes = category_code(x) if category_row.shape[0] > 0 else x
    node = (roots + torch.zeros([x.shape[0], 1], dtype=torch.int64, device=x.device)).reshape(-1)
    if torch.jit.is_scripting():
        for _ in range(depth):
            node = next_ranked(node, x, codes, column, rank, left, right, category_row, category_left, n_trees)
    else:
        arrays = (x, codes, column, rank, left, right, category_row, category_left)
        if depth > MAX_UNROLLED_STEPS and torch.compiler.is_compiling():
            return loop_down(node, depth, next_ranked, arrays, n_trees).reshape(x.shape[0], n_trees)
        for _ in range(depth):
            node = next_ranked(node, *arrays, n_trees)
    return node.reshape(x.shape[0], n_trees)
