"""KernelRidge."""

from typing import Any, Self

import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, UnsupportedParameter, read, register, write
from sk2torch.blocks.kernel_expansion import KernelExpansion, PrecomputedExpansion
from sk2torch.functional.kernels import KERNELS


@register("sklearn.kernel_ridge.KernelRidge")
class TorchKernelRidge(TorchEstimator):
    """``sum_j coef_j k(x, x_j)`` over the training rows; ``(n_samples,)`` or ``(n_samples, n_targets)``.

    Rows with negative values come out as NaN for the chi2 kernels, where scikit-learn raises.

    Args:
        n_features_in: width of the input; the number of training rows for precomputed kernels.
        expansion: module giving the sums, shape ``(n_samples, n_targets)``.
        flat: predict one target as a vector; a target fitted as a column comes back as a column.

    Raises:
        UnsupportedParameter: a callable kernel, or sparse training rows with repeated entries.
    """

    fitted_attributes = {"expansion.rows": "X_fit_", "expansion.coef0": "coef0"}

    def __init__(self, n_features_in: int, expansion: nn.Module, flat: bool) -> None:
        super().__init__(n_features_in)
        self.expansion = expansion
        self.flat = flat

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        kernel, n_features = estimator.kernel, int(estimator.n_features_in_)
        if callable(kernel):
            raise UnsupportedParameter(
                f"KernelRidge: expected a named kernel, got a callable; pass one of {sorted(KERNELS)}, or fit with "
                "kernel='precomputed' on the matrix that the callable gives."
            )
        flat = estimator.dual_coef_.ndim == 1
        weights = read.matrix(estimator.dual_coef_ if flat else estimator.dual_coef_.T)
        if kernel == "precomputed":
            return cls(n_features, PrecomputedExpansion(torch.arange(n_features), weights), flat)
        if hasattr(estimator.X_fit_, "sum_duplicates"):
            _refuse_repeated_entries(estimator.X_fit_)
        rows = read.matrix(estimator.X_fit_)
        gamma = 1.0 / n_features if estimator.gamma is None else float(estimator.gamma)
        coef0, degree = float(estimator.coef0), float(estimator.degree)
        return cls(n_features, KernelExpansion(rows, weights, kernel, gamma, coef0, degree), flat)

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        if "expansion.weights" in changed:
            write.attribute(estimator, "dual_coef_", self.expansion.weights.T)
        if "expansion.gamma" in changed:
            # None stands for one over the number of features.
            estimator.gamma = float(self.expansion.gamma)

    def predict(self, x: Tensor) -> Tensor:
        sums = self.expansion(self.prepare(x))
        return sums[:, 0] if self.flat else sums


def _refuse_repeated_entries(rows: Any) -> None:
    """scikit-learn's norms of sparse rows square each of the entries that make up one value."""
    merged = rows.copy()
    merged.sum_duplicates()
    if merged.nnz != rows.nnz:
        raise UnsupportedParameter(
            "KernelRidge: expected sparse training rows without repeated entries; call their sum_duplicates() before "
            "fitting."
        )
