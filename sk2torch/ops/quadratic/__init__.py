"""Squared lengths of affine maps by compiled code: mixtures, discriminants, Mahalanobis distances.

Each function returns None where that code does not apply, and callers go on with their formula in torch: in graphs,
where gradients are recorded, for other dtypes than float64 and devices than processors, and without the library.
"""

import ctypes

import torch
from torch import Tensor

from sk2torch.native import kernel, require_shapes, takes_addresses, warn_if_missing

# Rows that the compiled code works on at a time, at most.
_ROWS = 64

# So few rows go one by one; quadratic_forms.c has the same number.
_FEW = 8

_POINTER, _INT64, _INT = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int
_FORMS = (_POINTER, *[_INT64] * 2, *[_POINTER] * 3, *[_INT64] * 3, _INT, *[_POINTER] * 2, _INT)
_MAHALANOBIS = (_POINTER, *[_INT64] * 2, *[_POINTER] * 4, _INT)


def squared_forms(x: Tensor, means: Tensor, factors: Tensor, residuals: Tensor | None, is_upper: bool) -> Tensor | None:
    """``|(x_i - means_k) factors_k + residuals_k|^2``; shape ``(n, n_forms)``.

    Args:
        x: shape ``(n, n_features)``.
        means: ``n_forms`` rows of ``n_features``.
        factors: shape ``(n_forms or 1, n_features, width)``, or the diagonals, shape ``(n_forms, n_features)``.
        residuals: shape ``(n_forms, width)``; None for zeros; ignored for diagonals.
        is_upper: whether to look for zeros below the diagonals, which need no work.
    """
    n, n_features = x.shape
    n_forms, width = means.shape[0], factors.shape[2] if factors.dim() == 3 else 0
    if not _is_plain(x, means, factors) or not (residuals is None or _is_plain(residuals)):
        return None
    n_factors = factors.shape[0] if width and factors.shape[0] == 1 else n_forms
    require_shapes((factors, (n_factors, n_features, width) if factors.dim() == 3 else (n_forms, n_features)))
    is_added = residuals is not None and width > 0
    if means.numel() != n_forms * n_features or (is_added and residuals.shape != (n_forms, width)):
        raise ValueError(f"expected {n_forms} forms of {n_features} features; the model's arrays do not fit.")
    function = kernel("squared_forms", *_FORMS)
    if function is None:
        warn_if_missing()
        return None
    x, means, factors = x.contiguous(), means.contiguous(), factors.contiguous()
    residuals = None if residuals is None else residuals.contiguous()
    is_upper = is_upper and width > 0 and n > _FEW and not bool(factors.tril(-1).any())
    threads = torch.get_num_threads()
    room = x.new_empty(threads * 2 * _ROWS * n_features if n > _FEW else n_features + width)
    out = x.new_empty(n, n_forms)
    added = None if residuals is None else residuals.data_ptr()
    function(
        x.data_ptr(),
        n,
        n_features,
        means.data_ptr(),
        factors.data_ptr(),
        added,
        n_forms,
        factors.shape[0],
        width,
        int(is_upper),
        room.data_ptr(),
        out.data_ptr(),
        threads,
    )
    return out


def mahalanobis_in_order(x: Tensor, location: Tensor, precision: Tensor) -> Tensor | None:
    """``functional.mahalanobis.squared_mahalanobis``, to the last digit."""
    if not _is_plain(x, location, precision):
        return None
    require_shapes((location, (x.shape[1],)), (precision, (x.shape[1], x.shape[1])))
    function = kernel("squared_mahalanobis", *_MAHALANOBIS)
    if function is None:
        warn_if_missing()
        return None
    x, location, transposed = x.contiguous(), location.contiguous(), precision.T.contiguous()
    threads = torch.get_num_threads()
    room, out = x.new_empty(threads * 3 * x.shape[1]), x.new_empty(x.shape[0])
    rows = (x.data_ptr(), x.shape[0], x.shape[1], location.data_ptr(), transposed.data_ptr())
    function(*rows, room.data_ptr(), out.data_ptr(), threads)
    return out


def _is_plain(*tensors: Tensor) -> bool:
    """Whether these are numbers at hand: no graph, no gradients, no transform of a function."""
    is_recorded = torch.is_grad_enabled()
    for tensor in tensors:
        if tensor.dtype != torch.float64 or (is_recorded and tensor.requires_grad):
            return False
    return takes_addresses(*tensors)
