"""Statistics of pairs of rows, and the links that turn them into kernels."""

import torch
from torch import Tensor

from sk2torch.ops.pairwise.distances import safe_root

STATISTICS = ("dot", "cosine", "squared_distance", "direct_squared_distance", "manhattan", "chi_squared")
LINKS = (
    "identity",
    "negation",
    "scaled",
    "scaled_root",
    "exponential",
    "power",
    "tanh",
    "root",
    "matern_1",
    "matern_3",
    "matern_5",
)


def kernel_values(
    x: Tensor, y: Tensor, statistic: str, link: str, gamma: Tensor, coef0: Tensor, degree: float
) -> Tensor:
    """A link of a statistic ``s`` of each pair of rows; shape ``(n, m)``.

    Statistics: ``dot``: ``x.y``; ``cosine``: ``x.y / (|x| |y|)``; ``squared_distance``: ``|x - y|^2`` by
    expanding the square (fast; rounding grows with ``|x - mean(y)|^2``, not with the result);
    ``direct_squared_distance``: the same from differences (each result to rounding);
    ``manhattan``: ``sum |x - y|``; ``chi_squared``: ``sum (x - y)^2 / (x + y)`` where ``0 / 0`` is 0,
    NaN for rows ``x`` with negative values.

    Links: ``identity``: ``s``; ``negation``: ``-s``; ``scaled``: ``-gamma s``; ``scaled_root``: ``-gamma sqrt(s)``;
    ``exponential``: ``exp(-gamma s)``; ``power``: ``(gamma s + coef0)^degree``; ``tanh``: ``tanh(gamma s + coef0)``;
    ``root``: ``sqrt(s)``; of ``z = gamma sqrt(s)``, ``matern_1``: ``exp(-z)``, ``matern_3``: ``(1 + z) exp(-z)``,
    ``matern_5``: ``(1 + z + z^2 / 3) exp(-z)``. Roots have the slope 0 at 0.

    Args:
        x: shape ``(n, n_features)``.
        y: shape ``(m, n_features)``.
        statistic: one of ``STATISTICS``.
        link: one of ``LINKS``; ``power`` and ``tanh`` go with the statistic ``dot``.
        gamma: scalar tensor.
        coef0: scalar tensor.
        degree: exponent.
    """
    left, right = align(x, y, statistic, link, gamma)
    return aligned_kernel(left, right, statistic, link, gamma, coef0, degree)


def align_outside(x: Tensor, y: Tensor, statistic: str) -> tuple[Tensor, Tensor, str]:
    """What a statistic does to each row alone, and the statistic that is left to compute; gradients pass."""
    if statistic == "cosine":
        return _normalized(x), _normalized(y), "dot"
    if statistic == "chi_squared":
        # scikit-learn raises for negative values; a tensor program can only make them show.
        return torch.where(x < 0, torch.full_like(x, float("nan")), x), y, statistic
    return x, y, statistic


def align(x: Tensor, y: Tensor, statistic: str, link: str, gamma: Tensor) -> tuple[Tensor, Tensor]:
    """What can be done to each row alone, once, before the pairs are formed in plain torch."""
    if statistic == "squared_distance":
        # Distances do not depend on the origin; near the rows the expanded square loses least.
        center = y.mean(dim=0)
        return x - center, y - center
    if statistic == "cosine" or statistic == "chi_squared":
        left, right, _ = align_outside(x, y, statistic)
        return left, right
    # ONNX Runtime would fuse a scalar after the product into it, in single precision.
    return x, gamma * y if link == "power" or link == "tanh" else y


def _normalized(x: Tensor) -> Tensor:
    squared = x.square().sum(dim=1, keepdim=True)
    # scikit-learn leaves rows shorter than 10 epsilon of float64 as they are.
    is_zero = squared < 2.220446049250313e-15**2
    return x / torch.where(is_zero, torch.ones_like(squared), squared).sqrt()


def aligned_kernel(
    x: Tensor, y: Tensor, statistic: str, link: str, gamma: Tensor, coef0: Tensor, degree: float
) -> Tensor:
    """``kernel_values`` of rows that went through ``align``."""
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling() and statistic == "squared_distance" and link == "exponential":
            return torch.exp(_exponent(x, y, gamma))
    return linked(pair_statistic(x, y, statistic), statistic, link, gamma, coef0, degree)


def linked(value: Tensor, statistic: str, link: str, gamma: Tensor, coef0: Tensor, degree: float) -> Tensor:
    """The link of a statistic of rows that went through ``align``."""
    if link == "identity":
        return value
    if link == "negation":
        return -value
    if link == "scaled":
        return -gamma * value
    if link == "exponential":
        return torch.exp(-gamma * value)
    if link == "power":
        return torch.pow(value + coef0, degree)
    if link == "tanh":
        return torch.tanh(value + coef0)
    root = safe_root(value.clamp(min=0.0) if statistic == "squared_distance" else value)
    if link == "root":
        return root
    z = gamma * root
    if link == "scaled_root":
        return -z
    if link == "matern_1":
        return torch.exp(-z)
    if link == "matern_3":
        return (1.0 + z) * torch.exp(-z)
    if link == "matern_5":
        return (1.0 + z + z.square() / 3.0) * torch.exp(-z)
    raise ValueError(f"unknown link {link}")


def _exponent(x: Tensor, y: Tensor, gamma: Tensor) -> Tensor:
    """``-gamma |x - y|^2`` as one product of rows with their squares, so that graphs write the pairs once."""
    rows = torch.cat([x, x.square().sum(dim=1, keepdim=True)], dim=1)
    factors = torch.cat([2.0 * gamma * y, -gamma.expand(y.shape[0], 1)], dim=1)
    return torch.addmm(-gamma * y.square().sum(dim=1), rows, factors.T)


def pair_statistic(x: Tensor, y: Tensor, statistic: str) -> Tensor:
    """The statistic of each pair of rows that went through ``align``; shape ``(n, m)``."""
    if statistic == "dot" or statistic == "cosine":
        return x @ y.T
    if statistic == "squared_distance":
        products = torch.addmm(y.square().sum(dim=1), x, y.T, alpha=-2.0)
        return products + x.square().sum(dim=1, keepdim=True)
    if statistic == "direct_squared_distance":
        return _difference_sum(x, y, True)
    if statistic == "manhattan":
        return _difference_sum(x, y, False)
    if statistic == "chi_squared":
        difference, total = x.unsqueeze(1) - y, x.unsqueeze(1) + y
        return (difference.square() / torch.where(total == 0, torch.ones_like(total), total)).sum(dim=2)
    raise ValueError(f"unknown statistic {statistic}")


def _difference_sum(x: Tensor, y: Tensor, is_squared: bool) -> Tensor:
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling():
            # cdist has no ONNX form, and Inductor fuses this one.
            difference = x.unsqueeze(1) - y
            return (difference.square() if is_squared else difference.abs()).sum(dim=2)
    distance = torch.cdist(x, y, 2.0 if is_squared else 1.0, "donot_use_mm_for_euclid_dist")
    return distance.square() if is_squared else distance
