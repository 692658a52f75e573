"""Regressors that predict an affine function, however it was fitted."""

from typing import Any, Self

from torch import Tensor

from sk2torch.base import Column, TorchEstimator, read, register
from sk2torch.blocks.linear import LinearMap


@register(
    "sklearn.linear_model.ElasticNet",
    "sklearn.linear_model.ElasticNetCV",
    "sklearn.linear_model.HuberRegressor",
    "sklearn.linear_model.Lars",
    "sklearn.linear_model.LarsCV",
    "sklearn.linear_model.Lasso",
    "sklearn.linear_model.LassoCV",
    "sklearn.linear_model.LassoLars",
    "sklearn.linear_model.LassoLarsCV",
    "sklearn.linear_model.LassoLarsIC",
    "sklearn.linear_model.LinearRegression",
    "sklearn.linear_model.MultiTaskElasticNet",
    "sklearn.linear_model.MultiTaskElasticNetCV",
    "sklearn.linear_model.MultiTaskLasso",
    "sklearn.linear_model.MultiTaskLassoCV",
    "sklearn.linear_model.OrthogonalMatchingPursuit",
    "sklearn.linear_model.OrthogonalMatchingPursuitCV",
    "sklearn.linear_model.PassiveAggressiveRegressor",
    "sklearn.linear_model.QuantileRegressor",
    "sklearn.linear_model.Ridge",
    "sklearn.linear_model.RidgeCV",
    "sklearn.linear_model.SGDRegressor",
    "sklearn.linear_model.TheilSenRegressor",
)
class TorchLinearRegression(TorchEstimator):
    """``x @ coef.T + intercept``: shape ``(n_samples,)`` or ``(n_samples, n_targets)``.

    Args:
        coef: shape ``(n_targets, n_features)``.
        intercept: shape ``(n_targets,)``, or one value for all targets.
        flat: predict one target as a vector; a target fitted as a column of one may come back as a column.
    """

    fitted_attributes = {"linear.weight": "coef_", "linear.bias": "intercept_"}

    accepts_sparse = True

    def __init__(self, coef: Tensor, intercept: Tensor, flat: bool) -> None:
        super().__init__(coef.shape[1])
        self.linear = LinearMap(coef, intercept, flat)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        # The regressors trained step by step flatten their result; their coefficients may be a sparse matrix.
        flat = estimator.coef_.ndim == 1 or hasattr(estimator, "sparsify")
        return cls(read.matrix(estimator.coef_), read.vector(estimator.intercept_), flat)

    def predict(self, x: Tensor) -> Tensor:
        return self.linear(self.prepare(x))
