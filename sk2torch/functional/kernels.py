"""Kernel functions, as ``sklearn.metrics.pairwise`` has them.

Each one is a link applied to a statistic of two rows; ``KERNELS`` names both, for the pairwise
reduction (``ops.pairwise``), which never holds the whole kernel matrix.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from sk2torch.ops.pairwise import pairwise_kernel


class KernelForm(NamedTuple):
    """How a kernel is computed.

    Args:
        statistic: of two rows, see ``pairwise_kernel``.
        link: see ``pairwise_kernel``.
        parameters: the names of those it has, among ``gamma``, ``coef0`` and ``degree``.
    """

    statistic: str
    link: str
    parameters: tuple[str, ...] = ()


# scikit-learn's names.
KERNELS: dict[str, KernelForm] = {
    "linear": KernelForm("dot", "identity"),
    "polynomial": KernelForm("dot", "power", ("gamma", "coef0", "degree")),
    "poly": KernelForm("dot", "power", ("gamma", "coef0", "degree")),
    "sigmoid": KernelForm("dot", "tanh", ("gamma", "coef0")),
    "rbf": KernelForm("direct_squared_distance", "exponential", ("gamma",)),
    "laplacian": KernelForm("manhattan", "exponential", ("gamma",)),
    "cosine": KernelForm("cosine", "identity"),
    "chi2": KernelForm("chi_squared", "exponential", ("gamma",)),
    "additive_chi2": KernelForm("chi_squared", "negation"),
}

# exp(-gamma |x - y|^2) by expanding the square is exact to about this many roundings.
_COMPACT_SPREAD = 64.0


def unused_parameters(link: str) -> tuple[str, ...]:
    """Which of ``gamma`` and ``coef0`` a kernel with this link does not have."""
    used = {name for form in KERNELS.values() if form.link == link for name in form.parameters}
    return tuple(name for name in ("gamma", "coef0") if name not in used)


def kernel_form(kernel: str, y: Tensor, gamma: float) -> KernelForm:
    """How to compute a named kernel against the stored rows ``y``, as fast as stays exact.

    The square in ``exp(-gamma |x - y|^2)`` may be expanded, which makes it a matrix product, where
    ``gamma |y - mean(y)|^2`` is small; elsewhere the products would cancel. Rows ``x`` need no
    look: those far from every ``y`` have a kernel of zero.

    Args:
        kernel: a key of ``KERNELS``.
        y: shape ``(m, n_features)``.
        gamma: the kernel's parameter.
    """
    form = KERNELS[kernel]
    if form.statistic != "direct_squared_distance":
        return form
    spread = gamma * float((y - y.mean(dim=0)).square().sum(dim=1).max())
    return form._replace(statistic="squared_distance") if spread <= _COMPACT_SPREAD else form


def linear_kernel(x: Tensor, y: Tensor) -> Tensor:
    """``x.y``; shape ``(n, m)`` for rows ``x (n, n_features)`` and ``y (m, n_features)``, as all kernels."""
    return x @ y.T


def polynomial_kernel(x: Tensor, y: Tensor, gamma: Tensor, coef0: Tensor, degree: float) -> Tensor:
    """``(gamma x.y + coef0)^degree``; NaN where a negative number has a fractional power."""
    return pairwise_kernel(x, y, "dot", "power", gamma, coef0, degree)


def sigmoid_kernel(x: Tensor, y: Tensor, gamma: Tensor, coef0: Tensor) -> Tensor:
    """``tanh(gamma x.y + coef0)``."""
    return pairwise_kernel(x, y, "dot", "tanh", gamma, coef0, 1.0)


def rbf_kernel(x: Tensor, y: Tensor, gamma: Tensor) -> Tensor:
    """``exp(-gamma |x - y|^2)``, from differences: exact to rounding for any data."""
    return pairwise_kernel(x, y, "direct_squared_distance", "exponential", gamma, gamma, 1.0)


def laplacian_kernel(x: Tensor, y: Tensor, gamma: Tensor) -> Tensor:
    """``exp(-gamma sum |x - y|)``."""
    return pairwise_kernel(x, y, "manhattan", "exponential", gamma, gamma, 1.0)


def cosine_kernel(x: Tensor, y: Tensor) -> Tensor:
    """``x.y / (|x| |y|)``; zero for rows of zeros."""
    return _without_parameters(x, y, "cosine", "identity")


def additive_chi2_kernel(x: Tensor, y: Tensor) -> Tensor:
    """``-sum (x - y)^2 / (x + y)``, terms ``0 / 0`` being 0; NaN for rows ``x`` with negative values."""
    return _without_parameters(x, y, "chi_squared", "negation")


def chi2_kernel(x: Tensor, y: Tensor, gamma: Tensor) -> Tensor:
    """``exp(-gamma sum (x - y)^2 / (x + y))``; NaN for rows ``x`` with negative values."""
    return pairwise_kernel(x, y, "chi_squared", "exponential", gamma, gamma, 1.0)


def squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """``|x - y|^2`` from differences, each to rounding; shape ``(n, m)``."""
    return _without_parameters(x, y, "direct_squared_distance", "identity")


def _without_parameters(x: Tensor, y: Tensor, statistic: str, link: str) -> Tensor:
    one = torch.ones((), dtype=x.dtype, device=x.device)
    return pairwise_kernel(x, y, statistic, link, one, one, 1.0)
