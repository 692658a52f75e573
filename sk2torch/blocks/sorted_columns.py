"""Counting a column's sorted numbers below a value."""

import itertools

import numpy as np
import torch
from torch import Tensor, nn


class SortedColumns(nn.Module):
    """``count[i, j] = |{k : values[j][k] < x[i, j]}|``, with ``<=`` if asked for, as ``numpy.searchsorted``.

    Eager and scripted code searches in one call; graphs, which have no such operator in ONNX, bisect in a few steps
    that all columns take together. The count for NaN is any of those possible.

    Args:
        values: the ascending numbers of each column.
        inclusive: whether to count numbers that are equal, too.
    """

    counts: Tensor
    first: Tensor

    def __init__(self, values: list[np.ndarray], inclusive: bool) -> None:
        super().__init__()
        self.inclusive = inclusive
        self.n_steps = max(map(len, values), default=0).bit_length()
        size = 2**self.n_steps
        table = np.full((len(values), size), np.inf)
        for row, column in zip(table, values, strict=True):
            row[: len(column)] = column
        self.register_buffer("values", torch.from_numpy(table))
        self.register_buffer("counts", torch.tensor([len(column) for column in values], dtype=torch.int64))
        self.register_buffer("first", torch.arange(len(values)) * size)

    def forward(self, x: Tensor) -> Tensor:
        """int64, of the shape of ``x``: ``(n_samples, n_columns)``."""
        if torch.jit.is_scripting():
            count = torch.searchsorted(self.values, x.detach().t().contiguous(), right=self.inclusive).t()
        else:
            if torch.compiler.is_compiling():
                count = self.bisected(x.detach())
            else:
                count = torch.searchsorted(self.values, x.detach().t().contiguous(), right=self.inclusive).t()
        return torch.minimum(count, self.counts)

    @torch.jit.unused
    def bisected(self, x: Tensor) -> Tensor:
        """The counts by bisection."""
        flat = self.values.reshape(-1)
        place = self.first.expand(x.shape)
        for step in range(self.n_steps - 1, -1, -1):
            middle = flat.index_select(0, (place + ((1 << step) - 1)).reshape(-1)).reshape(x.shape)
            below = middle <= x if self.inclusive else middle < x
            place = place + below.long() * (1 << step)
        return place - self.first


class ColumnTable(nn.Module):
    """``values[j][index[i, j]]``: a number of each column.

    Args:
        values: the numbers of each column.
    """

    first: Tensor

    def __init__(self, values: list[np.ndarray]) -> None:
        super().__init__()
        lengths = [len(column) for column in values]
        self.values = nn.Parameter(torch.from_numpy(np.concatenate(values).astype(np.float64)))
        self.register_buffer("first", torch.tensor([0, *itertools.accumulate(lengths)][:-1], dtype=torch.int64))

    def forward(self, index: Tensor) -> Tensor:
        """Of the shape of ``index``, int64 ``(n_samples, n_columns)``, which must be in range."""
        place = self.first + index
        return self.values.index_select(0, place.reshape(-1)).reshape(place.shape)
