"""Trees whose nodes send a row both ways, each with a probability: in plain torch, level by level."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from sk2torch.ops.forest.reference import category_code


class TreeLevels(NamedTuple):
    """The nodes of all trees by their distance from the root.

    A level's rows are those that the level above hands down: the roots, then all left and all right children.

    Args:
        inner: int64, the inner nodes, level by level; shape ``(n_inner,)``.
        inner_row: int64, their rows in their level, of the same shape.
        inner_counts: inner nodes of each level.
        leaf: int64, the leaves, level by level; shape ``(n_leaves,)``.
        leaf_row: int64, their rows in their level, of the same shape.
        leaf_counts: leaves of each level.
    """

    inner: Tensor
    inner_row: Tensor
    inner_counts: list[int]
    leaf: Tensor
    leaf_row: Tensor
    leaf_counts: list[int]


def tree_levels(children: Tensor, roots: Tensor) -> TreeLevels:
    """The levels of trees, on their device.

    Args:
        children: int64, left and right child of each node in turn; leaves are their own.
        roots: int64, shape ``(n_trees,)``.
    """
    pairs = children.cpu().numpy().reshape(-1, 2)
    nodes: np.ndarray = roots.cpu().numpy()
    inner, inner_row, leaf, leaf_row = [], [], [], []
    while nodes.size > 0:
        is_leaf = pairs[nodes, 0] == nodes
        inner_row.append(np.flatnonzero(~is_leaf))
        leaf_row.append(np.flatnonzero(is_leaf))
        inner.append(nodes[~is_leaf])
        leaf.append(nodes[is_leaf])
        nodes = pairs[inner[-1]].T.reshape(-1)
    together = [torch.from_numpy(np.concatenate(each)).to(roots.device) for each in (inner, inner_row, leaf, leaf_row)]
    return TreeLevels(
        together[0], together[1], [len(each) for each in inner], together[2], together[3], [len(each) for each in leaf]
    )


def gate_logits(
    x: Tensor,
    node: Tensor,
    feature: Tensor,
    threshold: Tensor,
    width: Tensor,
    category_row: Tensor,
    category_left: Tensor,
    has_categories: bool,
) -> Tensor:
    """``(threshold - x) / width`` of inner nodes, whose sigmoid is the probability of going left: ``(n, n_samples)``.

    Infinite, with the sign of the hard rule, where that difference is no number (NaN goes right, both infinite), and at
    categorical nodes.

    Args:
        x: a row per column of the input, shape ``(n_columns, n_samples)``.
        node: int64, positions in the node arrays, shape ``(n,)``.
        feature: see ``reached_nodes``.
        threshold: see ``reached_nodes``.
        width: above zero, shape ``(n_columns,)``.
        category_row: see ``reached_nodes``.
        category_left: see ``reached_nodes``.
        has_categories: some node is categorical.
    """
    column = feature.index_select(0, node)
    value = x.index_select(0, column)
    limit = threshold.index_select(0, node).unsqueeze(1)
    logit = (limit - value) / width.index_select(0, column).unsqueeze(1)
    # A tensor of one number, and not a number: of float32 in float64 graphs of ONNX.
    left = torch.full_like(limit[:1], float("inf"))
    logit = torch.where(logit.isnan(), torch.where(value <= limit, left, -left), logit)
    if has_categories:
        row = category_row.index_select(0, node).unsqueeze(1)
        place = 257 * row + category_code(value.detach())
        listed = category_left.index_select(0, place.reshape(-1)).reshape(value.shape)
        logit = torch.where(row > 0, torch.where(listed, left, -left), logit)
    return logit


def leaf_probabilities(
    x: Tensor,
    feature: Tensor,
    threshold: Tensor,
    width: Tensor,
    category_row: Tensor,
    category_left: Tensor,
    has_categories: bool,
    n_trees: int,
    inner: Tensor,
    inner_row: Tensor,
    inner_counts: list[int],
    leaf_row: Tensor,
    leaf_counts: list[int],
) -> Tensor:
    """How probable each leaf is for each row, in the order of ``TreeLevels.leaf``: shape ``(n_leaves, n_samples)``.

    The product along the path of ``sigmoid(z)`` where it goes left and ``sigmoid(-z)`` where it goes right, ``z`` of
    ``gate_logits``. Those of a tree sum to 1.

    Args:
        x: a row per column of the input, shape ``(n_columns, n_samples)``.
        feature: see ``gate_logits``.
        threshold: see ``gate_logits``.
        width: see ``gate_logits``.
        category_row: see ``gate_logits``.
        category_left: see ``gate_logits``.
        has_categories: some node is categorical.
        n_trees: number of trees.
        inner: see ``TreeLevels``, as the rest.
        inner_row: of inner nodes.
        inner_counts: of inner nodes.
        leaf_row: of leaves.
        leaf_counts: of leaves.
    """
    reached = torch.ones([n_trees, x.shape[1]], dtype=x.dtype, device=x.device)
    leaves: list[Tensor] = []
    first, first_leaf = 0, 0
    for level in range(len(inner_counts)):
        end, end_leaf = first + inner_counts[level], first_leaf + leaf_counts[level]
        if end_leaf > first_leaf:
            leaves.append(reached.index_select(0, leaf_row[first_leaf:end_leaf]))
        if end > first:
            logit = gate_logits(
                x, inner[first:end], feature, threshold, width, category_row, category_left, has_categories
            )
            parent = reached.index_select(0, inner_row[first:end])
            # Not 1 - sigmoid(z), which would lose small probabilities.
            reached = torch.cat([parent * torch.sigmoid(logit), parent * torch.sigmoid(-logit)])
        first, first_leaf = end, end_leaf
    return torch.cat(leaves)


def threshold_spreads(column: Tensor, threshold: Tensor, n_columns: int) -> Tensor:
    """How far the thresholds of each column lie apart, in its units: shape ``(n_columns,)``, above zero.

    Their standard deviation over the nodes. A column with one threshold ``t`` has ``|t|`` or the median of the other
    columns' deviations, whichever is smaller and not zero; 1 where there is neither. Infinite thresholds do not count.

    Args:
        column: int64, of each node that compares, shape ``(n,)``.
        threshold: of each, of the same shape.
        n_columns: number of columns.
    """
    column, threshold = column[threshold.isfinite()], threshold[threshold.isfinite()].double()
    count = torch.bincount(column, minlength=n_columns)
    mean = threshold.new_zeros(n_columns).index_add(0, column, threshold) / count.clamp(min=1)
    square = (threshold - mean[column]).square()
    spread = (threshold.new_zeros(n_columns).index_add(0, column, square) / count.clamp(min=1)).sqrt()
    # Equal thresholds differ from their mean by rounding.
    known = spread > 1e-12 * mean.abs()
    inf = torch.full_like(spread, float("inf"))
    usual = spread[known].median() if bool(known.any()) else inf[0]
    alone = torch.minimum(torch.where(mean == 0, inf, mean.abs()), usual)
    alone = torch.where(alone.isinf(), torch.ones_like(alone), alone)
    return torch.where(known, spread, alone)
