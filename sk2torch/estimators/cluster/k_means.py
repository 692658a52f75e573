"""KMeans and MiniBatchKMeans."""

from typing import Any, Self

from torch import Tensor

from sk2torch.base import Column, read, register
from sk2torch.estimators.cluster.centers import ClusterCenters
from sk2torch.functional.centers import center_distances, nearest_center


@register("sklearn.cluster.KMeans", "sklearn.cluster.MiniBatchKMeans")
class TorchKMeans(ClusterCenters):
    """``predict`` gives the nearest center, ``transform`` the distances ``|x - center|``.

    Distances come from differences; scikit-learn expands the square, and where a row is almost a center its own error
    is 1e-8 of the row's length.

    Args:
        centers: shape ``(n_clusters, n_features)``.
    """

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        return cls(read.matrix(estimator.cluster_centers_))

    def predict(self, x: Tensor) -> Tensor:
        return nearest_center(self.prepare(x), self.centers, self.first, False)

    def transform(self, x: Tensor) -> Tensor:
        return center_distances(self.prepare(x), self.centers)
