"""What ONNX's operator ``TreeEnsemble`` (ai.onnx.ml 5) is told about the trees of a forest."""

from typing import Any, NamedTuple

import numpy as np

DOMAIN, VERSION = "ai.onnx.ml", 5
# Branch modes of the operator.
_LESS_OR_EQUAL, _MEMBER = 0, 6
_SUM = 1


class HostTrees(NamedTuple):
    """The arrays of ``ops.forest.TreeArrays`` in numpy; ``category_left`` of shape ``(n_tables, 257)``."""

    feature: np.ndarray
    threshold: np.ndarray
    children: np.ndarray
    category_row: np.ndarray
    category_left: np.ndarray
    roots: np.ndarray

    @property
    def is_leaf(self) -> np.ndarray:
        """Of each node."""
        return self.children[::2] == np.arange(self.feature.size)

    @property
    def tree(self) -> np.ndarray:
        """The tree of each node, int64."""
        return np.repeat(np.arange(self.roots.size), np.diff(np.append(self.roots, self.feature.size)))

    @property
    def rounds_doubles(self) -> bool:
        """Whether all that the trees do with float64 columns is to compare them, rounded to float32."""
        return self.threshold.dtype == np.float32 and self.category_row.size == 0


def double_thresholds(threshold: np.ndarray) -> np.ndarray:
    """The largest float64 numbers that float32 rounds to at most the thresholds, which are float32.

    ``float32(x) <= threshold`` just where ``x <= double_thresholds(threshold)``, infinite ``x`` included.
    """
    limit = np.finfo(np.float32).max
    with np.errstate(over="ignore", invalid="ignore"):
        above = np.nextafter(threshold, np.float32(np.inf)).astype(np.float64)
        # Beyond the largest number, rounding goes on as if there were more.
        below = np.where(threshold == -np.inf, -(2.0**128), threshold.astype(np.float64))
        middle = below + (np.where(threshold == limit, 2.0**128, above) - below) / 2
    # Of two numbers as near, it takes the one whose last bit is 0.
    is_even = threshold.view(np.int32) % 2 == 0
    largest = np.where(is_even, middle, np.nextafter(middle, -np.inf))
    return np.where(threshold == np.inf, np.inf, largest)


def categorical_columns(trees: HostTrees, n_features: int) -> np.ndarray:
    """The columns at which nodes split by category, in ascending order."""
    if trees.category_row.size == 0:
        return np.zeros(0, dtype=np.int64)
    return np.unique(trees.feature[(trees.category_row > 0) & ~trees.is_leaf] % n_features)


def tree_attributes(
    trees: HostTrees, n_features: int, weight: np.ndarray, target: np.ndarray, n_targets: int, dtype: Any
) -> dict[str, Any]:
    """Attributes of an operator whose target ``j`` is the sum of the weights of the reached leaves with that target.

    It takes the columns of the forest's input, then one for each of ``categorical_columns``: 1 + the category's code.

    Args:
        trees: of the forest.
        n_features: width of the forest's input.
        weight: of each node; those of leaves count.
        target: int64, of each node.
        n_targets: number of targets.
        dtype: in which the operator computes; holds thresholds and weights exactly.
    """
    is_leaf = trees.is_leaf
    # A tree that is a leaf has a node with two equal leaves.
    lone = np.flatnonzero(is_leaf[trees.roots])
    inner, leaf = np.flatnonzero(~is_leaf), np.flatnonzero(is_leaf)
    position = np.zeros(is_leaf.size, dtype=np.int64)
    position[inner] = np.arange(inner.size)
    position[leaf] = np.arange(leaf.size)
    added = trees.roots[lone]
    yes = np.concatenate([trees.children[2 * inner], added])
    no = np.concatenate([trees.children[2 * inner + 1], added])
    no_position = np.concatenate([position[trees.children[2 * inner + 1]], leaf.size + np.arange(lone.size)])
    roots = position[trees.roots]
    roots[lone] = inner.size + np.arange(lone.size)
    nodes = np.concatenate([inner, added])
    leaves = np.concatenate([leaf, added])
    column, is_member, members = _branches(trees, n_features, nodes, dtype)
    attributes: dict[str, Any] = {
        "aggregate_function": _SUM,
        "n_targets": n_targets,
        "tree_roots": roots.tolist(),
        "nodes_featureids": column.tolist(),
        "nodes_splits": np.where(is_member, 0, trees.threshold[nodes]).astype(dtype),
        "nodes_modes": np.where(is_member, _MEMBER, _LESS_OR_EQUAL).astype(np.uint8),
        "nodes_truenodeids": position[yes].tolist(),
        "nodes_trueleafs": is_leaf[yes].astype(np.int64).tolist(),
        "nodes_falsenodeids": no_position.tolist(),
        "nodes_falseleafs": is_leaf[no].astype(np.int64).tolist(),
        "leaf_targetids": target[leaves].tolist(),
        "leaf_weights": weight[leaves].astype(dtype),
    }
    missing_left = trees.feature[nodes] >= n_features
    if missing_left.any():
        attributes["nodes_missing_value_tracks_true"] = missing_left.astype(np.int64).tolist()
    if members.size > 0:
        attributes["membership_values"] = members
    return attributes


def _branches(
    trees: HostTrees, n_features: int, nodes: np.ndarray, dtype: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Column of each node, whether it splits by category, and the categories that go left, NaN between the nodes."""
    column = trees.feature[nodes] % n_features
    if trees.category_row.size == 0:
        return column, np.zeros(nodes.size, dtype=bool), np.zeros(0, dtype=dtype)
    row = np.where(trees.is_leaf[nodes], 0, trees.category_row[nodes])
    tables = trees.category_left[row]
    # A set is never empty: where no category goes left, none has the code -1.
    is_member = row > 0
    listed = [np.flatnonzero(table) + 1.0 if table.any() else np.array([-1.0]) for table in tables[is_member]]
    members = np.concatenate([np.append(codes, np.nan) for codes in listed] or [np.zeros(0)]).astype(dtype)
    codes = n_features + np.searchsorted(categorical_columns(trees, n_features), column)
    return np.where(is_member, codes, column), is_member, members


def sums_exactly(trees: HostTrees, values: np.ndarray, digits: int) -> bool:
    """Whether a sum of one value of each tree is exact in any order, in numbers of so many binary digits.

    True if all the values are multiples of a power of two, and all sums are of fewer than ``2 ** digits`` of them.

    Args:
        trees: of the forest.
        values: of each node, shape ``(n_nodes, n_values)``.
        digits: 24 for float32, 53 for float64.
    """
    size = np.abs(values) * trees.is_leaf[:, None]
    if not np.isfinite(size).all():
        return False
    largest = np.zeros(trees.roots.size)
    np.maximum.at(largest, trees.tree, size.max(axis=1))
    fraction, exponent = np.frexp(size[size > 0])
    if fraction.size == 0:
        return True
    whole = np.ldexp(fraction, 53).astype(np.int64)
    zeros = np.log2((whole & -whole).astype(np.float64)).astype(np.int64)
    unit = int((exponent - 53 + zeros).min())
    return bool(np.ldexp(largest, -unit).sum() < 2.0**digits)
