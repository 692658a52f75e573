"""Numbers as ranks among the thresholds of their column."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.ops.forest import RankedColumns, category_code

# float32 holds all ranks below.
MOST_THRESHOLDS = 2**24


def copied(array: np.ndarray, dtype: torch.dtype) -> Tensor:
    """An array as a tensor of its own."""
    return torch.zeros(array.shape, dtype=dtype).copy_(torch.from_numpy(array))


class ThresholdRanks(nn.Module):
    """``rank[i, j] = |{t in thresholds_j : t < x[i, columns[j]]}|``, NaN for NaN; behind them codes of categories.

    ``x <= thresholds_j[k]`` exactly where ``rank <= k``. Codes are 0 to 255, -1 for missing ones.

    Args:
        columns: features that are compared.
        thresholds: of each, ascending, in the dtype in which ``x`` is compared.
        categorical: features whose codes are wanted.
    """

    columns: Tensor
    categorical: Tensor
    thresholds: Tensor
    counts: Tensor
    first: Tensor

    def __init__(self, columns: np.ndarray, thresholds: list[np.ndarray], categorical: np.ndarray) -> None:
        super().__init__()
        counts = [len(numbers) for numbers in thresholds]
        self.n_columns = len(columns) + len(categorical)
        # The last feature that is compared: compiled code reads no row that has fewer.
        self.last = int(columns.max(initial=-1))
        self.n_steps = max(counts, default=0).bit_length()
        self.register_buffer("columns", copied(columns, torch.int64))
        self.register_buffer("categorical", copied(categorical, torch.int64))
        self.register_buffer("thresholds", torch.tensor(np.concatenate([*thresholds, np.zeros(1, np.float32)])))
        self.register_buffer("counts", torch.tensor(counts, dtype=torch.int64))
        self.register_buffer("first", torch.tensor(np.cumsum([0, *counts])[:-1]))

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "ThresholdRanks":
        # Comparisons stay what they were, whatever the model computes in.
        exact = self.thresholds
        super()._apply(fn, recurse)
        self.thresholds = exact.to(self.thresholds.device)
        return self

    def forward(self, x: Tensor) -> Tensor:
        """float32, shape ``(n_samples, n_columns)``."""
        x = x.detach()
        value = x.index_select(1, self.columns).to(self.thresholds.dtype)
        if torch.jit.is_scripting():
            rank = self.bisected(value)
        else:
            rank = self.bisected(value) if torch.compiler.is_compiling() else self.searched(value)
        rank = torch.where(value.isnan(), torch.full_like(rank, float("nan")), rank)
        return rank if self.categorical.shape[0] == 0 else torch.cat([rank, self.codes(x)], dim=1)

    def codes(self, x: Tensor) -> Tensor:
        """Codes of categories, -1 for missing ones."""
        code = category_code(x.index_select(1, self.categorical))
        return torch.where(code == 256, torch.full_like(code, -1), code).float()

    @torch.jit.unused
    def ranked_columns(self, n_inputs: int) -> RankedColumns:
        """What kernels take."""
        return RankedColumns(n_inputs, self.columns, self.first, self.counts, self.thresholds, self.categorical)

    @torch.jit.unused
    def searched(self, value: Tensor) -> Tensor:
        """The ranks by torch's search, column by column."""
        result = torch.empty(value.shape, dtype=torch.float32, device=value.device)
        for j, (first, count) in enumerate(zip(self.first.tolist(), self.counts.tolist(), strict=True)):
            result[:, j] = torch.searchsorted(self.thresholds[first : first + count], value[:, j].contiguous())
        return result

    def bisected(self, value: Tensor) -> Tensor:
        """The ranks by bisection, for graphs, which have no search in ONNX."""
        rank = torch.zeros_like(value, dtype=torch.int64)
        left = self.counts
        for _ in range(self.n_steps):
            half = torch.div(left + 1, 2, rounding_mode="floor")
            # Columns that are done look anywhere and add 0.
            place = rank + torch.clamp(self.first + half - 1, min=0)
            is_below = self.thresholds.index_select(0, place.reshape(-1)).reshape(value.shape) < value
            rank = torch.where(is_below, rank + half, rank)
            left = left - half
        return rank.float()

    def check_arrays(self) -> None:
        """Refuse arrays that compiled code would read beyond.

        Raises:
            ValueError: they do not fit together.
        """
        columns, first, counts = self.columns, self.first, self.counts
        shapes_fit = columns.shape == first.shape == counts.shape and columns.dim() == 1
        if not shapes_fit or any(t.dtype != torch.int64 for t in (columns, first, counts)):
            raise ValueError("the columns of ranked trees do not fit together.")
        if self.n_columns != columns.shape[0] + self.categorical.shape[0] or (columns.diff() <= 0).any():
            raise ValueError("the columns of ranked trees are not in order.")
        if (columns > self.last).any() or (columns < 0).any() or (counts < 0).any() or (first < 0).any():
            raise ValueError("the columns of ranked trees are out of range.")
        if (counts >= MOST_THRESHOLDS).any() or (first + counts > self.thresholds.shape[0]).any():
            raise ValueError("the thresholds of ranked trees are too few.")
