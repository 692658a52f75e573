"""Nystroem."""

import numbers
from typing import Any, Self

import torch
from torch import Tensor, nn

from sk2torch.base import Column, TorchEstimator, UnsupportedParameter, read, register
from sk2torch.blocks.kernel_expansion import KernelExpansion, PrecomputedExpansion
from sk2torch.functional.kernels import KERNELS


@register("sklearn.kernel_approximation.Nystroem")
class TorchNystroem(TorchEstimator):
    """Kernels with the components times a normalisation: ``k(x, components) @ normalization.T``.

    Rows with negative values come out as NaN for the chi2 kernels, where scikit-learn raises.
    Callable kernels, and kernel parameters that are not numbers, raise UnsupportedParameter.

    Args:
        n_features_in: width of the input.
        expansion: module giving the product, shape ``(n_samples, n_components)``.
    """

    fitted_attributes = {"expansion.rows": "components_", "expansion.weights": "normalization_"}

    def __init__(self, n_features_in: int, expansion: nn.Module) -> None:
        super().__init__(n_features_in)
        self.expansion = expansion

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        n_features, kernel = int(estimator.n_features_in_), estimator.kernel
        normalization = read.matrix(estimator.normalization_)
        if callable(kernel):
            raise UnsupportedParameter(
                f"Nystroem: expected a named kernel, got a callable; pass one of {sorted(KERNELS)}, or 'precomputed'."
            )
        if kernel == "precomputed":
            # scikit-learn hands the given kernels on in their own order.
            return cls(n_features, PrecomputedExpansion(torch.arange(n_features), normalization))
        components = read.matrix(estimator.components_)
        return cls(n_features, KernelExpansion(components, normalization, kernel, **_parameters(estimator, n_features)))

    @torch.jit.unused
    def write_fitted(self, estimator: Any, changed: set[str]) -> None:
        for name in ("gamma", "coef0"):
            if f"expansion.{name}" in changed and name in KERNELS[estimator.kernel].parameters:
                setattr(estimator, name, float(getattr(self.expansion, name)))

    def transform(self, x: Tensor) -> Tensor:
        return self.expansion(self.prepare(x))


def _parameters(estimator: Any, n_features: int) -> dict[str, float]:
    """Those that the kernel takes: the estimator's own, else of ``kernel_params``, else the kernel's default."""
    defaults = {"gamma": 1.0 if estimator.kernel == "chi2" else 1.0 / n_features, "coef0": 1.0, "degree": 3.0}
    values = {}
    for name in KERNELS[estimator.kernel].parameters:
        value = getattr(estimator, name)
        value = (estimator.kernel_params or {}).get(name) if value is None else value
        value = defaults[name] if value is None else value
        if not isinstance(value, numbers.Real):
            raise UnsupportedParameter(f"Nystroem: expected one number for {name}, got {value!r}; pass a float.")
        values[name] = float(value)
    return values
