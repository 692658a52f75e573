"""B-splines as polynomials between the knots, for graphs: a look-up and Horner's rule instead of a recurrence."""

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.blocks.sorted_columns import SortedColumns

# Numbers that the polynomials of one module may take.
MAX_NUMBERS = 2**17


class SplinePieces(nn.Module):
    """Each feature's splines at a value: ``sum_p c[p] (x - origin)^p``, of the piece that the value is in.

    Args:
        bounds: of each feature, where its pieces after the first begin, ascending.
        origins: shape ``(n_features, n_pieces)``.
        coefficients: shape ``(degree + 1, n_features, n_pieces, n_splines)``.
    """

    first: Tensor
    origins: Tensor
    coefficients: Tensor

    def __init__(self, bounds: list[np.ndarray], origins: np.ndarray, coefficients: np.ndarray) -> None:
        super().__init__()
        n_features, n_pieces = origins.shape
        self.piece = SortedColumns(bounds, inclusive=True)
        self.register_buffer("first", torch.arange(n_features) * n_pieces)
        self.register_buffer("origins", torch.from_numpy(origins.reshape(-1)))
        flat = np.ascontiguousarray(coefficients.reshape(len(coefficients), n_features * n_pieces, -1))
        self.register_buffer("coefficients", torch.from_numpy(flat))

    def forward(self, x: Tensor) -> Tensor:
        """Shape ``(n_samples, n_features, n_splines)``; NaN for NaN."""
        place = self.piece(x) + self.first
        flat = place.reshape(-1)
        past = (x - self.origins.index_select(0, flat).reshape(x.shape)).unsqueeze(2)
        shape = [x.shape[0], x.shape[1], self.coefficients.shape[2]]
        top = self.coefficients.shape[0] - 1
        result = self.coefficients[top].index_select(0, flat).reshape(shape)
        for p in range(top - 1, -1, -1):
            result = result * past + self.coefficients[p].index_select(0, flat).reshape(shape)
        return result


def spline_pieces(
    knots: np.ndarray, degree: int, ends: np.ndarray, given: np.ndarray | None, n_columns: int
) -> SplinePieces | None:
    """The pieces of splines; None for degree 0, for too many, and for ends that lie between other knots.

    Args:
        knots: ascending, shape ``(n_features, n_splines + degree + 1)``.
        degree: of the polynomials.
        ends: shape ``(2, n_features)``, where extrapolation begins.
        given: value and slope of each spline before the lower and behind the upper end, shape
            ``(2, 2, n_features, n_splines)``; None for the polynomials next to the ends.
        n_columns: how many splines of each feature to keep.
    """
    n_features, n_splines = knots.shape[0], knots.shape[1] - degree - 1
    inner = knots[:, degree + 1 : n_splines]
    is_inside = (ends[0] <= ends[1]).all()
    if inner.size > 0:
        is_inside = is_inside and (inner[:, 0] >= ends[0]).all() and (inner[:, -1] <= ends[1]).all()
    n_pieces = inner.shape[1] + 3
    if degree == 0 or not is_inside or (degree + 1) * n_features * n_pieces * n_columns > MAX_NUMBERS:
        return None
    origins = np.zeros((n_features, n_pieces))
    coefficients = np.zeros((degree + 1, n_features, n_pieces, n_splines))
    for j, row in enumerate(knots):
        origins[j, 1:-1] = row[degree:n_splines]
        for i in range(n_pieces - 2):
            coefficients[:, j, i + 1, i : i + degree + 1] = _polynomials(row[i:], degree)
    for side, place, neighbour in ((0, 0, 1), (1, -1, -2)):
        if given is None:
            origins[:, place], coefficients[:, :, place] = origins[:, neighbour], coefficients[:, :, neighbour]
        else:
            origins[:, place], coefficients[:2, :, place] = ends[side], given[side]
    # What begins at the upper end itself is the last piece, so the next number begins the one behind it.
    bounds = list(np.column_stack([ends[0], inner, np.nextafter(ends[1], np.inf)]))
    return SplinePieces(bounds, origins, coefficients[..., :n_columns])


def _polynomials(knots: np.ndarray, degree: int) -> np.ndarray:
    """Of the splines ``0`` to ``degree`` between ``knots[degree]`` and the next, in powers of the distance from it.

    The recurrence of ``functional.splines.basis_functions``; shape ``(degree + 1, degree + 1)``, powers first.
    """
    around = knots[1 : 2 * degree + 1] - knots[degree]
    values = [np.eye(degree + 1)[0]]
    for k in range(1, degree + 1):
        following = [np.zeros(degree + 1) for _ in range(k + 1)]
        for i, value in enumerate(values):
            left, right = around[degree - k + i], around[degree + i]
            share = value / (right - left) if right > left else np.zeros(degree + 1)
            moved = np.roll(share, 1)
            following[i] += right * share - moved
            following[i + 1] += moved - left * share
        values = following
    return np.stack(values, axis=1)
