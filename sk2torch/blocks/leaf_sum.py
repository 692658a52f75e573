"""Sums of what the leaves of trees hold."""

from typing import Any

import torch
from torch import Tensor, nn

from sk2torch.blocks.forest import Forest


class LeafSum(nn.Module):
    """``(start + sum_t values[leaf_t(x)]) / divisor``, in the order of the trees.

    Shape ``(n_samples, n_groups * n_values)``.

    Args:
        forest: trees ordered by round, then by group (a boosting model has a tree per class and round).
        values: learned value of each node, shape ``(n_nodes, n_values)``; a parameter.
        n_groups: trees per round; each group has its own sum.
        divisor: of the sums; those of ``block`` and ``stages`` are not divided.
    """

    def __init__(self, forest: Forest, values: Tensor, n_groups: int = 1, divisor: int = 1) -> None:
        super().__init__()
        self.forest = forest
        self.values = nn.Parameter(values)
        self.n_groups = n_groups
        self.divisor = divisor

    def block(self, x: Tensor, start: Tensor) -> Tensor:
        """``forward`` of few rows in plain torch."""
        return self.forest.sums(x, self.values, start, self.n_groups)

    def forward(self, x: Tensor, start: Tensor | None = None) -> Tensor:
        """``start`` broadcasts to the shape of the result; None for zeros."""
        if torch.jit.is_scripting():
            return self.divided(self.sum_in_blocks(x, self.first(x, start)))
        else:
            # Attributes of modules are slow to find.
            forest: Any = self._modules["forest"]
            values = self.values
            result = forest.direct_sums(x, values, start, self.n_groups, self.divisor)
            if result is not None:
                return result
            start = self.first(x, start)
            result = forest.operator_sums(x, values, start, self.n_groups)
            return self.divided(self.block(x, start) if result is None else result)

    def first(self, x: Tensor, start: Tensor | None) -> Tensor:
        """``start`` in the shape of the result."""
        shape = [x.shape[0], self.n_groups * self.values.shape[1]]
        return x.new_zeros(1).expand(shape) if start is None else start.expand(shape)

    def divided(self, sums: Tensor) -> Tensor:
        """The result of the sums."""
        return sums if self.divisor == 1 else sums / self.divisor

    def terms(self, x: Tensor) -> Tensor:
        """What each tree adds, in the order of the trees: shape ``(n_samples, n_trees, n_values)``."""
        return self.forest.terms(x, self.values)

    def stages(self, x: Tensor, start: Tensor | None = None) -> Tensor:
        """The sums after each round, shape ``(n_rounds, n_samples, n_groups * n_values)``; see ``forward``."""
        width = self.n_groups * self.values.shape[1]
        terms = self.terms(x).reshape(x.shape[0], self.forest.n_trees // self.n_groups, width)
        return torch.cat([self.first(x, start).unsqueeze(1), terms], dim=1).cumsum(dim=1)[:, 1:].transpose(0, 1)

    def sum_in_blocks(self, x: Tensor, start: Tensor) -> Tensor:
        """``block`` of a bounded number of rows at a time."""
        rows = self.forest.rows_at_a_time(x)
        return torch.cat([self.block(a, b) for a, b in zip(x.split(rows), start.split(rows))])  # noqa: B905
