"""Weighted sums of covariance functions, without holding the covariances."""

from typing import Any

import torch
from torch import Tensor, nn

from sk2torch.blocks.covariance_functions import Constant, DotProduct, NamedKernel, White
from sk2torch.blocks.covariance_operators import Product, Sum
from sk2torch.blocks.stationary_covariance import Matern, SquaredExponential
from sk2torch.native import takes_addresses
from sk2torch.ops.pairwise import few_means, weighted_sum


def covariance_sums(kernel: nn.Module, x: Tensor, y: Tensor, weights: Tensor) -> Tensor | None:
    """``kernel(x, y) @ weights``, shape ``(n, n_weights)``, for eager mode and compiled graphs.

    None for kernels that are not made of sums, of products with constants, and of links of one statistic.

    Args:
        kernel: a module as in ``covariance_functions``.
        x: shape ``(n, n_features)``.
        y: shape ``(m, n_features)``.
        weights: shape ``(m, n_weights)``.
    """
    if isinstance(kernel, Sum):
        if kernel.is_left_zero or kernel.is_right_zero:
            return covariance_sums(kernel.left if kernel.is_right_zero else kernel.right, x, y, weights)
        left = covariance_sums(kernel.left, x, y, weights)
        right = None if left is None else covariance_sums(kernel.right, x, y, weights)
        return None if left is None or right is None else left + right
    if isinstance(kernel, Product):
        for factor, rest in ((kernel.left, kernel.right), (kernel.right, kernel.left)):
            if isinstance(factor, Constant):
                found = covariance_sums(rest, x, y, weights)
                return None if found is None else factor.value * found
        return None
    if isinstance(kernel, White):
        return torch.zeros_like(x[:, :1]) * torch.zeros_like(weights[0])
    if isinstance(kernel, Constant):
        return (kernel.value * weights.sum(dim=0)).expand(x.shape[0], weights.shape[1])
    if isinstance(kernel, DotProduct):
        return x @ (y.T @ weights) + kernel.sigma.square() * weights.sum(dim=0)
    settings = (weights.T, [y.shape[0]])
    if isinstance(kernel, NamedKernel):
        return weighted_sum(x, y, *settings, kernel.statistic, kernel.link, kernel.gamma, kernel.coef0, kernel.degree)
    if isinstance(kernel, SquaredExponential | Matern):
        scale, link, factor = kernel.length_scale, "exponential", torch.full([], 0.5, dtype=x.dtype, device=x.device)
        if isinstance(kernel, Matern):
            link, factor = kernel.link, kernel.factor
        if scale.dim() > 0:
            x, y = x / scale, y / scale
        else:
            factor = factor / scale if isinstance(kernel, Matern) else factor / (scale * scale)
        return weighted_sum(x, y, *settings, "direct_squared_distance", link, factor, factor, 1.0)
    return None


def few_covariance_means(
    kernel: nn.Module, x: Tensor, y: Tensor, weights: Tensor, scale: Tensor, center: Tensor
) -> Tensor | None:
    """``scale kernel(x, y) @ weights + center`` of a few rows, shape ``(n,)``: numbers instead of small tensors.

    None where gradients are recorded, in graphs, and for kernels that are not one form of the distance.

    Args:
        kernel: as in ``covariance_sums``; also ``x`` and ``y``.
        weights: shape ``(m, 1)``.
        scale: of the sum, shape ``(1,)``.
        center: what is added, shape ``(1,)``.
    """
    # Before anything becomes a number, which tracers and transforms would not follow.
    if torch.is_grad_enabled() or not takes_addresses(x):
        return None
    form = _form(kernel)
    if form is None:
        return None
    link, gamma, factor = form
    numbers = (gamma, factor * float(scale), float(center))
    return few_means(x, y, weights, "direct_squared_distance", link, *numbers)


def _form(kernel: nn.Module) -> tuple[str, float, float] | None:
    """``link``, ``gamma`` and ``factor`` of a kernel that is ``factor link(gamma |x - y|^2)``."""
    # Not as attributes, which modules search for.
    parts: Any = kernel._modules
    if isinstance(kernel, Sum):
        if kernel.is_left_zero or kernel.is_right_zero:
            return _form(parts["left" if kernel.is_right_zero else "right"])
        return None
    if isinstance(kernel, Product):
        for constant, rest in ((parts["left"], parts["right"]), (parts["right"], parts["left"])):
            if isinstance(constant, Constant):
                found = _form(rest)
                return None if found is None else (found[0], found[1], float(constant.value) * found[2])
        return None
    scale = kernel._parameters.get("length_scale")
    if scale is None or scale.dim() > 0:
        return None
    length = float(scale)
    if length * length == 0.0:
        return None
    if isinstance(kernel, SquaredExponential):
        return "exponential", 0.5 / (length * length), 1.0
    return (kernel.link, float(kernel.factor) / length, 1.0) if isinstance(kernel, Matern) else None
