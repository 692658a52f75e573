"""GaussianMixture and BayesianGaussianMixture."""

import importlib
import math
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, read, refuse_integers, refuse_narrow, register, write
from sk2torch.functional.held_tensors import held_tensors
from sk2torch.functional.links import softmax_rows
from sk2torch.functional.mahalanobis import squared_forms_of_columns
from sk2torch.ops.quadratic import log_densities
from sk2torch.ops.row_blocks import in_row_blocks


@register("sklearn.mixture.GaussianMixture", "sklearn.mixture.BayesianGaussianMixture")
class TorchGaussianMixture(TorchEstimator):
    """``log p(x, k) = log_weight_k - |(x - mean_k) factor_k + residual_k|^2 / 2 + constant_k``.

    ``score_samples`` is the logarithm of the sum over components, ``predict_proba`` each one's share, ``predict``
    the largest. Distances come from differences, where scikit-learn expands squares: they do not lose digits for
    data far from the origin. The expected logarithms of a Bayesian mixture are part of the constants.

    Args:
        log_weights: shape ``(n_components,)``.
        constants: shape ``(n_components,)``.
        means: shape ``(n_components, n_features)``.
        factors: of the precisions, upper triangular, shape ``(n_components or 1, n_features, n_features)``; or their
            diagonals, shape ``(n_components, n_features)``.
        residuals: the rounding of ``mean_k factor_k`` by a fit in float32, shape ``(n_components, n_features)``.
    """

    fitted_attributes = {"means": "means_"}
    free_tensors = ("log_weights", "constants")

    def __init__(
        self, log_weights: Tensor, constants: Tensor, means: Tensor, factors: Tensor, residuals: Tensor
    ) -> None:
        super().__init__(means.shape[1])
        self.log_weights = nn.Parameter(log_weights)
        self.constants = nn.Parameter(constants)
        self.means = nn.Parameter(means)
        self.factors = nn.Parameter(factors)
        self.register_buffer("residuals", residuals)
        self.is_full = factors.dim() == 3

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        # What depends on the model alone is computed as scikit-learn does: a fit on float32 rounds it.
        with np.errstate(divide="ignore"):
            log_weights = estimator._estimate_log_weights()
        means, factors = np.asarray(estimator.means_), np.asarray(estimator.precisions_cholesky_)
        kind, (n_components, n_features) = estimator.covariance_type, means.shape
        if kind in ("full", "tied"):
            # scikit-learn has its log-densities in the dtype of the table.
            refuse_integers(type(estimator).__name__, columns)
            factors = factors.reshape(-1, n_features, n_features)
            log_determinant = np.log(np.diagonal(factors, axis1=1, axis2=2)).sum(axis=1)
            center = read.tensor(means)
            rounded = np.stack([mean @ factors[min(k, len(factors) - 1)] for k, mean in enumerate(means)])
            is_single = rounded.dtype == np.float32
            exact = (center.unsqueeze(1) @ read.tensor(factors)).squeeze(1)
            residuals = exact - read.tensor(rounded) if is_single else torch.zeros_like(center)
            offset = torch.zeros(n_components, dtype=torch.float64)
        else:
            # scikit-learn squares the table.
            refuse_narrow(type(estimator).__name__, columns)
            center, residuals, offset = _completed_square(means, factors, kind)
            log_determinant = np.log(factors).sum(axis=1) if kind == "diag" else n_features * np.log(factors)
            factors = np.sqrt(read.array(factors**2)).reshape(n_components, -1) * np.ones((1, n_features))
        constants = -0.5 * n_features * math.log(2.0 * math.pi) + read.vector(log_determinant).expand(n_components)
        constants = constants - 0.5 * offset + _bayesian_constants(estimator, n_features)
        return cls(read.vector(log_weights), constants, center, read.tensor(factors), residuals)

    @property
    def fixed_tensors(self) -> dict[str, str]:
        if bool(self.residuals.any()):
            return dict.fromkeys(("means", "factors"), "scikit-learn rounds their product to float32; fit on float64")
        if self.source.attribute("degrees_of_freedom_") is not None:
            reason = "the concentrations and degrees of freedom determine it, in which it has no inverse"
            return dict.fromkeys(("log_weights", "constants", "factors"), reason)
        is_spherical = self.source.attribute("covariance_type") == "spherical"
        return {"factors": "a spherical component has one number, not one per feature"} if is_spherical else {}

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        if "factors" in changed:
            factors = write.array(self.factors)
            is_spherical = estimator.covariance_type == "spherical"
            write.attribute(estimator, "precisions_cholesky_", factors[:, 0] if is_spherical else factors)
            _write_covariances(estimator)
        if not hasattr(estimator, "degrees_of_freedom_"):
            # The weights have what the determinants leave.
            others = type(self).from_sklearn(estimator, [])
            rest = self.log_weights + self.constants - others.constants
            write.attribute(estimator, "weights_", rest.exp())

    @torch.jit.unused
    def invariants(self) -> dict[str, Tensor]:
        return {"log_weights + constants": self.log_weights + self.constants}

    def joint_log_probability(self, x: Tensor) -> Tensor:
        """Weighted log-density of each component, shape ``(n_samples, n_components)``."""
        x = self.prepare(x)
        if not torch.jit.is_scripting():
            means, factors, residuals, first, second = held_tensors(
                self, "means", "factors", "residuals", "log_weights", "constants"
            )
            result = log_densities(x, means, factors, residuals, self.is_full, first, second, 1.0)
            if result is not None:
                return result
            return in_row_blocks(self.block_log_probability, x, x.shape[1])
        return self.block_log_probability(x)

    def block_log_probability(self, x: Tensor) -> Tensor:
        """``joint_log_probability`` of prepared rows."""
        if not torch.jit.is_scripting():  # noqa: SIM102
            if torch.compiler.is_compiling():
                if self.is_full:
                    squares = squared_forms_of_columns(x, self.means, self.factors, self.residuals)
                else:
                    scaled = (x - self.means.unsqueeze(1)) * self.factors.unsqueeze(1)
                    squares = (scaled + self.residuals.unsqueeze(1)).square().sum(dim=2).T
                return self.log_weights + (self.constants - 0.5 * squares)
        distances: list[Tensor] = []
        for k in range(self.means.shape[0]):
            factor = self.factors[min(k, self.factors.shape[0] - 1)]
            difference = x - self.means[k]
            scaled = difference @ factor if self.is_full else difference * factor
            distances.append((scaled + self.residuals[k]).square().sum(dim=1))
        return self.log_weights + (self.constants - 0.5 * torch.stack(distances, dim=1))

    def predict(self, x: Tensor) -> Tensor:
        return self.joint_log_probability(x).argmax(dim=1)

    def score_samples(self, x: Tensor) -> Tensor:
        return self.joint_log_probability(x).logsumexp(dim=1)

    def predict_proba(self, x: Tensor) -> Tensor:
        return softmax_rows(self.joint_log_probability(x))


def _write_covariances(estimator: Any) -> None:
    """Those that belong to the factors of the precisions."""
    factors = np.asarray(estimator.precisions_cholesky_)
    if estimator.covariance_type in ("full", "tied"):
        precisions = factors @ np.swapaxes(factors, -1, -2)
        covariances = np.linalg.inv(precisions)
    else:
        precisions = factors**2
        covariances = 1.0 / precisions
    estimator.precisions_, estimator.covariances_ = precisions, covariances


def _completed_square(means: np.ndarray, factors: np.ndarray, kind: str) -> tuple[Tensor, Tensor, Tensor]:
    """Center, residual and remainder of scikit-learn's expanded square, whose terms a fit in float32 has rounded."""
    precisions = factors**2
    linear = means * precisions if kind == "diag" else read.array(means) * read.array(precisions)[:, None]
    square = np.sum(means**2 * precisions, 1) if kind == "diag" else np.sum(means**2, axis=1) * precisions
    scale = read.tensor(precisions).reshape(len(means), -1)
    center = read.tensor(linear) / scale
    remainder = torch.zeros(len(means), dtype=torch.float64)
    if means.dtype == np.float32:
        remainder = read.vector(square) - (center.square() * scale).sum(dim=1)
    else:
        center = read.tensor(means)
    return center, torch.zeros_like(center), remainder


def _bayesian_constants(estimator: Any, n_features: int) -> Tensor:
    """What the uncertainty of means and precisions adds to each component's log-density."""
    if not hasattr(estimator, "degrees_of_freedom_"):
        return torch.zeros((), dtype=torch.float64)
    digamma = importlib.import_module("scipy.special").digamma
    degrees = np.asarray(estimator.degrees_of_freedom_)
    log_lambda = n_features * np.log(2.0) + np.sum(digamma(0.5 * (degrees - np.arange(n_features)[:, None])), 0)
    added = -0.5 * n_features * np.log(degrees) + 0.5 * (log_lambda - n_features / estimator.mean_precision_)
    return read.vector(added)
