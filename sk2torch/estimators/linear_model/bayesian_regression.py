"""BayesianRidge and ARDRegression."""

import inspect
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, UnsupportedParameter, read, register, write
from sk2torch.blocks.linear import LinearMap
from sk2torch.blocks.routing import SelectColumns


@register("sklearn.linear_model.BayesianRidge", "sklearn.linear_model.ARDRegression")
class TorchBayesianRegression(TorchEstimator):
    """``mean = x @ coef + intercept`` and ``std = sqrt(d' S d + noise)``, each of shape ``(n_samples,)``.

    ``d`` are the features that ``S`` is about, less their training means; versions of scikit-learn that do not
    subtract these are followed.

    Args:
        coef: shape ``(1, n_features)``.
        intercept: shape ``(1,)``.
        kept: int64, shape ``(n_kept,)``: the features that ``S`` is about.
        offset: what is subtracted from these, shape ``(n_kept,)``.
        covariance: ``S``, posterior covariance of the coefficients, shape ``(n_kept, n_kept)``.
        noise: variance of the noise, a tensor of no dimensions.

    Raises:
        UnsupportedParameter: ``threshold_lambda`` of ARDRegression was changed after fitting.
    """

    fitted_attributes = {"linear.weight": "coef_", "linear.bias": "intercept_", "covariance": "sigma_"}

    def __init__(
        self, coef: Tensor, intercept: Tensor, kept: Tensor, offset: Tensor, covariance: Tensor, noise: Tensor
    ) -> None:
        super().__init__(coef.shape[1])
        self.linear = LinearMap(coef, intercept, flat=True)
        self.kept = SelectColumns(kept)
        self.offset = nn.Parameter(offset)
        self.covariance = nn.Parameter(covariance)
        self.noise = nn.Parameter(noise)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        coef, covariance = read.matrix(estimator.coef_), read.matrix(estimator.sigma_)
        kept = torch.arange(coef.shape[1])
        if hasattr(estimator, "threshold_lambda"):
            kept = kept[read.vector(estimator.lambda_) < estimator.threshold_lambda]
        if len(kept) != len(covariance):
            raise UnsupportedParameter(
                f"ARDRegression: threshold_lambda={estimator.threshold_lambda} keeps {len(kept)} features, but the "
                f"fit kept {len(covariance)}; set threshold_lambda back, or fit again."
            )
        offset = read.vector(estimator.X_offset_)[kept]
        if "X_offset_" not in inspect.unwrap(type(estimator).predict).__code__.co_names:
            offset = torch.zeros_like(offset)
        # Divided in the dtype of the fit, as scikit-learn does.
        noise = read.tensor(1.0 / estimator.alpha_)
        return cls(coef, read.vector(estimator.intercept_), kept, offset, covariance, noise)

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        if "offset" in changed:
            offset = np.array(estimator.X_offset_, dtype=np.float64)
            offset[write.array(self.kept.index)] = write.array(self.offset)
            estimator.X_offset_ = offset
        if "noise" in changed:
            write.attribute(estimator, "alpha_", 1.0 / self.noise)

    def predict(self, x: Tensor) -> Tensor:
        return self.linear(self.prepare(x))

    def predict_with_std(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.prepare(x)
        difference = self.kept(x) - self.offset
        variance = ((difference @ self.covariance) * difference).sum(dim=1) + self.noise
        return self.linear(x), variance.sqrt()
