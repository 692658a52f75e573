"""Shares of a distribution below each value."""

import ctypes

import torch
from torch import Tensor

from sk2torch.native import kernel, require_shapes, takes_addresses, takes_doubles, warn_if_missing
from sk2torch.ops.single import rounds_to_single

# A second thread costs about as much as so many values.
_THREAD_WORK = 2**11

_POINTER, _INT64, _INT, _DOUBLE = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int, ctypes.c_double
_TYPES = (_POINTER, _INT64, _INT64, _POINTER, _POINTER, _INT64, _INT, _POINTER, _POINTER, _POINTER, _POINTER)


@rounds_to_single
def quantile_shares(
    x: Tensor,
    table: Tensor,
    quantiles: Tensor,
    shares: Tensor,
    ends: tuple[Tensor, Tensor],
    unknown: Tensor,
    normal: tuple[float, Tensor] | None,
) -> Tensor | None:
    """The mean of ``numpy.interp(x, quantiles, shares)`` and of the same from above, as a normal quantile if asked.

    0 and 1 at the ends; NaN for NaN and in unknown columns. Shape ``(n, n_features)``.

    Args:
        x: shape ``(n, n_features)``.
        table: shape ``(n_features, size)``, ``size`` a power of two above the number of quantiles; where to look values
            up: quantiles, ascending, and infinity after them.
        quantiles: of one feature after those of the other, shape ``(n_features * n_quantiles,)``.
        shares: shape ``(n_quantiles,)``.
        ends: the values whose shares are 0 and 1, shape ``(n_features,)``.
        unknown: boolean, shape ``(n_features,)``.
        normal: how near to an end counts as one, and the shares that are cut to with their normal quantiles, shape
            ``(2, 2)``; None for shares.
    """
    bounds = shares if normal is None else normal[1]
    if not (takes_doubles(x, table, quantiles, shares, *ends, bounds) and takes_addresses(unknown)):
        return None
    d, n_quantiles = x.shape[1], shares.shape[0]
    require_shapes((table, (d, 1 << (table.shape[1].bit_length() - 1))), (quantiles, (d * n_quantiles,)))
    require_shapes(*((array, (d,)) for array in (*ends, unknown)), *(() if normal is None else ((bounds, (2, 2)),)))
    if table.shape[1] <= n_quantiles:
        raise ValueError(f"expected a table of more than {n_quantiles} values; the model's arrays do not fit.")
    function = kernel("quantile_shares", *_TYPES, _INT, _DOUBLE, _POINTER, _POINTER, _INT)
    if function is None:
        warn_if_missing()
        return None
    # Held until the call is over.
    held = [tensor.contiguous() for tensor in (x, table, quantiles, shares, *ends, unknown, bounds)]
    x, table, quantiles, shares, low, high, unknown, bounds = held
    n, d = x.shape
    threads = min(torch.get_num_threads(), 1 + n * d // _THREAD_WORK)
    out = torch.empty_like(x)
    function(
        x.data_ptr(),
        n,
        d,
        table.data_ptr(),
        quantiles.data_ptr(),
        shares.shape[0],
        table.shape[1].bit_length() - 1,
        shares.data_ptr(),
        low.data_ptr(),
        high.data_ptr(),
        unknown.data_ptr(),
        int(normal is not None),
        0.0 if normal is None else normal[0],
        bounds.data_ptr(),
        out.data_ptr(),
        threads,
    )
    return out
