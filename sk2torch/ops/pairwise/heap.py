"""Heaps of a fixed size, one per row, as scikit-learn keeps the nearest neighbours in."""

import torch
from torch import Tensor

from sk2torch.ops.loops import graph_loop


def empty_heap(x: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """Values (infinity) and indices of heaps for ``k`` entries, one per row of ``x``.

    The arrays are filled up to a whole tree, shape ``(n, 2^depth - 1)``, with entries that never move.
    """
    size = 1
    while size < k:
        size = 2 * size + 1
    places = torch.arange(size, device=x.device)
    start = torch.where(places < k, torch.inf, -torch.inf).to(x.dtype)
    # Not expanded: loops need states of their own memory.
    values = start.unsqueeze(0) + torch.zeros_like(x[:, :1])
    return values, torch.zeros_like(values, dtype=torch.int64)


def heap_push(values: Tensor, index: Tensor, value: Tensor, position: Tensor) -> tuple[Tensor, Tensor]:
    """The heaps after ``value``, if smaller than the largest, has taken its place and sunk to where it belongs.

    Args:
        values: shape ``(n, size)``; the children of entry ``i`` are ``2 i + 1`` and ``2 i + 2``.
        index: int64, shape ``(n, size)``.
        value: shape ``(n,)``.
        position: int64, what stands for ``value`` in ``index``, shape ``(n,)``.
    """
    size = values.shape[1]
    value, position = value.unsqueeze(1), position.unsqueeze(1)
    enters = value < values[:, :1]
    sinks = enters
    place = torch.zeros_like(position)
    level = 1
    while level < size:
        left = 2 * place + 1
        left_value, right_value = values.gather(1, left), values.gather(1, left + 1)
        child = torch.where(left_value >= right_value, left, left + 1)
        child_value = torch.maximum(left_value, right_value)
        sinks = sinks & (value < child_value)
        child_index = index.gather(1, child)
        values = values.scatter(1, place, torch.where(sinks, child_value, values.gather(1, place)))
        index = index.scatter(1, place, torch.where(sinks, child_index, index.gather(1, place)))
        place = torch.where(sinks, child, place)
        level = 2 * level + 1
    values = values.scatter(1, place, torch.where(enters, value, values.gather(1, place)))
    return values, index.scatter(1, place, torch.where(enters, position, index.gather(1, place)))


def heap_order(values: Tensor, index: Tensor, k: int) -> Tensor:
    """Indices of the ``k`` entries by value, equal ones in the order of the heap; shape ``(n, k)``."""
    _, order = stable_sort(values[:, :k], 1)
    return index.gather(1, order)


def stable_sort(x: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """Ascending values and their places; equal ones stay in order."""
    return torch.sort(x, dim=dim, stable=True)


def poured_heap(values: Tensor, index: Tensor, k: int) -> tuple[Tensor, Tensor]:
    """The ``k`` entries, in the order of their heap, in a heap of their own.

    scikit-learn without a tree collects the neighbours found by its threads in this way.
    """
    poured, poured_index = empty_heap(values, k)
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling():
            return _poured_by_loop(values, index, poured, poured_index, k)
    for entry in range(k):
        poured, poured_index = heap_push(poured, poured_index, values[:, entry], index[:, entry])
    return poured, poured_index


def _poured_by_loop(
    values: Tensor, index: Tensor, poured: Tensor, poured_index: Tensor, k: int
) -> tuple[Tensor, Tensor]:
    def unfinished(entry: Tensor, poured: Tensor, poured_index: Tensor) -> Tensor:
        return entry < k

    def pour(entry: Tensor, poured: Tensor, poured_index: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        place = entry.reshape(1)
        value, position = values.index_select(1, place)[:, 0], index.index_select(1, place)[:, 0]
        return entry + 1, *heap_push(poured, poured_index, value, position)

    start = torch.zeros((), dtype=torch.int64, device=values.device)
    _, poured, poured_index = graph_loop(unfinished, pour, (start, poured, poured_index))
    return poured, poured_index
