"""PCA and IncrementalPCA."""

import math
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, read, register, write
from sk2torch.blocks.linear import LinearMap


@register("sklearn.decomposition.PCA", "sklearn.decomposition.IncrementalPCA")
class TorchPCA(TorchEstimator):
    """Project on the principal components ``C``: ``(x @ C.T - mean @ C.T) / scale``.

    ``scale`` is 1, or with whitening the square root of the explained variance, clipped at the
    rounding error of its dtype; ``inverse_transform`` undoes it without clipping.

    ``score_samples`` is the log-density of a Gaussian that has, in the direction of component ``i``,
    the variance ``v_i`` and in all directions that are left out the noise variance. It is NaN where
    that covariance is singular to rounding, for which scikit-learn's result is noise or an error. After a
    fit on float32 scikit-learn inverts that covariance in float32, and agrees to that precision.

    Args:
        components: shape ``(n_components, n_features)``, orthonormal rows.
        offset: ``mean @ C.T``, shape ``(n_components,)``.
        mean: shape ``(n_features,)``.
        scale: shape ``(n_components,)``; None without whitening.
        basis: the components times the unclipped ``scale``, shape ``(n_components, n_features)``; None without
            whitening.
        variance: ``v``, shape ``(n_components,)``.
        noise_variance: shape ``()``; 1 if no direction is left out.
    """

    fitted_attributes = {"projection.weight": "components_", "noise_variance": "noise_variance_"}
    derived_tensors = {
        "mean": "its projection is the offset of transform",
        "basis": "it is the components times the scale",
        "variance": "it follows from the scale",
        "noise_variance": "it is part of the variance",
    }
    read_by = {
        "mean": ("inverse_transform", "score_samples"),
        "basis": ("inverse_transform",),
        "variance": ("score_samples",),
        "noise_variance": ("score_samples",),
    }
    log_norm: Tensor

    def __init__(
        self,
        components: Tensor,
        offset: Tensor,
        mean: Tensor,
        scale: Tensor | None,
        basis: Tensor | None,
        variance: Tensor,
        noise_variance: Tensor,
    ) -> None:
        n_components, n_features = components.shape
        super().__init__(n_features)
        self.projection = LinearMap(components, -offset)
        self.mean = nn.Parameter(mean)
        self.whiten = scale is not None
        self.scale = nn.Parameter(torch.ones_like(offset) if scale is None else scale)
        # Not the whole matrix a second time where it is not needed.
        self.basis = nn.Parameter(torch.ones_like(offset) if basis is None else basis)
        self.variance = nn.Parameter(variance)
        self.noise_variance = nn.Parameter(noise_variance)
        self.n_left_out = n_features - n_components
        # A tensor, because the ONNX exporter rounds plain floats to float32.
        self.register_buffer("log_norm", torch.tensor(n_features * math.log(2.0 * math.pi), dtype=torch.float64))

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        components, explained = np.asarray(estimator.components_), np.asarray(estimator.explained_variance_)
        # In the dtype that scikit-learn computes them in, which for a fit on float32 is float32.
        offset = np.reshape(estimator.mean_, (1, -1)) @ components.T
        spread = np.sqrt(explained)
        scale = np.maximum(spread, np.finfo(spread.dtype).eps)
        variance, noise_variance = _model_variances(estimator, components.shape)
        return cls(
            components=read.matrix(components),
            offset=read.vector(offset),
            mean=read.vector(estimator.mean_),
            scale=read.vector(scale) if estimator.whiten else None,
            basis=read.matrix(spread[:, np.newaxis] * components) if estimator.whiten else None,
            variance=variance,
            noise_variance=noise_variance,
        )

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        if changed & {"projection.weight", "projection.bias", "mean"}:
            # scikit-learn's mean is what the offset says; where it does not say all, the nearest to this mean.
            components, mean = write.array(self.projection.weight), write.array(self.mean)
            missing = -write.array(self.projection.bias) - components @ mean
            write.attribute(estimator, "mean_", mean + np.linalg.pinv(components) @ missing)
        if self.whiten and "scale" in changed:
            write.attribute(estimator, "explained_variance_", self.scale.square())
        if not self.whiten and "variance" in changed:
            write.attribute(estimator, "explained_variance_", self.variance)

    @property
    def free_tensors(self) -> tuple[str, ...]:
        return () if self.whiten else ("scale", "basis")

    def transform(self, x: Tensor) -> Tensor:
        projected = self.projection(self.prepare(x))
        return projected / self.scale if self.whiten else projected

    def inverse_transform(self, x: Tensor) -> Tensor:
        x = x.to(self.anchor.dtype)
        return x @ (self.basis if self.whiten else self.projection.weight) + self.mean

    def score_samples(self, x: Tensor) -> Tensor:
        centered = self.prepare(x) - self.mean
        projected = centered @ self.projection.weight.T
        residual = centered - projected @ self.projection.weight
        distance = (projected.square() / self.variance).sum(dim=1)
        log_determinant = self.variance.log().sum()
        if self.n_left_out > 0:
            distance = distance + residual.square().sum(dim=1) / self.noise_variance
            log_determinant = log_determinant + self.n_left_out * self.noise_variance.log()
        return -0.5 * (distance + log_determinant + self.log_norm)


def _model_variances(estimator: Any, shape: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """The covariance's eigenvalues (``PCA.get_covariance``): one per component, and the noise."""
    n_components, n_features = shape
    explained, noise = read.vector(estimator.explained_variance_), read.tensor(estimator.noise_variance_)
    variance = (explained - noise).clamp(min=0.0)
    if estimator.whiten:
        # scikit-learn scales the components here, though they are stored unscaled.
        variance = explained * variance
    variance = variance + noise
    eigenvalues = variance if n_components == n_features else torch.cat([variance, noise.reshape(1)])
    is_singular = eigenvalues.min() <= n_features * torch.finfo(torch.float64).eps * eigenvalues.max()
    if is_singular:
        variance, noise = torch.full_like(variance, math.nan), torch.full_like(noise, math.nan)
    return variance, noise if n_components < n_features else torch.ones_like(noise)
