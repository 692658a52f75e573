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
    value = torch.ones_like(x).unsqueeze(2)
    if degree == 0:
        return value
    first = torch.arange(knots.shape[0], device=x.device) * knots.shape[1]
    places = (interval + first).unsqueeze(2) + torch.arange(1, 2 * degree + 1, device=x.device)
    around = knots.reshape(-1).index_select(0, places.reshape(-1)).reshape(places.shape)
    point = x.unsqueeze(2)
    for k in range(1, degree + 1):
        left, right = around[:, :, degree - k : degree], around[:, :, degree : degree + k]
        length = right - left
        is_empty = length == 0.0
        share = torch.where(is_empty, 0.0, value / torch.where(is_empty, 1.0, length))
        falling, rising = share * (right - point), share * (point - left)
        zero = torch.zeros_like(point)
        value = torch.cat([falling, zero], dim=2) + torch.cat([zero, rising], dim=2)
    return value


def in_columns(values: Tensor, first: Tensor, width: int) -> Tensor:
    """``values`` in the columns ``first`` and after it of a row of zeros.

    Args:
        values: shape ``(n, n_features, n_values)``.
        first: int64, shape ``(n, n_features)``.
        width: number of columns.

    Returns:
        shape ``(n, n_features, width)``.
    """
    source = torch.arange(width, device=values.device) - first.unsqueeze(2)
    taken = torch.gather(values, 2, source.clamp(0, values.shape[2] - 1))
    return torch.where((source >= 0) & (source < values.shape[2]), taken, 0.0)
