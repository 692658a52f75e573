"""Reductions for a few queries, where what surrounds a kernel takes longer than the kernel: one check, one call.

Each function returns None where its kernel does not apply, and where something is wrong: callers then go the way of
many queries, which says what.
"""

import ctypes

import torch
from torch import Tensor

from sk2torch.native import kernel, takes_addresses, takes_numbers
from sk2torch.ops.pairwise.native import FEW, KERNELS, LINKS, STATISTICS, group_table, is_whole

# Statistics that leave rows as they are, and links that have the number `coef0`.
_PLAIN_STATISTICS = ("dot", "squared_distance", "direct_squared_distance", "manhattan")
_WITH_CONSTANT = ("power", "tanh")
# What ``kernel`` takes, by dtype.
_FEW_SUMS = {dtype: names for (name, dtype), names in KERNELS.items() if name == "few_sums"}
_FEW_MEANS = {dtype: names for (name, dtype), names in KERNELS.items() if name == "few_means"}
_GAMMA_ALONE = frozenset(LINKS) - {*_WITH_CONSTANT, "negation"}

_POINTER, _INT64, _INT = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int
_CENTERS = (_POINTER, _INT64, _POINTER, _INT64, _INT64, _INT, _POINTER)
_NEAREST_CENTER = {
    torch.float64: ("nearest_center_f64", *_CENTERS),
    torch.float32: ("nearest_center_f32", *_CENTERS),
}


def few_sums(
    x: Tensor,
    y: Tensor,
    weights: Tensor,
    sizes: list[int],
    statistic: str,
    link: str,
    gamma: Tensor,
    coef0: Tensor,
    degree: float,
    constants: Tensor | None,
) -> Tensor | None:
    """``weighted_sum``, without gradients."""
    names, tensors = _FEW_SUMS.get(x.dtype), (x, y, weights) if constants is None else (x, y, weights, constants)
    if names is None or statistic not in _PLAIN_STATISTICS or not takes_numbers(x.dtype, *tensors):
        return None
    if torch.is_grad_enabled() and (gamma.requires_grad or coef0.requires_grad):
        return None
    if x.dim() != 2 or y.dim() != 2 or x.shape[0] > FEW or not is_whole(link, degree):
        return None
    (n, d), (m, width), (n_weights, n_weighted), n_groups = x.shape, y.shape, weights.shape, len(sizes)
    if d != width or m != n_weighted or sum(sizes) != m or min(sizes) < 0:
        return None
    if not (x.is_contiguous() and y.is_contiguous() and weights.is_contiguous()):
        return None
    address = 0
    if constants is not None:
        if constants.shape != (n_groups * n_weights,) or not constants.is_contiguous():
            return None
        address = constants.data_ptr()
    function = kernel(*names)
    if function is None:
        return None
    table, out = group_table(tuple(sizes)), x.new_empty(n, n_groups * n_weights)
    function(
        x.data_ptr(),
        n,
        y.data_ptr(),
        m,
        d,
        STATISTICS[statistic],
        LINKS[link],
        1.0 if link == "negation" else float(gamma),
        float(coef0) if link in _WITH_CONSTANT else 0.0,
        int(degree) if link == "power" else 1,
        ctypes.addressof(table),
        n_groups,
        weights.data_ptr(),
        n_weights,
        address,
        out.data_ptr(),
    )
    return out


def few_means(
    x: Tensor, y: Tensor, weights: Tensor, statistic: str, link: str, gamma: float, factor: float, constant: float
) -> Tensor | None:
    """``factor sum_j weights[j] k(x_i, y_j) + constant``, shape ``(n,)``, with ``k = link(statistic)``; no gradients.

    Args:
        x: shape ``(n, n_features)``.
        y: shape ``(m, n_features)``.
        weights: shape ``(m, 1)``.
        statistic: as in ``weighted_sum``; also ``link``, which takes ``gamma`` alone.
    """
    names = _FEW_MEANS.get(x.dtype)
    if names is None or statistic not in _PLAIN_STATISTICS or not takes_numbers(x.dtype, x, y, weights):
        return None
    (n, d), (m, width) = x.shape, y.shape
    if n > FEW or d != width or weights.shape != (m, 1) or link not in _GAMMA_ALONE:
        return None
    if not (x.is_contiguous() and y.is_contiguous() and weights.is_contiguous()):
        return None
    function = kernel(*names)
    if function is None:
        return None
    out = x.new_empty(n)
    function(
        *(x.data_ptr(), n, y.data_ptr(), m, d, STATISTICS[statistic], LINKS[link], gamma),
        *(weights.data_ptr(), factor, constant, out.data_ptr()),
    )
    return out


def nearest_of_few(x: Tensor, centers: Tensor, is_clipped: bool) -> Tensor | None:
    """``functional.centers.nearest_center``; equal centers give equal numbers, so the first of them is found."""
    if not takes_addresses(x, centers) or x.dtype not in _NEAREST_CENTER or centers.dtype != x.dtype:
        return None
    (n, d), (m, width) = x.shape, centers.shape
    if n > FEW or d != width or m == 0 or not (x.is_contiguous() and centers.is_contiguous()):
        return None
    function = kernel(*_NEAREST_CENTER[x.dtype])
    if function is None:
        return None
    out = torch.empty(n, dtype=torch.int64)
    function(x.data_ptr(), n, centers.data_ptr(), m, d, int(is_clipped), out.data_ptr())
    return out
