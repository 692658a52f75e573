"""Reductions over pairs of rows by compiled code, for processors.

Each function returns None where that code does not apply: no library, another device or dtype, a power that is not
a whole number. Gradients do not pass. Squared distances come from differences, each to rounding.
"""

import ctypes
from collections.abc import Callable, Iterator
from typing import cast

import torch
from torch import Tensor

from sk2torch.native import kernel, takes_addresses, warn_if_missing
from sk2torch.ops.workspace import workspace_bytes

# The numbers that native/kernels/pairwise.c has for them.
_STATISTICS = {"dot": 0, "squared_distance": 1, "direct_squared_distance": 1, "manhattan": 2, "chi_squared": 3}
_LINKS = {
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

_SUFFIXES = {torch.float64: "_f64", torch.float32: "_f32"}

# Weights of a row that the compiled sum takes; more are a product with the values.
MOST_WEIGHTS = 64
# Numbers of one block of values in that product: they stay in a processor's cache.
_PRODUCT_ELEMENTS = 2**20
# Queries from which rows are worth preparing for products instead of differences.
_FEWEST_QUERIES = 128
# Lanes of the widest vector, in bytes: groups are filled up to whole vectors.
_VECTOR_BYTES = 64

_POINTER, _INT64, _INT, _DOUBLE = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int, ctypes.c_double
_PAIRS = (_POINTER, _INT64, _POINTER, _INT64, _INT64, _INT, _INT, _DOUBLE, _DOUBLE, _INT64)
_ARGUMENTS = {
    "sum": (*_PAIRS, _POINTER, _INT64, _POINTER, _INT64, _POINTER, _POINTER, _INT),
    "values": (*_PAIRS, _INT64, _POINTER, _POINTER, _INT),
    "log_sum": (*_PAIRS, _POINTER, _POINTER, _POINTER, _INT),
    "arg_min": (*_PAIRS, _POINTER, _POINTER, _POINTER, _POINTER, _INT),
}


class _Call:
    """One reduction: its function, and the arguments that all of them share."""

    def __init__(
        self, name: str, x: Tensor, y: Tensor, statistic: str, link: str, gamma: float, coef0: float, degree: float
    ) -> None:
        # ``applies`` has found that there is one.
        self.function = cast(Callable[..., None], kernel(f"pairwise_{name}{_SUFFIXES[x.dtype]}", *_ARGUMENTS[name]))
        # Kept alive as long as their addresses are in use.
        self.x, self.y = x.detach().contiguous(), y.detach().contiguous()
        whole = int(degree) if link == "power" else 1
        self.settings = (_STATISTICS[statistic], _LINKS[link], 1.0 if link == "negation" else gamma, coef0, whole)

    def __call__(self, first: int, last: int, start: int, stop: int, *rest: object) -> None:
        """Run it for the queries first..last and the stored rows start..stop."""
        x, y = self.x[first:last], self.y[start:stop]
        self.function(
            x.data_ptr(),
            x.shape[0],
            y.data_ptr(),
            y.shape[0],
            x.shape[1],
            *self.settings,
            *rest,
            torch.get_num_threads(),
        )


def applies(x: Tensor, y: Tensor, link: str, degree: float) -> bool:
    """Whether compiled code computes with these rows."""
    if not takes_addresses(x, y) or x.dtype not in _SUFFIXES or y.dtype != x.dtype or y.shape[0] == 0:
        return False
    if link == "power" and not (0 <= degree <= 2**20 and degree == int(degree)):
        return False
    if kernel(f"pairwise_sum{_SUFFIXES[x.dtype]}", *_ARGUMENTS["sum"]) is None:
        warn_if_missing()
        return False
    return True


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
    if not applies(x, y, link, degree):
        return None
    numbers = (float(gamma), float(coef0), degree)
    # Rows are copied below, in part.
    most = max(64, workspace_bytes() // (8 * x.element_size() * (x.shape[1] + 2)))
    if x.shape[0] > most:
        out = x.new_empty(x.shape[0], len(sizes) * weights.shape[0])
        for first in range(0, x.shape[0], most):
            part = native_sum(x[first : first + most], y, weights, sizes, statistic, link, gamma, coef0, degree)
            out[first : first + most] = cast(Tensor, part)
        return out
    is_compact = statistic == "squared_distance" and link == "exponential" and x.dtype == torch.float64
    if is_compact and x.shape[0] >= _FEWEST_QUERIES:
        x, y = _exponents(x, y, numbers[0])
        statistic, numbers = "dot", (-1.0, 0.0, 1.0)
    weights = weights.detach().contiguous()
    n, n_weights = x.shape[0], weights.shape[0]
    if n_weights > MOST_WEIGHTS:
        return _sum_by_products(x, y, weights, sizes, statistic, link, numbers)
    call = _Call("sum", x, y, statistic, link, *numbers)
    n_groups = len(sizes)
    if _is_small(y, sizes, n_weights):
        out, room, table = x.new_empty(n, n_groups * n_weights), _room(y, sizes, n_weights), _numbers(sizes)
        rest = (n_groups, weights.data_ptr(), n_weights, room.data_ptr(), out.data_ptr())
        call(0, n, 0, y.shape[0], ctypes.addressof(table), *rest)
        return out
    out = x.new_zeros(n, n_groups, n_weights)
    for g, start, stop in _pieces(y, sizes, n_weights):
        part, piece = x.new_empty(n, n_weights), weights[:, start:stop].contiguous()
        room, table = _room(y, [stop - start], n_weights), _numbers([stop - start])
        rest = (1, piece.data_ptr(), n_weights, room.data_ptr(), part.data_ptr())
        call(0, n, start, stop, ctypes.addressof(table), *rest)
        out[:, g] += part
    return out.view(n, n_groups * n_weights)


def _exponents(x: Tensor, y: Tensor, gamma: float) -> tuple[Tensor, Tensor]:
    """Rows whose products are ``-gamma |x - y|^2``: ``(x, |x|^2, 1)`` and ``(2 gamma y, -gamma, -gamma |y|^2)``.

    The origin is moved to the middle of ``y``, where the expanded square loses least.
    """
    center = y.detach().mean(dim=0)
    x, y = x.detach() - center, y.detach() - center
    left = torch.cat([x, x.square().sum(dim=1, keepdim=True), torch.ones_like(x[:, :1])], dim=1)
    right = torch.cat([2.0 * gamma * y, torch.full_like(y[:, :1], -gamma), y.square().sum(dim=1, keepdim=True)], dim=1)
    right[:, -1] *= -gamma
    return left, right


def _numbers(sizes: list[int]) -> ctypes.Array[ctypes.c_int64]:
    return (ctypes.c_int64 * len(sizes))(*sizes)


def _sum_by_products(
    x: Tensor, y: Tensor, weights: Tensor, sizes: list[int], statistic: str, link: str, numbers: tuple[float, ...]
) -> Tensor:
    """Values of a block of pairs, then their product with the weights, block by block."""
    call = _Call("values", x, y, statistic, link, *numbers)
    n, n_weights = x.shape[0], weights.shape[0]
    out = x.new_zeros(n, len(sizes), n_weights)
    for g, start, stop in _pieces(y, sizes, 0):
        width = stop - start
        step = max(64, _PRODUCT_ELEMENTS // width)
        values, room = x.new_empty(min(step, n), width), _room(y, [width], 0)
        factors = weights[:, start:stop].contiguous()
        for first in range(0, n, step):
            last = min(n, first + step)
            call(first, last, start, stop, width, room.data_ptr(), values.data_ptr())
            out[first:last, g] += _products(values[: last - first], factors)
    return out.view(n, len(sizes) * n_weights)


def _products(x: Tensor, y: Tensor) -> Tensor:
    """``x @ y.T``; in float64 by the tiles of the compiled code, which are faster than some libraries."""
    if x.dtype != torch.float64 or y.shape[0] * y.shape[1] * y.element_size() > workspace_bytes():
        return x @ y.T
    out, room = x.new_empty(x.shape[0], y.shape[0]), _room(y, [y.shape[0]], 0)
    call = _Call("values", x, y, "dot", "identity", 1.0, 0.0, 1.0)
    call(0, x.shape[0], 0, y.shape[0], y.shape[0], room.data_ptr(), out.data_ptr())
    return out


def native_values(
    x: Tensor, y: Tensor, statistic: str, link: str, gamma: Tensor, coef0: Tensor, degree: float
) -> Tensor | None:
    """``pairwise_kernel`` of rows that went through ``align_outside``."""
    if not applies(x, y, link, degree):
        return None
    call = _Call("values", x, y, statistic, link, float(gamma), float(coef0), degree)
    out = x.new_empty(x.shape[0], y.shape[0])
    for _, start, stop in _pieces(y, [y.shape[0]], 0):
        room = _room(y, [stop - start], 0)
        call(0, x.shape[0], start, stop, y.shape[0], room.data_ptr(), out[:, start:].data_ptr())
    return out


def native_log_sum(x: Tensor, y: Tensor, offsets: Tensor, statistic: str, link: str, gamma: Tensor) -> Tensor | None:
    """``log_sum`` of rows that went through ``align_outside``."""
    if not applies(x, y, link, 1.0):
        return None
    call = _Call("log_sum", x, y, statistic, link, float(gamma), 0.0, 1.0)
    offsets = offsets.detach().contiguous()
    total: Tensor | None = None
    for _, start, stop in _pieces(y, [y.shape[0]], 1):
        out, room = x.new_empty(x.shape[0]), _room(y, [stop - start], 1)
        call(0, x.shape[0], start, stop, offsets[start:].data_ptr(), room.data_ptr(), out.data_ptr())
        total = out if total is None else torch.logaddexp(total, out)
    return total


def native_arg_min(
    x: Tensor, y: Tensor, offsets: Tensor, shifts: Tensor | None, statistic: str, link: str, gamma: Tensor
) -> Tensor | None:
    """``arg_min`` of rows that went through ``align_outside``; a table that is larger than the workspace is refused."""
    if not applies(x, y, link, 1.0) or not _is_small(y, [y.shape[0]], 1):
        return None
    call = _Call("arg_min", x, y, statistic, link, float(gamma), 0.0, 1.0)
    offsets, room = offsets.detach().contiguous(), _room(y, [y.shape[0]], 1)
    shifts = None if shifts is None else shifts.detach().contiguous()
    out = torch.empty(x.shape[0], dtype=torch.int64)
    shift = None if shifts is None else shifts.data_ptr()
    call(0, x.shape[0], 0, y.shape[0], offsets.data_ptr(), shift, room.data_ptr(), out.data_ptr())
    return out


def _room(y: Tensor, sizes: list[int], n_extra: int) -> Tensor:
    """Memory for the stored rows, filled up to whole vectors, and as many extra numbers of each."""
    return y.new_empty(_padded_rows(y, sizes) * (y.shape[1] + n_extra))


def _padded_rows(y: Tensor, sizes: list[int]) -> int:
    lanes = _VECTOR_BYTES // y.element_size()
    return sum((size + lanes - 1) // lanes * lanes for size in sizes)


def _is_small(y: Tensor, sizes: list[int], n_extra: int) -> bool:
    return _padded_rows(y, sizes) * (y.shape[1] + n_extra) * y.element_size() <= workspace_bytes()


def _pieces(y: Tensor, sizes: list[int], n_extra: int) -> Iterator[tuple[int, int, int]]:
    """Group, first and last row of pieces whose packed form, and 64 rows of values, fit into the workspace."""
    most = max(1, workspace_bytes() // ((y.shape[1] + n_extra + 64) * y.element_size()) - 16)
    begin = 0
    for group, size in enumerate(sizes):
        for start in range(begin, begin + size, most):
            yield group, start, min(begin + size, start + most)
        begin += size
