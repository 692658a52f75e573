"""Joint log-probabilities of naive Bayes by compiled code; None where it does not apply."""

import ctypes

import torch
from torch import Tensor

from sk2torch.native import kernel, require_shapes, takes_addresses, takes_doubles, warn_if_missing
from sk2torch.ops.single import rounds_to_single

# Rows that the compiled code works on at a time, at most.
_ROWS = 32
# A second thread costs about as much as so many terms.
_THREAD_WORK = 2**16

_POINTER, _INT64, _INT = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int
_GAUSSIAN = (_POINTER, _INT64, _INT64, _POINTER, _POINTER, _POINTER, _POINTER, _INT64, _POINTER, _POINTER, _INT)
_CATEGORICAL = (_POINTER, _INT64, _INT64, _POINTER, _POINTER, _POINTER, _POINTER, _INT64, _POINTER, _POINTER, _INT)


@rounds_to_single
def gaussian_joint(x: Tensor, mean: Tensor, variance: Tensor, log_prior: Tensor, log_norm: Tensor) -> Tensor | None:
    """``log_prior_c + log_norm_c - sum_f (x_f - mean_cf)**2 / variance_cf / 2``; shape ``(n, n_classes)``.

    Args:
        x: shape ``(n, n_features)``.
        mean, variance: shape ``(n_classes, n_features)``.
        log_prior, log_norm: shape ``(n_classes,)``.
    """
    if not takes_doubles(x, mean, variance, log_prior, log_norm):
        return None
    n_classes = mean.shape[0]
    require_shapes(*((array, (n_classes, x.shape[1])) for array in (mean, variance)))
    require_shapes(*((array, (n_classes,)) for array in (log_prior, log_norm)))
    function = kernel("gaussian_joint", *_GAUSSIAN)
    if function is None:
        warn_if_missing()
        return None
    # Held until the call is over.
    x, mean, variance = x.contiguous(), mean.contiguous(), variance.contiguous()
    log_prior, log_norm = log_prior.contiguous(), log_norm.contiguous()
    n, d = x.shape
    threads = min(torch.get_num_threads(), 1 + n * d * n_classes // _THREAD_WORK)
    room, out = x.new_empty((threads * _ROWS + n_classes) * d), x.new_empty(n, n_classes)
    parameters = (mean.data_ptr(), variance.data_ptr(), log_prior.data_ptr(), log_norm.data_ptr(), n_classes)
    function(x.data_ptr(), n, d, *parameters, room.data_ptr(), out.data_ptr(), threads)
    return out


@rounds_to_single
def categorical_joint(
    x: Tensor, counts: Tensor, first: Tensor, table: Tensor, log_prior: Tensor, message: str
) -> Tensor | None:
    """``sum_f table[first_f + trunc(x_f)] + log_prior``, added from the first feature on; shape ``(n, n_classes)``.

    Args:
        x: shape ``(n, n_features)``.
        counts: int64, shape ``(n_features,)``: categories are from 0 to below these.
        first: int64, shape ``(n_features,)``.
        table: shape ``(sum(counts), n_classes)``.
        log_prior: shape ``(n_classes,)``.
        message: of the error.

    Raises:
        ValueError: a number that is no category.
    """
    if not (takes_doubles(x, table, log_prior) and takes_addresses(counts, first)):
        return None
    n_classes = log_prior.shape[0]
    require_shapes(*((array, (x.shape[1],)) for array in (counts, first)), (table, (table.shape[0], n_classes)))
    function = kernel("categorical_joint", *_CATEGORICAL)
    if function is None:
        warn_if_missing()
        return None
    # Held until the call is over.
    x, counts, first = x.contiguous(), counts.contiguous(), first.contiguous()
    table, log_prior = table.contiguous(), log_prior.contiguous()
    n, d = x.shape
    threads = min(torch.get_num_threads(), 1 + n * d * n_classes // _THREAD_WORK)
    out, wrong = x.new_empty(n, n_classes), _INT64(0)
    parameters = (counts.data_ptr(), first.data_ptr(), table.data_ptr(), log_prior.data_ptr(), n_classes)
    function(x.data_ptr(), n, d, *parameters, out.data_ptr(), ctypes.addressof(wrong), threads)
    if wrong.value:
        raise ValueError(message)
    return out
