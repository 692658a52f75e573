"""KMeans and MiniBatchKMeans."""

from typing import Any, Self

import numpy as np
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, read, register
from sk2torch.functional.centers import center_distances, first_of_equals, nearest_center


@register("sklearn.cluster.KMeans", "sklearn.cluster.MiniBatchKMeans")
class TorchKMeans(TorchEstimator):
    """``predict`` gives the nearest center, ``transform`` the distances ``|x - center|``.

    Distances come from differences; scikit-learn expands the square, and where a row is almost a center its own error
    is 1e-8 of the row's length.

    Args:
        centers: shape ``(n_clusters, n_features)``.
        norms: ``|center|^2``, shape ``(n_clusters,)``.
    """

    derived_tensors = {"norms": "they are the squared lengths of the centers"}
    read_by = {"norms": ("predict",), "first": ("predict",)}
    fitted_attributes = {"centers": "cluster_centers_"}

    def __init__(self, centers: Tensor, norms: Tensor) -> None:
        super().__init__(centers.shape[1])
        self.centers = nn.Parameter(centers)
        self.register_buffer("norms", norms)
        self.register_buffer("first", first_of_equals(centers))

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        centers = np.asarray(estimator.cluster_centers_)
        return cls(read.matrix(centers), read.vector(np.einsum("ij,ij->i", centers, centers)))

    def predict(self, x: Tensor) -> Tensor:
        return nearest_center(self.prepare(x), self.centers, self.norms, self.first, False)

    def transform(self, x: Tensor) -> Tensor:
        return center_distances(self.prepare(x), self.centers)
