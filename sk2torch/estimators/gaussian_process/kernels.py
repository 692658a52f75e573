"""Reading scikit-learn's kernels of Gaussian processes."""

import importlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from torch import Tensor, nn

from sk2torch.base import Column, UnsupportedParameter, read, refuse_narrow
from sk2torch.blocks import covariance_functions as covariance
from sk2torch.blocks import covariance_operators as operators
from sk2torch.blocks import stationary_covariance as stationary
from sk2torch.functional.kernels import KERNELS


def _scalar(value: Any) -> Tensor:
    return read.tensor(value).reshape(())


def _length_scale(kernel: Any) -> Tensor:
    scale = read.tensor(kernel.length_scale)
    return scale.reshape(()) if scale.numel() == 1 else scale


def _read_matern(kernel: Any, n_features: int) -> nn.Module:
    nu = float(kernel.nu)
    if nu == math.inf:
        return stationary.SquaredExponential(_length_scale(kernel))
    if nu in (0.5, 1.5, 2.5):
        return stationary.Matern(_length_scale(kernel), nu)
    shortest = math.sqrt(2.0 * nu) * np.finfo(float).eps if nu > 0 else math.nan
    special = importlib.import_module("scipy.special")
    if not np.isfinite(special.kv(nu, shortest)):
        raise UnsupportedParameter(
            f"Matern: expected nu between 0 and about 20, got {nu:g}, for which scikit-learn has no finite "
            "covariance of equal rows; use nu=numpy.inf, or RBF."
        )
    return stationary.GeneralMatern(_length_scale(kernel), nu)


def _read_pairwise(kernel: Any, n_features: int) -> nn.Module:
    metric, given = kernel.metric, dict(kernel.pairwise_kernels_kwargs or {})
    if isinstance(metric, str) and metric == "precomputed":
        return covariance.GivenKernel()
    if not isinstance(metric, str) or metric not in KERNELS:
        raise UnsupportedParameter(
            f"PairwiseKernel: expected metric to be one of {', '.join(sorted(KERNELS))} or 'precomputed', got "
            f"{metric}; name one of them."
        )
    parameters = KERNELS[metric].parameters
    if kernel.gamma is None and "gamma" in parameters and n_features == 0:
        raise UnsupportedParameter("PairwiseKernel: expected gamma to be a number before fitting, got None; give it.")
    gamma = kernel.gamma if kernel.gamma is not None else 1.0 / max(1, n_features)
    degree = float(given.get("degree", 3)) if "degree" in parameters else 1.0
    coef0 = given.get("coef0", 1) if "coef0" in parameters else 0.0
    if "gamma" in parameters and np.ndim(gamma) > 0:
        raise UnsupportedParameter(f"PairwiseKernel: expected gamma to be a number, got {gamma}; give one number.")
    return covariance.NamedKernel(metric, _scalar(gamma), _scalar(coef0), degree, n_features)


def _width(*parts: Any) -> int:
    return sum(int(part.width) for part in parts) + 1


def _read_sum(kernel: Any, n_features: int) -> nn.Module:
    left, right = read_kernel(kernel.k1, n_features), read_kernel(kernel.k2, n_features)
    return operators.Sum(left, right, _width(left, right))


def _read_product(kernel: Any, n_features: int) -> nn.Module:
    left, right = read_kernel(kernel.k1, n_features), read_kernel(kernel.k2, n_features)
    return operators.Product(left, right, _width(left, right))


def _read_power(kernel: Any, n_features: int) -> nn.Module:
    inner = read_kernel(kernel.kernel, n_features)
    return operators.Power(inner, _scalar(kernel.exponent), _width(inner))


_READERS: dict[str, Callable[[Any, int], nn.Module]] = {
    "ConstantKernel": lambda k, n: covariance.Constant(_scalar(k.constant_value)),
    "WhiteKernel": lambda k, n: covariance.White(_scalar(k.noise_level)),
    "RBF": lambda k, n: stationary.SquaredExponential(_length_scale(k)),
    "Matern": _read_matern,
    "RationalQuadratic": lambda k, n: stationary.RationalQuadratic(_scalar(k.length_scale), _scalar(k.alpha)),
    "ExpSineSquared": lambda k, n: stationary.ExpSineSquared(_scalar(k.length_scale), _scalar(k.periodicity)),
    "DotProduct": lambda k, n: covariance.DotProduct(_scalar(k.sigma_0)),
    "PairwiseKernel": _read_pairwise,
    "Sum": _read_sum,
    "Product": _read_product,
    "Exponentiation": _read_power,
}


def read_kernel(kernel: Any, n_features: int) -> nn.Module:
    """A fitted kernel as a module as in ``blocks.covariance_functions``.

    Args:
        kernel: one of ``sklearn.gaussian_process.kernels``.
        n_features: width of the rows; 0 where it is not known.

    Raises:
        UnsupportedParameter: a kernel of another class, a Matern of high order, a callable metric.
    """
    cls = type(kernel)
    reader = _READERS.get(cls.__name__)
    if reader is None or cls.__module__ != "sklearn.gaussian_process.kernels":
        raise UnsupportedParameter(
            f"{cls.__module__}.{cls.__qualname__}: expected a kernel of sklearn.gaussian_process.kernels; "
            "combine those by +, * and **."
        )
    return reader(kernel, n_features)


def uses_given_kernel(module: nn.Module) -> bool:
    """Whether covariances, or part of them, come as input."""
    return any(isinstance(part, covariance.GivenKernel) for part in module.modules())


def refuse_narrow_rows(module: nn.Module, columns: list[Column]) -> None:
    """Note that scikit-learn multiplies rows by themselves in their own dtype, where small integers wrap around."""
    if any(isinstance(part, covariance.DotProduct) for part in module.modules()):
        refuse_narrow("DotProduct", columns)


def kernel_width(kernel: Any) -> int | None:
    """Width of the rows that a kernel has length scales for; None where any will do."""
    scales = [v for name, v in kernel.get_params().items() if name.rpartition("__")[2] == "length_scale"]
    return next((len(v) for v in scales if np.ndim(v) > 0 and len(v) > 1), None)


def read_training(estimator: Any, name: str) -> tuple[Tensor, nn.Module]:
    """The rows of a fit, shape ``(n_rows, n_features)``, and the fitted kernel.

    Args:
        estimator: has ``X_train_`` and ``kernel_``.
        name: of the user's estimator.

    Raises:
        UnsupportedParameter: these are no rows of numbers; or see ``read_kernel``.
    """
    rows = np.asarray(estimator.X_train_)
    if rows.ndim != 2:
        raise UnsupportedParameter(
            f"{name}: expected rows of numbers, got training data of {rows.ndim} dimension(s); fit on a table."
        )
    if not estimator.kernel_.requires_vector_input:
        # Constants and noise look at the number of rows only.
        rows = np.zeros_like(rows, dtype=np.float64)
    kernel = read_kernel(estimator.kernel_, rows.shape[1])
    return read.matrix(rows), kernel
