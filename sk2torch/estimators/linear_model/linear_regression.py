"""Regressors that predict an affine function: least squares, ridge, stochastic gradient descent."""

from typing import Any, Self

from torch import Tensor

from sk2torch.base import Column, TorchEstimator, read, register
from sk2torch.blocks.linear import LinearMap


@register(
    "sklearn.linear_model.LinearRegression",
    "sklearn.linear_model.Ridge",
    "sklearn.linear_model.RidgeCV",
    "sklearn.linear_model.SGDRegressor",
)
class TorchLinearRegression(TorchEstimator):
    """``x @ coef.T + intercept``: shape ``(n_samples,)`` or ``(n_samples, n_targets)``.

    Args:
        coef: shape ``(n_targets, n_features)``.
        intercept: shape ``(n_targets,)``, or one value for all targets.
        flat: predict one target as a vector; a target fitted as a column of one may come back as a column.
    """

    def __init__(self, coef: Tensor, intercept: Tensor, flat: bool) -> None:
        super().__init__(coef.shape[1])
        self.linear = LinearMap(coef, intercept, flat)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        # SGDRegressor flattens its result, and its coefficients may be sparse, hence two-dimensional.
        flat = estimator.coef_.ndim == 1 or hasattr(estimator, "sparsify")
        return cls(read.matrix(estimator.coef_), read.vector(estimator.intercept_), flat)

    def predict(self, x: Tensor) -> Tensor:
        return self.linear(self.prepare(x))
