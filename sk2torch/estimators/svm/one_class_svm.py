"""OneClassSVM."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, read, register
from sk2torch.estimators.svm.dual_form import FITTED_ATTRIBUTES, read_expansion, read_intercept, write_public


@register("sklearn.svm.OneClassSVM")
class TorchOneClassSVM(TorchEstimator):
    """``sum_j coef_j k(x, x_j) + intercept`` over support vectors: above zero for inliers.

    ``predict`` is 1 for inliers and -1 for all others, zero included; ``score_samples`` adds the
    offset. Callable kernels raise UnsupportedParameter.

    Args:
        n_features_in: width of the input; the number of training rows for precomputed kernels.
        expansion: module giving the sum, shape ``(n_samples, 1)``.
        intercept: shape ``(1,)``.
        offset: shape ``(1,)``.
    """

    fitted_attributes = FITTED_ATTRIBUTES | {"offset": "offset_"}

    def __init__(self, n_features_in: int, expansion: nn.Module, intercept: Tensor, offset: Tensor) -> None:
        super().__init__(n_features_in)
        self.expansion = expansion
        self.intercept = nn.Parameter(intercept)
        self.offset = nn.Parameter(offset)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        expansion, intercept = read_expansion(estimator), read_intercept(estimator)
        return cls(int(estimator.n_features_in_), expansion, intercept, read.vector(estimator.offset_))

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        write_public(estimator, changed)

    def predict(self, x: Tensor) -> Tensor:
        return (self.decision_function(x) > 0).long() * 2 - 1

    def decision_function(self, x: Tensor) -> Tensor:
        return self.expansion(self.prepare(x), self.intercept).squeeze(1)

    def score_samples(self, x: Tensor) -> Tensor:
        return self.decision_function(x) + self.offset
