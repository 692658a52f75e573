"""EllipticEnvelope."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, read, register
from sk2torch.estimators.covariance.empirical_covariance import write_precision
from sk2torch.functional.mahalanobis import squared_mahalanobis


@register("sklearn.covariance.EllipticEnvelope")
class TorchEllipticEnvelope(TorchEstimator):
    """``-(x - location)^T precision (x - location) - offset``: zero and above for inliers.

    ``predict`` is 1 for inliers and -1 for all others; ``score_samples`` is without the offset.

    Args:
        location: shape ``(n_features,)``.
        precision: shape ``(n_features, n_features)``.
        offset: scalar.
    """

    fitted_attributes = {"location": "location_", "offset": "offset_"}
    free_tensors = ("precision",)

    def __init__(self, location: Tensor, precision: Tensor, offset: Tensor) -> None:
        super().__init__(location.shape[0])
        self.location = nn.Parameter(location)
        self.precision = nn.Parameter(precision)
        self.offset = nn.Parameter(offset)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        return cls(
            location=read.vector(estimator.location_),
            precision=read.matrix(estimator.get_precision()),
            offset=read.tensor(estimator.offset_).reshape(()),
        )

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        if "precision" in changed:
            write_precision(estimator, self.precision)

    @torch.jit.unused
    def invariants(self) -> dict[str, Tensor]:
        return {"precision + precision.T": self.precision + self.precision.T}

    def predict(self, x: Tensor) -> Tensor:
        return (self.decision_function(x) >= 0).long() * 2 - 1

    def score_samples(self, x: Tensor) -> Tensor:
        return -self.mahalanobis(x)

    def decision_function(self, x: Tensor) -> Tensor:
        return self.score_samples(x) - self.offset

    def mahalanobis(self, x: Tensor) -> Tensor:
        return squared_mahalanobis(self.prepare(x), self.location, self.precision)
