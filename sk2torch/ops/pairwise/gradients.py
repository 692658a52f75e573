"""Gradients of reductions over pairs of rows, a tile of pairs at a time.

Each reduction gives every pair a slope ``a_ij`` with respect to its kernel; what follows from it for the rows and the
kernel's parameters is the same for all.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from sk2torch.ops.pairwise.native import native_values
from sk2torch.ops.pairwise.statistics import pair_statistic
from sk2torch.ops.workspace import workspace_bytes

_TILE_COLUMNS = 4096
# Temporaries of the size of a tile that live at a time.
_TEMPORARIES = 16


class PairGradients:
    """Sums, over tiles, of the gradients with respect to rows and parameters.

    Args:
        x: shape ``(n, n_features)``, rows that went through ``align_outside``.
        y: the same, shape ``(m, n_features)``.
        statistic: see ``kernel_values``; also ``link``, ``gamma``, ``coef0`` and ``degree``.
        needs: which gradients are wanted, of ``x``, ``y``, the weights, ``gamma`` and ``coef0``; the others are empty.
    """

    def __init__(
        self,
        x: Tensor,
        y: Tensor,
        statistic: str,
        link: str,
        gamma: Tensor,
        coef0: Tensor,
        degree: float,
        needs: list[bool],
    ) -> None:
        if statistic == "squared_distance" and y.shape[0] > 0:
            center = y.mean(dim=0)
            x, y = x - center, y - center
        self.left, self.right = x, y
        self.statistic, self.link = statistic, link
        self.gamma, self.coef0, self.degree = gamma, coef0, degree
        self.needs = needs
        self.x = torch.zeros_like(x) if needs[0] else x.new_empty(0)
        self.y = torch.zeros_like(y) if needs[1] else y.new_empty(0)
        self.gamma_slope = torch.zeros_like(gamma) if needs[3] else gamma.new_empty(0)
        self.coef0_slope = torch.zeros_like(coef0) if needs[4] else coef0.new_empty(0)

    def values(self, rows: slice, columns: slice) -> Tensor:
        """The statistic of a tile of pairs."""
        left, right = self.left[rows], self.right[columns]
        found = native_values(left, right, self.statistic, "identity", self.gamma, self.coef0, 1.0)
        found = pair_statistic(left, right, self.statistic) if found is None else found
        # The expanded square may be a rounding below zero.
        return found.clamp(min=0.0) if self.statistic == "squared_distance" else found

    def add(self, rows: slice, columns: slice, statistic: Tensor, kernel: Tensor, slope: Tensor) -> None:
        """Add what a tile contributes; ``slope`` is the gradient with respect to ``kernel``."""
        by_statistic, by_gamma, by_coef0 = self._link_slopes(statistic, kernel, slope)
        if self.needs[3] and by_gamma is not None:
            self.gamma_slope += by_gamma.sum()
        if self.needs[4] and by_coef0 is not None:
            self.coef0_slope += by_coef0.sum()
        if self.needs[0] or self.needs[1]:
            self._add_rows(rows, columns, by_statistic)

    def link_of(self, s: Tensor) -> Tensor:
        """The kernel of a tile from its statistic."""
        gamma, link = self.gamma, self.link
        if link == "identity":
            return s
        if link == "negation":
            return -s
        if link == "scaled":
            return -gamma * s
        if link == "exponential":
            return torch.exp(-gamma * s)
        if link == "power":
            return torch.pow(gamma * s + self.coef0, self.degree)
        if link == "tanh":
            return torch.tanh(gamma * s + self.coef0)
        root = s.sqrt()
        if link == "root":
            return root
        z = gamma * root
        if link == "scaled_root":
            return -z
        polynomial = {"matern_1": 1.0, "matern_3": 1.0 + z, "matern_5": 1.0 + z + z.square() / 3.0}[link]
        return polynomial * torch.exp(-z)

    def _link_slopes(self, s: Tensor, kernel: Tensor, slope: Tensor) -> tuple[Tensor, Tensor | None, Tensor | None]:
        """``slope`` times the derivatives of the link by the statistic, ``gamma`` and ``coef0``."""
        gamma, link = self.gamma, self.link
        if link == "identity":
            return slope, None, None
        if link == "negation":
            return -slope, None, None
        if link == "scaled":
            return -gamma * slope, -s * slope, None
        if link == "exponential":
            outer = kernel * slope
            return -gamma * outer, -s * outer, None
        if link == "power" or link == "tanh":
            if link == "tanh":
                inner = (1.0 - kernel.square()) * slope
            else:
                inner = self.degree * torch.pow(gamma * s + self.coef0, self.degree - 1.0) * slope
            return gamma * inner, s * inner, inner
        root = s.sqrt()
        # The slope of the root is 0 at 0.
        half_inverse = torch.where(s == 0, s, 0.5 / torch.where(s == 0, 1.0, root))
        if link == "root":
            return half_inverse * slope, None, None
        if link == "scaled_root":
            return -gamma * half_inverse * slope, -root * slope, None
        if link == "matern_1":
            outer = kernel * slope
            return -gamma * half_inverse * outer, -root * outer, None
        z = gamma * root
        outer = torch.exp(-z) * slope
        if link == "matern_3":
            return -0.5 * gamma.square() * outer, -z * root * outer, None
        factor = (1.0 + z) / 3.0
        return -0.5 * gamma.square() * factor * outer, -z * factor * root * outer, None

    def _add_rows(self, rows: slice, columns: slice, slope: Tensor) -> None:
        """``slope`` is the gradient with respect to the statistic."""
        x, y = self.left[rows], self.right[columns]
        if self.statistic == "dot":
            if self.needs[0]:
                self.x[rows] += slope @ y
            if self.needs[1]:
                self.y[columns] += slope.T @ x
            return
        if self.statistic in ("squared_distance", "direct_squared_distance"):
            if self.needs[0]:
                self.x[rows] += 2.0 * (x * slope.sum(dim=1, keepdim=True) - slope @ y)
            if self.needs[1]:
                self.y[columns] += 2.0 * (y * slope.sum(dim=0).unsqueeze(1) - slope.T @ x)
            return
        for feature in range(x.shape[1]):
            left, right = x[:, feature : feature + 1], y[:, feature]
            difference = left - right
            if self.statistic == "manhattan":
                by_x = difference.sign() * slope
                by_y = -by_x
            else:
                total = left + right
                scale = slope * difference / torch.where(total == 0, 1.0, total.square())
                by_x, by_y = scale * (left + 3.0 * right), -scale * (3.0 * left + right)
            if self.needs[0]:
                self.x[rows, feature] += by_x.sum(dim=1)
            if self.needs[1]:
                self.y[columns, feature] += by_y.sum(dim=0)


def tiles(x: Tensor, sizes: list[int]) -> Iterator[tuple[int, slice, slice]]:
    """Group, rows of ``x`` and stored rows of each tile, within the workspace."""
    most = workspace_bytes() // (_TEMPORARIES * x.element_size())
    # On a processor, tiles that stay in its cache.
    most = min(most, 2**19) if x.device.type == "cpu" else most
    begin = 0
    for group, size in enumerate(sizes):
        for start in range(begin, begin + size, _TILE_COLUMNS):
            stop = min(begin + size, start + _TILE_COLUMNS)
            step = max(1, most // (stop - start))
            for first in range(0, x.shape[0], step):
                yield group, slice(first, min(x.shape[0], first + step)), slice(start, stop)
        begin += size


def sum_gradients(found: PairGradients, grad: Tensor, weights: Tensor, sizes: list[int]) -> Tensor:
    """Of ``weighted_sum``; returns the gradient with respect to the weights."""
    n_weights = weights.shape[0]
    by_weights = torch.zeros_like(weights) if found.needs[2] else weights.new_empty(0)
    for group, rows, columns in tiles(found.left, sizes):
        given = grad[rows, group * n_weights : (group + 1) * n_weights]
        statistic = found.values(rows, columns)
        kernel = found.link_of(statistic)
        if found.needs[2]:
            by_weights[:, columns] += given.T @ kernel
        found.add(rows, columns, statistic, kernel, given @ weights[:, columns])
    return by_weights


def values_gradients(found: PairGradients, grad: Tensor) -> None:
    """Of ``pairwise_kernel``."""
    for _, rows, columns in tiles(found.left, [found.right.shape[0]]):
        statistic = found.values(rows, columns)
        found.add(rows, columns, statistic, found.link_of(statistic), grad[rows, columns])


def log_sum_gradients(found: PairGradients, grad: Tensor, out: Tensor, offsets: Tensor) -> Tensor:
    """Of ``log_sum``, whose result is ``out``; returns the gradient with respect to the offsets."""
    by_offsets = torch.zeros_like(offsets) if found.needs[2] else offsets.new_empty(0)
    # Where no row is in reach there is no slope.
    level = torch.where(out == -torch.inf, 0.0, out).unsqueeze(1)
    for _, rows, columns in tiles(found.left, [found.right.shape[0]]):
        statistic = found.values(rows, columns)
        kernel = found.link_of(statistic)
        share = torch.exp(kernel + offsets[columns] - level[rows]) * grad[rows].unsqueeze(1)
        if found.needs[2]:
            by_offsets[columns] += share.sum(dim=0)
        found.add(rows, columns, statistic, kernel, share)
    return by_offsets
