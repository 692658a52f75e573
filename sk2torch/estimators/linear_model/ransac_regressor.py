"""RANSACRegressor."""

from typing import Any, Self

from torch import Tensor

from sk2torch.base import Column, TorchEstimator, register, wrap_child


@register("sklearn.linear_model.RANSACRegressor")
class TorchRANSACRegressor(TorchEstimator):
    """The answer of the estimator that was fitted on the inliers.

    Args:
        inner: that estimator; it has ``predict``.
    """

    routes_columns = True

    def __init__(self, inner: TorchEstimator) -> None:
        super().__init__(inner.n_features_in)
        self.inner = inner

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        return cls(wrap_child(estimator.estimator_, columns))

    def predict(self, x: Tensor) -> Tensor:
        return self.inner.predict(x)
