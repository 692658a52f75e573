"""IsolationForest."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from sk2torch.base import Column, TorchEstimator, UnsupportedParameter, read, register, write
from sk2torch.base.averaged_trees import write_trees
from sk2torch.blocks.leaf_sum import LeafSum
from sk2torch.blocks.tree_packing import pack_forest, tree_nodes


@register("sklearn.ensemble.IsolationForest")
class TorchIsolationForest(TorchEstimator):
    """Anomaly score of the mean path length: ``-2 ** (-sum_t h_t(x) / (T c))``.

    ``h_t`` is the depth of the reached leaf plus ``c(n)`` of the ``n`` rows that it held when fitted, ``c`` without an
    argument that of the rows each tree was fitted on, and ``c(n) = 2 (log(n - 1) + euler_gamma) - 2 (n - 1) / n``.
    Trees compare ``float32(x)``; NaN takes the side learned for it. (Liu, Ting and Zhou 2008.)
    Refused: thresholds that are NaN, of a fit on infinite values.

    Args:
        n_features_in: width of the input.
        trees: sums ``h_t``.
        scale: ``T c``.
        offset: subtracted from scores.
        least: rows whose paths sum to less are outliers; the sum where scikit-learn's rounded score meets the offset.
    """

    accepts_infinity = True
    accepts_missing = True

    def __init__(self, n_features_in: int, trees: LeafSum, scale: Tensor, offset: Tensor, least: Tensor) -> None:
        super().__init__(n_features_in)
        self.trees = trees
        self.register_buffer("scale", scale)
        self.register_buffer("offset", offset)
        self.register_buffer("least", least)
        self.is_degenerate = bool(scale == 0)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        members = estimator.estimators_
        for column in columns:
            column.refuses_sparse_missing = True
        nodes = [
            tree_nodes(member.tree_, features)
            for member, features in zip(members, estimator.estimators_features_, strict=True)
        ]
        if any(np.isnan(tree.threshold).any() for tree in nodes):
            raise UnsupportedParameter(
                "IsolationForest: expected thresholds that are numbers, got NaN, because it was fitted on values that "
                "are infinite in float32; rescale or clip them before fitting."
            )
        depths = zip(estimator._decision_path_lengths, estimator._average_path_length_per_tree, strict=True)
        lengths = np.concatenate([read.array(path) + read.array(rest) - 1.0 for path, rest in depths])
        trees = LeafSum(pack_forest(nodes, len(columns), single_precision=True), read.vector(lengths).unsqueeze(1))
        scale = len(members) * _average_path_length(int(estimator._max_samples))
        offset = float(estimator.offset_)
        return cls(
            len(columns), trees, read.tensor(scale), read.tensor(offset), read.tensor(_least_path(scale, offset))
        )

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        lengths, first = write.array(self.trees.values)[:, 0], 0
        rests: list[np.ndarray] = []
        for path, rest in zip(estimator._decision_path_lengths, estimator._average_path_length_per_tree, strict=True):
            length = lengths[first : first + len(path)]
            first += len(path)
            rests.append(np.where(path + rest - 1.0 == length, rest, length + 1.0 - path))
        estimator._average_path_length_per_tree = tuple(rests)
        write_trees(estimator.estimators_, self.trees.forest)

    def path_lengths(self, x: Tensor) -> Tensor:
        """Summed over the trees, shape ``(n_samples,)``."""
        x = self.prepare(x)
        return self.trees(x)[:, 0]

    def score_samples(self, x: Tensor) -> Tensor:
        lengths = self.path_lengths(x)
        if self.is_degenerate:
            return torch.full_like(lengths, -0.5)
        return -torch.exp2(-torch.div(lengths, self.scale))

    def decision_function(self, x: Tensor) -> Tensor:
        return torch.sub(self.score_samples(x), self.offset)

    def predict(self, x: Tensor) -> Tensor:
        return 1 - 2 * torch.lt(self.path_lengths(x), self.least).long()


def _average_path_length(n: int) -> float:
    """``c(n)``: mean length of an unsuccessful search in a binary tree of ``n`` rows."""
    if n <= 2:
        return float(max(n - 1, 0))
    return float(2.0 * (np.log(n - 1.0) + np.euler_gamma) - 2.0 * (n - 1.0) / n)


def _least_path(scale: float, offset: float) -> float:
    """The smallest sum of path lengths whose score, rounded as numpy does, is not below the offset."""

    def is_inlier(length: float) -> bool:
        depths = np.array([length])
        ratio = np.divide(depths, scale, out=np.ones_like(depths), where=scale != 0)
        return bool(-(2**-ratio)[0] - offset >= 0)

    if is_inlier(0.0):
        return -np.inf
    if not is_inlier(np.inf) or scale == 0:
        return np.inf
    # Positive floats are ordered as the integers of their bits.
    low, high = 0, int(np.array(np.inf).view(np.int64))
    while high - low > 1:
        middle = (low + high) // 2
        if is_inlier(float(np.array(middle).view(np.float64))):
            high = middle
        else:
            low = middle
    return float(np.array(high).view(np.float64))
