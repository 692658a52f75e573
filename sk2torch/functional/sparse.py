"""Matrices that may be sparse: CSR tensors in eager mode and TorchScript, dense ones everywhere."""

import functools
import warnings

import torch
from torch import Tensor


def csr_tensor(starts: Tensor, columns: Tensor, values: Tensor, n_columns: int) -> Tensor:
    """The CSR tensor of ``len(starts) - 1`` rows."""
    shape = [starts.shape[0] - 1, n_columns]
    if torch.jit.is_scripting():
        return torch.sparse_csr_tensor(starts, columns, values, shape, dtype=values.dtype, device=values.device)
    else:
        _hear_warnings()
        return torch.sparse_csr_tensor(starts, columns, values, shape, check_invariants=False)


@functools.cache
def _hear_warnings() -> None:
    """What torch says once: that its sparse tensors are in beta, and that it does not check each."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Sparse (CSR|invariant)")
        torch.sparse_csr_tensor(
            [0, 0], torch.zeros(0, dtype=torch.int64), torch.zeros(0), [1, 1], check_invariants=False
        )


def with_values(x: Tensor, values: Tensor) -> Tensor:
    """The CSR tensor ``x`` with other values in the same places."""
    return csr_tensor(x.crow_indices(), x.col_indices(), values, x.shape[1])


def row_of_entries(x: Tensor) -> Tensor:
    """The row of each stored entry of a CSR tensor, int64."""
    rows = torch.arange(x.shape[0], device=x.device)
    return torch.repeat_interleave(rows, x.crow_indices().diff())


def scaled_columns(x: Tensor, factor: Tensor) -> Tensor:
    """``x * factor``, ``factor`` of shape ``(n_columns,)``."""
    if x.is_sparse_csr:
        return with_values(x, x.values() * factor.index_select(0, x.col_indices()))
    return x * factor


def divided_columns(x: Tensor, divisor: Tensor) -> Tensor:
    """``x / divisor``, ``divisor`` of shape ``(n_columns,)``."""
    if x.is_sparse_csr:
        return with_values(x, x.values() / divisor.index_select(0, x.col_indices()))
    return x / divisor


def _lengths(total: Tensor, norm: str) -> Tensor:
    # Replaced before the root, which has no slope at zero.
    total = torch.where(total == 0, torch.ones_like(total), total)
    return total.sqrt() if norm == "l2" else total


def unit_rows(x: Tensor, norm: str) -> Tensor:
    """Rows divided by their norm, ``"l1"``, ``"l2"`` or ``"max"``; rows whose norm is zero stay."""
    if x.is_sparse_csr:
        values = x.values()
        size = values.square() if norm == "l2" else values.abs()
        if x.shape[0] == 1 and size.shape[0] > 0:
            total = size.amax(dim=0, keepdim=True) if norm == "max" else size.sum(dim=0, keepdim=True)
            return with_values(x, values / _lengths(total, norm))
        rows = row_of_entries(x)
        total = values.new_zeros(x.shape[0])
        total = total.scatter_reduce(0, rows, size, "amax") if norm == "max" else total.index_add(0, rows, size)
        return with_values(x, values / _lengths(total, norm).index_select(0, rows))
    size = x.square() if norm == "l2" else x.abs()
    total = size.amax(dim=1, keepdim=True) if norm == "max" else size.sum(dim=1, keepdim=True)
    return x / _lengths(total, norm)


def column_range(x: Tensor, start: int, stop: int) -> Tensor:
    """``x[:, start:stop]``."""
    if not x.is_sparse_csr:
        return x[:, start:stop]
    columns = x.col_indices()
    kept = (columns >= start) & (columns < stop)
    before = torch.cat([kept.new_zeros(1, dtype=torch.int64), kept.long().cumsum(0)])
    starts = before.index_select(0, x.crow_indices())
    return csr_tensor(starts, columns[kept] - start, x.values()[kept], stop - start)


def selected_columns(x: Tensor, index: Tensor) -> Tensor:
    """``x[:, index]``; ``index`` int64 of shape ``(n_selected,)``, in any order, with repetitions."""
    if not x.is_sparse_csr:
        return x.index_select(1, index)
    n_selected = index.shape[0]
    order = torch.argsort(index, stable=True)
    counts = torch.bincount(index, minlength=x.shape[1])
    # Each entry comes once for every place that its column is selected to.
    copies = counts.index_select(0, x.col_indices())
    entry = torch.repeat_interleave(torch.arange(copies.shape[0], device=x.device), copies)
    number = torch.arange(entry.shape[0], device=x.device) - (copies.cumsum(0) - copies).index_select(0, entry)
    first = (counts.cumsum(0) - counts).index_select(0, x.col_indices().index_select(0, entry))
    column = order.index_select(0, first + number)
    row = row_of_entries(x).index_select(0, entry)
    place = torch.argsort(row * n_selected + column)
    starts = torch.cat([row.new_zeros(1), torch.bincount(row, minlength=x.shape[0]).cumsum(0)])
    return csr_tensor(starts, column.index_select(0, place), x.values().index_select(0, entry)[place], n_selected)


def side_by_side(parts: list[Tensor]) -> Tensor:
    """Matrices of equally many rows as one: sparse if any is."""
    if not any([part.is_sparse_csr for part in parts]):  # noqa: C419  (TorchScript has no generators)
        return torch.cat(parts, dim=1)
    sparse = [part if part.is_sparse_csr else part.to_sparse_csr() for part in parts]
    counts = torch.stack([part.crow_indices().diff() for part in sparse])
    starts = torch.cat([counts.new_zeros(1), counts.sum(0).cumsum(0)])
    # Where in the result each part's share of each row begins.
    begins = starts[:-1] + counts.cumsum(0) - counts
    n_entries = sum([part.values().shape[0] for part in sparse])
    columns = counts.new_zeros(n_entries)
    values = sparse[0].values().new_zeros(n_entries)
    offset = 0
    for k, part in enumerate(sparse):
        inside = torch.arange(part.values().shape[0], device=part.device)
        shift = torch.repeat_interleave(begins[k] - part.crow_indices()[:-1], counts[k])
        columns = columns.index_copy(0, inside + shift, part.col_indices() + offset)
        values = values.index_copy(0, inside + shift, part.values())
        offset += part.shape[1]
    return csr_tensor(starts, columns, values, offset)
