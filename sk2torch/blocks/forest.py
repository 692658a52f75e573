"""All the trees of a model in flat node arrays."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from sk2torch.blocks.tree_leaves import leaf_values, one_hot_leaves, path_graph
from sk2torch.ops.forest import (
    TreeArrays,
    compared_columns,
    direct_sums,
    forest_leaves,
    forget_packed,
    grouped_sum,
    leaves_operator,
    reached_nodes,
    sums_operator,
    takes_kernel,
    takes_operator,
    takes_tiles,
    tiled_leaves,
    tiled_sums,
)


class Forest(nn.Module):
    """Which leaf of each tree a row reaches: int64 ``(n_samples, n_trees)``, positions in the node arrays.

    A row goes left at a node if ``x[feature] <= threshold``, at a categorical node if the table has
    its code; NaN follows ``missing_left``. At categorical nodes negative values count as missing.

    The buffers may be written to in place, replaced or loaded; the next call sees it. Of writes that torch does not
    count, through ``.data`` or the memory of a numpy array, see ``Memo``.

    Args:
        n_features: width of ``x``.
        feature: int64, shape ``(n_nodes,)``.
        threshold: shape ``(n_nodes,)``; float32, rounded down, for ``single_precision``.
        left: int64, position of the left child in the node arrays; leaves point to themselves.
        right: int64, the same for the right child.
        missing_left: bool, NaN goes left.
        roots: int64, position of each tree's root, shape ``(n_trees,)``.
        depth: the largest number of steps from a root to a leaf.
        single_precision: compare ``float32(x)`` (``sklearn.tree``) instead of ``x`` (histogram boosting).
        category_row: int64, per node its row of ``category_left``, 0 for nodes that compare; None if all do.
        category_left: bool, shape ``(1 + n_categorical_nodes, 257)``: which codes 0 to 255, and missing (256), go left.
    """

    __jit_unused_properties__ = ["node_offsets"]
    feature: Tensor
    # Of files of older versions, which do not say it.
    n_features = 0

    def __init__(
        self,
        n_features: int,
        feature: Tensor,
        threshold: Tensor,
        left: Tensor,
        right: Tensor,
        missing_left: Tensor,
        roots: Tensor,
        depth: int,
        single_precision: bool,
        category_row: Tensor | None = None,
        category_left: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.n_features = n_features
        self.depth = depth
        self.n_trees = roots.shape[0]
        self.single_precision = single_precision
        # A second copy of the columns has -inf for NaN; nodes where NaN goes left look at that copy.
        self.copies_columns = bool(missing_left.any())
        self.has_categories = category_row is not None
        if category_row is None or category_left is None:
            category_row = torch.zeros(0, dtype=torch.int64)
            category_left = torch.zeros(0, 257, dtype=torch.bool)
        self.register_buffer("feature", feature + n_features * missing_left.long())
        self.register_buffer("threshold", threshold)
        self.register_buffer("child", torch.stack([left, right], dim=1).reshape(-1))
        self.register_buffer("category_row", category_row)
        self.register_buffer("category_left", category_left.reshape(-1))
        self.register_buffer("roots", roots)
        self.register_buffer("parent", _parents(left, right))
        self.n_nodes = feature.shape[0]

    @property
    def node_offsets(self) -> list[int]:
        """Where the nodes of each tree begin in the node arrays, and where the last ones end."""
        return [*self.roots.tolist(), self.n_nodes]

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "Forest":
        exact = self.threshold
        super()._apply(fn, recurse)
        if self.single_precision:
            # float32 holds these thresholds exactly; comparing in it is the fastest.
            self.threshold = self.threshold.float()
        elif exact.dtype == torch.float64 and self.threshold.dtype == torch.float32:
            # Rounded down, they decide about every float32 value, infinity too, as the exact ones do.
            below = torch.nextafter(self.threshold, torch.full_like(self.threshold, -float("inf")))
            self.threshold = torch.where(self.threshold > exact.to(self.threshold.device), below, self.threshold)
        return self

    def _load_from_state_dict(self, *args: Any, **kwargs: Any) -> None:
        super()._load_from_state_dict(*args, **kwargs)
        # Tensors made in inference mode do not show that they were written to.
        forget_packed(self.child)

    @torch.jit.unused
    def arrays(self) -> TreeArrays:
        """What the operators of ``ops.forest`` take."""
        # Not as attributes, whose look-up takes longer than a kernel for one row.
        held: dict[str, Any] = self._buffers
        threshold = held["threshold"]
        if self.single_precision and threshold.dtype != torch.float32:
            threshold = threshold.float()
        return TreeArrays(
            held["feature"], threshold, held["child"], held["category_row"], held["category_left"], held["roots"]
        )

    @torch.jit.unused
    def check_arrays(self) -> None:
        """Refuse parents that are not those of the nodes, columns that no input has, and another depth than the trees'.

        Raises:
            ValueError: there are such; of all others the operators take care.
        """
        n_nodes = self.feature.shape[0]
        parent = _parents(*self.child.reshape(-1, 2).unbind(dim=1))
        if self.n_nodes != n_nodes or self.n_trees != self.roots.shape[0] or not torch.equal(parent, self.parent):
            raise ValueError("the nodes of a forest do not fit together.")
        if bool((self.feature < 0).any()) or (self.n_features > 0 and int(self.feature.max()) >= 2 * self.n_features):
            raise ValueError(f"the nodes of a forest look at columns that are not among {self.n_features}.")
        # Twice as far up each time; parents come first, so this ends.
        height = (parent != torch.arange(n_nodes)).long()
        if (parent > torch.arange(n_nodes)).any():
            raise ValueError("the nodes of a forest are no trees.")
        while not torch.equal(parent[parent], parent):
            height, parent = height + height[parent], parent[parent]
        if not int(height.max()) <= self.depth <= n_nodes:
            raise ValueError(f"a forest is {int(height.max())} deep, not {self.depth}.")

    def rows_at_a_time(self, x: Tensor) -> int:
        """How many rows are evaluated together: as many as bound memory, and on a CPU fit its cache.

        All where tiles are taken, which are bounded themselves.
        """
        if takes_tiles(x, self.n_trees, self.n_nodes):
            return x.shape[0]
        pairs = 8388608 if x.is_cuda else 65536
        return max(1, pairs // self.n_trees)

    def plain_arrays(self) -> TreeArrays:
        """``arrays`` in TorchScript and graphs."""
        threshold = self.threshold.float() if self.single_precision else self.threshold
        return TreeArrays(self.feature, threshold, self.child, self.category_row, self.category_left, self.roots)

    def block(self, x: Tensor) -> Tensor:
        """``forward`` of few rows in plain torch."""
        trees = self.plain_arrays()
        x = compared_columns(
            x.detach(), trees.threshold.dtype if self.single_precision else x.dtype, self.copies_columns
        )
        return reached_nodes(
            x,
            trees.feature,
            trees.threshold,
            trees.children,
            trees.category_row,
            trees.category_left,
            trees.roots,
            self.depth,
            self.has_categories,
        )

    def forward(self, x: Tensor) -> Tensor:
        if torch.jit.is_scripting():
            if takes_tiles(x, self.n_trees, self.n_nodes):
                return tiled_leaves(x.detach(), self.plain_arrays(), self.depth, self.copies_columns)
            return torch.cat([self.block(part) for part in x.split(self.rows_at_a_time(x))])
        else:
            if not takes_operator(x, self.feature):
                return self.block(x)
            evaluate = forest_leaves if takes_kernel(x) else leaves_operator
            return evaluate(x.detach(), self.arrays(), self.depth, self.copies_columns)

    @torch.jit.unused
    def direct_sums(
        self, x: Tensor, values: Tensor, start: Tensor | None, n_groups: int, divisor: int
    ) -> Tensor | None:
        """``LeafSum`` by a kernel, without an operator, where nothing has to see one; else None."""
        return direct_sums(x, self.arrays(), values, start, n_groups, divisor)

    @torch.jit.unused
    def operator_sums(self, x: Tensor, values: Tensor, start: Tensor, n_groups: int) -> Tensor | None:
        """``LeafSum`` without its divisor, as one operator where that answers; else None."""
        trees = self.arrays()
        if not takes_operator(x, trees.feature):
            return None
        return sums_operator(x.detach(), trees, self.depth, self.copies_columns, values, start, n_groups)

    def sums(self, x: Tensor, values: Tensor, start: Tensor, n_groups: int) -> Tensor:
        """``LeafSum`` of few rows, without its divisor, in plain torch."""
        if torch.jit.is_scripting():  # noqa: SIM102
            if takes_tiles(x, self.n_trees, self.n_nodes):
                trees = self.plain_arrays()
                return tiled_sums(x.detach(), trees, self.depth, self.copies_columns, values, start, n_groups)
        return grouped_sum(values, self.block(x), start, n_groups)

    def terms(self, x: Tensor, values: Tensor) -> Tensor:
        """The value of each tree's leaf: shape ``(n_samples, n_trees, n_values)``."""
        return leaf_values(self.forward(x), values)

    def one_hot(self, x: Tensor, column: Tensor, n_columns: int) -> Tensor:
        """1 in the column of each reached leaf, else 0: shape ``(n_samples, n_columns)``; see ``row_graph``."""
        return one_hot_leaves(self.forward(x), column, n_columns, x)

    @torch.jit.unused
    def soften(self, temperature: float, dtype: torch.dtype) -> nn.Module:
        """The differentiable relaxation; see ``SoftForest``."""
        from sk2torch.blocks.soft_forest import SoftForest

        return SoftForest(self, temperature, dtype)

    def path(self, x: Tensor) -> Tensor:
        """1 for the nodes that each row passes, leaves included, else 0: shape ``(n_samples, n_nodes)``.

        Sparse in eager mode and TorchScript, dense in graphs.
        """
        return path_graph(self.forward(x), self.parent, self.depth, x)


def _parents(left: Tensor, right: Tensor) -> Tensor:
    """The parent of each node, int64; roots are their own."""
    parent = torch.arange(left.shape[0])
    inner = torch.nonzero(left != parent)[:, 0]
    parent[left[inner]] = inner
    parent[right[inner]] = inner
    return parent
