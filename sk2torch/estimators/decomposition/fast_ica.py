"""FastICA."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, read, register
from sk2torch.blocks.linear import LinearMap, upgrade_matrix


@register("sklearn.decomposition.FastICA")
class TorchFastICA(TorchEstimator):
    """Sources ``(x - mean) @ components.T``; ``inverse_transform`` mixes them: ``s @ mixing.T + mean``.

    Args:
        components: shape ``(n_components, n_features)``.
        mixing: shape ``(n_features, n_components)``.
        mean: shape ``(n_features,)``; zeros where the fit did not whiten.
    """

    _version = 2
    fitted_attributes = {"unmix.weight": "components_", "mix.weight": "mixing_", "mean": "mean_"}

    def __init__(self, components: Tensor, mixing: Tensor, mean: Tensor) -> None:
        super().__init__(components.shape[1])
        self.unmix = LinearMap(components, components.new_zeros(1))
        self.mix = LinearMap(mixing, mixing.new_zeros(1))
        self.mean = nn.Parameter(mean)

    @property
    def fixed_tensors(self) -> dict[str, str]:
        fixed = {"unmix.bias": "scikit-learn adds none", "mix.bias": "scikit-learn adds none"}
        return fixed | ({"mean": "it was fitted with whiten=False"} if self.source.attribute("whiten") is False else {})

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        components = read.matrix(estimator.components_)
        mean = read.vector(estimator.mean_) if estimator.whiten else torch.zeros_like(components[0])
        return cls(components, read.matrix(estimator.mixing_), mean)

    @torch.jit.unused
    def upgrade(self, version: int) -> None:
        upgrade_matrix(self, "components", "unmix")
        upgrade_matrix(self, "mixing", "mix")

    def transform(self, x: Tensor) -> Tensor:
        return self.unmix(self.prepare(x) - self.mean)

    def inverse_transform(self, x: Tensor) -> Tensor:
        return self.mix(x.to(self.anchor.dtype)) + self.mean
