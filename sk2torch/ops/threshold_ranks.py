"""Ranks of numbers among thresholds by compiled code."""

import ctypes

import torch
from torch import Tensor

from sk2torch.native import kernel, takes_addresses

_POINTER, _LONG, _INT = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int
_TYPES = (_POINTER, _INT, _LONG, _LONG, _POINTER, _LONG, *[_POINTER] * 3, _INT, _POINTER, _LONG, _INT)
_FLOATS = (torch.float32, torch.float64)


def column_ranks(
    x: Tensor, columns: Tensor, first: Tensor, counts: Tensor, thresholds: Tensor, width: int
) -> Tensor | None:
    """``|{t in thresholds_j : t < x[i, columns[j]]}|``, NaN for NaN, float32; None without compiled code for it.

    Args:
        x: shape ``(n, n_features)``; compared in the dtype of the thresholds.
        columns: int64, shape ``(n_columns,)``, within the features.
        first: int64, where the thresholds of each column begin.
        counts: int64, how many there are, one behind the other.
        thresholds: ascending in each column.
        width: columns of the result; those from ``n_columns`` on are left to be filled.
    """
    if not takes_addresses(x, columns, first, counts, thresholds):
        return None
    function = kernel("threshold_ranks", *_TYPES)
    if function is None or x.dtype not in _FLOATS or thresholds.dtype not in _FLOATS or x.layout != torch.strided:
        return None
    x = x.contiguous()
    out = torch.empty([x.shape[0], width], dtype=torch.float32)
    function(
        x.data_ptr(),
        x.dtype == torch.float64,
        x.shape[0],
        x.shape[1],
        columns.data_ptr(),
        columns.shape[0],
        first.data_ptr(),
        counts.data_ptr(),
        thresholds.data_ptr(),
        thresholds.dtype == torch.float64,
        out.data_ptr(),
        width,
        torch.get_num_threads(),
    )
    return out
