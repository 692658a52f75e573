"""Sparse matrices by rows, in compiled code; None where it does not apply."""

import torch
from torch import Tensor

from sk2torch.native import kernel, require_shapes, takes_addresses, takes_doubles, warn_if_missing

# kernels/sparse.c has the same numbers.
_NORMS = {"": 0, "l1": 1, "l2": 2, "max": 3}
# A second thread costs about as much as so many products.
_THREAD_WORK = 2**15
# Larger weights are not copied into another order.
_MOST_COPIED = 2**22

_TERMS = ("term_weights", "qqqqqqqqq")
_AFFINE = ("sparse_affine", "qqqqqqqqqqq")


def term_weights(x: Tensor, idf: Tensor | None, sublinear: bool, norm: str) -> Tensor | None:
    """The values of ``tf(x) * idf``, divided by the norm of their row; ``tf(x)`` is ``x`` or ``log(x) + 1``.

    Args:
        x: sparse CSR, shape ``(n, n_features)``.
        idf: shape ``(n_features,)``; None for ones.
        sublinear: the logarithm.
        norm: ``"l1"``, ``"l2"``, ``"max"``, or ``""`` for none.
    """
    parts = _parts_of(x)
    if parts is None or (idf is not None and not takes_doubles(idf)):
        return None
    function = kernel(*_TERMS)
    if function is None:
        warn_if_missing()
        return None
    starts, columns, values = parts
    if idf is not None:
        require_shapes((idf, (x.shape[1],)))
        idf = idf.contiguous()
    out = torch.empty_like(values)
    threads = min(torch.get_num_threads(), 1 + values.shape[0] // _THREAD_WORK)
    address = 0 if idf is None else idf.data_ptr()
    addresses = (starts.data_ptr(), columns.data_ptr(), values.data_ptr())
    function(*addresses, x.shape[0], address, int(sublinear), _NORMS[norm], out.data_ptr(), threads)
    return out


def sparse_affine(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor | None:
    """``x @ weight.T + bias``; shape ``(n, n_outputs)``.

    Args:
        x: sparse CSR, shape ``(n, n_features)``.
        weight: shape ``(n_outputs, n_features)``.
        bias: shape ``(n_outputs,)``.
    """
    parts = _parts_of(x)
    if parts is None or x.shape[1] != weight.shape[1] or not takes_doubles(weight, bias):
        return None
    function = kernel(*_AFFINE)
    if function is None:
        warn_if_missing()
        return None
    starts, columns, values = parts
    require_shapes((bias, (weight.shape[0],)))
    weight, bias = weight.contiguous(), bias.contiguous()
    n, (n_outputs, n_features), n_entries = x.shape[0], weight.shape, values.shape[0]
    out = values.new_empty(n, n_outputs)
    threads = min(torch.get_num_threads(), 1 + n_entries * n_outputs // _THREAD_WORK)
    room = None
    n_copied = n_features * ((n_outputs + 7) // 8 * 8)
    if n_outputs > 1 and n_entries > 2 * n_features and n_copied <= _MOST_COPIED:
        room = values.new_empty(n_copied)
    function(
        starts.data_ptr(),
        columns.data_ptr(),
        values.data_ptr(),
        n,
        n_features,
        weight.data_ptr(),
        bias.data_ptr(),
        n_outputs,
        0 if room is None else room.data_ptr(),
        out.data_ptr(),
        threads,
    )
    return out


def _parts_of(x: Tensor) -> tuple[Tensor, Tensor, Tensor] | None:
    """Starts of rows, columns and values, contiguous; None where compiled code cannot read them."""
    if not takes_doubles(x):
        return None
    starts, columns, values = x.crow_indices(), x.col_indices(), x.values()
    if not takes_addresses(starts, columns, values) or starts.dtype != torch.int64 or columns.dtype != torch.int64:
        return None
    if not (starts.is_contiguous() and columns.is_contiguous() and values.is_contiguous()):
        return None
    return starts, columns, values
