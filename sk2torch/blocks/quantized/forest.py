"""Trees over ranks of thresholds, and leaf values in few bits."""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.blocks.forest import Forest
from sk2torch.blocks.leaf_sum import LeafSum
from sk2torch.blocks.quantized.forms import Numbers, quantized_form
from sk2torch.blocks.quantized.ranks import MOST_THRESHOLDS, ThresholdRanks, copied
from sk2torch.blocks.tree_leaves import leaf_values, one_hot_leaves, path_graph
from sk2torch.ops.forest import (
    RankedColumns,
    TreeArrays,
    grouped_sum,
    leaves_operator,
    ranked_leaves,
    ranked_nodes,
    ranked_sums,
    rows_at_a_time,
    sums_operator,
    takes_operator,
    widened,
)


def _smallest(numbers: np.ndarray) -> Tensor:
    """Non-negative integers in the smallest dtype that holds them."""
    most = int(numbers.max(initial=0))
    for dtype in (torch.uint8, torch.int16, torch.int32):
        if most <= torch.iinfo(dtype).max:
            return copied(numbers, dtype)
    return copied(numbers, torch.int64)


@quantized_form(Forest, "forest_ranks")
class RankedForest(nn.Module):
    """``Forest`` that compares ranks of numbers with ranks of thresholds: the same leaf for every ``x``.

    Args:
        ranks: of the input.
        column: per node, its column of ``ranks``; of a copy where NaN goes left.
        rank: per node, that of its threshold.
        children: left and right child of each node, as distances: 0 for leaves.
        category_row: as ``Forest`` has it.
        category_left: the same, as bits, shape ``(rows, 33)``.
        forest: has the rest.
    """

    __jit_unused_properties__ = ["node_offsets"]

    def __init__(
        self,
        ranks: ThresholdRanks,
        column: np.ndarray,
        rank: np.ndarray,
        children: np.ndarray,
        category_row: np.ndarray,
        category_left: np.ndarray,
        forest: Forest,
    ) -> None:
        super().__init__()
        self.ranks = ranks
        self.register_buffer("column", _smallest(column))
        self.register_buffer("rank", _smallest(rank))
        # The left child mostly is the next node.
        self.has_left = bool((children[:, 0] > 1).any())
        self.register_buffer("left", _smallest(children[:, 0] if self.has_left else np.zeros(0, dtype=np.int64)))
        self.register_buffer("right", _smallest(children[:, 1]))
        self.register_buffer("category_row", _smallest(category_row))
        self.register_buffer("category_left", copied(category_left, torch.uint8))
        self.register_buffer("roots", forest.roots)
        self.depth = forest.depth
        self.n_trees = forest.n_trees
        self.n_nodes = forest.n_nodes
        self.copies_columns = forest.copies_columns
        self.has_categories = forest.has_categories

    @classmethod
    def of(cls, block: Forest, mode: str, numbers: Numbers) -> "RankedForest | None":
        n = block.n_nodes
        feature, threshold = block.feature.numpy(), block.threshold.numpy()
        children = block.child.numpy().reshape(-1, 2) - np.arange(n)[:, None]
        category_row = block.category_row.numpy() if block.has_categories else np.zeros(n, dtype=np.int64)
        splits, n_features = children[:, 0] > 0, block.n_features
        compares, lists = splits & (category_row == 0), splits & (category_row > 0)
        if not splits.any() or np.isnan(threshold[compares]).any() or n_features == 0:
            return None
        used, categorical = np.unique(feature[compares] % n_features), np.unique(feature[lists] % n_features)
        column, rank = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64)
        levels = []
        for j, k in enumerate(used):
            at = compares & (feature % n_features == k)
            # Adding 0 makes -0 the same as 0.
            numbers_of, rank[at] = np.unique(threshold[at] + np.zeros(1, threshold.dtype), return_inverse=True)
            column[at] = j
            levels.append(numbers_of)
        column[lists] = len(used) + np.searchsorted(categorical, feature[lists] % n_features)
        column[splits] += (len(used) + len(categorical)) * (feature[splits] >= n_features)
        listed = np.packbits(block.category_left.numpy().reshape(-1, 257), axis=1, bitorder="little")
        category_row = category_row if block.has_categories else np.zeros(0, dtype=np.int64)
        if any(len(numbers_of) >= MOST_THRESHOLDS for numbers_of in levels):
            return None
        return cls(ThresholdRanks(used, levels, categorical), column, rank, children, category_row, listed, block)

    @property
    def node_offsets(self) -> list[int]:
        """As ``Forest`` has it."""
        return [*self.roots.tolist(), self.n_nodes]

    def arrays(self) -> list[Tensor]:
        """What ``reached_nodes`` takes: feature, threshold, children, rows of categories, categories, roots."""
        position = torch.arange(self.n_nodes, device=self.roots.device)
        right = self.right.long()
        left = self.left.long() if self.has_left else (right > 0).long()
        children = torch.stack([position + left, position + right], dim=1).reshape(-1)
        bit = torch.arange(257, device=self.roots.device)
        power = torch.tensor([1, 2, 4, 8, 16, 32, 64, 128], device=self.roots.device).repeat(33)[:257]
        byte = self.category_left.long().index_select(1, bit // 8)
        listed = ((byte // power) % 2 == 1).reshape(-1)
        return [self.column.long(), self.rank.float(), children, self.category_row.long(), listed, self.roots]

    def rows_at_a_time(self, x: Tensor) -> int:
        """As ``Forest`` has it."""
        return rows_at_a_time(self.n_trees, x.is_cuda)

    def block(self, x: Tensor) -> Tensor:
        """``forward`` of few rows in plain torch."""
        x = self.ranks(x)
        if self.copies_columns:
            x = torch.cat([x, torch.where(x.isnan(), torch.full_like(x, -1.0), x)], dim=1)
        return ranked_nodes(
            x,
            self.column,
            self.rank,
            self.left,
            self.right,
            self.category_row,
            self.category_left,
            self.roots,
            self.depth,
        )

    def forward(self, x: Tensor) -> Tensor:
        if not torch.jit.is_scripting():
            if torch.compiler.is_compiling():
                if self.becomes_operator(x):
                    return leaves_operator(self.ranks(x), TreeArrays(*self.arrays()), self.depth, self.copies_columns)
                return self.block(x)
            leaves = ranked_leaves(x, self.stored(), self.trees)
            if leaves is not None:
                return leaves
        return torch.cat([self.block(part) for part in x.split(self.rows_at_a_time(x))])

    @torch.jit.unused
    def becomes_operator(self, x: Tensor) -> bool:
        """Whether an exported graph has an operator of trees. A compiled one would pack them anew in each call."""
        return torch.compiler.is_exporting() and takes_operator(x, self.roots)

    @torch.jit.unused
    def stored(self) -> list[Tensor]:
        """All tensors that ``trees`` are made of."""
        # Not as attributes, whose look-up takes longer than a kernel for one row.
        held: dict[str, Any] = self._buffers
        ranks: dict[str, Any] = self._modules["ranks"]._buffers  # pyright: ignore
        return [*held.values(), *ranks.values()]

    @torch.jit.unused
    def trees(self, n_inputs: int) -> tuple[RankedColumns, TreeArrays]:
        """What kernels take, for so many columns of input."""
        arrays = self.arrays()
        arrays[1] = self.rank.int()
        return self.ranks.ranked_columns(n_inputs), TreeArrays(*arrays)

    @torch.jit.unused
    def direct_sums(
        self, x: Tensor, values: Tensor, start: Tensor | None, n_groups: int, divisor: int
    ) -> Tensor | None:
        """As ``Forest`` has it."""
        if torch.compiler.is_compiling() or (start is None and x.dtype != values.dtype):
            return None
        return ranked_sums(x, self.stored(), self.trees, values, start, n_groups, divisor)

    @torch.jit.unused
    def operator_sums(self, x: Tensor, values: Tensor, start: Tensor, n_groups: int) -> Tensor | None:
        """As ``Forest`` has it, in blocks of rows."""
        if torch.compiler.is_compiling():
            if not self.becomes_operator(x):
                return None
            trees = TreeArrays(*self.arrays())
            return sums_operator(self.ranks(x), trees, self.depth, self.copies_columns, values, start, n_groups)
        rows = self.rows_at_a_time(x)
        parts = zip(self.forward(x).split(rows), start.split(rows), strict=True)
        return torch.cat([grouped_sum(values, leaf, first, n_groups) for leaf, first in parts])

    def sums(self, x: Tensor, values: Tensor, start: Tensor, n_groups: int) -> Tensor:
        """As ``Forest`` has it."""
        return grouped_sum(values, self.block(x), start, n_groups)

    def terms(self, x: Tensor, values: Tensor) -> Tensor:
        """As ``Forest`` has it."""
        return leaf_values(self.forward(x), values)

    def one_hot(self, x: Tensor, column: Tensor, n_columns: int) -> Tensor:
        """As ``Forest`` has it."""
        return one_hot_leaves(self.forward(x), column, n_columns, x)

    def path(self, x: Tensor) -> Tensor:
        """As ``Forest`` has it."""
        children = self.arrays()[2]
        node = torch.arange(self.n_nodes, device=children.device).repeat_interleave(2)
        parent = torch.zeros(self.n_nodes, dtype=torch.int64, device=children.device)
        parent = parent.index_add(0, children, torch.where(children == node, torch.zeros_like(node), node))
        return path_graph(self.forward(x), parent.index_add(0, self.roots, self.roots), self.depth, x)


@quantized_form(LeafSum, "forest_ranks")
class SmallLeafSum(LeafSum):
    """``LeafSum`` with values in float32 or float16, which are added in the model's dtype.

    Args:
        block: whose forest this has.
        stored: the values in that dtype.
    """

    def __init__(self, block: LeafSum, stored: Tensor) -> None:
        nn.Module.__init__(self)
        self.forest = block.forest
        self.n_groups = block.n_groups
        self.divisor = block.divisor
        self.register_buffer("stored", stored)
        self.register_buffer("unit", torch.ones((), dtype=block.values.dtype))

    @classmethod
    def of(cls, block: LeafSum, mode: str, numbers: Numbers) -> "SmallLeafSum | None":
        if numbers.leaf_dtype is None:
            return None
        return cls(block, block.values.detach().to(numbers.leaf_dtype))

    @property
    def values(self) -> Tensor:
        """Learned value of each node, shape ``(n_nodes, n_values)``."""
        if not torch.jit.is_scripting():  # noqa: SIM102
            if not torch.compiler.is_compiling():
                return widened(self.stored, self.unit.dtype)
        return self.stored.to(self.unit.dtype)
