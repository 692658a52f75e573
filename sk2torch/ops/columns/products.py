"""Products of features."""

import ctypes

import torch
from torch import Tensor

from sk2torch.native import kernel, takes_addresses, takes_doubles, warn_if_missing
from sk2torch.ops.single import rounds_to_single

# A second thread costs about as much as so many terms.
_THREAD_WORK = 2**16

_POINTER, _INT64, _INT = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int
_TYPES = (_POINTER, _INT64, _INT64, _POINTER, _INT64, _INT64, _INT64, _POINTER, _POINTER, _INT)


def product_steps(parents: list[Tensor], factors: list[Tensor]) -> Tensor:
    """Runs of terms that are other terms, one after another, times the same feature.

    Args:
        parents: for each degree from 1, the number of each term's other factor among the terms of the degree below,
            of which degree 0 has one.
        factors: for the same, the feature of each term.

    Returns:
        int64, shape ``(n_steps, 4)``: the first term of a run, the first one that it comes from, how many, and the
        feature; numbers count the terms of all degrees from 0.
    """
    steps = [torch.zeros((0, 4), dtype=torch.int64)]
    below, start = 0, 1
    for parent, factor in zip(parents, factors, strict=True):
        breaks = ((factor.diff() != 0) | (parent.diff() != 1)).nonzero()[:, 0] + 1
        first = torch.cat([breaks.new_zeros(1), breaks])
        counts = torch.cat([first, first.new_full((1,), len(factor))]).diff()
        steps.append(torch.stack([first + start, parent[first] + below, counts, factor[first]], dim=1))
        below, start = start, start + len(factor)
    return torch.cat(steps)


@rounds_to_single
def feature_products(x: Tensor, steps: Tensor, n_terms: int, n_skipped: int) -> Tensor | None:
    """The terms of each row but the first ``n_skipped``; shape ``(n, n_terms - n_skipped)``.

    Args:
        x: shape ``(n, n_features)``.
        steps: as from ``product_steps``.
        n_terms: how many there are of all degrees from 0.
        n_skipped: how many of them are left out.
    """
    if not (takes_doubles(x) and takes_addresses(steps)):
        return None
    function = kernel("feature_products", *_TYPES)
    if function is None:
        warn_if_missing()
        return None
    # Held until the call is over.
    x, steps = x.contiguous(), steps.contiguous()
    n = x.shape[0]
    threads = min(torch.get_num_threads(), 1 + n * n_terms // _THREAD_WORK)
    room, out = x.new_empty(threads * n_terms if n_skipped else 0), x.new_empty(n, n_terms - n_skipped)
    sizes = (steps.shape[0], n_terms, n_skipped)
    function(x.data_ptr(), n, x.shape[1], steps.data_ptr(), *sizes, room.data_ptr(), out.data_ptr(), threads)
    return out
