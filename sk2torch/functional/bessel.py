"""The Matern covariance of any order, from a table of polynomials made when a model is converted."""

import importlib
import math

import numpy as np
import torch
from torch import Tensor

# A polynomial of this degree is exact to rounding on each piece of the table.
_DEGREE = 12
# exp(-z) is zero in float64 beyond.
_LARGEST = 750.0


def matern_table(nu: float) -> tuple[Tensor, float, float]:
    """Polynomials of ``h(z) = exp(z) 2^(1-nu) / gamma(nu) z^nu K_nu(z)`` on pieces of ``log(z)``.

    Args:
        nu: the order, positive.

    Returns:
        coefficients in ascending powers, shape ``(degree + 1, n_pieces)``; the lowest ``log(z)``; the number of
        pieces in 1.
    """
    special = importlib.import_module("scipy.special")
    # Below, z^nu K_nu(z) is its limit to within rounding.
    lowest = math.floor(max(-740.0, -40.0 / min(2.0 * nu, 1.0)))
    density = float(max(2, math.ceil(nu)))
    n_pieces = math.ceil((math.log(_LARGEST) - lowest) * density)
    nodes = np.polynomial.chebyshev.chebpts1(_DEGREE + 1)
    centers = lowest + (np.arange(n_pieces) + 0.5) / density
    z = np.exp(centers[:, None] + 0.5 / density * nodes)
    with np.errstate(over="ignore", invalid="ignore"):
        values = np.exp((1.0 - nu) * math.log(2.0) - special.gammaln(nu) + nu * np.log(z)) * special.kve(nu, z)
        # Where K overflows, its product with z^nu has long reached its limit.
        values = np.where(np.isfinite(values), values, np.exp(z))
    chebyshev = np.linalg.solve(np.polynomial.chebyshev.chebvander(nodes, _DEGREE), values.T)
    powers = np.zeros((_DEGREE + 1, _DEGREE + 1))
    for k in range(_DEGREE + 1):
        powers[: k + 1, k] = np.polynomial.chebyshev.cheb2poly(np.eye(_DEGREE + 1)[k, : k + 1])
    return torch.from_numpy(powers @ chebyshev), float(lowest), density


def matern_of_table(z: Tensor, table: Tensor, lowest: Tensor, density: Tensor) -> Tensor:
    """``2^(1-nu) / gamma(nu) z^nu K_nu(z)`` for ``z > 0``, of any shape.

    Args:
        z: scaled distances.
        table: of ``matern_table``, as ``lowest`` and ``density``, scalar tensors.
        lowest: the lowest ``log(z)``.
        density: pieces in 1.
    """
    degree, n_pieces = table.shape[0] - 1, table.shape[1]
    position = (torch.log(z) - lowest) * density
    # Below the table the function is constant; beyond it, exp(-z) is zero.
    position = torch.clamp(position, min=0.0, max=float(n_pieces))
    piece = torch.clamp(position.detach().floor(), max=float(n_pieces - 1))
    t = 2.0 * (position - piece) - 1.0
    # NaN is no index.
    index = piece.long().clamp(0, n_pieces - 1).reshape(-1)
    value = table[degree].index_select(0, index).reshape(z.shape)
    for k in range(1, degree + 1):
        value = value * t + table[degree - k].index_select(0, index).reshape(z.shape)
    return torch.exp(-z) * value
