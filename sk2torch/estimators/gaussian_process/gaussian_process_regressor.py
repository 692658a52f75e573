"""GaussianProcessRegressor."""

import importlib
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.base import ANY_WIDTH, Column, TorchEstimator, UnsupportedParameter, read, register
from sk2torch.blocks.covariance_sums import covariance_sums, few_covariance_means
from sk2torch.estimators.gaussian_process.kernels import (
    kernel_width,
    read_kernel,
    read_training,
    refuse_narrow_rows,
    uses_given_kernel,
)
from sk2torch.functional.held_tensors import held_tensors
from sk2torch.ops.pairwise import safe_root
from sk2torch.ops.row_blocks import keep_block
from sk2torch.ops.triangular import diagonal_inverses, solve_rows, solved_squares

# Numbers held at a time, outside of graphs.
_BLOCK_ELEMENTS = 1048576


@register("sklearn.gaussian_process.GaussianProcessRegressor")
class TorchGaussianProcessRegressor(TorchEstimator):
    """``mean = K(x, rows) weights scale + center``, ``cov = (K(x, x) - V V^T) scale^2``, ``V^T = L^-1 K(rows, x)``.

    ``predict_with_std`` and ``predict_with_cov`` are ``predict`` with ``return_std`` and ``return_cov``. Memory
    does not grow with the product of the numbers of queries and stored rows, but for ``cov``. Near stored rows the
    variance is a difference of almost equal numbers, in scikit-learn as here: a result near zero is rounding. An
    estimator that has not been fitted answers from the prior.

    Raises:
        UnsupportedParameter: kernels that are not scikit-learn's own; a callable ``metric`` of PairwiseKernel; Matern
            with ``nu`` above about 20; rows that are not a table of numbers. With ``metric="precomputed"`` there
            is the mean alone, as in scikit-learn.

    Args:
        n_features_in: width of the input.
        kernel: a module as in ``blocks.covariance_functions``.
        rows: training rows, shape ``(n_rows, n_features)``.
        weights: shape ``(n_rows, n_targets)``.
        lower: Cholesky factor, shape ``(n_rows, n_rows)``.
        scale: of the targets, shape ``(n_targets,)``.
        variance: its square, shape ``(n_targets,)``.
        center: of the targets, shape ``(n_targets,)``.
    """

    not_quantized = "the inverse of nearly singular covariances magnifies what is rounded"
    fitted_attributes = {"weights": "alpha_", "center": "_y_train_mean"}

    fixed_tensors = {
        "kernel": "L_ is the factor of its covariances; fit with the new kernel and optimizer=None",
        "rows": "L_ is the factor of their covariances; fit again on the new rows",
        "scale": "its square is a number of its own; scale the weights instead",
        "variance": "it is the square of the scale",
    }

    def __init__(
        self,
        n_features_in: int,
        kernel: nn.Module,
        rows: Tensor,
        weights: Tensor,
        lower: Tensor,
        scale: Tensor,
        variance: Tensor,
        center: Tensor,
    ) -> None:
        super().__init__(n_features_in)
        self.kernel = kernel
        self.rows = nn.Parameter(rows)
        self.weights = nn.Parameter(weights)
        self.register_buffer("lower", lower)
        self.register_buffer("inverses", diagonal_inverses(lower))
        self.scale = nn.Parameter(scale)
        self.variance = nn.Parameter(variance)
        self.center = nn.Parameter(center)
        # The dimension of one target is dropped.
        self.flat = weights.shape[1] == 1
        self.block_rows = max(1, _BLOCK_ELEMENTS // (rows.shape[0] * int(kernel.width)))

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> TorchEstimator:
        if not hasattr(estimator, "X_train_"):
            return _read_prior(estimator)
        rows, kernel = read_training(estimator, "GaussianProcessRegressor")
        weights = read.tensor(estimator.alpha_).reshape(len(rows), -1)
        n_targets = weights.shape[1]
        module = cls(
            n_features_in=rows.shape[1],
            kernel=kernel,
            rows=rows,
            weights=weights,
            lower=read.matrix(estimator.L_),
            scale=read.vector(estimator._y_train_std).expand(n_targets).clone(),
            # Squared in the dtype of the fit.
            variance=read.vector(np.square(estimator._y_train_std)).expand(n_targets).clone(),
            center=read.vector(estimator._y_train_mean).expand(n_targets).clone(),
        )
        refuse_narrow_rows(kernel, columns)
        if uses_given_kernel(kernel):
            module.refused_methods = ["predict_with_std", "predict_with_cov"]
        return module

    def moments(self, x: Tensor, with_variance: bool) -> tuple[Tensor, Tensor]:
        """Means, shape ``(n, n_targets)``, and what the stored rows take off the variance, shape ``(n,)``."""
        # Scaled before the product, not after: ONNX Runtime fuses factors of products in single precision.
        weights = self.weights * self.scale
        n_rows = x.shape[0]
        step = max(1, self.block_rows)
        if not torch.jit.is_scripting() and not with_variance:  # noqa: SIM102
            if not torch.compiler.is_exporting():
                sums = covariance_sums(self.kernel, x, self.rows, weights)
                if sums is not None:
                    return sums + self.center, sums
        if not torch.jit.is_scripting():  # noqa: SIM102
            if torch.compiler.is_compiling():
                return self.block_moments(x, weights, with_variance)
        means: list[Tensor] = []
        reductions: list[Tensor] = []
        for start in range(0, max(1, n_rows), step):
            mean, reduction = self.block_moments(x[start : start + step], weights, with_variance)
            keep_block(means, mean, start, n_rows)
            keep_block(reductions, reduction, start, n_rows)
        if len(means) == 1:
            return means[0], reductions[0]
        return torch.cat(means), torch.cat(reductions)

    def block_moments(self, x: Tensor, weights: Tensor, with_variance: bool) -> tuple[Tensor, Tensor]:
        """``moments`` of few rows."""
        covariance = self.kernel(x, self.rows)
        mean = covariance @ weights + self.center
        if not with_variance:
            return mean, mean
        return mean, solved_squares(self.lower, self.inverses, covariance)

    def predict(self, x: Tensor) -> Tensor:
        x = self.prepare(x)
        if not torch.jit.is_scripting():  # noqa: SIM102
            if self.flat:
                parts: Any = self._modules
                held = held_tensors(self, "rows", "weights", "scale", "center")
                found = few_covariance_means(parts["kernel"], x, *held)
                if found is not None:
                    return found
        mean = self.moments(x, False)[0]
        return mean[:, 0] if self.flat else mean

    def predict_with_std(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.prepare(x)
        mean, reduction = self.moments(x, True)
        variance = self.kernel.diagonal(x) - reduction
        # Differences below zero are rounding; NaN stays.
        variance = torch.where(variance < 0, torch.zeros_like(variance), variance)
        std = safe_root(variance.unsqueeze(1) * self.variance)
        return (mean[:, 0], std[:, 0]) if self.flat else (mean, std)

    def predict_with_cov(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.prepare(x)
        covariance = self.kernel(x, self.rows)
        mean = covariance @ (self.weights * self.scale) + self.center
        solved = solve_rows(self.lower, self.inverses, covariance)
        joint = (self.kernel.square(x) - solved @ solved.T).unsqueeze(2) * self.variance
        return (mean[:, 0], joint[:, :, 0]) if self.flat else (mean, joint)


class TorchGaussianProcessPrior(TorchEstimator):
    """A Gaussian process before it has seen data: mean 0, covariance ``K(x, x)``.

    Results have a dimension of rows for one row too, which scikit-learn drops from the mean.

    Args:
        n_features_in: width of the input.
        kernel: a module as in ``blocks.covariance_functions``.
        n_targets: number of targets; the dimension of one is dropped.
    """

    fixed_tensors = {
        "kernel": "an estimator that was not fitted has parameters only; use set_params",
    }

    def __init__(self, n_features_in: int, kernel: nn.Module, n_targets: int) -> None:
        super().__init__(n_features_in)
        self.kernel = kernel
        self.n_targets = n_targets

    def for_targets(self, values: Tensor) -> Tensor:
        """``values`` once for each target, in a last dimension."""
        return values if self.n_targets == 1 else torch.stack([values] * self.n_targets, dim=-1)

    def predict(self, x: Tensor) -> Tensor:
        return self.for_targets(torch.zeros_like(self.prepare(x)[:, 0]))

    def predict_with_std(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.prepare(x)
        return self.for_targets(torch.zeros_like(x[:, 0])), self.for_targets(safe_root(self.kernel.diagonal(x)))

    def predict_with_cov(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.prepare(x)
        return self.for_targets(torch.zeros_like(x[:, 0])), self.for_targets(self.kernel.square(x))


def _read_prior(estimator: Any) -> TorchGaussianProcessPrior:
    kernel = estimator.kernel
    if kernel is None:
        kernels = importlib.import_module("sklearn.gaussian_process.kernels")
        kernel = kernels.ConstantKernel(1.0) * kernels.RBF(1.0)
    width = kernel_width(kernel)
    module = read_kernel(kernel, width or 0)
    if uses_given_kernel(module):
        raise UnsupportedParameter(
            "GaussianProcessRegressor: expected a fitted estimator for metric='precomputed'; fit it."
        )
    n_targets = 1 if estimator.n_targets is None else int(estimator.n_targets)
    return TorchGaussianProcessPrior(width or ANY_WIDTH, module, n_targets)
