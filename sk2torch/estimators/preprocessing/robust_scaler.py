"""RobustScaler."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, read, register


@register("sklearn.preprocessing.RobustScaler")
class TorchRobustScaler(TorchEstimator):
    """``(x - center) / scale``, with medians and ranges of quantiles.

    With a center, scipy's sparse matrices are refused as input: scikit-learn scales them without centering.

    Args:
        center: shape ``(n_features,)``; zeros for ``with_centering=False``.
        scale: shape ``(n_features,)``; ones for ``with_scaling=False``.
    """

    fitted_attributes = {"center": "center_", "scale": "scale_"}

    keeps_sparse = True
    keeps_missing = True

    def __init__(self, center: Tensor, scale: Tensor) -> None:
        super().__init__(center.shape[0])
        self.center = nn.Parameter(center)
        self.scale = nn.Parameter(scale)

    @property
    def fixed_tensors(self) -> dict[str, str]:
        settings = {"center": "with_centering", "scale": "with_scaling"}
        return {t: f"it was fitted with {s}=False" for t, s in settings.items() if self.source.attribute(s) is False}

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        n_features = estimator.n_features_in_
        for column in columns:
            column.refuses_sparse |= bool(estimator.with_centering)
        center = read.vector(estimator.center_) if estimator.with_centering else torch.zeros(n_features).double()
        scale = read.vector(estimator.scale_) if estimator.with_scaling else torch.ones(n_features).double()
        return cls(center=center, scale=scale)

    def transform(self, x: Tensor) -> Tensor:
        return (self.prepare(x) - self.center) / self.scale

    def inverse_transform(self, x: Tensor) -> Tensor:
        return self.prepare(x) * self.scale + self.center
