"""SGDOneClassSVM."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, read, register, write
from sk2torch.blocks.linear import LinearMap


@register("sklearn.linear_model.SGDOneClassSVM")
class TorchSGDOneClassSVM(TorchEstimator):
    """``x @ coef - offset``: zero and above for inliers, which ``predict`` marks 1, all others -1.

    ``score_samples`` adds the offset.

    Args:
        coef: shape ``(1, n_features)``.
        offset: shape ``(1,)``.
    """

    fitted_attributes = {"linear.weight": "coef_"}
    # The bias says it.
    free_tensors = ("offset",)

    accepts_sparse = True

    def __init__(self, coef: Tensor, offset: Tensor) -> None:
        super().__init__(coef.shape[1])
        self.linear = LinearMap(coef, -offset, flat=True)
        self.offset = nn.Parameter(offset)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        return cls(read.matrix(estimator.coef_), read.vector(estimator.offset_))

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        write.attribute(estimator, "offset_", -self.linear.bias)

    def predict(self, x: Tensor) -> Tensor:
        return (self.decision_function(x) >= 0).long() * 2 - 1

    def decision_function(self, x: Tensor) -> Tensor:
        return self.linear(self.prepare(x))

    def score_samples(self, x: Tensor) -> Tensor:
        return self.decision_function(x) - self.linear.bias
