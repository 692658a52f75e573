"""AffinityPropagation and MeanShift."""

from typing import Any

import torch
from torch import Tensor, nn

from sk2torch.base import ANY_WIDTH, Column, TorchEstimator, UnsupportedParameter, read, register
from sk2torch.functional.centers import first_of_equals, nearest_center, without_own


@register("sklearn.cluster.AffinityPropagation", "sklearn.cluster.MeanShift")
class TorchNearestCenter(TorchEstimator):
    """The nearest cluster center; -1 where affinity propagation has found none.

    Raises:
        UnsupportedParameter: a precomputed affinity, with which scikit-learn cannot predict either.

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

    @torch.jit.unused
    def upgrade(self, version: int) -> None:
        # Lengths of the centers, which follow them by now.
        self._buffers.pop("norms", None)
        self.first = without_own(self.first)

    def predict(self, x: Tensor) -> Tensor:
        return nearest_center(self.prepare(x), self.centers, self.first, True)


class TorchNoCenter(TorchEstimator):
    """-1 for every row."""

    def predict(self, x: Tensor) -> Tensor:
        return torch.zeros_like(self.prepare(x)[:, 0]).long() - 1
