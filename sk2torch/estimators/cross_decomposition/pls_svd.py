"""PLSSVD."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, read, register, write
from sk2torch.blocks.linear import LinearMap, upgrade_matrix


@register("sklearn.cross_decomposition.PLSSVD")
class TorchPLSSVD(TorchEstimator):
    """Singular directions of the cross-covariance: ``((x - mean) / scale) @ weights``.

    Targets are not part of the input, so ``transform`` is that of x alone.

    Args:
        mean: shape ``(n_features,)``.
        scale: shape ``(n_features,)``.
        weights: shape ``(n_features, n_components)``.
    """

    _version = 2
    fitted_attributes = {"mean": "_x_mean", "scale": "_x_std"}
    fixed_tensors = {"projection.bias": "scikit-learn adds none"}

    def __init__(self, mean: Tensor, scale: Tensor, weights: Tensor) -> None:
        super().__init__(mean.shape[0])
        self.mean = nn.Parameter(mean)
        self.scale = nn.Parameter(scale)
        self.projection = LinearMap(weights.T.contiguous(), weights.new_zeros(1))

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        mean, scale = read.vector(estimator._x_mean), read.vector(estimator._x_std)
        return cls(mean, scale, read.matrix(estimator.x_weights_))

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        if "projection.weight" in changed:
            estimator.x_weights_ = write.array(self.projection.weight.T)

    @torch.jit.unused
    def upgrade(self, version: int) -> None:
        upgrade_matrix(self, "weights", "projection", is_transposed=True)

    def transform(self, x: Tensor) -> Tensor:
        return self.projection((self.prepare(x) - self.mean) / self.scale)
