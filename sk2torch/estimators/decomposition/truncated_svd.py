"""TruncatedSVD."""

from typing import Any, Self

import torch
from torch import Tensor

from sk2torch.base import Column, TorchEstimator, read, register
from sk2torch.blocks.linear import LinearMap


@register("sklearn.decomposition.TruncatedSVD")
class TorchTruncatedSVD(TorchEstimator):
    """``x @ components.T``, and back ``z @ components``.

    Args:
        components: shape ``(n_components, n_features)``.
    """

    fixed_tensors = {"projection.bias": "scikit-learn adds none"}

    fitted_attributes = {"projection.weight": "components_"}

    accepts_sparse = True

    def __init__(self, components: Tensor) -> None:
        super().__init__(components.shape[1])
        self.projection = LinearMap(components, torch.zeros(1, dtype=components.dtype))

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        return cls(read.matrix(estimator.components_))

    def transform(self, x: Tensor) -> Tensor:
        return self.projection(self.prepare(x))

    def inverse_transform(self, x: Tensor) -> Tensor:
        return x.to(self.anchor.dtype) @ self.projection.weight
