"""Sums of kernels with a bound on their reach, by compiled code."""

import ctypes

import torch
from torch import Tensor

from sk2torch.native import kernel, require_shapes, takes_addresses, warn_if_missing
from sk2torch.ops.pairwise.distances import align_rows
from sk2torch.ops.pairwise.native_nearest import METRIC_NUMBERS, WEIGHTED
from sk2torch.ops.workspace import workspace_bytes

# The numbers that native/kernels/densities.c has for them; so has the next line.
_KERNELS = {"tophat": 0, "epanechnikov": 1, "linear": 2, "cosine": 3}
_BLOCK, _LANES = 32, 8
# What makes a distance of a reduced one: nothing for metrics that are not here.
_ROOTS = {"euclidean": 1, "seuclidean": 1, "nan_euclidean": 1, "minkowski": 2}

_POINTER, _INT64, _INT, _DOUBLE = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int, ctypes.c_double
_ARGUMENTS = (
    *(_POINTER, _INT64, _POINTER, _INT64, _INT64, _INT, _DOUBLE, _POINTER),
    *(_INT, _INT, _DOUBLE, _POINTER, _POINTER, _POINTER, _INT),
)


def density_sums(
    x: Tensor,
    rows: Tensor,
    masses: Tensor,
    kernel_name: str,
    bandwidth: Tensor,
    metric: str,
    power: float,
    weights: Tensor,
) -> Tensor | None:
    """``sum_j masses[j] K(d(x_i, rows_j) / bandwidth)``, shape ``(n,)``; see ``functional.densities.log_kernel``.

    None where compiled code does not apply: kernels without a bound, where gradients are recorded, in graphs, for other
    dtypes than float64, and without the library. Blocks of rows that are out of reach take no time, so rows that
    are near each other had best lie side by side.

    Args:
        x: shape ``(n, n_features)``.
        rows: shape ``(m, n_features)``.
        masses: shape ``(m,)``.
        kernel_name: scikit-learn's name.
        bandwidth: scalar tensor.
        metric: see ``reduced_distance``; also ``power`` and ``weights``.
    """
    tensors = (x, rows, masses, bandwidth)
    if kernel_name not in _KERNELS or metric not in METRIC_NUMBERS or rows.shape[0] == 0 or rows.shape[1] == 0:
        return None
    if torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors):
        return None
    if not takes_addresses(*tensors, weights) or any(tensor.dtype != torch.float64 for tensor in tensors):
        return None
    function = kernel("density_sums", *_ARGUMENTS)
    if function is None:
        warn_if_missing()
        return None
    x, rows = align_rows(x, metric).contiguous(), align_rows(rows, metric).contiguous()
    masses, weights = masses.contiguous(), weights.to(torch.float64).contiguous()
    (n, d), m = x.shape, rows.shape[0]
    require_shapes((rows, (m, d)), (masses, (m,)), *(((weights, (d,)),) if metric in WEIGHTED else ()))
    n_blocks = -(-m // _BLOCK)
    numbers = n_blocks * _BLOCK * (d + 1) + 2 * d * (-(-n_blocks // _LANES) * _LANES)
    if numbers * x.element_size() > workspace_bytes():
        return None
    room, out = x.new_empty(numbers), x.new_empty(n)
    function(
        *(x.data_ptr(), n, rows.data_ptr(), m, d, METRIC_NUMBERS[metric], power, weights.data_ptr()),
        *(_ROOTS.get(metric, 0), _KERNELS[kernel_name], float(bandwidth), masses.data_ptr()),
        *(room.data_ptr(), out.data_ptr(), torch.get_num_threads()),
    )
    return out
