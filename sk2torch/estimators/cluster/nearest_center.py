"""AffinityPropagation and MeanShift."""

from typing import Any

import torch
from torch import Tensor

from sk2torch.base import ANY_WIDTH, Column, TorchEstimator, UnsupportedParameter, read, register
from sk2torch.estimators.cluster.centers import ClusterCenters
from sk2torch.functional.centers import nearest_center


@register("sklearn.cluster.AffinityPropagation", "sklearn.cluster.MeanShift")
class TorchNearestCenter(ClusterCenters):
    """The nearest cluster center; -1 where affinity propagation has found none.

    Raises:
        UnsupportedParameter: a precomputed affinity, with which scikit-learn cannot predict either.

    Args:
        centers: shape ``(n_clusters, n_features)``.
    """

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> TorchEstimator:
        if not hasattr(estimator, "cluster_centers_"):
            raise UnsupportedParameter(
                f"{type(estimator).__name__}: expected affinity='euclidean', got 'precomputed', which has no centers; "
                "fit on rows."
            )
        centers = read.matrix(estimator.cluster_centers_)
        if centers.shape[0] == 0:
            return TorchNoCenter(int(getattr(estimator, "n_features_in_", ANY_WIDTH)))
        return cls(centers)

    def predict(self, x: Tensor) -> Tensor:
        return nearest_center(self.prepare(x), self.centers, self.first, True)


class TorchNoCenter(TorchEstimator):
    """-1 for every row."""

    def predict(self, x: Tensor) -> Tensor:
        return torch.zeros_like(self.prepare(x)[:, 0]).long() - 1
