"""PLSRegression, PLSCanonical and CCA."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, read, register, write
from sk2torch.blocks.linear import LinearMap, upgrade_matrix


@register(
    "sklearn.cross_decomposition.PLSRegression",
    "sklearn.cross_decomposition.PLSCanonical",
    "sklearn.cross_decomposition.CCA",
)
class TorchPLS(TorchEstimator):
    """Latent scores ``((x - mean) / scale) @ rotations`` and the regression ``(x - mean) @ coef.T + intercept``.

    ``inverse_transform`` is ``(s @ loadings.T) * scale + mean``. Targets are not part of the input, so
    ``transform`` and ``inverse_transform`` are those of x alone.

    Args:
        mean: shape ``(n_features,)``.
        scale: shape ``(n_features,)``.
        rotations: shape ``(n_features, n_components)``.
        loadings: shape ``(n_features, n_components)``.
        coef: shape ``(n_targets, n_features)``.
        intercept: shape ``(n_targets,)``.
        flat: ``predict`` gives one number per row.
    """

    _version = 2
    fitted_attributes = {
        "mean": "_x_mean",
        "scale": "_x_std",
        "restoration.weight": "x_loadings_",
        "regression.weight": "coef_",
        "regression.bias": "intercept_",
    }
    fixed_tensors = {"projection.bias": "scikit-learn adds none", "restoration.bias": "scikit-learn adds none"}

    def __init__(
        self,
        mean: Tensor,
        scale: Tensor,
        rotations: Tensor,
        loadings: Tensor,
        coef: Tensor,
        intercept: Tensor,
        flat: bool,
    ) -> None:
        super().__init__(mean.shape[0])
        self.mean = nn.Parameter(mean)
        self.scale = nn.Parameter(scale)
        self.projection = LinearMap(rotations.T.contiguous(), rotations.new_zeros(1))
        self.restoration = LinearMap(loadings, loadings.new_zeros(1))
        self.regression = LinearMap(coef, intercept, flat)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        return cls(
            mean=read.vector(estimator._x_mean),
            scale=read.vector(estimator._x_std),
            rotations=read.matrix(estimator.x_rotations_),
            loadings=read.matrix(estimator.x_loadings_),
            coef=read.matrix(estimator.coef_),
            intercept=read.vector(estimator.intercept_),
            flat=bool(estimator._predict_1d),
        )

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        if "projection.weight" in changed:
            estimator.x_rotations_ = write.array(self.projection.weight.T)

    @torch.jit.unused
    def upgrade(self, version: int) -> None:
        upgrade_matrix(self, "rotations", "projection", is_transposed=True)
        upgrade_matrix(self, "loadings", "restoration")
        # The last part, as in modules of today.
        regression = self.regression
        del self.regression
        self.regression = regression

    def predict(self, x: Tensor) -> Tensor:
        return self.regression(self.prepare(x) - self.mean)

    def transform(self, x: Tensor) -> Tensor:
        return self.projection((self.prepare(x) - self.mean) / self.scale)

    def inverse_transform(self, x: Tensor) -> Tensor:
        return self.restoration(x.to(self.anchor.dtype)) * self.scale + self.mean
