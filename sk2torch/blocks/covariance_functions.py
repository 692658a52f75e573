"""Covariance functions of Gaussian processes, as modules that combine as scikit-learn's kernels do.

Each has ``forward(x, y)``, shape ``(n, m)``; ``square(x)``, the covariance of rows with themselves, shape ``(n, n)``;
and ``diagonal(x)``, shape ``(n,)``. ``square`` is not ``forward(x, x)`` where there is noise, and for correlations,
which are 1 of a row with itself. Hyperparameters are parameters. ``width`` counts the numbers per pair that
are held at a time.
"""

import math

import torch
from torch import Tensor, nn

from sk2torch.functional.bessel import matern_of_table, matern_table
from sk2torch.functional.kernels import KERNELS
from sk2torch.ops.pairwise import pairwise_kernel, safe_root


def _is_self(x: Tensor) -> Tensor:
    index = torch.arange(x.shape[0], device=x.device)
    return index.unsqueeze(1) == index


def _with_unit_diagonal(covariance: Tensor) -> Tensor:
    return torch.where(_is_self(covariance), torch.ones_like(covariance), covariance)


def _squared_distance(x: Tensor, y: Tensor) -> Tensor:
    """From differences: each to rounding."""
    one = torch.ones((), dtype=x.dtype, device=x.device)
    return pairwise_kernel(x, y, "direct_squared_distance", "identity", one, one, 1.0)


class Constant(nn.Module):
    """``value`` for all pairs."""

    def __init__(self, value: Tensor) -> None:
        super().__init__()
        self.width = 1
        self.value = nn.Parameter(value)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.value.expand(x.shape[0], y.shape[0])

    def square(self, x: Tensor) -> Tensor:
        return self.value.expand(x.shape[0], x.shape[0])

    def diagonal(self, x: Tensor) -> Tensor:
        return self.value.expand(x.shape[0])


class White(nn.Module):
    """``level`` of a row with itself, else 0; rows of two tables are never the same."""

    def __init__(self, level: Tensor) -> None:
        super().__init__()
        self.width = 1
        self.level = nn.Parameter(level)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return torch.zeros([x.shape[0], y.shape[0]], dtype=x.dtype, device=x.device)

    def square(self, x: Tensor) -> Tensor:
        return _is_self(x).to(x.dtype) * self.level

    def diagonal(self, x: Tensor) -> Tensor:
        return self.level.expand(x.shape[0])


class SquaredExponential(nn.Module):
    """``exp(-|x / l - y / l|^2 / 2)``.

    Args:
        length_scale: scalar, or one per feature.
    """

    def __init__(self, length_scale: Tensor) -> None:
        super().__init__()
        self.width = 2
        self.length_scale = nn.Parameter(length_scale)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return torch.exp(-0.5 * _squared_distance(x / self.length_scale, y / self.length_scale))

    def square(self, x: Tensor) -> Tensor:
        return _with_unit_diagonal(self.forward(x, x))

    def diagonal(self, x: Tensor) -> Tensor:
        return torch.ones_like(x[:, 0])


class Matern(nn.Module):
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
        self.nu = nu
        self.length_scale = nn.Parameter(length_scale)
        self.register_buffer("factor", torch.tensor(math.sqrt(2.0 * nu), dtype=length_scale.dtype))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        distance = safe_root(_squared_distance(x / self.length_scale, y / self.length_scale))
        if self.nu == 0.5:
            return torch.exp(-distance)
        z = distance * self.factor
        if self.nu == 1.5:
            return (1.0 + z) * torch.exp(-z)
        return (1.0 + z + z.square() / 3.0) * torch.exp(-z)

    def square(self, x: Tensor) -> Tensor:
        return _with_unit_diagonal(self.forward(x, x))

    def diagonal(self, x: Tensor) -> Tensor:
        return torch.ones_like(x[:, 0])


class GeneralMatern(nn.Module):
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
        distance = safe_root(_squared_distance(x / self.length_scale, y / self.length_scale))
        distance = torch.where(distance == 0.0, self.shortest, distance)
        return matern_of_table(distance * self.factor, self.table, self.lowest, self.density)

    def square(self, x: Tensor) -> Tensor:
        return _with_unit_diagonal(self.forward(x, x))

    def diagonal(self, x: Tensor) -> Tensor:
        return torch.ones_like(x[:, 0])


class RationalQuadratic(nn.Module):
    """``(1 + |x - y|^2 / (2 alpha l^2))^-alpha``."""

    def __init__(self, length_scale: Tensor, alpha: Tensor) -> None:
        super().__init__()
        self.width = 2
        self.length_scale = nn.Parameter(length_scale)
        self.alpha = nn.Parameter(alpha)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        ratio = _squared_distance(x, y) / (2.0 * self.alpha * self.length_scale.square())
        return torch.pow(1.0 + ratio, -self.alpha)

    def square(self, x: Tensor) -> Tensor:
        return _with_unit_diagonal(self.forward(x, x))

    def diagonal(self, x: Tensor) -> Tensor:
        return torch.ones_like(x[:, 0])


class ExpSineSquared(nn.Module):
    """``exp(-2 (sin(pi |x - y| / p) / l)^2)``."""

    pi: Tensor

    def __init__(self, length_scale: Tensor, periodicity: Tensor) -> None:
        super().__init__()
        self.width = 2
        self.length_scale = nn.Parameter(length_scale)
        self.periodicity = nn.Parameter(periodicity)
        self.register_buffer("pi", torch.tensor(math.pi, dtype=length_scale.dtype))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        distance = safe_root(_squared_distance(x, y))
        return torch.exp(-2.0 * (torch.sin(self.pi / self.periodicity * distance) / self.length_scale).square())

    def square(self, x: Tensor) -> Tensor:
        return _with_unit_diagonal(self.forward(x, x))

    def diagonal(self, x: Tensor) -> Tensor:
        return torch.ones_like(x[:, 0])


class DotProduct(nn.Module):
    """``x.y + sigma^2``."""

    def __init__(self, sigma: Tensor) -> None:
        super().__init__()
        self.width = 1
        self.sigma = nn.Parameter(sigma)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return x @ y.T + self.sigma.square()

    def square(self, x: Tensor) -> Tensor:
        return self.forward(x, x)

    def diagonal(self, x: Tensor) -> Tensor:
        return x.square().sum(dim=1) + self.sigma.square()


class NamedKernel(nn.Module):
    """A kernel function of ``sklearn.metrics.pairwise``.

    Args:
        kernel: a key of ``functional.kernels.KERNELS``.
        gamma: parameter of the kernel, if it has it; also ``coef0`` and ``degree``.
        n_features: width of the rows.
    """

    def __init__(self, kernel: str, gamma: Tensor, coef0: Tensor, degree: float, n_features: int) -> None:
        super().__init__()
        form = KERNELS[kernel]
        self.statistic = form.statistic
        self.link = form.link
        self.width = 2 * n_features + 1 if form.statistic == "chi_squared" else 2
        self.gamma = nn.Parameter(gamma)
        self.coef0 = nn.Parameter(coef0)
        self.degree = float(degree)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return pairwise_kernel(x, y, self.statistic, self.link, self.gamma, self.coef0, self.degree)

    def square(self, x: Tensor) -> Tensor:
        return self.forward(x, x)

    def diagonal(self, x: Tensor) -> Tensor:
        # The kernel of each row with itself: rows as a batch of tables of one row each.
        if self.statistic == "dot":
            value = x.square().sum(dim=1)
            if self.link == "power":
                return torch.pow(self.gamma * value + self.coef0, self.degree)
            return torch.tanh(self.gamma * value + self.coef0) if self.link == "tanh" else value
        if self.statistic == "cosine":
            unit = torch.nn.functional.normalize(x, dim=1)
            return unit.square().sum(dim=1)
        refused = torch.where((x < 0).any(dim=1), float("nan"), 0.0).to(x.dtype)
        nothing = refused if self.statistic == "chi_squared" else torch.zeros_like(x[:, 0])
        return nothing if self.link == "negation" else torch.exp(nothing)


class GivenKernel(nn.Module):
    """Covariances with the stored rows that come as input."""

    def __init__(self) -> None:
        super().__init__()
        self.width = 1

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return x

    def square(self, x: Tensor) -> Tensor:
        return x

    def diagonal(self, x: Tensor) -> Tensor:
        return x.diagonal()


class Sum(nn.Module):
    """``k1 + k2``."""

    def __init__(self, left: nn.Module, right: nn.Module, width: int) -> None:
        super().__init__()
        self.width = width
        self.left = left
        self.right = right

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.left(x, y) + self.right(x, y)

    def square(self, x: Tensor) -> Tensor:
        return self.left.square(x) + self.right.square(x)

    def diagonal(self, x: Tensor) -> Tensor:
        return self.left.diagonal(x) + self.right.diagonal(x)


class Product(nn.Module):
    """``k1 k2``."""

    def __init__(self, left: nn.Module, right: nn.Module, width: int) -> None:
        super().__init__()
        self.width = width
        self.left = left
        self.right = right

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return self.left(x, y) * self.right(x, y)

    def square(self, x: Tensor) -> Tensor:
        return self.left.square(x) * self.right.square(x)

    def diagonal(self, x: Tensor) -> Tensor:
        return self.left.diagonal(x) * self.right.diagonal(x)


class Power(nn.Module):
    """``k^exponent``; NaN where a negative covariance has a fractional power."""

    def __init__(self, kernel: nn.Module, exponent: Tensor, width: int) -> None:
        super().__init__()
        self.width = width
        self.kernel = kernel
        self.register_buffer("exponent", exponent)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        return torch.pow(self.kernel(x, y), self.exponent)

    def square(self, x: Tensor) -> Tensor:
        return torch.pow(self.kernel.square(x), self.exponent)

    def diagonal(self, x: Tensor) -> Tensor:
        return torch.pow(self.kernel.diagonal(x), self.exponent)
