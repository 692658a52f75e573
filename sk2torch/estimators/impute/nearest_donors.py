"""Means over the nearest rows that know a column."""

import torch
from torch import Tensor, nn

from sk2torch.functional.nan_euclidean import common_features, nan_squared_distances
from sk2torch.ops.answering import takes_operators
from sk2torch.ops.loops import graph_loop
from sk2torch.ops.pairwise import found_neighbors

# Pairs of rows that are compared at a time in eager and scripted mode.
_MAX_PAIRS = 4194304
# More groups of columns than these are a loop in compiled and exported graphs.
_MAX_UNROLLED_GROUPS = 3


class NearestDonors(nn.Module):
    """For each cell the mean of its column over the nearest stored rows that know the column.

    Columns that the same stored rows know share their neighbours, and form a group. Columns that no
    row knows are left out of the result.

    Args:
        rows: the stored rows, shape ``(m, n_features)``, zero where missing.
        known: boolean, where they are not missing.
        means: of the known values, shape ``(n_kept,)``, for rows that share no known feature with any donor.
        n_neighbors: how many donors, if there are as many.
        by_distance: weigh donors by ``1 / distance``; those at distance zero then count alone.
    """

    def __init__(self, rows: Tensor, known: Tensor, means: Tensor, n_neighbors: int, by_distance: bool) -> None:
        super().__init__()
        kept = known.any(dim=0).nonzero()[:, 0]
        patterns, group = torch.unique(known[:, kept], dim=1, return_inverse=True)
        self.n_groups = patterns.shape[1]
        members = [(group == g).nonzero()[:, 0] for g in range(self.n_groups)]
        self.size = max((len(member) for member in members), default=0)
        places = torch.zeros(self.n_groups, self.size, dtype=torch.int64)
        slots = torch.zeros(len(kept), dtype=torch.int64)
        for g, member in enumerate(members):
            places[g, : len(member)] = member
            slots[member] = g * self.size + torch.arange(len(member))
        donors = patterns.T.contiguous()
        wanted = donors.sum(dim=1).clamp(max=n_neighbors)
        self.max_neighbors = int(wanted.max()) if self.n_groups else 0
        self.rows_at_a_time = max(1, _MAX_PAIRS // rows.shape[0])
        self.by_distance = by_distance
        self.rows = nn.Parameter(rows)
        self.means = nn.Parameter(means)
        self.register_buffer("known", known.to(rows.dtype))
        self.register_buffer("kept", kept)
        self.register_buffer("donors", donors)
        self.register_buffer("wanted", wanted)
        # Per group, where its columns are among those kept; and where those are found in the result of all groups.
        self.register_buffer("places", places)
        self.register_buffer("slots", slots)

    def group(self, g: Tensor, distance: Tensor, comparable: Tensor) -> Tensor:
        """Means for the columns of a group, shape ``(n_samples, size)``.

        Args:
            g: int64, shape ``(1,)``.
            distance: squared, shape ``(n_samples, m)``.
            comparable: boolean, pairs of rows with a common feature.
        """
        usable = comparable & self.donors.index_select(0, g)
        ranked = torch.where(usable, distance.detach(), float("inf"))
        wanted = self.wanted.index_select(0, g)
        nearest = torch.topk(ranked, self.max_neighbors, dim=1, largest=False, sorted=True).values
        last = nearest.index_select(1, wanted - 1)
        closer = usable & (ranked < last)
        tied = usable & (ranked == last)
        room = wanted - closer.sum(dim=1, keepdim=True)
        chosen = closer | (tied & (tied.long().cumsum(dim=1) <= room))
        weight = self.weigh(chosen, distance)
        total = weight.sum(dim=1, keepdim=True)
        places = self.places.index_select(0, g)[0]
        values = self.rows.index_select(1, self.kept.index_select(0, places))
        mean = (weight @ values) / torch.where(total == 0, torch.ones_like(total), total)
        return torch.where(chosen.any(dim=1, keepdim=True), mean, self.means.index_select(0, places))

    @torch.jit.unused
    def searched(self, x: Tensor, known_x: Tensor) -> Tensor:
        """``forward`` of few rows that looks at missing cells only; the others are zero."""
        nan = torch.full_like(x[:1, :1], torch.nan)
        queries = torch.where(known_x > 0, x, nan).detach()
        result = x.new_zeros(x.shape[0], self.kept.shape[0])
        for g in range(self.n_groups):
            columns = torch.nonzero(torch.div(self.slots, self.size, rounding_mode="floor") == g)[:, 0]
            features = self.kept[columns]
            asked = torch.nonzero((known_x[:, features] == 0).any(dim=1))[:, 0]
            if asked.shape[0] > 0:
                donors = torch.nonzero(self.donors[g])[:, 0]
                found = self.found(queries[asked], donors, int(self.wanted[g]))
                means = self.mean_of(x[asked], known_x[asked], found, features, self.means[columns])
                result = result.index_put((asked.unsqueeze(1), columns), means)
        return result

    @torch.jit.unused
    def found(self, queries: Tensor, donors: Tensor, n_neighbors: int) -> Tensor:
        """The nearest of the donors; int64, shape ``(n_samples, n_neighbors)``."""
        known = self.known[donors] > 0
        rows = torch.where(known, self.rows.detach()[donors], torch.full_like(queries[:1, :1], torch.nan))
        leaves = torch.arange(-(-donors.shape[0] // 64) * 64, device=donors.device).clamp(max=donors.shape[0])
        none, weights = rows.new_zeros(1, 1), rows.new_ones(rows.shape[1])
        leaves = leaves.reshape(-1, 64)
        settings = ("nan_euclidean", 2.0, weights, "index", leaves, none, none)
        return donors[found_neighbors(queries, rows, n_neighbors, *settings)[0]]

    @torch.jit.unused
    def mean_of(self, x: Tensor, known_x: Tensor, found: Tensor, features: Tensor, means: Tensor) -> Tensor:
        """Weighted mean over the donors found, shape ``(n_samples, len(features))``; ``means`` where there are none."""
        rows, both = self.rows[found], known_x.unsqueeze(1) * self.known[found]
        common = both.sum(dim=2)
        distance = ((x.unsqueeze(1) - rows).square() * both).sum(dim=2) / common.clamp(min=1.0) * x.shape[1]
        chosen = common > 0
        weight = self.weigh(chosen, distance)
        total = weight.sum(dim=1, keepdim=True)
        mean = (weight.unsqueeze(2) * rows[:, :, features]).sum(dim=1) / torch.where(total == 0, 1.0, total)
        return torch.where(chosen.any(dim=1, keepdim=True), mean, means)

    def weigh(self, chosen: Tensor, distance: Tensor) -> Tensor:
        """Weights of the donors, zero for those that are not chosen."""
        if not self.by_distance:
            return chosen.to(distance.dtype)
        same = chosen & (distance == 0)
        # The root's slope at zero is infinite.
        inverse = 1.0 / torch.where(chosen & (distance > 0), distance, torch.ones_like(distance)).sqrt()
        inverse = torch.where(chosen, inverse, torch.zeros_like(inverse))
        return torch.where(same.any(dim=1, keepdim=True), same.to(distance.dtype), inverse)

    def block(self, x: Tensor, known_x: Tensor) -> Tensor:
        """``forward`` of few rows."""
        comparable = common_features(known_x, self.known) > 0
        distance = nan_squared_distances(x, known_x, self.rows, self.known)
        if not torch.jit.is_scripting():  # noqa: SIM102
            if torch.compiler.is_compiling() and self.n_groups > _MAX_UNROLLED_GROUPS:
                return self.loop(distance, comparable)
        parts: list[Tensor] = [x[:, :0]]
        for g in range(self.n_groups):
            parts.append(self.group(torch.full([1], g, dtype=torch.int64, device=x.device), distance, comparable))  # noqa: PERF401
        return torch.cat(parts, dim=1).index_select(1, self.slots)

    @torch.jit.unused
    def loop(self, distance: Tensor, comparable: Tensor) -> Tensor:
        """All groups as a loop of a graph."""
        if torch.compiler.is_exporting():
            # The exporter's loops refuse what requires a gradient.
            distance = distance.detach()
        number = torch.arange(self.n_groups, device=distance.device)[:, None]

        def unfinished(g: Tensor, result: Tensor) -> Tensor:
            return g < self.n_groups

        def fill(g: Tensor, result: Tensor) -> tuple[Tensor, Tensor]:
            values = self.group(g.reshape(1), distance, comparable)
            return g + 1, torch.where(number == g, values[:, None, :], result)

        start = torch.zeros((), dtype=torch.int64, device=distance.device)
        empty = distance.new_zeros(distance.shape[0], self.n_groups, self.size)
        result = graph_loop(unfinished, fill, (start, empty))[1]
        return result.reshape(-1, self.n_groups * self.size).index_select(1, self.slots)

    def forward(self, x: Tensor, known_x: Tensor) -> Tensor:
        """What each missing cell becomes, anything for the others; shape ``(n_samples, n_kept)``.

        Args:
            x: zero where missing, shape ``(n_samples, n_features)``.
            known_x: 1.0 where it is not, else 0.0.
        """
        if not torch.jit.is_scripting():
            if torch.compiler.is_compiling():
                return self.block(x, known_x)
            if takes_operators():
                step = max(1, _MAX_PAIRS // max(1, self.max_neighbors * x.shape[1]))
                starts = range(0, max(1, x.shape[0]), step)
                return torch.cat([self.searched(x[s : s + step], known_x[s : s + step]) for s in starts])
        rows = self.rows_at_a_time
        parts: list[Tensor] = []
        for start in range(0, max(1, x.shape[0]), rows):
            parts.append(self.block(x[start : start + rows], known_x[start : start + rows]))  # noqa: PERF401
        return torch.cat(parts)
