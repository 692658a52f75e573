"""Nearest stored rows, and stored rows within a radius."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from sk2torch.blocks.radius_search import TREES, RadiusSearch
from sk2torch.functional.distances import MetricForm
from sk2torch.functional.graphs import row_graph
from sk2torch.functional.held_tensors import held_tensors
from sk2torch.functional.neighbor_votes import inverse_distance
from sk2torch.ops.answering import takes_operators
from sk2torch.ops.neighbor_votes import inverse_distances
from sk2torch.ops.pairwise import (
    SearchOrder,
    align_rows,
    found_neighbors,
    is_recorded,
    known_distance,
    nearest_rows,
    paired_distance,
    stable_sort,
)


class InverseDistance(nn.Module):
    """Weights ``1 / distance``; where some of a row are zero, 1 for these and 0 for all others."""

    def forward(self, distance: Tensor) -> Tensor:
        if not torch.jit.is_scripting():
            found = inverse_distances(distance)
            if found is not None:
                return found
        return inverse_distance(distance, torch.ones_like(distance, dtype=torch.bool))


class CallableWeights(nn.Module):
    """Weights that a function of distances gives, shape ``(n, k)`` for ``(n, k)``.

    Args:
        function: a module, or a function that TorchScript takes.
    """

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, distance: Tensor) -> Tensor:
        return self.function(distance)


class NeighborSearch(RadiusSearch):
    """Distances to stored rows, the nearest of them, and those within a radius; see ``RadiusSearch``."""

    leaves: Tensor

    def __init__(
        self,
        rows: Tensor,
        form: MetricForm,
        power: float,
        weights: Tensor,
        order: SearchOrder,
        radius: float = float("nan"),
    ) -> None:
        super().__init__(rows, form, power, weights, order, radius)
        self.weigh: nn.Module = InverseDistance()

    @torch.jit.unused
    def check_arrays(self) -> None:
        """Refuse leaves that do not hold each row once, and nodes of another tree, which compiled searches follow.

        Raises:
            ValueError: there are such.
        """
        leaves, n_rows = self.leaves, self.rows.shape[0]
        if leaves.dtype != torch.int64 or leaves.dim() != 2:
            raise ValueError("the leaves of a search tree are no table of rows.")
        in_leaves = leaves[leaves != n_rows]
        if not (torch.equal(in_leaves.sort()[0], torch.arange(n_rows)) and torch.equal(in_leaves, self.storage)):
            raise ValueError("the leaves of a search tree are not those of its rows.")
        n_leaves, n_nodes = leaves.shape[0], 2 * leaves.shape[0] - 1
        is_whole = n_leaves & (n_leaves - 1) == 0 and self.lower.shape[0] == n_nodes == self.upper.shape[0]
        if self.order in TREES and not is_whole:
            raise ValueError("the nodes of a search tree are not those of its leaves.")

    def nearest(self, x: Tensor, k: int) -> Tensor:
        """Indices of the ``k`` nearest rows, nearest first; int64, shape ``(n_samples, k)``."""
        if self.metric == "precomputed":
            return stable_sort(x.detach(), 1)[1][:, :k]
        if not torch.jit.is_scripting():  # noqa: SIM102
            if takes_operators():
                return self._found(x, k)[0]
        left, right = align_rows(x, self.metric), align_rows(self.rows, self.metric)
        return nearest_rows(
            left,
            right,
            k,
            self.metric,
            self.power,
            self.weights,
            self.order,
            self.leaves,
            self.lower,
            self.upper,
        )

    def _found(self, x: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """Indices and reduced distances, without gradients."""
        metric = self.metric
        rows, weights, *boxes = held_tensors(self, "rows", "weights", "leaves", "lower", "upper")
        left, right = align_rows(x, metric), align_rows(rows, metric)
        return found_neighbors(left, right, k, metric, self.power, weights, self.order, *boxes)

    def _neighbors(self, x: Tensor, k: int) -> tuple[Tensor, Tensor]:
        index, reduced = self._found(x, k)
        if torch.is_grad_enabled() and is_recorded(x, self.rows):
            if torch.compiler.is_compiling():
                return self.distance_to(x, index), index
            left, right = align_rows(x, self.metric), align_rows(self.rows, self.metric)
            reduced = known_distance(left, right, index, reduced, self.metric, self.power, self.weights)
        return self.finished(reduced), index

    def neighbors(self, x: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """Distances to the ``k`` nearest rows and their indices, each of shape ``(n_samples, k)``."""
        if not torch.jit.is_scripting():  # noqa: SIM102
            if self.metric != "precomputed" and takes_operators():
                return self._neighbors(x, k)
        index = self.nearest(x, k)
        return self.distance_to(x, index), index

    def weighted(self, x: Tensor, k: int, by_distance: bool) -> tuple[Tensor, Tensor]:
        """Indices of the ``k`` nearest rows, and what they count: 1, or what ``weigh`` makes of their distance."""
        if not by_distance:
            index = self.nearest(x, k)
            return index, torch.ones_like(index, dtype=x.dtype)
        distance, index = self.neighbors(x, k)
        return index, self.weigh(distance)

    def distance_to(self, x: Tensor, index: Tensor) -> Tensor:
        """Distances between each row of ``x`` and the stored rows at its row of ``index``; shaped as ``index``."""
        if self.metric == "precomputed":
            return x.gather(1, index)
        left, right = align_rows(x, self.metric), align_rows(self.rows, self.metric)
        size = max(1, index.shape[1] * right.shape[1])
        if not torch.jit.is_scripting():  # noqa: SIM102
            if torch.compiler.is_compiling():
                return self._paired(left, right, index)
        step = max(1, self.block_elements // size)
        starts = range(0, max(1, x.shape[0]), step)
        blocks = [self._paired(left[start : start + step], right, index[start : start + step]) for start in starts]
        return torch.cat(blocks) if len(blocks) > 1 else blocks[0]

    def _paired(self, left: Tensor, right: Tensor, index: Tensor) -> Tensor:
        return self.finished(paired_distance(left, right, index, self.metric, self.power, self.weights))

    def nearest_graph(self, x: Tensor, k: int, is_weighted: bool) -> Tensor:
        """Distances to the ``k`` nearest rows (or ones) where these are, else zeros; ``(n_samples, n_rows)``."""
        if is_weighted:
            values, index = self.neighbors(x, k)
        else:
            index = self.nearest(x, k)
            values = torch.ones_like(index, dtype=x.dtype)
        return row_graph(values, index, self.rows.shape[0])
