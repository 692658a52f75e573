"""B-splines of many features."""

import ctypes

import torch
from torch import Tensor

from sk2torch.native import kernel, require_shapes, takes_addresses, takes_doubles, warn_if_missing
from sk2torch.ops.single import rounds_to_single

# kernels/splines.c has the same numbers.
_EXTRAPOLATIONS = {"continue": 0, "constant": 1, "linear": 1, "error": 2, "periodic": 3}
_MOST_DEGREE = 7
# A second thread costs about as much as so many values.
_THREAD_WORK = 2**11

_POINTER, _INT64, _INT, _DOUBLE = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int, ctypes.c_double
_KNOTS = (_POINTER, _INT64, _POINTER, _INT64, _INT64, _INT64)
_TYPES = (_POINTER, _INT64, _INT64, *_KNOTS, _POINTER, _POINTER, _POINTER, _INT64, _INT64, _INT, _INT, _INT, _DOUBLE)


@rounds_to_single
def spline_basis(
    x: Tensor,
    knots: Tensor,
    bounds: tuple[Tensor, int],
    degree: int,
    ends: Tensor,
    outside: Tensor,
    is_given: Tensor,
    width: int,
    extrapolation: str,
    gap: float,
    refuses_above: bool,
    needs_period: bool,
    message: str,
) -> Tensor | None:
    """The first ``width`` splines of each feature, also outside of the knots; shape ``(n, n_features * width)``.

    Args:
        x: shape ``(n, n_features)``.
        knots: ascending, shape ``(n_features, n_knots)``.
        bounds: the knots between intervals, shape ``(n_features, at least n_bounds)``, and ``n_bounds``.
        degree: of the polynomials.
        ends, outside, is_given: see ``TorchSplineTransformer``.
        width: the number of splines of a feature, or less.
        extrapolation: scikit-learn's name of it.
        gap: what stands for missing values.
        refuses_above: whether values above the last knot are an error.
        needs_period: whether periodic splines of a feature with a single value are missing.
        message: of the error.

    Raises:
        ValueError: values outside that are refused.
    """
    if degree > _MOST_DEGREE:
        return None
    if not (takes_doubles(x, knots, bounds[0], ends, outside) and takes_addresses(is_given)):
        return None
    d, n_splines = x.shape[1], outside.shape[-1]
    require_shapes((knots, (d, knots.shape[1])), (ends, (2, d)), (outside, (2, 2, d, n_splines)))
    require_shapes((is_given, (3, d, n_splines)), (bounds[0], (d, max(bounds[1], bounds[0].shape[1]))))
    if not 0 <= width <= n_splines or knots.shape[1] < bounds[1] + 2 * degree + 2 or bounds[1] < 0 or degree < 0:
        raise ValueError(f"expected {n_splines} splines of degree {degree}; the model's arrays do not fit.")
    function = kernel("spline_basis", *_TYPES, _POINTER, _POINTER, _INT)
    if function is None:
        warn_if_missing()
        return None
    # Held until the call is over.
    held = [tensor.contiguous() for tensor in (x, knots, bounds[0], ends, outside, is_given)]
    x, knots, table, ends, outside, is_given = held
    n, d = x.shape
    threads = min(torch.get_num_threads(), 1 + n * d // _THREAD_WORK)
    out, wrong = x.new_empty(n, d * width), _INT64(0)
    places = (knots.data_ptr(), knots.shape[1], table.data_ptr(), bounds[1], table.shape[1], degree)
    edges = (ends.data_ptr(), outside.data_ptr(), is_given.data_ptr(), outside.shape[3], width)
    is_missing = needs_period and extrapolation == "periodic"
    rules = (_EXTRAPOLATIONS[extrapolation], int(refuses_above), int(is_missing), gap)
    function(x.data_ptr(), n, d, *places, *edges, *rules, out.data_ptr(), ctypes.addressof(wrong), threads)
    if wrong.value:
        raise ValueError(message)
    return out
