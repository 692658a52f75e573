"""BernoulliRBM."""

from typing import Any, Self

import torch
from torch import Tensor

from sk2torch.base import Column, TorchEstimator, read, register
from sk2torch.blocks.linear import LinearMap


@register("sklearn.neural_network.BernoulliRBM")
class TorchBernoulliRBM(TorchEstimator):
    """Probabilities of the hidden units, ``sigmoid(x @ components.T + intercept)``.

    ``score_samples`` draws random numbers and is left out.

    Args:
        components: shape ``(n_components, n_features)``.
        intercept: of the hidden units, shape ``(n_components,)``.
    """

    fitted_attributes = {"linear.weight": "components_", "linear.bias": "intercept_hidden_"}

    refused_methods = ["score_samples"]

    def __init__(self, components: Tensor, intercept: Tensor) -> None:
        super().__init__(components.shape[1])
        self.linear = LinearMap(components, intercept)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        return cls(read.matrix(estimator.components_), read.vector(estimator.intercept_hidden_))

    def transform(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.linear(self.prepare(x)))
