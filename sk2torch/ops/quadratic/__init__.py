"""Squared lengths of affine maps by compiled code: mixtures, discriminants, Mahalanobis distances.

Each function returns None where that code does not apply, and callers go on with their formula in torch: in graphs,
where gradients are recorded, on other devices than processors, and without the library.
"""

import ctypes

import torch
from torch import Tensor

from sk2torch.native import kernel, require_shapes, takes_doubles, warn_if_missing
from sk2torch.ops.single import rounds_to_single

# Rows that the compiled code works on at a time, at most.
_ROWS = 64

# So few rows go one by one; quadratic_forms.c has the same number.
_FEW = 8

_POINTER, _INT64, _INT, _DOUBLE = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int, ctypes.c_double
_FORMS = (_POINTER, *[_INT64] * 2, *[_POINTER] * 3, *[_INT64] * 3, _INT, *[_POINTER] * 3, _DOUBLE, _POINTER, _INT)
_MAHALANOBIS = (_POINTER, *[_INT64] * 2, *[_POINTER] * 4, _INT)


@rounds_to_single
def squared_forms(x: Tensor, means: Tensor, factors: Tensor, residuals: Tensor | None, is_upper: bool) -> Tensor | None:
    """``|(x_i - means_k) factors_k + residuals_k|^2``; shape ``(n, n_forms)``.

    Args:
        x: shape ``(n, n_features)``.
        means: ``n_forms`` rows of ``n_features``.
        factors: shape ``(n_forms or 1, n_features, width)``, or the diagonals, shape ``(n_forms, n_features)``.
        residuals: shape ``(n_forms, width)``; None for zeros; ignored for diagonals.
        is_upper: whether to look for zeros below the diagonals, which need no work.
    """
    arrays = [means, factors] if residuals is None else [means, factors, residuals]
    return _forms(x, arrays, is_upper, None) if takes_doubles(x, *arrays) else None


@rounds_to_single
def log_densities(
    x: Tensor,
    means: Tensor,
    factors: Tensor,
    residuals: Tensor | None,
    is_upper: bool,
    first: Tensor,
    second: Tensor,
    factor: float,
) -> Tensor | None:
    """``first_k + (factor second_k - squared_forms / 2)``; shape ``(n, n_forms)``.

    Args:
        x: see ``squared_forms``; also ``means``, ``factors``, ``residuals`` and ``is_upper``.
        first, second: shape ``(n_forms,)``.
        factor: a number.
    """
    arrays = [means, factors] if residuals is None else [means, factors, residuals]
    if not takes_doubles(x, *arrays, first, second):
        return None
    return _forms(x, arrays, is_upper, (first, second, factor))


def _forms(
    x: Tensor, arrays: list[Tensor], is_upper: bool, terms: tuple[Tensor, Tensor, float] | None
) -> Tensor | None:
    (n, n_features), means, factors = x.shape, arrays[0], arrays[1]
    n_forms, width, n_factors = means.shape[0], 0, factors.shape[0]
    if factors.dim() == 3:
        width = factors.shape[2]
    if factors.shape[1] != n_features or (n_factors != n_forms and not (width and n_factors == 1)):
        raise ValueError(f"expected factors of {n_forms} forms of {n_features} features, got {tuple(factors.shape)}.")
    is_added = len(arrays) == 3 and width > 0
    if means.numel() != n_forms * n_features or (is_added and arrays[2].shape != (n_forms, width)):
        raise ValueError(f"expected {n_forms} forms of {n_features} features; the model's arrays do not fit.")
    if terms is not None:
        require_shapes((terms[0], (n_forms,)), (terms[1], (n_forms,)))
        arrays = [*arrays, terms[0], terms[1]]
    function = kernel("squared_forms", *_FORMS)
    if function is None:
        warn_if_missing()
        return None
    # Held until the call is over.
    x, arrays = x.contiguous(), [array.contiguous() for array in arrays]
    is_upper = is_upper and width > 0 and n > _FEW and not bool(factors.tril(-1).any())
    threads = torch.get_num_threads()
    room = x.new_empty(threads * 2 * _ROWS * n_features if n > _FEW else n_features + width)
    out = x.new_empty(n, n_forms)
    added = None if terms is None else (arrays[-2].data_ptr(), arrays[-1].data_ptr(), terms[2])
    function(
        *(x.data_ptr(), n, n_features, arrays[0].data_ptr(), arrays[1].data_ptr()),
        *(arrays[2].data_ptr() if is_added else None, n_forms, n_factors, width, int(is_upper), room.data_ptr()),
        *((None, None, 0.0) if added is None else added),
        *(out.data_ptr(), threads),
    )
    return out


@rounds_to_single
def mahalanobis_in_order(x: Tensor, location: Tensor, precision: Tensor) -> Tensor | None:
    """``functional.mahalanobis.squared_mahalanobis``, to the last digit."""
    if not takes_doubles(x, location, precision):
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
