"""Estimators of covariance, which measure distances."""

from typing import Any, Self

from sk2torch.base import Column, read, register
from sk2torch.estimators.covariance.mahalanobis import MahalanobisDistance


@register(
    "sklearn.covariance.EmpiricalCovariance",
    "sklearn.covariance.GraphicalLasso",
    "sklearn.covariance.GraphicalLassoCV",
    "sklearn.covariance.LedoitWolf",
    "sklearn.covariance.MinCovDet",
    "sklearn.covariance.OAS",
    "sklearn.covariance.ShrunkCovariance",
)
class TorchCovariance(MahalanobisDistance):
    """``mahalanobis`` is the squared distance ``(x - location)^T precision (x - location)``.

    Args:
        location: shape ``(n_features,)``.
        precision: shape ``(n_features, n_features)``.
    """

    fitted_attributes = {"location": "location_"}

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        return cls(read.vector(estimator.location_), read.matrix(estimator.get_precision()))
