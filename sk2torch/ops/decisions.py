"""Decisions of two classes by compiled code, in the place of two or three operations of torch."""

import torch
from torch import Tensor

from sk2torch.native import kernel, takes_addresses

_KERNEL = ("positive_index", "qqqq")


def native_positive(scores: Tensor, is_negated: bool) -> Tensor | None:
    """``functional.decisions.positive_index``; None where compiled code does not apply."""
    if not takes_addresses(scores) or scores.dtype is not torch.float64 or not scores.is_contiguous():
        return None
    if scores.dim() != 1 and scores.shape[1:] != (1,):
        raise ValueError(f"expected one score for each row, got the shape {tuple(scores.shape)}.")
    function = kernel(*_KERNEL)
    if function is None:
        return None
    out = torch.empty(scores.shape[0], dtype=torch.int64)
    function(scores.data_ptr(), scores.shape[0], int(is_negated), out.data_ptr())
    return out
