"""RBFSampler and SkewedChi2Sampler."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, read, register, write
from sk2torch.blocks.linear import LinearMap


@register("sklearn.kernel_approximation.RBFSampler", "sklearn.kernel_approximation.SkewedChi2Sampler")
class TorchFourierFeatures(TorchEstimator):
    """``sqrt(2 / n_components) cos(z @ weights + offset)``, where ``z`` is ``x`` or ``log(x + skewedness)``.

    For SkewedChi2Sampler rows with a value of ``-skewedness`` or less come out as NaN, where scikit-learn raises.

    Args:
        weights: shape ``(n_features, n_components)``.
        offset: shape ``(n_components,)``.
        skewedness: tensor of no dimensions; None for no logarithm.
    """

    fitted_attributes = {"projection.bias": "random_offset_", "skewedness": "skewedness"}

    def __init__(self, weights: Tensor, offset: Tensor, skewedness: Tensor | None) -> None:
        super().__init__(weights.shape[0])
        self.takes_sparse = skewedness is None
        self.projection = LinearMap(weights.T.contiguous(), offset)
        self.has_logarithm = skewedness is not None
        self.skewedness = nn.Parameter(torch.zeros_like(offset[0]) if skewedness is None else skewedness)
        self.scale = (2.0 / weights.shape[1]) ** 0.5

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        skewedness = getattr(estimator, "skewedness", None)
        return cls(
            read.matrix(estimator.random_weights_),
            read.vector(estimator.random_offset_),
            None if skewedness is None else read.tensor(skewedness),
        )

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        if "projection.weight" in changed:
            write.attribute(estimator, "random_weights_", self.projection.weight.T)

    def transform(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        if self.has_logarithm:
            shifted = x + self.skewedness
            x = torch.log(torch.where(shifted > 0, shifted, float("nan")))
        return torch.cos(self.projection(x)) * self.scale
