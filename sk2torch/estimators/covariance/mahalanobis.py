"""What estimators of covariance share: the distance, and the way back."""

from typing import Any

import torch
from torch import Tensor, nn

from sk2torch.base import TorchEstimator, write
from sk2torch.functional.mahalanobis import squared_mahalanobis


class MahalanobisDistance(TorchEstimator):
    """Abstract: ``mahalanobis`` is the squared distance ``(x - location)^T precision (x - location)``.

    Args:
        location: shape ``(n_features,)``.
        precision: shape ``(n_features, n_features)``.
    """

    free_tensors = ("precision",)

    def __init__(self, location: Tensor, precision: Tensor) -> None:
        super().__init__(location.shape[0])
        self.location = nn.Parameter(location)
        self.precision = nn.Parameter(precision)

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        if "precision" in changed:
            symmetric = (self.precision + self.precision.T) / 2.0
            write.attribute(estimator, "precision_", symmetric)
            # All that there is where no precision is stored.
            write.attribute(estimator, "covariance_", torch.linalg.pinv(symmetric, hermitian=True))

    @torch.jit.unused
    def invariants(self) -> dict[str, Tensor]:
        return {"precision + precision.T": self.precision + self.precision.T}

    def mahalanobis(self, x: Tensor) -> Tensor:
        return squared_mahalanobis(self.prepare(x), self.location, self.precision)
