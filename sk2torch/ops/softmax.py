"""Rows of scores as probabilities by compiled code, which is faster than torch's for few columns."""

import ctypes

import torch
from torch import Tensor

from sk2torch.native import kernel, takes_doubles, warn_if_missing
from sk2torch.ops.single import rounds_to_single

# kernels/softmax.c has the same numbers.
_KINDS = {"softmax": 0, "log_softmax": 1, "log_normalized": 2}
_MOST_COLUMNS = 64
# A second thread costs about as much as so many exponentials.
_THREAD_WORK = 2**14

_PAIRS = ("binary_probabilities", ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p, ctypes.c_int)
_TYPES = (ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_int, ctypes.c_void_p, ctypes.c_int)


@rounds_to_single
def normalize_rows(x: Tensor, kind: str) -> Tensor | None:
    """Each row's ``softmax``, ``log_softmax``, or ``x - logsumexp(x)`` (``"log_normalized"``).

    None where compiled code does not apply.

    Args:
        x: shape ``(n, n_columns)``.
        kind: the name of the function.
    """
    if x.dim() != 2 or not 0 < x.shape[1] <= _MOST_COLUMNS or not takes_doubles(x):
        return None
    function = kernel("normalize_rows", *_TYPES)
    if function is None:
        warn_if_missing()
        return None
    x = x.contiguous()
    n, width = x.shape
    out = torch.empty_like(x)
    threads = min(torch.get_num_threads(), 1 + n * width // _THREAD_WORK)
    function(x.data_ptr(), n, width, _KINDS[kind], out.data_ptr(), threads)
    return out


@rounds_to_single
def binary_rows(scores: Tensor) -> Tensor | None:
    """``functional.links.binary_sigmoid``; None where compiled code does not apply."""
    if not takes_doubles(scores) or (scores.dim() != 1 and scores.shape[1:] != (1,)):
        return None
    function = kernel(*_PAIRS)
    if function is None:
        warn_if_missing()
        return None
    scores, n = scores.contiguous(), scores.shape[0]
    out = scores.new_empty(n, 2)
    function(scores.data_ptr(), n, out.data_ptr(), min(torch.get_num_threads(), 1 + n // _THREAD_WORK))
    return out
