"""Numbers as ranks among thresholds, as the C kernels compute them (``native/ranks.h``)."""

import ctypes
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

# As in ranks.h.
_PIVOTS = 32

_POINTERS = ("feature", "first", "count", "thresholds", "table_first", "steps", "tables")


class RankedColumns(NamedTuple):
    """What trees over ranks look at: ``|{t in thresholds_j : t < x[:, columns[j]]}|``, then codes of categories.

    Args:
        n_inputs: columns of ``x``.
        columns: int64, of ``x``, that are compared.
        first: int64, where the thresholds of each begin.
        counts: int64, how many it has.
        thresholds: ascending for each, in the dtype of comparisons.
        categorical: int64, columns of ``x`` whose codes are wanted.
    """

    n_inputs: int
    columns: Tensor
    first: Tensor
    counts: Tensor
    thresholds: Tensor
    categorical: Tensor


class _Structure(ctypes.Structure):
    """``ranks`` of ranks.h."""

    _fields_ = [
        ("n", ctypes.c_int64),
        ("is_double", ctypes.c_int32),
        ("bytes", ctypes.c_int32),
        *((name, ctypes.c_void_p) for name in _POINTERS),
    ]


class PackedRanks:
    """The arrays of the searches of one forest and the structure that points to them."""

    def __init__(self, ranked: RankedColumns) -> None:
        # Copies: what is remembered for as long as the tensors live must not keep them alive.
        counts, first = ranked.counts.numpy().copy(), ranked.first.numpy().copy()
        thresholds = ranked.thresholds.numpy().copy()
        most = int(counts.max(initial=0))
        # Ranks up to the count, and a number above those of all thresholds for NaN.
        self.n_bytes = 1 if most < 2**8 else 2 if most < 2**16 else 4
        tables, steps = [], np.zeros(len(counts), dtype=np.int32)
        for j, (start, count) in enumerate(zip(first, counts, strict=True)):
            steps[j] = (int(count) // _PIVOTS).bit_length()
            table = np.full(_PIVOTS << steps[j], np.nan, dtype=np.float32)
            table[:count] = rounded_down(thresholds[start : start + count])
            stride = 1 << steps[j]
            tables += [table[stride - 1 :: stride], table]
        sizes = [_PIVOTS + (_PIVOTS << int(step)) for step in steps]
        self.arrays = {
            "feature": ranked.columns.numpy().copy(),
            "first": first,
            "count": counts,
            "thresholds": thresholds,
            "table_first": np.cumsum([0, *sizes])[: len(sizes)],
            "steps": steps,
            "tables": np.concatenate([*tables, np.zeros(0, np.float32)]),
        }
        pointers = {name: array.ctypes.data for name, array in self.arrays.items()}
        is_double = ranked.thresholds.dtype == torch.float64
        self.structure = _Structure(n=len(counts), is_double=is_double, bytes=self.n_bytes, **pointers)
        self.address = ctypes.addressof(self.structure)


def rounded_down(numbers: np.ndarray) -> np.ndarray:
    """The largest float32 not above each: ``v <= t`` and ``v <= rounded_down(t)`` agree for float32 ``v``."""
    with np.errstate(over="ignore"):
        nearest = numbers.astype(np.float32)
        return np.where(nearest > numbers, np.nextafter(nearest, np.float32(-np.inf)), nearest)
