"""BisectingKMeans."""

from typing import Any, NamedTuple, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, read, register
from sk2torch.functional.centers import center_distances


class _Path(NamedTuple):
    """A leaf: its label, and the splits at which its rows go left and right."""

    label: int
    left: list[int]
    right: list[int]


@register("sklearn.cluster.BisectingKMeans")
class TorchBisectingKMeans(TorchEstimator):
    """``predict`` goes down the tree of splits, each time to the nearer of two centers, the left one of equally near.

    The leaf is the one that agrees with all splits on its way. ``transform`` gives ``|x - center|`` from differences.

    Args:
        centers: of the leaves, shape ``(n_clusters, n_features)``.
        left: left center of each split, shape ``(n_splits, n_features)``.
        right: right center of each split.
        paths: -1 where a leaf is on the left of a split, 1 on the right, else 0; shape ``(n_leaves, n_splits)``.
        labels: of the leaves, int64, shape ``(n_leaves,)``.
    """

    fitted_attributes = {"centers": "cluster_centers_"}

    left: Tensor
    right: Tensor
    left_norms: Tensor
    right_norms: Tensor
    paths: Tensor
    lengths: Tensor
    on_left: Tensor
    labels: Tensor

    def __init__(self, centers: Tensor, left: Tensor, right: Tensor, paths: Tensor, labels: Tensor) -> None:
        super().__init__(centers.shape[1])
        self.centers = nn.Parameter(centers)
        self.has_splits = left.shape[0] > 0
        self.register_buffer("left", left)
        self.register_buffer("right", right)
        self.register_buffer("left_norms", _norms(left))
        self.register_buffer("right_norms", _norms(right))
        self.register_buffer("paths", paths)
        self.register_buffer("lengths", paths.abs().sum(dim=1))
        self.register_buffer("on_left", (paths < 0).to(paths.dtype).sum(dim=1))
        self.register_buffer("labels", labels)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        splits, leaves = _read_tree(estimator._bisecting_tree)
        n_features = estimator.cluster_centers_.shape[1]
        mean = getattr(estimator, "_X_mean", 0.0)
        sides = [np.array([np.asarray(split[i]) + mean for split in splits]).reshape(-1, n_features) for i in (0, 1)]
        paths = torch.zeros(len(leaves), len(splits), dtype=torch.float64)
        for i, leaf in enumerate(leaves):
            paths[i, leaf.left] = -1.0
            paths[i, leaf.right] = 1.0
        labels = read.integers([leaf.label for leaf in leaves])
        left, right = read.tensor(sides[0]), read.tensor(sides[1])
        return cls(read.matrix(estimator.cluster_centers_), left, right, paths, labels)

    def predict(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        if not self.has_splits:
            return torch.zeros_like(x[:, 0]).long() + self.labels
        left = x @ (-2.0 * self.left).T + self.left_norms
        right = x @ (-2.0 * self.right).T + self.right_norms
        goes_right = (right < left).to(x.dtype)
        agreeing = goes_right @ self.paths.T + self.on_left
        return self.labels.index_select(0, (agreeing - self.lengths).argmax(dim=1))

    def transform(self, x: Tensor) -> Tensor:
        return center_distances(self.prepare(x), self.centers)


def _norms(rows: Tensor) -> Tensor:
    return torch.from_numpy(np.einsum("ij,ij->i", rows.numpy(), rows.numpy()))


def _read_tree(root: Any) -> tuple[list[tuple[Any, Any]], list[_Path]]:
    """Both centers of each split, and the paths of the leaves."""
    splits: list[tuple[Any, Any]] = []
    leaves: list[_Path] = []
    pending: list[tuple[Any, list[int], list[int]]] = [(root, [], [])]
    while pending:
        node, left, right = pending.pop()
        if node.left is None:
            leaves.append(_Path(int(node.label), left, right))
            continue
        split = len(splits)
        splits.append((node.left.center, node.right.center))
        pending += [(node.left, [*left, split], right), (node.right, left, [*right, split])]
    return splits, leaves
