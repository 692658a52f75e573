"""Covariance functions of the distance of two rows; see ``covariance_functions`` for what each has."""

import math

import torch
from torch import Tensor, nn

from sk2torch.functional.bessel import matern_of_table, matern_table
from sk2torch.functional.kernels import squared_distances
from sk2torch.ops.pairwise import pairwise_kernel, safe_root


def is_diagonal(table: Tensor) -> Tensor:
    """Whether row and column are the same, bool of shape ``(n, n)`` for a table of ``n`` rows."""
    index = torch.arange(table.shape[0], device=table.device)
    return index.unsqueeze(1) == index


class Stationary(nn.Module):
    """Abstract: 1 of a row with itself, whatever rounding makes of the distance."""

    def square(self, x: Tensor) -> Tensor:
        covariance = self.forward(x, x)
        return torch.where(is_diagonal(covariance), torch.ones_like(covariance), covariance)

    def diagonal(self, x: Tensor) -> Tensor:
        return torch.ones_like(x[:, 0])


class SquaredExponential(Stationary):
    """``exp(-|x / l - y / l|^2 / 2)``.

    Args:
        length_scale: scalar, or one per feature.
    """

    def __init__(self, length_scale: Tensor) -> None:
        super().__init__()
        self.width = 2
        self.length_scale = nn.Parameter(length_scale)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        half = torch.full([], 0.5, dtype=x.dtype, device=x.device)
        left, right = x / self.length_scale, y / self.length_scale
        return pairwise_kernel(left, right, "direct_squared_distance", "exponential", half, half, 1.0)


class Matern(Stationary):
    """Of ``z = sqrt(2 nu) |x / l - y / l|``, for ``nu`` 0.5, 1.5 and 2.5: a polynomial times ``exp(-z)``.

    ``exp(-z)``, ``(1 + z) exp(-z)`` or ``(1 + z + z^2 / 3) exp(-z)``.

    Args:
        length_scale: scalar, or one per feature.
        nu: one of the three.
    """

    factor: Tensor

    def __init__(self, length_scale: Tensor, nu: float) -> None:
        super().__init__()
        self.width = 3
        self.link = {0.5: "matern_1", 1.5: "matern_3", 2.5: "matern_5"}[nu]
        self.length_scale = nn.Parameter(length_scale)
        self.register_buffer("factor", torch.tensor(math.sqrt(2.0 * nu), dtype=length_scale.dtype))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        left, right = x / self.length_scale, y / self.length_scale
        return pairwise_kernel(left, right, "direct_squared_distance", self.link, self.factor, self.factor, 1.0)


class GeneralMatern(Stationary):
    """``2^(1-nu) / gamma(nu) z^nu K_nu(z)`` with ``z = sqrt(2 nu) |x / l - y / l|``.

    A distance of zero is replaced by 2.2e-16, as scikit-learn does; for ``nu`` below 0.5 it shows.

    Args:
        length_scale: scalar, or one per feature.
        nu: the order, a constant.
    """

    def __init__(self, length_scale: Tensor, nu: float) -> None:
        super().__init__()
        self.width = 6
        self.length_scale = nn.Parameter(length_scale)
        table, lowest, density = matern_table(nu)
        self.register_buffer("table", table)
        self.register_buffer("lowest", torch.tensor(lowest, dtype=table.dtype))
        self.register_buffer("density", torch.tensor(density, dtype=table.dtype))
        self.register_buffer("factor", torch.tensor(math.sqrt(2.0 * nu), dtype=table.dtype))
        self.register_buffer("shortest", torch.tensor(2.220446049250313e-16, dtype=table.dtype))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        distance = safe_root(squared_distances(x / self.length_scale, y / self.length_scale))
        distance = torch.where(distance == 0.0, self.shortest, distance)
        return matern_of_table(distance * self.factor, self.table, self.lowest, self.density)


class RationalQuadratic(Stationary):
    """``(1 + |x - y|^2 / (2 alpha l^2))^-alpha``."""

    def __init__(self, length_scale: Tensor, alpha: Tensor) -> None:
        super().__init__()
        self.width = 2
        self.length_scale = nn.Parameter(length_scale)
        self.alpha = nn.Parameter(alpha)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        ratio = squared_distances(x, y) / (2.0 * self.alpha * self.length_scale.square())
        return torch.pow(1.0 + ratio, -self.alpha)


class ExpSineSquared(Stationary):
    """``exp(-2 (sin(pi |x - y| / p) / l)^2)``."""

    pi: Tensor

    def __init__(self, length_scale: Tensor, periodicity: Tensor) -> None:
        super().__init__()
        self.width = 2
        self.length_scale = nn.Parameter(length_scale)
        self.periodicity = nn.Parameter(periodicity)
        self.register_buffer("pi", torch.tensor(math.pi, dtype=length_scale.dtype))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        distance = safe_root(squared_distances(x, y))
        return torch.exp(-2.0 * (torch.sin(self.pi / self.periodicity * distance) / self.length_scale).square())
