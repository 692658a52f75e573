"""Stored rows, and those within a radius."""

import torch
from torch import Tensor, nn

from sk2torch.functional.distances import MetricForm, from_reduced, reduced_radius
from sk2torch.functional.graphs import ragged_graph
from sk2torch.functional.neighbor_votes import inverse_distance, vote_sums
from sk2torch.ops.pairwise import SearchOrder, align_rows, reduced_distance, stable_sort
from sk2torch.ops.row_blocks import keep_block

TREES = ("kd_tree", "ball_tree")


class RadiusSearch(nn.Module):
    """Abstract: distances to stored rows, and those within a radius.

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
        self.rows = nn.Parameter(rows, requires_grad=order.name not in TREES)
        self.metric = form.metric
        self.is_reduced = form.is_reduced
        self.power = float(power)
        # Size of the largest temporary in eager mode and TorchScript.
        self.block_elements = 2097152
        self.order = order.name
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
        return {"rows": reason} if self.order in TREES else {}

    @torch.jit.unused
    def upgrade(self, version: int) -> None:
        """See ``TorchEstimator``: rows of a search tree were trained."""
        self.rows.requires_grad_(self.rows.requires_grad and self.order not in TREES)

    def finished(self, reduced: Tensor) -> Tensor:
        """The distance of a reduced distance."""
        return reduced if self.is_reduced else from_reduced(reduced, self.metric, self.power)

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
