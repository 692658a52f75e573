"""From the node arrays of single trees to one ``Forest``."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from sk2torch.blocks.forest import Forest
from sk2torch.ops.forest import rounded_down


class TreeNodes(NamedTuple):
    """One tree as numpy arrays, one entry per node, the root first.

    ``left`` and ``right`` of a leaf are negative or the node itself. Categorical nodes have a row
    of ``left_categories`` (which of the codes 0 to 255 go left) and of ``known_categories`` (which
    the feature had at fit time); ``category_row`` is -1 for the other nodes.
    """

    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    missing_left: np.ndarray
    category_row: np.ndarray | None = None
    left_categories: np.ndarray | None = None
    known_categories: np.ndarray | None = None


def tree_nodes(tree: Any, columns: np.ndarray | None = None) -> TreeNodes:
    """The nodes of a fitted ``tree_`` of ``sklearn.tree``.

    Args:
        tree: the fitted tree.
        columns: position in the input of each of the tree's features; None where they are the input's.
    """
    feature = np.array(tree.feature, dtype=np.int64)
    if columns is not None:
        feature = np.where(feature < 0, feature, np.asarray(columns, dtype=np.int64)[np.maximum(feature, 0)])
    return TreeNodes(
        feature=feature,
        threshold=np.array(tree.threshold, dtype=np.float64),
        left=np.array(tree.children_left, dtype=np.int64),
        right=np.array(tree.children_right, dtype=np.int64),
        missing_left=np.array(tree.missing_go_to_left, dtype=bool),
    )


def bitset_table(bitsets: np.ndarray) -> np.ndarray:
    """Bitsets of 256 bits as booleans: uint32 ``(rows, 8)`` to bool ``(rows, 256)``."""
    words = np.asarray(bitsets, dtype=np.uint32).reshape(-1, 8)
    return ((words[:, :, None] >> np.arange(32, dtype=np.uint32)) & 1).astype(bool).reshape(-1, 256)


def _steps_to_leaves(left: np.ndarray, right: np.ndarray, roots: np.ndarray) -> int:
    nodes, depth = roots, 0
    while True:
        nodes = nodes[left[nodes] != nodes]
        if nodes.size == 0:
            return depth
        nodes = np.concatenate([left[nodes], right[nodes]])
        depth += 1


def _category_tables(trees: Sequence[TreeNodes]) -> tuple[Tensor | None, Tensor | None]:
    """Fold what is unknown or missing at fit time into the table of what goes left."""
    rows, tables, n_tables = [], [np.zeros((1, 257), dtype=bool)], 1
    for tree in trees:
        row = np.full(len(tree.feature), -1) if tree.category_row is None else np.asarray(tree.category_row)
        node = np.flatnonzero(row >= 0)
        rows.append(np.zeros(len(row), dtype=np.int64))
        if node.size == 0 or tree.left_categories is None or tree.known_categories is None:
            continue
        rows[-1][node] = n_tables + np.arange(node.size)
        n_tables += node.size
        missing = np.asarray(tree.missing_left, dtype=bool)[node][:, None]
        listed, known = tree.left_categories[row[node]], tree.known_categories[row[node]]
        tables.append(np.concatenate([listed | (~known & missing), missing], axis=1))
    if n_tables == 1:
        return None, None
    return torch.from_numpy(np.concatenate(rows)), torch.from_numpy(np.concatenate(tables))


def pack_forest(trees: Sequence[TreeNodes], n_features: int, single_precision: bool) -> Forest:
    """One ``Forest`` of all the trees; node ``i`` of tree ``t`` is at ``roots[t] + i``.

    Args:
        trees: in the order of the columns of the result.
        n_features: width of the input.
        single_precision: see ``Forest``.
    """
    sizes = [len(tree.feature) for tree in trees]
    roots = np.cumsum([0, *sizes[:-1]])
    offset = np.repeat(roots, sizes)
    position = np.arange(sum(sizes))
    left, right = (np.concatenate([np.asarray(getattr(t, side)) for t in trees]) for side in ("left", "right"))
    is_leaf = (left < 0) | (left + offset == position)
    left, right = (np.where(is_leaf, position, child + offset) for child in (left, right))
    feature = np.where(is_leaf, 0, np.concatenate([np.asarray(t.feature, dtype=np.int64) for t in trees]))
    missing_left = np.where(is_leaf, False, np.concatenate([np.asarray(t.missing_left, dtype=bool) for t in trees]))
    threshold = np.where(is_leaf, 0.0, np.concatenate([np.asarray(t.threshold, dtype=np.float64) for t in trees]))
    category_row, category_left = _category_tables(trees)
    return Forest(
        n_features,
        torch.from_numpy(feature),
        torch.from_numpy(rounded_down(threshold) if single_precision else threshold),
        torch.from_numpy(left),
        torch.from_numpy(right),
        torch.from_numpy(missing_left),
        torch.from_numpy(roots),
        _steps_to_leaves(left, right, roots),
        single_precision,
        category_row,
        category_left,
    )
