"""The kernels on trees over ranks, which are stored otherwise and packed when they are first evaluated."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from sk2torch.native import takes_addresses
from sk2torch.ops.forest.arrays import TreeArrays
from sk2torch.ops.forest.evaluation import FLOATS
from sk2torch.ops.forest.native import native_leaves, native_sums
from sk2torch.ops.forest.packed import PackedForest, pack
from sk2torch.ops.forest.ranks import RankedColumns
from sk2torch.ops.memo import Memo

_packed_forests: Memo[PackedForest | None] = Memo()
_widened: Memo[Tensor] = Memo()

# Gives the columns of ranks, and trees over them, for an input of so many columns.
RankedTrees = Callable[[int], tuple[RankedColumns, TreeArrays]]


def _packed(x: Tensor, stored: Sequence[Tensor], trees: RankedTrees) -> PackedForest | None:
    if not takes_addresses(x, *stored) or x.dtype not in FLOATS or x.layout != torch.strided:
        return None
    n_inputs = x.shape[1]
    return _packed_forests.get(stored, n_inputs, lambda: _pack(*trees(n_inputs)))


def _pack(columns: RankedColumns, trees: TreeArrays) -> PackedForest | None:
    if any(bool((t >= columns.n_inputs).any()) for t in (columns.columns, columns.categorical)):
        return None
    return pack(columns.columns.shape[0] + columns.categorical.shape[0], trees, columns)


def ranked_leaves(x: Tensor, stored: Sequence[Tensor], trees: RankedTrees) -> Tensor | None:
    """The leaf of each tree that each row reaches; None where no kernel answers.

    Args:
        x: shape ``(n_samples, n_features)``.
        stored: what ``trees`` are made of.
        trees: gives them.
    """
    packed = _packed(x.detach(), stored, trees)
    return None if packed is None else native_leaves(packed, x.detach())


def ranked_sums(
    x: Tensor,
    stored: Sequence[Tensor],
    trees: RankedTrees,
    values: Tensor,
    start: Tensor | None,
    n_groups: int,
    divisor: int,
) -> Tensor | None:
    """``forest_sums / divisor``, see ``ranked_leaves``; None also where gradients are recorded."""
    given = [values] if start is None else [values, start]
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in given):
        return None
    if not takes_addresses(*given) or values.dtype not in FLOATS or given[-1].dtype != values.dtype:
        return None
    packed = _packed(x.detach(), stored, trees)
    if packed is None:
        return None
    if start is not None and start.shape != (1, n_groups * values.shape[1]):
        start = start.expand(x.shape[0], n_groups * values.shape[1])
    return native_sums(packed, x.detach(), values, start, n_groups, divisor)


def widened(values: Tensor, dtype: torch.dtype) -> Tensor:
    """``values`` in another dtype, once for as long as they live: kernels and single rows need them again and again."""
    return values if values.dtype == dtype else _widened.get([values], dtype, lambda: values.to(dtype))
