"""Squared lengths of affine maps by compiled code: mixtures, discriminants, Mahalanobis distances.

Each function returns None where that code does not apply, and callers go on with their formula in torch: in graphs,
where gradients are recorded, for other dtypes than float64 and devices than processors, and without the library.
"""

import ctypes

import torch
from torch import Tensor

from sk2torch.native import kernel, takes_addresses, warn_if_missing

# Rows that the compiled code works on at a time, at most.
_ROWS = 64

_POINTER, _INT64, _INT = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int


def squared_forms(x: Tensor, means: Tensor, factors: Tensor, residuals: Tensor, is_upper: bool) -> Tensor | None:
    """``|(x_i - means_k) factors_k + residuals_k|^2``; shape ``(n, n_forms)``.

    Args:
        x: shape ``(n, n_features)``.
        means: shape ``(n_forms, n_features)``.
        factors: shape ``(n_forms or 1, n_features, width)``, or the diagonals, shape ``(n_forms, n_features)``.
        residuals: shape ``(n_forms, width)``, none for zeros; ignored for diagonals.
        is_upper: whether to look for zeros below the diagonals, which need no work.
    """
    if not _is_plain(x, means, factors, residuals):
        return None
    types = (_POINTER, _INT64, _INT64, _POINTER, _POINTER, _POINTER, _INT64, _INT64, _INT64, _INT)
    function = kernel("squared_forms", *types, _POINTER, _POINTER, _INT)
    if function is None:
        warn_if_missing()
        return None
    x, means, factors, residuals = (tensor.detach().contiguous() for tensor in (x, means, factors, residuals))
    width = factors.shape[2] if factors.dim() == 3 else 0
    if residuals.numel() == 0:
        residuals = x.new_zeros(means.shape[0], width)
    is_upper = is_upper and width > 0 and not bool(factors.tril(-1).any())
    threads = torch.get_num_threads()
    room, out = x.new_empty(threads * 2 * _ROWS * x.shape[1]), x.new_empty(x.shape[0], means.shape[0])
    rows = (x.data_ptr(), x.shape[0], x.shape[1], means.data_ptr(), factors.data_ptr(), residuals.data_ptr())
    sizes = (means.shape[0], factors.shape[0], width, int(is_upper))
    function(*rows, *sizes, room.data_ptr(), out.data_ptr(), threads)
    return out


def mahalanobis_in_order(x: Tensor, location: Tensor, precision: Tensor) -> Tensor | None:
    """``functional.mahalanobis.squared_mahalanobis``, to the last digit."""
    if not _is_plain(x, location, precision):
        return None
    types = (_POINTER, _INT64, _INT64, _POINTER, _POINTER, _POINTER, _POINTER, _INT)
    function = kernel("squared_mahalanobis", *types)
    if function is None:
        warn_if_missing()
        return None
    x, location, transposed = x.detach().contiguous(), location.detach().contiguous(), precision.detach().T.contiguous()
    threads = torch.get_num_threads()
    room, out = x.new_empty(threads * 3 * x.shape[1]), x.new_empty(x.shape[0])
    rows = (x.data_ptr(), x.shape[0], x.shape[1], location.data_ptr(), transposed.data_ptr())
    function(*rows, room.data_ptr(), out.data_ptr(), threads)
    return out


def _is_plain(*tensors: Tensor) -> bool:
    """Whether these are numbers at hand: no graph, no gradients, no transform of a function."""
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors):
        return False
    return takes_addresses(*tensors) and all(tensor.dtype == torch.float64 for tensor in tensors)
