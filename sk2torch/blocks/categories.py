"""Looking values up among the categories of their columns."""

import itertools
import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from sk2torch.ops.answering import takes_operators


def _taken(values: Tensor, place: Tensor) -> Tensor:
    # Much faster than values[place] on the CPU.
    return values.index_select(0, place.reshape(-1)).reshape(place.shape)


class CategoryLookup(nn.Module):
    """A number for each value's category: ``numbers[j][k]`` where ``x[:, j] == categories[j][k]``.

    The categories of a column are kept in ascending order, and found by bisection: a power-of-two
    number of places per column, so that all columns take the same few steps, whatever their number
    of categories. NaN is a category like any other, and equal to itself.

    Args:
        categories: values of each column's categories, or their codes; a column's are distinct.
        numbers: what to answer for each category, at least 0.
        unknown: what to answer where the value is no category, per column.
    """

    first: Tensor

    def __init__(self, categories: list[list[float]], numbers: list[list[int]], unknown: list[int]) -> None:
        super().__init__()
        self.n_steps = math.ceil(math.log2(max(1, *map(len, categories))))
        size = 2**self.n_steps
        values = np.full((len(categories), size), np.inf)
        answers = np.repeat(np.array(unknown, dtype=np.int64)[:, None], size, axis=1)
        missing = np.array(unknown, dtype=np.int64)
        for j, (column, column_numbers) in enumerate(zip(categories, numbers, strict=True)):
            pairs = sorted((v, n) for v, n in zip(column, column_numbers, strict=True) if not math.isnan(v))
            missing[j] = next((n for v, n in zip(column, column_numbers, strict=True) if math.isnan(v)), unknown[j])
            values[j, : len(pairs)] = [v for v, _ in pairs]
            answers[j, : len(pairs)] = [n for _, n in pairs]
        self.register_buffer("values", torch.from_numpy(values.ravel()))
        self.register_buffer("answers", torch.from_numpy(answers.ravel()))
        self.register_buffer("missing", torch.from_numpy(missing))
        self.register_buffer("unknown", torch.tensor(unknown, dtype=torch.int64))
        self.register_buffer("first", torch.arange(len(categories)) * size)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "CategoryLookup":
        before = self.values
        super()._apply(fn, recurse)
        whole = before.isfinite() & (before == before.round())
        if self.values.dtype != before.dtype and bool((self.values.to(before)[whole] != before[whole]).any()):
            raise ValueError(f"some categories are not exact in {self.values.dtype}; keep the model in {before.dtype}.")
        return self

    def forward(self, x: Tensor) -> Tensor:
        """int64, of the shape of ``x``: ``(n_samples, n_columns)``."""
        if not torch.jit.is_scripting():  # noqa: SIM102
            if takes_operators(x, self.values) and not torch.compiler.is_compiling():
                return self.searched(x)
        place = self.first.expand(x.shape)
        for step in range(self.n_steps - 1, -1, -1):
            stride = 1 << step
            below = _taken(self.values, place + (stride - 1)) < x
            place = place + below.long() * stride
        answer = torch.where(_taken(self.values, place) == x, _taken(self.answers, place), self.unknown)
        return torch.where(torch.isnan(x), self.missing, answer)

    @torch.jit.unused
    def check_arrays(self) -> None:
        """Refuse arrays that are not of as many places for each column.

        Raises:
            ValueError: they are.
        """
        n_columns, size = self.first.shape[0], 2 ** min(self.n_steps, 62)
        whole = (self.answers, self.missing, self.unknown, self.first)
        if any(array.dtype != torch.int64 or array.dim() != 1 for array in whole):
            raise ValueError("places of categories are no integers.")
        lengths = [array.shape[0] for array in (self.values, self.answers, self.missing, self.unknown)]
        if lengths != [n_columns * size] * 2 + [n_columns] * 2:
            raise ValueError("the places of categories do not fit together.")
        if not torch.equal(self.first, torch.arange(n_columns) * size):
            raise ValueError("the categories of columns do not follow each other.")

    @torch.jit.unused
    def searched(self, x: Tensor) -> Tensor:
        """``forward`` by torch's own search, which exported graphs do not have."""
        x = x.detach().T.contiguous()
        values = self.values.view(x.shape[0], -1)
        place = torch.searchsorted(values, x).clamp_(max=values.shape[1] - 1)
        answers = self.answers.view(values.shape).gather(1, place)
        answer = torch.where(values.gather(1, place) == x, answers, self.unknown.unsqueeze(1))
        return torch.where(torch.isnan(x), self.missing.unsqueeze(1), answer).T


class CategoryTable(nn.Module):
    """The way back: ``values[j][index]`` for an index per column.

    Args:
        values: one list per column.
    """

    first: Tensor

    def __init__(self, values: list[list[float]]) -> None:
        super().__init__()
        lengths = [len(column) for column in values]
        self.register_buffer("values", torch.tensor(list(itertools.chain(*values)), dtype=torch.float64))
        self.register_buffer("first", torch.tensor([0, *itertools.accumulate(lengths)][:-1], dtype=torch.int64))

    @torch.jit.unused
    def check_arrays(self) -> None:
        """Refuse columns that begin elsewhere than in the table, or not one after the other.

        Raises:
            ValueError: there are such.
        """
        ends = torch.cat([self.first, torch.tensor([self.values.shape[0]])])
        if self.first.dtype != torch.int64 or bool((ends.diff() < 0).any()) or bool((ends[:1] != 0).any()):
            raise ValueError("the values of categories are not those of their columns.")

    def forward(self, index: Tensor) -> Tensor:
        """Values of the shape of ``index``, int64 ``(n_samples, n_columns)``, which must be in range."""
        return _taken(self.values, self.first + index)
