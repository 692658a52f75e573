"""Kernels of density estimates, by scikit-learn's names."""

import math

import torch
from torch import Tensor


def log_kernel(distance: Tensor, bandwidth: Tensor, kernel: str) -> Tensor:
    """The logarithm of a kernel that is 1 at distance zero; minus infinity beyond its reach.

    With ``u = distance / bandwidth``, ``gaussian``: ``exp(-u^2 / 2)``; ``exponential``: ``exp(-u)``; the others for
    ``u < 1`` only, ``tophat``: 1; ``epanechnikov``: ``1 - u^2``; ``linear``: ``1 - u``; ``cosine``: ``cos(pi u / 2)``.

    Args:
        distance: of any shape.
        bandwidth: scalar tensor.
        kernel: one of these names.
    """
    if kernel == "gaussian":
        return -0.5 * (distance * distance) / (bandwidth * bandwidth)
    if kernel == "exponential":
        return -distance / bandwidth
    reaches = distance < bandwidth
    inside = torch.where(reaches, distance, torch.zeros_like(distance))
    if kernel == "tophat":
        value = torch.ones_like(inside)
    elif kernel == "epanechnikov":
        value = 1.0 - (inside * inside) / (bandwidth * bandwidth)
    elif kernel == "linear":
        value = 1.0 - inside / bandwidth
    else:
        value = torch.cos(inside * (0.5 * math.pi) / bandwidth)
    return torch.where(reaches, value.log(), torch.full_like(value, -torch.inf))


def log_kernel_norm(bandwidth: float, n_features: int, kernel: str) -> float:
    """The logarithm of one over the kernel's integral; used when a model is converted.

    NaN for ``cosine`` and some ``n_features``, 4 for one, as in scikit-learn.
    """

    def log_ball(n: int) -> float:
        return 0.5 * n * math.log(math.pi) - math.lgamma(0.5 * n + 1)

    def log_sphere(n: int) -> float:
        return math.log(2 * math.pi) + log_ball(n - 1)

    d = n_features
    factor = 0.0
    if kernel == "gaussian":
        factor = 0.5 * d * math.log(2 * math.pi)
    elif kernel == "tophat":
        factor = log_ball(d)
    elif kernel == "epanechnikov":
        factor = log_ball(d) + math.log(2.0 / (d + 2.0))
    elif kernel == "exponential":
        factor = log_sphere(d - 1) + math.lgamma(d)
    elif kernel == "linear":
        factor = log_ball(d) - math.log(d + 1.0)
    elif kernel == "cosine":
        # The chain of integrals that scikit-learn has.
        term = 2.0 / math.pi
        for k in range(1, d + 1, 2):
            factor += term
            term *= -(d - k) * (d - k - 1) * (2.0 / math.pi) ** 2
        # Of a sum below zero, which it has for some widths, scikit-learn takes the logarithm too.
        factor = math.log(factor) + log_sphere(d - 1) if factor > 0 else math.nan
    return -factor - d * math.log(bandwidth)
