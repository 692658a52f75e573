"""Forest evaluation in plain torch on a CPU, by tiles of trees and rows that stay in cache: eager and TorchScript.

The first levels of a tile compare every row with every node, which takes no look-ups, and choose among the results
bit by bit. Below, a step looks up three numbers: a value, a threshold and a *word*, which holds the next node and where
its column begins. Rows that have arrived leave the tile.
"""

import torch
from torch import Tensor

from sk2torch.ops.forest.arrays import TreeArrays
from sk2torch.ops.forest.reference import category_code


def takes_tiles(x: Tensor, n_trees: int, n_nodes: int) -> bool:
    """Whether tiles pay: words are made in each call, of all nodes."""
    return not x.is_cuda and x.shape[0] * n_trees >= max(n_nodes, 256)


def dense_levels(depth: int) -> int:
    """Levels that compare every row with every node: a fourth would take as long as a step of look-ups."""
    return min(3, depth)


def rows_of_tiles(n_rows: int, n_columns: int) -> int:
    """Rows of each tile, all but the last of which are full."""
    most = max(1, min(4096, 4194304 // max(1, n_columns)))
    n_tiles = max(1, (n_rows + most - 1) // most)
    return max(1, (n_rows + n_tiles - 1) // n_tiles)


def trees_of_tiles(n_rows: int) -> int:
    """Trees of each tile of so many rows."""
    return max(1, 65536 // n_rows)


def compared_columns(x: Tensor, dtype: torch.dtype, copies: bool) -> Tensor:
    """``x`` as trees compare it, with the columns for nodes where NaN goes left if there are such."""
    # Not back to float64 after: compilers remove pairs of conversions, and with it the rounding.
    x = x.to(dtype)
    if copies:
        x = torch.cat([x, torch.where(x.isnan(), torch.full_like(x, -float("inf")), x)], dim=1)
    return x


def tile_columns(x: Tensor, dtype: torch.dtype, copies: bool, n_rows: int) -> Tensor:
    """Columns of a tile, a row each, with zeros up to ``n_rows``: shape ``(n_columns, n_rows)``."""
    return torch.nn.functional.pad(compared_columns(x, dtype, copies).t(), [0, n_rows - x.shape[0]]).contiguous()


def child_words(trees: TreeArrays, n_rows: int) -> Tensor:
    """Of each child the node, and in the upper half where its column begins in a tile of so many rows; int64."""
    return trees.children + ((trees.feature * n_rows) << 32).index_select(0, trees.children)


def goes_right(
    value: Tensor, code: Tensor, node: Tensor, threshold: Tensor, category_row: Tensor, category_left: Tensor
) -> Tensor:
    """Which values go right at their nodes, bool.

    Args:
        value: of a row in the node's column.
        code: ``category_code`` of it, of the same shape; empty where no node is categorical.
        node: of the same shape, or one that broadcasts to it.
        threshold: see ``reached_nodes``, as the rest.
        category_row: of nodes.
        category_left: of rows.
    """
    # False for NaN, which therefore goes right.
    left = value <= threshold.index_select(0, node.reshape(-1)).reshape(node.shape)
    if category_row.shape[0] > 0:
        row = category_row.index_select(0, node.reshape(-1)).reshape(node.shape)
        listed = category_left.index_select(0, (257 * row + code).reshape(-1)).reshape(left.shape)
        left = listed | (left & (row == 0))
    return left.logical_not_()


def dense_places(
    columns: Tensor, codes: Tensor, trees: TreeArrays, roots: Tensor, levels: int
) -> tuple[Tensor, Tensor]:
    """The first levels of some trees: nodes that they lead to, and which of them each row reaches.

    Returns:
        Places in ``children`` of the nodes ``levels`` steps below each root, from left to right, int64, shape
        ``(n_trees * 2**levels,)``, and positions in that, int64, shape ``(n_trees * n_rows,)``.
    """
    n_trees, n_rows = roots.shape[0], columns.shape[1]
    sides = torch.arange(2, device=roots.device)
    node = roots
    place = torch.zeros(0, dtype=torch.int64, device=roots.device)
    reached = torch.zeros([n_trees, n_rows], dtype=torch.uint8, device=roots.device)
    bits: list[Tensor] = []
    for level in range(levels):
        # Nodes of a level whose paths are the same but for the first step are half of it apart.
        across = node.reshape(n_trees, -1).t().reshape(-1)
        column = trees.feature.index_select(0, across)
        code = codes if trees.category_row.shape[0] == 0 else codes.index_select(0, column)
        right = goes_right(
            columns.index_select(0, column),
            code,
            across.unsqueeze(1),
            trees.threshold,
            trees.category_row,
            trees.category_left,
        )
        bit = right.reshape(1 << level, n_trees, n_rows)
        for above in bits:
            first, second = bit.chunk(2)
            bit = first ^ ((first ^ second) & above)
        bits.append(bit[0])
        reached = 2 * reached + bit[0]
        place = (2 * node.unsqueeze(1) + sides).reshape(-1)
        node = trees.children.index_select(0, place)
    first_of_tree = (torch.arange(n_trees, device=roots.device) << levels).unsqueeze(1)
    return place, (first_of_tree + reached).reshape(-1)


def tile_leaves(columns: Tensor, codes: Tensor, trees: TreeArrays, words: Tensor, roots: Tensor, depth: int) -> Tensor:
    """The leaves that the rows of a tile reach, int64, shape ``(n_trees, n_rows)``.

    Args:
        columns: of the tile, see ``tile_columns``.
        codes: ``category_code`` of them; empty where no node is categorical.
        trees: of every node; the threshold in the dtype of ``columns``.
        words: see ``child_words``; of ``children`` where all trees end in the dense levels.
        roots: of the tile's trees.
        depth: the largest number of steps from a root to a leaf.
    """
    n_rows = columns.shape[1]
    levels = dense_levels(depth)
    if levels == 0:
        return roots.unsqueeze(1).expand(-1, n_rows)
    place, reached = dense_places(columns, codes, trees, roots, levels)
    word = words.index_select(0, place).index_select(0, reached)
    row = torch.arange(n_rows, device=columns.device).repeat(roots.shape[0])
    # Where those that still go down stand in ``result``.
    pair, result, all_go = row, word, True
    columns, codes = columns.reshape(-1), codes.reshape(-1)
    for step in range(depth - levels):
        cell = (word >> 32) + row
        node = word & 4294967295
        code = codes if trees.category_row.shape[0] == 0 else codes.index_select(0, cell)
        value = columns.index_select(0, cell)
        right = goes_right(value, code, node, trees.threshold, trees.category_row, trees.category_left)
        following = words.index_select(0, torch.add(right, node, alpha=2))
        # To leave takes as long as a step.
        if step % 3 == 1 and word.shape[0] > 4096:
            # Leaves are their own children.
            goes = following != word
            if 4 * int(torch.count_nonzero(goes)) < 3 * word.shape[0]:
                going = torch.nonzero(goes)[:, 0]
                if all_go:
                    pair, result, all_go = going, following, False
                else:
                    result.index_copy_(0, pair, following)
                    pair = pair.index_select(0, going)
                row, following = row.index_select(0, going), following.index_select(0, going)
        word = following
        if word.shape[0] == 0:
            break
    result = word if all_go else result.index_copy_(0, pair, word)
    return (result & 4294967295).reshape(roots.shape[0], n_rows)


def _codes(columns: Tensor, trees: TreeArrays) -> Tensor:
    return category_code(columns if trees.category_row.shape[0] > 0 else columns[:0])


def _words(trees: TreeArrays, depth: int, n_rows: int) -> Tensor:
    return child_words(trees, n_rows) if depth > dense_levels(depth) else trees.children


def _rows_of(values: Tensor, leaf: Tensor) -> Tensor:
    if values.shape[1] > 1:
        return values.index_select(0, leaf)
    # Numbers are looked up in a third of the time of rows.
    return values.reshape(-1).index_select(0, leaf).unsqueeze(1)


def tiled_leaves(x: Tensor, trees: TreeArrays, depth: int, copies: bool) -> Tensor:
    """See ``forest_leaves``."""
    n_rows = rows_of_tiles(x.shape[0], x.shape[1])
    words = _words(trees, depth, n_rows)
    parts: list[Tensor] = []
    for part in x.split(n_rows):
        columns = tile_columns(part, trees.threshold.dtype, copies, n_rows)
        codes = _codes(columns, trees)
        leaves = [
            tile_leaves(columns, codes, trees, words, roots, depth)
            for roots in trees.roots.split(trees_of_tiles(n_rows))
        ]
        parts.append(torch.cat(leaves)[:, : part.shape[0]].t())
    return torch.cat(parts)


def tiled_sums(
    x: Tensor, trees: TreeArrays, depth: int, copies: bool, values: Tensor, start: Tensor, n_groups: int
) -> Tensor:
    """See ``forest_sums``."""
    n_rows = rows_of_tiles(x.shape[0], x.shape[1])
    words = _words(trees, depth, n_rows)
    parts: list[Tensor] = []
    for part, first in zip(x.split(n_rows), start.split(n_rows)):  # noqa: B905
        columns = tile_columns(part, trees.threshold.dtype, copies, n_rows)
        codes = _codes(columns, trees)
        sums = list(first.split(values.shape[1], dim=1))
        tree = 0
        for roots in trees.roots.split(trees_of_tiles(n_rows)):
            leaves = tile_leaves(columns, codes, trees, words, roots, depth)[:, : part.shape[0]]
            for leaf in leaves.unbind():
                group = tree % n_groups
                sums[group] = sums[group] + _rows_of(values, leaf)
                tree += 1
        parts.append(torch.cat(sums, dim=1))
    return torch.cat(parts)
