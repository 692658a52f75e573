"""B-splines of many features at once."""

import torch
from torch import Tensor


def basis_functions(x: Tensor, knots: Tensor, interval: Tensor, degree: int) -> Tensor:
    """The ``degree + 1`` B-splines that are not zero at each value, by the recurrence of de Boor and Cox.

    ``B[i, k] = (x - t[i]) / (t[i+k] - t[i]) B[i, k-1] + (t[i+k+1] - x) / (t[i+k+1] - t[i+1]) B[i+1, k-1]``, where terms
    over intervals of length zero are zero, as scipy computes them.

    Args:
        x: shape ``(n, n_features)``.
        knots: ascending, shape ``(n_features, n_knots)``.
        interval: int64, shape ``(n, n_features)``: ``i`` such that ``x`` is between the knots ``i + degree`` and the
            next; beyond the ends the polynomials of the first or last interval go on.
        degree: of the polynomials.

    Returns:
        shape ``(n, n_features, degree + 1)``, the splines ``i`` to ``i + degree``.
    """
    values = [torch.ones_like(x)]
    first = torch.arange(knots.shape[0], device=x.device) * knots.shape[1]
    places = interval + first
    table = knots.reshape(-1)
    # The knots 1 - degree to degree places from the interval's, and how far each is.
    nearby = [places + offset for offset in range(1, 2 * degree + 1)]
    around = [table.index_select(0, place.reshape(-1)).reshape(x.shape) for place in nearby]
    ahead = [knot - x for knot in around]
    for k in range(1, degree + 1):
        following: list[Tensor] = []
        rising = torch.zeros_like(x)
        for i in range(k):
            left, right = degree - k + i, degree + i
            length = around[right] - around[left]
            is_empty = length == 0.0
            share = torch.where(is_empty, 0.0, values[i] / torch.where(is_empty, 1.0, length))
            falling = share * ahead[right]
            following.append(rising + falling if i > 0 else falling)
            rising = share * -ahead[left]
        following.append(rising)
        values = following
    return torch.stack(values, dim=2)


def in_columns(values: Tensor, first: Tensor, width: int) -> Tensor:
    """``values`` in the columns ``first`` and after it of a row of zeros.

    Args:
        values: shape ``(n, n_features, n_values)``.
        first: int64, shape ``(n, n_features)``.
        width: number of columns.

    Returns:
        shape ``(n, n_features, width)``.
    """
    if not torch.jit.is_scripting():  # noqa: SIM102
        if not torch.compiler.is_compiling():
            places = first.unsqueeze(2) + torch.arange(values.shape[2], device=values.device)
            zeros = torch.zeros([values.shape[0], values.shape[1], width], dtype=values.dtype, device=values.device)
            return zeros.scatter(2, places, values)
    zeros = torch.zeros_like(values[:, :, :1])
    padded = torch.cat([zeros, values, zeros], dim=2)
    source = torch.arange(1, width + 1, device=values.device) - first.unsqueeze(2)
    return torch.gather(padded, 2, source.clamp(0, values.shape[2] + 1))
