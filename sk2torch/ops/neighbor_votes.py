"""What neighbours give, by compiled code; each function returns None where that does not apply."""

import ctypes

import torch
from torch import Tensor

from sk2torch.native import kernel, takes_addresses, takes_doubles

_VOTES = ("class_votes", "qqqqqqqqq")
_MEANS = ("target_means", "qqqqqqqq")
_WEIGHTS = ("inverse_distances", ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p)


def class_votes(index: Tensor, weights: Tensor, labels: Tensor, n_classes: int, is_share: bool) -> Tensor | None:
    """``functional.neighbor_votes.class_votes``."""
    if not (takes_doubles(weights) and takes_addresses(index, labels)) or index.shape != weights.shape:
        return None
    function = kernel(*_VOTES, returns=ctypes.c_int)
    if function is None or index.dtype is not torch.int64 or labels.dtype is not torch.int64:
        return None
    if not (index.is_contiguous() and weights.is_contiguous() and labels.is_contiguous()):
        return None
    n, k = index.shape
    out = weights.new_empty(n, n_classes)
    places = (index.data_ptr(), n, k, weights.data_ptr(), labels.data_ptr(), labels.shape[0])
    # Torch says which place is wrong.
    return out if function(*places, n_classes, int(is_share), out.data_ptr()) else None


def target_means(index: Tensor, weights: Tensor, targets: Tensor) -> Tensor | None:
    """``functional.neighbor_votes.target_means``."""
    if not (takes_doubles(weights, targets) and takes_addresses(index)) or index.shape != weights.shape:
        return None
    function = kernel(*_MEANS, returns=ctypes.c_int)
    if function is None or index.dtype is not torch.int64:
        return None
    if not (index.is_contiguous() and weights.is_contiguous() and targets.is_contiguous()):
        return None
    (n, k), (n_rows, n_targets) = index.shape, targets.shape
    out = weights.new_empty(n, n_targets)
    rows = (weights.data_ptr(), targets.data_ptr(), n_rows, n_targets, out.data_ptr())
    return out if function(index.data_ptr(), n, k, *rows) else None


def inverse_distances(distance: Tensor) -> Tensor | None:
    """``functional.neighbor_votes.inverse_distance`` of rows that all count."""
    if not takes_doubles(distance) or distance.dim() != 2 or not distance.is_contiguous():
        return None
    function = kernel(*_WEIGHTS)
    if function is None:
        return None
    out = torch.empty_like(distance)
    function(distance.data_ptr(), *distance.shape, out.data_ptr())
    return out
