"""Birch."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, read, register, write
from sk2torch.functional.centers import center_distances, first_of_equals, nearest_center


@register("sklearn.cluster.Birch")
class TorchBirch(TorchEstimator):
    """``predict`` gives the label of the nearest subcluster, ``transform`` distances ``|x - center|``.

    Args:
        centers: of the subclusters, shape ``(n_subclusters, n_features)``.
        norms: ``|center|^2``, shape ``(n_subclusters,)``.
        labels: of the subclusters, int64, shape ``(n_subclusters,)``.
    """

    derived_tensors = {"norms": "they are the squared lengths of the centers"}
    read_by = {"norms": ("predict",), "first": ("predict",)}
    fitted_attributes = {
        "centers": "subcluster_centers_",
    }

    def __init__(self, centers: Tensor, norms: Tensor, labels: Tensor) -> None:
        super().__init__(centers.shape[1])
        self.centers = nn.Parameter(centers)
        self.register_buffer("norms", norms)
        self.register_buffer("first", first_of_equals(centers))
        self.register_buffer("labels", labels)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        centers, norms = read.matrix(estimator.subcluster_centers_), read.vector(estimator._subcluster_norms)
        return cls(centers, norms, read.integers(estimator.subcluster_labels_))

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        centers = estimator.subcluster_centers_
        write.attribute(estimator, "_subcluster_norms", np.einsum("ij,ij->i", centers, centers))

    def predict(self, x: Tensor) -> Tensor:
        index = nearest_center(self.prepare(x), self.centers, self.norms, self.first, True)
        return self.labels.index_select(0, index)

    def transform(self, x: Tensor) -> Tensor:
        return center_distances(self.prepare(x), self.centers)
