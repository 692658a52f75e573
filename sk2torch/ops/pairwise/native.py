"""Reductions over pairs of rows by compiled code, for processors.

Each function returns None where that code does not apply: no library, another device or dtype, a power that is not
a whole number. Gradients do not pass. Squared distances come from differences, each to rounding.
"""

import ctypes
from collections.abc import Callable
from functools import cache
from typing import cast

import torch
from torch import Tensor

from sk2torch.native import kernel, require_shapes, takes_addresses, warn_if_missing
from sk2torch.ops.pairwise.native_rooms import end_of, packed_bytes, packing_room, pieces, thread_room
from sk2torch.ops.workspace import workspace_bytes

# The numbers that native/kernels/pairwise.c has for them.
STATISTICS = {"dot": 0, "squared_distance": 1, "direct_squared_distance": 1, "manhattan": 2, "chi_squared": 3}
LINKS = {
    "identity": 0,
    "negation": 1,
    "scaled": 1,
    "scaled_root": 2,
    "exponential": 3,
    "power": 4,
    "tanh": 5,
    "root": 6,
    "matern_1": 7,
    "matern_3": 8,
    "matern_5": 9,
}

_SQUARES = ("squared_distance", "direct_squared_distance")

_SUFFIXES = {torch.float64: "_f64", torch.float32: "_f32"}

# Queries for which the stored rows are not packed, and from which squared distances may be expanded to products.
FEW, _MANY = 4, 128
# Features of rows that are copied for that.
_MOST_EXPANDED = 4096

_POINTER, _INT64, _INT, _DOUBLE = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int, ctypes.c_double
_PAIRS = (_POINTER, _INT64, _POINTER, _INT64, _INT64, _INT, _INT, _DOUBLE, _DOUBLE, _INT64)
_ARGUMENTS = {
    "sum": (*_PAIRS, _INT, _POINTER, _INT64, _POINTER, _INT64, _POINTER, _POINTER, _INT64, _POINTER, _INT),
    "few_sums": ("qqqqqqqddqqqqqqq",),
    "few_means": ("qqqqqqqdqddq",),
    "values": (*_PAIRS, _INT64, _POINTER, _POINTER, _INT),
    "few_values": (*_PAIRS, _INT64, _POINTER),
    "log_sum": (*_PAIRS, _INT, _POINTER, _POINTER, _POINTER, _INT64, _POINTER, _INT),
    "few_log_sums": (*_PAIRS, _POINTER, _POINTER),
    "arg_min": (*_PAIRS, _POINTER, _POINTER, _POINTER, _POINTER, _INT),
}
# What ``kernel`` takes, by function and dtype.
KERNELS = {
    (name, dtype): (f"pairwise_{name}{suffix}", *types)
    for name, types in _ARGUMENTS.items()
    for dtype, suffix in _SUFFIXES.items()
}


def applies(x: Tensor, y: Tensor, link: str, degree: float) -> bool:
    """Whether compiled code computes with these rows."""
    if not takes_addresses(x, y) or x.dtype not in _SUFFIXES or y.dtype != x.dtype or y.shape[0] == 0:
        return False
    if x.dim() != 2 or y.dim() != 2 or x.shape[1] != y.shape[1]:
        raise ValueError(f"expected rows like the stored ones, of shape {tuple(y.shape)}, got {tuple(x.shape)}.")
    if not is_whole(link, degree):
        return False
    if kernel(*KERNELS["sum", x.dtype]) is None:
        warn_if_missing()
        return False
    return True


def is_whole(link: str, degree: float) -> bool:
    """Whether the link is no power, or one that is a product."""
    return link != "power" or (0 <= degree <= 2**20 and degree == int(degree))


def _run(
    name: str,
    x: Tensor,
    y: Tensor,
    statistic: str,
    link: str,
    numbers: tuple[float, float, float],
    *rest: object,
) -> None:
    """Call a function for contiguous rows; ``numbers`` are ``gamma``, ``coef0`` and ``degree``."""
    gamma, coef0, degree = numbers
    # ``applies`` has found that there is one.
    function = cast(Callable[..., None], kernel(*KERNELS[name, x.dtype]))
    function(
        x.data_ptr(),
        x.shape[0],
        y.data_ptr(),
        y.shape[0],
        x.shape[1],
        STATISTICS[statistic],
        LINKS[link],
        1.0 if link == "negation" else gamma,
        coef0,
        int(degree) if link == "power" else 1,
        *rest,
    )


def native_sum(
    x: Tensor,
    y: Tensor,
    weights: Tensor,
    sizes: list[int],
    statistic: str,
    link: str,
    gamma: Tensor,
    coef0: Tensor,
    degree: float,
) -> Tensor | None:
    """``weighted_sum`` of rows that went through ``align_outside``."""
    if not applies(x, y, link, degree) or weights.dtype != x.dtype:
        return None
    require_shapes((weights, (weights.shape[0], sum(sizes))), (y, (sum(sizes), x.shape[1])))
    if min(sizes) < 0:
        raise ValueError(f"expected sizes of groups, got {sizes}.")
    numbers = (float(gamma), float(coef0), degree)
    x, y, weights = _lying(x), _lying(y), _lying(weights)
    n, n_groups, n_weights = x.shape[0], len(sizes), weights.shape[0]
    if n <= FEW:
        out = x.new_empty(n, n_groups * n_weights)
        table = group_table(tuple(sizes))
        rest = (ctypes.addressof(table), n_groups, weights.data_ptr(), n_weights, 0, out.data_ptr())
        _run("few_sums", x, y, statistic, link, numbers, *rest)
        return out
    if packed_bytes(y, sizes, n_weights) <= workspace_bytes():
        return _sums(x, y, weights, sizes, statistic, link, numbers)
    out = x.new_zeros(n, n_groups, n_weights)
    for g, start, stop in pieces(y, sizes, n_weights):
        piece = weights[:, start:stop].contiguous()
        out[:, g] += _sums(x, y[start:stop], piece, [stop - start], statistic, link, numbers)
    return out.view(n, n_groups * n_weights)


def _sums(
    x: Tensor,
    y: Tensor,
    weights: Tensor,
    sizes: list[int],
    statistic: str,
    link: str,
    numbers: tuple[float, float, float],
) -> Tensor:
    """``native_sum`` of contiguous rows whose packed form fits into the workspace."""
    n, n_groups, n_weights, threads = x.shape[0], len(sizes), weights.shape[0], torch.get_num_threads()
    expands = n >= _MANY and x.shape[1] <= _MOST_EXPANDED and (statistic, link) == ("squared_distance", "exponential")
    table, room = group_table(tuple(sizes)), thread_room(x, n_weights, expands)
    out, memory = x.new_empty(n, n_groups * n_weights), packing_room(y, sizes, n_weights, threads * room)
    rest = (int(expands), ctypes.addressof(table), n_groups, weights.data_ptr(), n_weights)
    places = (memory.data_ptr(), end_of(memory, threads * room), room, out.data_ptr(), threads)
    _run("sum", x, y, statistic, link, numbers, *rest, *places)
    return out


def native_values(
    x: Tensor, y: Tensor, statistic: str, link: str, gamma: Tensor, coef0: Tensor, degree: float
) -> Tensor | None:
    """``pairwise_kernel`` of rows that went through ``align_outside``."""
    if not applies(x, y, link, degree):
        return None
    numbers, (n, m) = (float(gamma), float(coef0), degree), (x.shape[0], y.shape[0])
    x, y, out = _lying(x), _lying(y), x.new_empty(n, m)
    if n <= FEW:
        _run("few_values", x, y, statistic, link, numbers, m, out.data_ptr())
        return out
    for _, start, stop in pieces(y, [m], 0):
        memory = packing_room(y, [stop - start], 0, 0)
        rest = (m, memory.data_ptr(), out.data_ptr() + start * out.element_size(), torch.get_num_threads())
        _run("values", x, y[start:stop], statistic, link, numbers, *rest)
    return out


def native_log_sum(x: Tensor, y: Tensor, offsets: Tensor, statistic: str, link: str, gamma: Tensor) -> Tensor | None:
    """``log_sum`` of rows that went through ``align_outside``."""
    if not applies(x, y, link, 1.0) or offsets.dtype != x.dtype:
        return None
    require_shapes((offsets, (y.shape[0],)))
    numbers, n, threads = (float(gamma), 0.0, 1.0), x.shape[0], torch.get_num_threads()
    x, y, offsets = _lying(x), _lying(y), _lying(offsets)
    if n <= FEW:
        out = x.new_empty(n)
        _run("few_log_sums", x, y, statistic, link, numbers, offsets.data_ptr(), out.data_ptr())
        return out
    total: Tensor | None = None
    expands = n >= _MANY and x.shape[1] <= _MOST_EXPANDED and statistic in _SQUARES and link == "scaled"
    room = thread_room(x, 0, expands)
    for _, start, stop in pieces(y, [y.shape[0]], 2):
        out, memory = x.new_empty(n), packing_room(y, [stop - start], 2, threads * room)
        rest = (int(expands), offsets[start:].data_ptr(), memory.data_ptr(), end_of(memory, threads * room), room)
        _run("log_sum", x, y[start:stop], statistic, link, numbers, *rest, out.data_ptr(), threads)
        total = out if total is None else torch.logaddexp(total, out)
    return total


def native_arg_min(
    x: Tensor, y: Tensor, offsets: Tensor, shifts: Tensor | None, statistic: str, link: str, gamma: Tensor
) -> Tensor | None:
    """``arg_min`` of rows that went through ``align_outside``; a table that is larger than the workspace is refused."""
    if not applies(x, y, link, 1.0) or packed_bytes(y, [y.shape[0]], 1) > workspace_bytes():
        return None
    if offsets.dtype != x.dtype or (shifts is not None and shifts.dtype != x.dtype):
        return None
    require_shapes((offsets, (y.shape[0],)), *(() if shifts is None else ((shifts, (x.shape[0],)),)))
    x, y, offsets = _lying(x), _lying(y), _lying(offsets)
    shifts = None if shifts is None else _lying(shifts)
    out, memory = torch.empty(x.shape[0], dtype=torch.int64), packing_room(y, [y.shape[0]], 1, 0)
    shift = None if shifts is None else shifts.data_ptr()
    rest = (offsets.data_ptr(), shift, memory.data_ptr(), out.data_ptr(), torch.get_num_threads())
    _run("arg_min", x, y, statistic, link, (float(gamma), 0.0, 1.0), *rest)
    return out


def _lying(x: Tensor) -> Tensor:
    """``x`` as it is if it is contiguous, else a copy that is."""
    return x if x.is_contiguous() else x.detach().contiguous()


@cache
def group_table(sizes: tuple[int, ...]) -> ctypes.Array[ctypes.c_int64]:
    """Sizes of groups as kernels take them."""
    return (ctypes.c_int64 * len(sizes))(*sizes)
