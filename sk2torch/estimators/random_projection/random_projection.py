"""GaussianRandomProjection and SparseRandomProjection."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, read, register
from sk2torch.blocks.linear import LinearMap


@register(
    "sklearn.random_projection.GaussianRandomProjection",
    "sklearn.random_projection.SparseRandomProjection",
)
class TorchRandomProjection(TorchEstimator):
    """``x @ components.T``; back by the pseudo-inverse: ``x @ inverse.T``. Results are dense.

    Args:
        components: shape ``(n_components, n_features)``.
        inverse: their pseudo-inverse, shape ``(n_features, n_components)``.
    """

    fixed_tensors = {"projection.bias": "scikit-learn adds none"}

    read_by = {"inverse": ("inverse_transform",)}
    fitted_attributes = {"projection.weight": "components_", "inverse": "inverse_components_"}

    accepts_sparse = True

    def __init__(self, components: Tensor, inverse: Tensor) -> None:
        super().__init__(components.shape[1])
        self.projection = LinearMap(components, torch.zeros(1, dtype=components.dtype))
        self.inverse = nn.Parameter(inverse)

    @property
    def derived_tensors(self) -> dict[str, str]:
        is_stored = self.source.attribute("inverse_components_") is not None
        return {} if is_stored else {"inverse": "it is the pseudo-inverse of the components"}

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        inverse = getattr(estimator, "inverse_components_", None)
        # Without it scikit-learn computes it whenever it is needed.
        inverse = estimator._compute_inverse_components() if inverse is None else inverse
        module = cls(read.matrix(estimator.components_), read.matrix(inverse))
        module.keeps_sparse = not getattr(estimator, "dense_output", True)
        return module

    def transform(self, x: Tensor) -> Tensor:
        return self.projection(self.prepare(x))

    def inverse_transform(self, x: Tensor) -> Tensor:
        if x.dim() != 2 or x.shape[1] != self.inverse.shape[1]:
            raise ValueError(f"Expected an input of shape (n_samples, {self.inverse.shape[1]}).")
        return x.to(self.anchor.dtype) @ self.inverse.T
