"""Weighted sums of covariance functions, without holding the covariances."""

import torch
from torch import Tensor, nn

from sk2torch.blocks.covariance_functions import Constant, DotProduct, NamedKernel, White
from sk2torch.blocks.covariance_operators import Product, Sum
from sk2torch.blocks.stationary_covariance import Matern, SquaredExponential
from sk2torch.ops.pairwise import weighted_sum


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
