"""StandardScaler."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, read, register, write
from sk2torch.functional.sparse import divided_columns, scaled_columns


@register("sklearn.preprocessing.StandardScaler")
class TorchStandardScaler(TorchEstimator):
    """Standardise features: ``(x - mean) / scale``.

    Args:
        mean: shape ``(n_features,)``; zeros for ``with_mean=False``.
        scale: shape ``(n_features,)``; ones for ``with_std=False`` (constant features have 1).
    """

    # Of one that subtracted nothing and now does.
    equivalent_settings = ("takes_sparse",)

    fitted_attributes = {"mean": "mean_", "scale": "scale_"}

    keeps_sparse = True
    keeps_missing = True

    def __init__(self, mean: Tensor, scale: Tensor) -> None:
        super().__init__(mean.shape[0])
        self.mean = nn.Parameter(mean)
        self.scale = nn.Parameter(scale)
        # Zeros that a sparse matrix leaves out stay zeros if nothing is subtracted.
        self.takes_sparse = not bool(mean.any())

    @property
    def fixed_tensors(self) -> dict[str, str]:
        settings = {"mean": "with_mean", "scale": "with_std"}
        return {t: f"it was fitted with {s}=False" for t, s in settings.items() if self.source.attribute(s) is False}

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        n_features = estimator.n_features_in_
        mean = read.vector(estimator.mean_) if estimator.with_mean else torch.zeros(n_features).double()
        scale = read.vector(estimator.scale_) if estimator.with_std else torch.ones(n_features).double()
        return cls(mean=mean, scale=scale)

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        if "scale" in changed:
            write.attribute(estimator, "var_", self.scale.square())

    def transform(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        return divided_columns(x, self.scale) if x.is_sparse_csr else (x - self.mean) / self.scale

    def inverse_transform(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        return scaled_columns(x, self.scale) if x.is_sparse_csr else x * self.scale + self.mean
