"""Trees that learn: the differentiable relaxation of a ``Forest``."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from sk2torch.blocks.forest import Forest, path_graph
from sk2torch.blocks.tree_packing import rounded_down
from sk2torch.functional.rounding import round_to_single
from sk2torch.ops.answering import takes_operators
from sk2torch.ops.forest import leaf_probabilities, reached_nodes, rows_at_a_time, threshold_spreads, tree_levels

# Blocks whose intermediate results are kept for gradients; those of more are computed again.
_KEPT_BLOCKS = 16


class SoftForest(nn.Module):
    """``Forest`` whose nodes send a row left with probability ``sigmoid((threshold - x) / (temperature * scale))``.

    A leaf's probability is the product along its path, and a tree's answer the expected value of its leaf. NaN and
    categories take one side for certain, as in ``Forest``; so do infinite values, and all finite ones at infinite
    thresholds. ``x`` is not rounded to float32. At a threshold itself both sides have one half; elsewhere the limit for
    temperatures towards 0 is ``Forest``. ``forward`` and ``path`` are those of the hard trees.

    Args:
        forest: gives the trees.
        temperature: width of the gates, in units of ``scale``; a buffer, to be annealed in place.
        dtype: of the thresholds, which are a parameter of shape ``(n_nodes,)``.
    """

    __jit_unused_properties__ = ["node_offsets"]
    inner_counts: list[int]
    leaf_counts: list[int]

    def __init__(self, forest: Forest, temperature: float, dtype: torch.dtype) -> None:
        super().__init__()
        self.n_features = forest.n_features
        self.depth = forest.depth
        self.n_trees = forest.n_trees
        self.n_nodes = forest.n_nodes
        self.single_precision = forest.single_precision
        self.copies_columns = forest.copies_columns
        self.has_categories = forest.has_categories
        for name in ("feature", "child", "category_row", "category_left", "roots", "parent"):
            self.register_buffer(name, getattr(forest, name))
        self.threshold = nn.Parameter(forest.threshold.detach().to(dtype, copy=True))
        node = torch.nonzero(self.compares())[:, 0]
        scale = threshold_spreads(self.feature[node] % self.n_features, self.threshold.detach()[node], self.n_features)
        self.register_buffer("scale", scale.to(dtype))
        self.register_buffer("temperature", scale.new_tensor(temperature).to(dtype))
        levels = tree_levels(self.child, self.roots)
        self.inner_counts, self.leaf_counts = levels.inner_counts, levels.leaf_counts
        for name in ("inner", "inner_row", "leaf", "leaf_row"):
            self.register_buffer(name, getattr(levels, name), persistent=False)

    @torch.jit.unused
    def compares(self) -> Tensor:
        """Which nodes compare with their threshold: neither leaves nor categorical ones; bool, ``(n_nodes,)``."""
        result = self.child[::2] != torch.arange(self.n_nodes, device=self.child.device)
        return result & (self.category_row == 0) if self.has_categories else result

    @property
    def node_offsets(self) -> list[int]:
        """As ``Forest`` has it."""
        return [*self.roots.tolist(), self.n_nodes]

    @torch.jit.unused
    def harden(self) -> Forest:
        """The ``Forest`` with the thresholds of now."""
        threshold = torch.where(self.compares(), self.threshold, torch.zeros_like(self.threshold)).detach().cpu()
        child, feature = self.child.cpu(), self.feature.cpu()
        return Forest(
            self.n_features,
            torch.remainder(feature, self.n_features),
            torch.from_numpy(rounded_down(threshold.numpy())) if self.single_precision else threshold,
            child[::2],
            child[1::2],
            torch.ge(feature, self.n_features),
            self.roots.cpu(),
            self.depth,
            self.single_precision,
            self.category_row.cpu() if self.has_categories else None,
            self.category_left.cpu().reshape(-1, 257) if self.has_categories else None,
        ).to(self.threshold.device)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "SoftForest":
        exact = self.threshold.detach()
        super()._apply(fn, recurse)
        if exact.dtype == torch.float64 and self.threshold.dtype == torch.float32:
            # As those of Forest, so that both orders of hardening and rounding give the same.
            below = torch.from_numpy(rounded_down(exact.cpu().numpy()))
            with torch.no_grad():
                self.threshold.copy_(below)
        return self

    def rows_at_a_time(self, x: Tensor) -> int:
        """How many rows are evaluated together; the probabilities of one row take no more memory than the trees."""
        pairs = 33554432 if x.is_cuda else 524288
        return max(1, pairs // self.n_nodes)

    def probabilities(self, x: Tensor) -> Tensor:
        """Of leaves, in the order of ``leaf``: shape ``(n_leaves, n_samples)``."""
        columns = x.t()
        width = torch.mul(self.temperature, self.scale)
        if self.copies_columns:
            lowest = torch.full_like(columns, -float("inf"))
            columns = torch.cat([columns, torch.where(columns.isnan(), lowest, columns)])
            width = torch.cat([width, width])
        return leaf_probabilities(
            columns.contiguous(),
            self.feature,
            self.threshold,
            # Zero is no width, and slopes stay finite.
            width.clamp(min=1e-300 if width.dtype == torch.float64 else 1e-30),
            self.category_row,
            self.category_left,
            self.has_categories,
            self.n_trees,
            self.inner,
            self.inner_row,
            self.inner_counts,
            self.leaf_row,
            self.leaf_counts,
        )

    def sums(self, x: Tensor, values: Tensor, start: Tensor, n_groups: int) -> Tensor:
        """As ``Forest`` has it, of expected values."""
        return start + self.expected_sums(x, values, n_groups)

    def expected_sums(self, x: Tensor, values: Tensor, n_groups: int) -> Tensor:
        """``sums`` from zero."""
        if n_groups == 1:
            return (values.index_select(0, self.leaf).t() @ self.probabilities(x)).t()
        return self.expected_by(self.tree_of_leaf() % n_groups, n_groups, x, values).flatten(1)

    def terms(self, x: Tensor, values: Tensor) -> Tensor:
        """As ``Forest`` has it, of expected values."""
        if torch.jit.is_scripting():
            return torch.cat([self.tree_terms(part, values) for part in x.split(self.rows_at_a_time(x))])
        else:
            return self.in_blocks(self.tree_terms, x, values)

    def tree_terms(self, x: Tensor, values: Tensor) -> Tensor:
        """``terms`` of few rows."""
        return self.expected_by(self.tree_of_leaf(), self.n_trees, x, values)

    def one_hot(self, x: Tensor, column: Tensor, n_columns: int) -> Tensor:
        """As ``Forest`` has it, of probabilities; dense."""
        if torch.jit.is_scripting():
            return torch.cat([self.columns(part, column, n_columns) for part in x.split(self.rows_at_a_time(x))])
        else:
            return self.in_blocks(self.columns, x, column, n_columns)

    def columns(self, x: Tensor, column: Tensor, n_columns: int) -> Tensor:
        """``one_hot`` of few rows."""
        empty = x.new_zeros([n_columns, x.shape[0]])
        return empty.index_add(0, column.index_select(0, self.leaf), self.probabilities(x)).t()

    def tree_of_leaf(self) -> Tensor:
        """The tree of each leaf, in the order of ``leaf``, int64."""
        return torch.bucketize(self.leaf, self.roots, right=True) - 1

    def expected_by(self, group: Tensor, n_groups: int, x: Tensor, values: Tensor) -> Tensor:
        """Sums over the leaves of each group of probability times value: ``(n_samples, n_groups, n_values)``."""
        terms = self.probabilities(x).unsqueeze(1) * values.index_select(0, self.leaf).unsqueeze(2)
        return x.new_zeros([n_groups, values.shape[1], x.shape[0]]).index_add(0, group, terms).permute(2, 0, 1)

    @torch.jit.unused
    def direct_sums(
        self, x: Tensor, values: Tensor, start: Tensor | None, n_groups: int, divisor: int
    ) -> Tensor | None:
        """As ``Forest`` has it: no kernel answers."""
        return None

    @torch.jit.unused
    def operator_sums(self, x: Tensor, values: Tensor, start: Tensor, n_groups: int) -> Tensor | None:
        """As ``Forest`` has it, in blocks of rows."""
        return start + self.in_blocks(self.expected_sums, x, values, n_groups)

    @torch.jit.unused
    def in_blocks(self, function: Callable[..., Tensor], x: Tensor, *others: Any) -> Tensor:
        """``function(x, *others)``, some rows at a time; of many blocks, what gradients need is computed again."""
        rows = self.rows_at_a_time(x)
        if not takes_operators(x) or torch.compiler.is_compiling() or x.shape[0] <= rows:
            return function(x, *others)
        parts = x.split(rows)
        if not torch.is_grad_enabled() or len(parts) <= _KEPT_BLOCKS:
            return torch.cat([function(part, *others) for part in parts])
        return torch.cat(
            [checkpoint(function, part, *others, use_reentrant=False, preserve_rng_state=False) for part in parts]
        )

    def block(self, x: Tensor) -> Tensor:
        """``forward`` of few rows."""
        x = x.detach()
        if self.single_precision:
            x = round_to_single(x)
        if self.copies_columns:
            x = torch.cat([x, torch.where(x.isnan(), torch.full_like(x, -float("inf")), x)], dim=1)
        return reached_nodes(
            x,
            self.feature,
            self.threshold.detach(),
            self.child,
            self.category_row,
            self.category_left,
            self.roots,
            self.depth,
            self.has_categories,
        )

    def forward(self, x: Tensor) -> Tensor:
        if not torch.jit.is_scripting():  # noqa: SIM102
            if torch.compiler.is_compiling():
                return self.block(x)
        return torch.cat([self.block(part) for part in x.split(rows_at_a_time(self.n_trees, x.is_cuda))])

    def path(self, x: Tensor) -> Tensor:
        """As ``Forest`` has it."""
        return path_graph(self.forward(x), self.parent, self.depth, x)
