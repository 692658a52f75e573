"""NeighborhoodComponentsAnalysis."""

from typing import Any, Self

from torch import Tensor

from sk2torch.base import Column, TorchEstimator, read, register
from sk2torch.blocks.linear import LinearMap


@register("sklearn.neighbors.NeighborhoodComponentsAnalysis")
class TorchNeighborhoodComponentsAnalysis(TorchEstimator):
    """``x @ components.T``; shape ``(n_samples, n_components)``.

    Args:
        components: shape ``(n_components, n_features)``.
    """

    fixed_tensors = {"linear.bias": "scikit-learn adds none"}

    fitted_attributes = {"linear.weight": "components_"}

    def __init__(self, components: Tensor) -> None:
        super().__init__(components.shape[1])
        self.linear = LinearMap(components, components.new_zeros(components.shape[0]), flat=False)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        return cls(read.matrix(estimator.components_))

    def transform(self, x: Tensor) -> Tensor:
        return self.linear(self.prepare(x))
