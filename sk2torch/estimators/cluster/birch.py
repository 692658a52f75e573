"""Birch."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from sk2torch.base import Column, read, register, write
from sk2torch.estimators.cluster.centers import ClusterCenters
from sk2torch.functional.centers import center_distances, nearest_center


@register("sklearn.cluster.Birch")
class TorchBirch(ClusterCenters):
    """``predict`` gives the label of the nearest subcluster, ``transform`` distances ``|x - center|``.

    Args:
        centers: of the subclusters, shape ``(n_subclusters, n_features)``.
        labels: of the subclusters, int64, shape ``(n_subclusters,)``.
    """

    fitted_attributes = {"centers": "subcluster_centers_"}

    def __init__(self, centers: Tensor, labels: Tensor) -> None:
        super().__init__(centers)
        self.register_buffer("labels", labels)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        return cls(read.matrix(estimator.subcluster_centers_), read.integers(estimator.subcluster_labels_))

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        centers = estimator.subcluster_centers_
        write.attribute(estimator, "_subcluster_norms", np.einsum("ij,ij->i", centers, centers))

    def predict(self, x: Tensor) -> Tensor:
        index = nearest_center(self.prepare(x), self.centers, self.first, True)
        return self.labels.index_select(0, index)

    def transform(self, x: Tensor) -> Tensor:
        return center_distances(self.prepare(x), self.centers)
