"""Estimators of covariance, which measure distances."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, read, register, write
from sk2torch.functional.mahalanobis import squared_mahalanobis


@register(
    "sklearn.covariance.EmpiricalCovariance",
    "sklearn.covariance.GraphicalLasso",
    "sklearn.covariance.GraphicalLassoCV",
    "sklearn.covariance.LedoitWolf",
    "sklearn.covariance.MinCovDet",
    "sklearn.covariance.OAS",
    "sklearn.covariance.ShrunkCovariance",
)
class TorchCovariance(TorchEstimator):
    """``mahalanobis`` is the squared distance ``(x - location)^T precision (x - location)``.

    Args:
        location: shape ``(n_features,)``.
        precision: shape ``(n_features, n_features)``.
    """

    fitted_attributes = {"location": "location_"}
    free_tensors = ("precision",)

    def __init__(self, location: Tensor, precision: Tensor) -> None:
        super().__init__(location.shape[0])
        self.location = nn.Parameter(location)
        self.precision = nn.Parameter(precision)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        return cls(read.vector(estimator.location_), read.matrix(estimator.get_precision()))

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        if "precision" in changed:
            write_precision(estimator, self.precision)

    @torch.jit.unused
    def invariants(self) -> dict[str, Tensor]:
        return {"precision + precision.T": self.precision + self.precision.T}

    def mahalanobis(self, x: Tensor) -> Tensor:
        return squared_mahalanobis(self.prepare(x), self.location, self.precision)


def write_precision(estimator: Any, precision: Tensor) -> None:
    """Give a fitted estimator a precision, and the covariance, which is all that there is where none is stored."""
    symmetric = (precision + precision.T) / 2.0
    write.attribute(estimator, "precision_", symmetric)
    write.attribute(estimator, "covariance_", torch.linalg.pinv(symmetric, hermitian=True))
