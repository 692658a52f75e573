"""PolynomialCountSketch."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, read, register, write
from sk2torch.functional.count_sketch import tensor_sketch


@register("sklearn.kernel_approximation.PolynomialCountSketch")
class TorchPolynomialCountSketch(TorchEstimator):
    """Random projection of the products of ``degree`` features: approximates ``(gamma x.y + coef0)^degree``.

    Args:
        index: int64, shape ``(degree, n_features)``: the component that each feature is added to; one feature
            more, of ones, for ``coef0``.
        weight: its factor, of the same shape.
        n_components: width of the result.
        has_constant: there is the feature of ones.
    """

    def __init__(self, index: Tensor, weight: Tensor, n_components: int, has_constant: bool) -> None:
        super().__init__(index.shape[1] - int(has_constant))
        self.register_buffer("index", index)
        self.weight = nn.Parameter(weight)
        self.n_components = n_components
        self.has_constant = has_constant

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        has_constant = estimator.coef0 != 0
        index = read.integers(estimator.indexHash_)
        scale = np.full(index.shape[1], np.sqrt(float(estimator.gamma)))
        if has_constant:
            with np.errstate(invalid="ignore"):
                # NaN for negative numbers, and then everywhere, as in scikit-learn.
                scale[-1] = np.sqrt(float(estimator.coef0))
        weight = read.matrix(estimator.bitHash_ * scale)
        return cls(index, weight, int(estimator.n_components), has_constant)

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        scale = np.full(self.weight.shape[1], np.sqrt(float(estimator.gamma)))
        if self.has_constant:
            scale[-1] = np.sqrt(float(estimator.coef0))
        with np.errstate(divide="ignore", invalid="ignore"):
            write.attribute(estimator, "bitHash_", write.array(self.weight) / scale)

    def transform(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        if self.has_constant:
            x = torch.cat([x, torch.ones_like(x[:, :1])], dim=1)
        return tensor_sketch(x, self.index, self.weight, self.n_components)
