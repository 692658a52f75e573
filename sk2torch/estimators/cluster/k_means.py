"""KMeans and MiniBatchKMeans."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, read, register
from sk2torch.functional.centers import center_distances, first_of_equals, nearest_center, without_own


@register("sklearn.cluster.KMeans", "sklearn.cluster.MiniBatchKMeans")
class TorchKMeans(TorchEstimator):
    """``predict`` gives the nearest center, ``transform`` the distances ``|x - center|``.

    Distances come from differences; scikit-learn expands the square, and where a row is almost a center its own error
    is 1e-8 of the row's length.

    Args:
        centers: shape ``(n_clusters, n_features)``.
    """

    _version = 2
    # Equal centers may part in training.
    free_tensors = ("first",)
    equivalent_settings = ("first",)
    fitted_attributes = {"centers": "cluster_centers_"}

    def __init__(self, centers: Tensor) -> None:
        super().__init__(centers.shape[1])
        self.centers = nn.Parameter(centers)
        self.register_buffer("first", first_of_equals(centers))

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        return cls(read.matrix(estimator.cluster_centers_))

    @torch.jit.unused
    def upgrade(self, version: int) -> None:
        # Lengths of the centers, which follow them by now.
        self._buffers.pop("norms", None)
        self.first = without_own(self.first)

    def predict(self, x: Tensor) -> Tensor:
        return nearest_center(self.prepare(x), self.centers, self.first, False)

    def transform(self, x: Tensor) -> Tensor:
        return center_distances(self.prepare(x), self.centers)
