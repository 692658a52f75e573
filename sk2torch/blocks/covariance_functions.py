"""Covariance functions of Gaussian processes, as modules that combine as scikit-learn's kernels do.

Each has ``forward(x, y)``, shape ``(n, m)``; ``square(x)``, the covariance of rows with themselves, shape ``(n, n)``;
and ``diagonal(x)``, shape ``(n,)``. ``square`` is not ``forward(x, x)`` where there is noise, and for correlations,
which are 1 of a row with itself. Hyperparameters are parameters. ``width`` counts the numbers per pair that
are held at a time.
"""

import torch
from torch import Tensor, nn

from sk2torch.blocks.stationary_covariance import is_diagonal
from sk2torch.functional.kernels import KERNELS, unused_parameters
from sk2torch.ops.pairwise import pairwise_kernel


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
        return is_diagonal(x).to(x.dtype) * self.level

    def diagonal(self, x: Tensor) -> Tensor:
        return self.level.expand(x.shape[0])


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

    __jit_unused_properties__ = ["free_tensors"]

    def __init__(self, kernel: str, gamma: Tensor, coef0: Tensor, degree: float, n_features: int) -> None:
        super().__init__()
        form = KERNELS[kernel]
        self.statistic = form.statistic
        self.link = form.link
        self.width = 2 * n_features + 1 if form.statistic == "chi_squared" else 2
        self.gamma = nn.Parameter(gamma)
        self.coef0 = nn.Parameter(coef0)
        self.degree = float(degree)

    @property
    def free_tensors(self) -> tuple[str, ...]:
        """Parameters that this kernel does not have."""
        return unused_parameters(self.link)

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
