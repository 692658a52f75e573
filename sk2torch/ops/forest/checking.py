"""Whether node arrays are trees: the kernels follow them by address."""

import numpy as np
import torch

from sk2torch.ops.forest.arrays import TreeArrays


def check_trees(n_features: int, trees: TreeArrays) -> None:
    """Refuse arrays that a walk could leave or never end in.

    Trees lie one behind the other, roots first; children come after their node; each node but a root is the child of
    one other.

    Raises:
        ValueError: they are no such trees.
    """
    feature, threshold, children, category_row, category_left, roots = trees
    if any(array.dtype != torch.int64 for array in (feature, children, roots, category_row)):
        raise ValueError("the node arrays of a forest have other dtypes than int64.")
    n = feature.shape[0]
    pairs, starts = children.numpy().reshape(-1, 2), roots.numpy()
    shapes_fit = pairs.shape[0] == n == threshold.shape[0] and starts.size > 0 and category_row.shape[0] in (0, n)
    if not shapes_fit or starts[0] != 0 or (np.diff(starts) <= 0).any() or starts[-1] >= n:
        raise ValueError("the node arrays of a forest do not fit together.")
    node = np.arange(n)
    last = np.append(starts[1:], n)[np.searchsorted(starts, node, side="right") - 1]
    is_leaf = (pairs == node[:, None]).all(axis=1)
    below = pairs[~is_leaf]
    times_child = np.bincount(below.clip(0, n - 1).ravel(), minlength=n)
    times_child[starts] += 1
    if (below <= node[~is_leaf, None]).any() or (below >= last[~is_leaf, None]).any() or (times_child != 1).any():
        raise ValueError("the nodes of a forest are no trees.")
    columns = feature.numpy()[~is_leaf]
    if ((columns < 0) | (columns >= 2 * n_features)).any():
        raise ValueError(f"the nodes of a forest look at columns that are not among {n_features}.")
    rows = category_row.numpy()
    if category_left.numel() % 257 or ((rows < 0) | (257 * rows >= max(category_left.numel(), 1))).any():
        raise ValueError("the categories of a forest do not fit its nodes.")
