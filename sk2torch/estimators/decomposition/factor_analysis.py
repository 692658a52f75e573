"""FactorAnalysis."""

import math
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, read, register
from sk2torch.blocks.linear import LinearMap, upgrade_matrix


@register("sklearn.decomposition.FactorAnalysis")
class TorchFactorAnalysis(TorchEstimator):
    """Expected factors ``(x - mean) @ (W / psi).T @ covariance`` of the model ``x = mean + z W + noise``.

    ``W`` are the (rotated) components, ``psi`` the variances of the noise, and ``covariance`` is that of
    the factors given ``x``: ``(I + W diag(1 / psi) W.T)^-1``. ``score_samples`` is the log-density of
    the Gaussian ``N(mean, W.T W + diag(psi))``.

    Args:
        mean: shape ``(n_features,)``.
        loadings: ``W / psi``, shape ``(n_components, n_features)``.
        covariance: of the factors, shape ``(n_components, n_components)``.
        precision: of the features, shape ``(n_features, n_features)``.
        log_norm: logarithm of the density at the mean, shape ``()``.
    """

    _version = 2
    fixed_tensors = {
        "expect.bias": "scikit-learn adds none",
        "expect.weight": "it is a function of components_ and noise_variance_, which differ in number",
        "covariance": "it is a function of components_ and noise_variance_, which differ in number",
        "precision": "it is a function of components_ and noise_variance_, which differ in number",
    }

    fitted_attributes = {"mean": "mean_"}

    log_norm: Tensor

    def __init__(self, mean: Tensor, loadings: Tensor, covariance: Tensor, precision: Tensor, log_norm: Tensor) -> None:
        super().__init__(mean.shape[0])
        self.mean = nn.Parameter(mean)
        self.expect = LinearMap(loadings, loadings.new_zeros(1))
        self.covariance = nn.Parameter(covariance)
        self.precision = nn.Parameter(precision)
        self.register_buffer("log_norm", log_norm)

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        components, noise = read.array(estimator.components_), read.array(estimator.noise_variance_)
        loadings = components / noise
        precision = read.matrix(estimator.get_precision())
        sign, log_determinant = np.linalg.slogdet(precision.numpy())
        log_determinant = float(log_determinant) if sign > 0 else -math.inf
        log_norm = -0.5 * (precision.shape[0] * math.log(2.0 * math.pi) - log_determinant)
        return cls(
            mean=read.vector(estimator.mean_),
            loadings=read.matrix(loadings),
            covariance=read.matrix(np.linalg.inv(np.eye(len(components)) + loadings @ components.T)),
            precision=precision,
            log_norm=torch.tensor(log_norm, dtype=torch.float64),
        )

    @torch.jit.unused
    def upgrade(self, version: int) -> None:
        upgrade_matrix(self, "loadings", "expect")

    def transform(self, x: Tensor) -> Tensor:
        return self.expect(self.prepare(x) - self.mean) @ self.covariance

    def score_samples(self, x: Tensor) -> Tensor:
        centered = self.prepare(x) - self.mean
        # Halved before the products: ONNX Runtime would fuse a factor after them in single precision.
        return self.log_norm - (0.5 * centered * (centered @ self.precision)).sum(dim=1)
