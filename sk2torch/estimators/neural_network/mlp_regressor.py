"""MLPRegressor."""

from typing import Any, Self

import torch
from torch import Tensor

from sk2torch.base import Column, TorchEstimator, register
from sk2torch.blocks.feed_forward import FeedForward
from sk2torch.estimators.neural_network.reading import network, write_network


@register("sklearn.neural_network.MLPRegressor")
class TorchMLPRegressor(TorchEstimator):
    """A network that ends in the identity, or for the Poisson loss in an exponential.

    Predictions have shape ``(n_samples, n_outputs)``, or ``(n_samples,)`` for one output.

    Args:
        network: gives the predictions, shape ``(n_samples, n_outputs)``.
        n_features_in: width of the input.
        flat: there is one output.
    """

    def __init__(self, network: FeedForward, n_features_in: int, flat: bool) -> None:
        super().__init__(n_features_in)
        self.network = network
        self.flat = flat

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        return cls(network(estimator), estimator.n_features_in_, estimator.n_outputs_ == 1)

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        write_network(estimator, self.network)

    def predict(self, x: Tensor) -> Tensor:
        output = self.network(self.prepare(x))
        return output[:, 0] if self.flat else output
