"""SVR and NuSVR."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, register
from sk2torch.estimators.svm.dual_form import FITTED_ATTRIBUTES, read_expansion, read_intercept, write_public


@register("sklearn.svm.SVR", "sklearn.svm.NuSVR")
class TorchSVR(TorchEstimator):
    """``sum_j coef_j k(x, x_j) + intercept`` over support vectors; shape ``(n_samples,)``.

    Callable kernels raise UnsupportedParameter.

    Args:
        n_features_in: width of the input; the number of training rows for precomputed kernels.
        expansion: module giving the sum, shape ``(n_samples, 1)``.
        intercept: shape ``(1,)``.
    """

    fitted_attributes = FITTED_ATTRIBUTES

    def __init__(self, n_features_in: int, expansion: nn.Module, intercept: Tensor) -> None:
        super().__init__(n_features_in)
        self.expansion = expansion
        self.intercept = nn.Parameter(intercept)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        expansion = read_expansion(estimator)
        return cls(int(estimator.n_features_in_), expansion, read_intercept(estimator))

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        write_public(estimator, changed)

    def predict(self, x: Tensor) -> Tensor:
        return self.expansion(self.prepare(x), self.intercept).squeeze(1)
