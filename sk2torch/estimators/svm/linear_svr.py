"""LinearSVR."""

from typing import Any, Self

from torch import Tensor

from sk2torch.base import Column, TorchEstimator, read, register
from sk2torch.blocks.linear import LinearMap


@register("sklearn.svm.LinearSVR")
class TorchLinearSVR(TorchEstimator):
    """``x @ coef + intercept``: shape ``(n_samples,)``.

    Args:
        coef: shape ``(1, n_features)``.
        intercept: shape ``(1,)``.
    """

    fitted_attributes = {"linear.weight": "coef_", "linear.bias": "intercept_"}

    accepts_sparse = True

    def __init__(self, coef: Tensor, intercept: Tensor) -> None:
        super().__init__(coef.shape[1])
        self.linear = LinearMap(coef, intercept, flat=True)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        return cls(read.matrix(estimator.coef_), read.vector(estimator.intercept_))

    def predict(self, x: Tensor) -> Tensor:
        return self.linear(self.prepare(x))
