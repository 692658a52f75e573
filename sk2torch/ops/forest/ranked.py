"""The kernels on trees that are stored otherwise and packed when they are first evaluated."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from sk2torch.native import takes_addresses
from sk2torch.ops.forest.arrays import TreeArrays
from sk2torch.ops.forest.evaluation import FLOATS
from sk2torch.ops.forest.memo import Memo
from sk2torch.ops.forest.native import native_leaves, native_sums
from sk2torch.ops.forest.packed import PackedForest, pack

_packed_forests: Memo[PackedForest | None] = Memo()


def _packed(x: Tensor, stored: Sequence[Tensor], arrays: Callable[[], list[Tensor]]) -> PackedForest | None:
    if not takes_addresses(x, *stored):
        return None
    n_columns = x.shape[1]
    return _packed_forests.get(stored, n_columns, lambda: pack(n_columns, TreeArrays(*arrays())))


def stored_leaves(x: Tensor, stored: Sequence[Tensor], arrays: Callable[[], list[Tensor]]) -> Tensor | None:
    """The leaf of each tree that each row reaches; None where no kernel answers.

    Args:
        x: float32, shape ``(n_samples, n_columns)``.
        stored: what ``arrays`` are made of.
        arrays: gives those of ``TreeArrays``.
    """
    packed = _packed(x, stored, arrays)
    return None if packed is None else native_leaves(packed, x)


def stored_sums(
    x: Tensor,
    stored: Sequence[Tensor],
    arrays: Callable[[], list[Tensor]],
    values: Tensor,
    start: Tensor | None,
    n_groups: int,
    divisor: int,
) -> Tensor | None:
    """``forest_sums / divisor``, see ``stored_leaves``; None also where gradients are recorded."""
    given = [values] if start is None else [values, start]
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in given):
        return None
    if not takes_addresses(*given) or values.dtype not in FLOATS or given[-1].dtype != values.dtype:
        return None
    packed = _packed(x, stored, arrays)
    if packed is None:
        return None
    if start is not None and start.shape != (1, n_groups * values.shape[1]):
        start = start.expand(x.shape[0], n_groups * values.shape[1])
    return native_sums(packed, x, values, start, n_groups, divisor)
