"""Squared lengths of solutions, which compiled code adds up while it solves."""

import ctypes

import torch
from torch import Tensor

from sk2torch.native import kernel, require_shapes, takes_addresses, warn_if_missing
from sk2torch.ops.triangular.reference import solve_rows

# Right sides that the compiled code works on at a time.
_SIDES = 64

_POINTER, _INT64, _INT = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int
_KERNEL = ("triangular_squares", _POINTER, _INT64, _POINTER, _INT64, _POINTER, _POINTER, _INT)


def solved_squares(lower: Tensor, inverses: Tensor, right: Tensor) -> Tensor:
    """``|v|^2`` with ``lower v = b`` for each row ``b`` of ``right``; shape ``(n,)``.

    Args:
        lower: lower triangular, shape ``(m, m)``.
        inverses: ``diagonal_inverses(lower)``.
        right: shape ``(n, m)``.
    """
    if not torch.jit.is_scripting():
        found = _native_squares(lower, right)
        if found is not None:
            return found
    return solve_rows(lower, inverses, right).square().sum(dim=1)


def _native_squares(lower: Tensor, right: Tensor) -> Tensor | None:
    """By compiled code; None where it does not apply: where gradients are recorded, in graphs, for other dtypes."""
    if torch.is_grad_enabled() and (lower.requires_grad or right.requires_grad):
        return None
    if not takes_addresses(lower, right) or lower.dtype != torch.float64 or right.dtype != torch.float64:
        return None
    function = kernel(*_KERNEL)
    if function is None:
        warn_if_missing()
        return None
    require_shapes((lower, (right.shape[1], right.shape[1])))
    lower, right = lower.contiguous(), right.contiguous()
    (n, m), threads = right.shape, torch.get_num_threads()
    room, out = lower.new_empty(threads * m * _SIDES if n > 2 else m), lower.new_empty(n)
    function(lower.data_ptr(), m, right.data_ptr(), n, room.data_ptr(), out.data_ptr(), threads)
    return out
