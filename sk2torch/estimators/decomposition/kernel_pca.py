"""KernelPCA."""

from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, UnsupportedParameter, read, register, write
from sk2torch.blocks.kernel_expansion import KernelExpansion, PrecomputedExpansion


@register("sklearn.decomposition.KernelPCA")
class TorchKernelPCA(TorchEstimator):
    """Projection on the principal components of a kernel's feature space.

    ``(k(x, rows) - row mean - column means + mean) @ V / sqrt(eigenvalues)``; components whose eigenvalue
    is zero come out as 0. With fit_inverse_transform, ``inverse_transform`` is the ridge regression
    ``k(z, embedded rows) @ dual``.

    Raises:
        UnsupportedParameter: a callable kernel.

    Args:
        n_features_in: width of the input; the number of rows for a precomputed kernel.
        expansion: module giving ``k(x, rows) @ weights``, shape ``(n_samples, n_components)``; the
            weights sum to zero for each component, which subtracts the row mean.
        offset: the column means of the projection, shape ``(n_components,)``.
        inverse: module giving the ridge regression.
    """

    fitted_attributes = {
        "expansion.rows": "X_fit_",
        "inverse.rows": "X_transformed_fit_",
        "expansion.gamma": "gamma_",
        "expansion.coef0": "coef0",
    }

    def __init__(self, n_features_in: int, expansion: nn.Module, offset: Tensor, inverse: nn.Module) -> None:
        super().__init__(n_features_in)
        self.expansion = expansion
        self.offset = nn.Parameter(offset)
        self.inverse = inverse

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        kernel = estimator.kernel
        if callable(kernel):
            raise UnsupportedParameter(
                "KernelPCA: expected a named kernel, got a callable; pass 'linear', 'poly', 'rbf', 'sigmoid' or "
                "'cosine', or fit with kernel='precomputed' on the matrix that the callable gives."
            )
        weights, offset = centered_projection(estimator)
        if kernel == "precomputed":
            expansion = PrecomputedExpansion(torch.arange(weights.shape[1]), weights)
        else:
            expansion = _expansion(estimator, estimator.X_fit_, weights)
        inverse = nn.Identity()
        if estimator.fit_inverse_transform:
            inverse = _expansion(estimator, estimator.X_transformed_fit_, read.matrix(estimator.dual_coef_.T))
        module = cls(int(estimator.n_features_in_), expansion, offset, inverse)
        if not estimator.fit_inverse_transform:
            module.refused_methods = ["inverse_transform"]
        return module

    @property
    def fixed_tensors(self) -> dict[str, str]:
        fixed = {"expansion.weights": "those of a component have to sum to zero"}
        if isinstance(self.inverse, KernelExpansion):
            reason = "both directions have one kernel; fit with fit_inverse_transform=False"
            shared = {"gamma", "coef0"}.difference(self.inverse.free_tensors)
            fixed |= {f"{part}.{name}": reason for part in ("expansion", "inverse") for name in sorted(shared)}
        return fixed

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        if "expansion.weights" in changed:
            # scikit-learn divides by the roots.
            vectors = write.array(self.expansion.weights.T) * np.sqrt(estimator.eigenvalues_)
            write.attribute(estimator, "eigenvectors_", vectors)
        if "inverse.weights" in changed:
            write.attribute(estimator, "dual_coef_", self.inverse.weights.T)
        if changed & {"offset", "expansion.weights"}:
            _write_offset(estimator, write.array(self.offset))

    def transform(self, x: Tensor) -> Tensor:
        return self.expansion(self.prepare(x)) - self.offset

    def inverse_transform(self, x: Tensor) -> Tensor:
        return self.inverse(x.to(self.anchor.dtype))


def centered_projection(estimator: Any) -> tuple[Tensor, Tensor]:
    """Weights ``(n_components, n_rows)`` and offset ``(n_components,)`` of ``k @ weights.T - offset``."""
    eigenvalues, vectors = np.asarray(estimator.eigenvalues_), np.asarray(estimator.eigenvectors_)
    is_zero = eigenvalues == 0
    # Divided in the dtype of the fit, as scikit-learn does.
    scaled = vectors / np.sqrt(np.where(is_zero, eigenvalues.dtype.type(1.0), eigenvalues))
    weights = np.where(is_zero, 0.0, read.array(scaled))
    weights = weights - weights.mean(axis=0)
    centerer = estimator._centerer
    offset = (read.array(centerer.K_fit_rows_) - float(centerer.K_fit_all_)) @ weights
    return read.matrix(weights.T), read.vector(offset)


def _write_offset(estimator: Any, offset: np.ndarray) -> None:
    """Move the column means of the kernel by as little as gives this offset."""
    weights, current = (part.numpy() for part in centered_projection(estimator))
    rows = read.array(estimator._centerer.K_fit_rows_) + np.linalg.pinv(weights) @ (offset - current)
    write.attribute(estimator._centerer, "K_fit_rows_", rows)


def _expansion(estimator: Any, rows: Any, weights: Tensor) -> KernelExpansion:
    gamma, coef0, degree = float(estimator.gamma_), float(estimator.coef0), float(estimator.degree)
    return KernelExpansion(read.matrix(rows), weights, estimator.kernel, gamma, coef0, degree)
