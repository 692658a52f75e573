"""EllipticEnvelope."""

from typing import Any, Self

from torch import Tensor, nn

from sk2torch.base import Column, read, register
from sk2torch.estimators.covariance.mahalanobis import MahalanobisDistance


@register("sklearn.covariance.EllipticEnvelope")
class TorchEllipticEnvelope(MahalanobisDistance):
    """``-(x - location)^T precision (x - location) - offset``: zero and above for inliers.

    ``predict`` is 1 for inliers and -1 for all others; ``score_samples`` is without the offset.

    Args:
        location: shape ``(n_features,)``.
        precision: shape ``(n_features, n_features)``.
        offset: scalar.
    """

    fitted_attributes = {"location": "location_", "offset": "offset_"}

    def __init__(self, location: Tensor, precision: Tensor, offset: Tensor) -> None:
        super().__init__(location, precision)
        self.offset = nn.Parameter(offset)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        return cls(
            location=read.vector(estimator.location_),
            precision=read.matrix(estimator.get_precision()),
            offset=read.tensor(estimator.offset_).reshape(()),
        )

    def predict(self, x: Tensor) -> Tensor:
        return (self.decision_function(x) >= 0).long() * 2 - 1

    def score_samples(self, x: Tensor) -> Tensor:
        return -self.mahalanobis(x)

    def decision_function(self, x: Tensor) -> Tensor:
        return self.score_samples(x) - self.offset
