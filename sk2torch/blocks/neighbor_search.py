"""Nearest stored rows, and stored rows within a radius."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from sk2torch.functional.distances import MetricForm, from_reduced, reduced_radius
from sk2torch.functional.graphs import ragged_graph, row_graph
from sk2torch.functional.held_tensors import held_tensors
from sk2torch.functional.neighbor_votes import inverse_distance, vote_sums
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
    reduced_distance,
    stable_sort,
)
from sk2torch.ops.row_blocks import keep_block

_TREES = ("kd_tree", "ball_tree")


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


class NeighborSearch(nn.Module):
    """Distances to stored rows, the nearest of them, and those within a radius.

    ``precomputed`` distances are the input: one column per stored row.

    Args:
        rows: shape ``(n_rows, n_features)``; no columns for ``precomputed`` distances.
        form: see ``functional.distances.metric_form``.
        power: of the Minkowski distance.
        weights: see ``ops.pairwise.reduced_distance``.
        order: see ``ops.pairwise.SearchOrder``.
        radius: of neighbourhoods; NaN where it has none.
    """

    __jit_unused_properties__ = ["fixed_tensors"]
    _version = 2
    not_quantized = "which rows are nearest is decided by differences that rounded rows do not have"
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
        super().__init__()
        # A tree is that of these rows; rows that training moved would be looked for in the wrong places.
        self.rows = nn.Parameter(rows, requires_grad=order.name not in _TREES)
        self.metric = form.metric
        self.is_reduced = form.is_reduced
        self.power = float(power)
        # Size of the largest temporary in eager mode and TorchScript.
        self.block_elements = 2097152
        self.order = order.name
        self.weigh: nn.Module = InverseDistance()
        self.radius = reduced_radius(radius, form, power)
        self.register_buffer("weights", weights)
        self.register_buffer("leaves", order.leaves)
        self.register_buffer("lower", order.lower)
        self.register_buffer("upper", order.upper)
        in_leaves = order.leaves.reshape(-1)
        self.register_buffer("storage", in_leaves[in_leaves < rows.shape[0]])

    @property
    def fixed_tensors(self) -> dict[str, str]:
        """See ``TorchEstimator``."""
        reason = "the search tree is that of the rows of the fit; fit with algorithm='brute', or again on the new rows"
        return {"rows": reason} if self.order in _TREES else {}

    @torch.jit.unused
    def upgrade(self, version: int) -> None:
        """See ``TorchEstimator``: rows of a search tree were trained."""
        self.rows.requires_grad_(self.rows.requires_grad and self.order not in _TREES)

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
        if self.order in _TREES and not is_whole:
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

    def finished(self, reduced: Tensor) -> Tensor:
        """The distance of a reduced distance."""
        return reduced if self.is_reduced else from_reduced(reduced, self.metric, self.power)

    def nearest_graph(self, x: Tensor, k: int, is_weighted: bool) -> Tensor:
        """Distances to the ``k`` nearest rows (or ones) where these are, else zeros; ``(n_samples, n_rows)``."""
        if is_weighted:
            values, index = self.neighbors(x, k)
        else:
            index = self.nearest(x, k)
            values = torch.ones_like(index, dtype=x.dtype)
        return row_graph(values, index, self.rows.shape[0])

    def reduced(self, x: Tensor, rows: Tensor) -> Tensor:
        """Reduced distances to ``rows``, which are some of the aligned stored rows; ``x`` is aligned."""
        if self.metric == "precomputed":
            return x.index_select(1, self.storage)
        return reduced_distance(x.unsqueeze(1), rows.unsqueeze(0), self.metric, self.power, self.weights)

    def query_blocks(self, x: Tensor) -> list[Tensor]:
        """Aligned ``x`` in blocks for which the distances to all rows fit into memory; one block in graphs."""
        x = x if self.metric == "precomputed" else align_rows(x, self.metric)
        if not torch.jit.is_scripting():  # noqa: SIM102
            if torch.compiler.is_compiling():
                return [x]
        step = max(1, self.block_elements // self.rows.shape[0])
        return [x[start : start + step] for start in range(0, max(1, x.shape[0]), step)]

    def stored_rows(self) -> Tensor:
        """The aligned rows in the order in which a search within a radius meets them."""
        rows = self.rows.index_select(0, self.storage)
        return rows if self.metric == "precomputed" else align_rows(rows, self.metric)

    def within(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Stored rows within the radius: distances, indices, and how many each row of ``x`` has.

        The neighbours of a row are side by side, nearest first; equal ones as scikit-learn meets them.
        """
        rows = self.stored_rows()
        distances: list[Tensor] = []
        indices: list[Tensor] = []
        counts: list[Tensor] = []
        for block in self.query_blocks(x):
            reduced = self.reduced(block, rows)
            inside = reduced <= self.radius
            pairs = torch.nonzero(inside)
            query, place = pairs[:, 0], pairs[:, 1]
            values = reduced.reshape(-1).index_select(0, query * reduced.shape[1] + place)
            by_value = stable_sort(values.detach(), 0)[1]
            by_query = stable_sort(query.index_select(0, by_value), 0)[1]
            order = by_value.index_select(0, by_query)
            distances.append(self.finished(values.index_select(0, order)))
            indices.append(self.storage.index_select(0, place.index_select(0, order)))
            counts.append(inside.sum(dim=1))
        return torch.cat(distances), torch.cat(indices), torch.cat(counts)

    def radius_graph(self, x: Tensor, is_weighted: bool) -> Tensor:
        """Distances to the rows within the radius (or ones) where these are, else zeros; ``(n_samples, n_rows)``."""
        if not torch.jit.is_scripting():  # noqa: SIM102
            if torch.compiler.is_compiling():
                rows = self.stored_rows()
                reduced = self.reduced(self.query_blocks(x)[0], rows)
                values = self.finished(reduced) if is_weighted else torch.ones_like(reduced)
                values = torch.where(reduced <= self.radius, values, 0.0)
                return values.index_select(1, torch.sort(self.storage)[1])
        values, index, counts = self.within(x)
        return ragged_graph(values if is_weighted else torch.ones_like(values), index, counts, self.rows.shape[0])

    def radius_weights(self, x: Tensor, rows: Tensor, by_distance: bool) -> tuple[Tensor, Tensor]:
        """What the stored rows count for each row of a block, 0 beyond the radius; and how many are within it."""
        reduced = self.reduced(x, rows)
        inside = reduced <= self.radius
        counts = inside.sum(dim=1)
        if not by_distance:
            return inside.to(x.dtype), counts
        distance = self.finished(torch.where(inside, reduced, torch.ones_like(reduced)))
        return inverse_distance(distance, inside), counts

    def radius_sums(self, x: Tensor, targets: Tensor, by_distance: bool) -> tuple[Tensor, Tensor, Tensor]:
        """Weighted sums over the rows within the radius, the sums of the weights, and how many rows there are.

        Args:
            x: shape ``(n_samples, n_features)``.
            targets: what is added up, shape ``(n_rows, n_targets)``.
            by_distance: weights are the inverse of the distance.
        """
        rows, targets = self.stored_rows(), targets.index_select(0, self.storage)
        sums: list[Tensor] = []
        totals: list[Tensor] = []
        counts: list[Tensor] = []
        start = 0
        for block in self.query_blocks(x):
            weights, count = self.radius_weights(block, rows, by_distance)
            keep_block(sums, weights @ targets, start, x.shape[0])
            keep_block(totals, weights.sum(dim=1, keepdim=True), start, x.shape[0])
            keep_block(counts, count, start, x.shape[0])
            start += block.shape[0]
        return torch.cat(sums), torch.cat(totals), torch.cat(counts)

    def radius_votes(self, x: Tensor, labels: Tensor, sizes: list[int], by_distance: bool) -> tuple[Tensor, Tensor]:
        """Sums of the weights of each class, added in the order of the search, and how many rows there are.

        Args:
            x: shape ``(n_samples, n_features)``.
            labels: class of each stored row, int64, shape ``(n_outputs, n_rows)``.
            sizes: number of classes of each output.
            by_distance: weights are the inverse of the distance.

        Returns:
            shapes ``(n_samples, sum(sizes))`` and ``(n_samples,)``.
        """
        rows, labels = self.stored_rows(), labels.index_select(1, self.storage)
        sums: list[Tensor] = []
        counts: list[Tensor] = []
        start = 0
        for block in self.query_blocks(x):
            weights, count = self.radius_weights(block, rows, by_distance)
            parts = [vote_sums(labels[k].expand_as(weights), weights, n) for k, n in enumerate(sizes)]
            keep_block(sums, torch.cat(parts, dim=1), start, x.shape[0])
            keep_block(counts, count, start, x.shape[0])
            start += block.shape[0]
        return torch.cat(sums), torch.cat(counts)
