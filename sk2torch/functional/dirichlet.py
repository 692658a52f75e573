"""Expectations under Dirichlet distributions."""

import torch
from torch import Tensor


def digamma(x: Tensor) -> Tensor:
    """The digamma function of positive numbers by algorithm AS 103, as scikit-learn's topic model computes it.

    ``psi(x) = psi(x + 1) - 1 / x`` up to 6, then ``log(x) - 1/(2x) - 1/(12x^2) + 1/(120x^4) - 1/(252x^6)``; the
    series ends there, so it differs from the exact function by up to 2e-9.
    """
    is_tiny = x <= 1e-6
    # Any number from 6 on, whose value is not used.
    step = torch.where(is_tiny, torch.full_like(x, 6.0), x)
    # Each line uses one result of the last: compilers put formulas in place of names, and two would double six times.
    shifted, result = step, torch.zeros_like(x)
    for _ in range(6):
        is_small = step < 6.0
        result = result - torch.where(is_small, 1.0 / step, torch.zeros_like(x))
        step = step + 1.0
        shifted = torch.where(is_small, step, shifted)
    r = 1.0 / shifted
    result = result + shifted.log() - 0.5 * r
    r = r * r
    result = result - r * ((1.0 / 12.0) - r * ((1.0 / 120.0) - r * (1.0 / 252.0)))
    return torch.where(is_tiny, -0.5772156649015329 - 1.0 / torch.where(is_tiny, x, torch.ones_like(x)), result)


def expected_log_exponential(concentration: Tensor) -> Tensor:
    """``exp(E[log p]) = exp(psi(a) - psi(sum(a)))`` for ``p ~ Dirichlet(a)``, each row on its own."""
    return torch.exp(digamma(concentration) - digamma(concentration.sum(dim=1, keepdim=True)))
