"""Fully connected networks by compiled code."""

import ctypes
from functools import lru_cache

import torch
from torch import Tensor

from sk2torch.native import kernel, takes_doubles, warn_if_missing
from sk2torch.ops.single import rounds_to_single

# kernels/layers.c has the same numbers.
_ACTIVATIONS = {"identity": 0, "logistic": 1, "tanh": 2, "relu": 3, "exp": 4, "softmax": 5}
# Rows that the compiled code works on at a time, at most; so few, and of no wider layers, need no memory.
_ROWS, _FEW, _MOST_STACK = 32, 6, 512
# Larger networks leave the processor's cache between two blocks of rows.
_MOST_WEIGHTS = 2**20
# Fewer outputs or rows are faster through torch.
_FEWEST_OUTPUTS, _FEWEST_ROWS = 4, 64
# A second thread costs about as much as so many multiplications.
_THREAD_WORK = 2**18

_INT64 = ctypes.c_int64
# With two more words for each layer: where its weights and bias are.
_KERNEL = ("dense_layers", "qqqqqqqqqq")


def affine_rows(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor | None:
    """``x @ weight.T + bias``; None where compiled code does not apply, or is not the fastest.

    Args:
        x: shape ``(n, n_features)``.
        weight: shape ``(n_outputs, n_features)``.
        bias: shape ``(n_outputs,)``.
    """
    # The number of rows last, which graphs do not know.
    if weight.shape[0] < _FEWEST_OUTPUTS or not takes_doubles(x, weight, bias) or x.shape[0] < _FEWEST_ROWS:
        return None
    return _run(x, [weight, bias], "identity", "identity")


@rounds_to_single
def dense_layers(x: Tensor, arrays: list[Tensor], hidden: str, last: str) -> Tensor | None:
    """``last(W_l(... hidden(W_1 x_i + b_1)) + b_l)``; None where compiled code does not apply, or is not the fastest.

    Args:
        x: shape ``(n, n_features)``.
        arrays: of each layer the weights, shape ``(n_outputs, n_inputs)``, and the bias, shape ``(n_outputs,)``.
        hidden: activation of all layers but the last, as in ``functional.activations``.
        last: activation of the last layer.
    """
    if not takes_doubles(x, *arrays):
        return None
    return _run(x, arrays, hidden, last)


@lru_cache(maxsize=256)
def _widths(shapes: tuple[torch.Size, ...]) -> tuple[ctypes.Array[ctypes.c_int64], int, int]:
    """Widths of the input and the layers, the widest in whole vectors, and how many weights there are.

    Raises:
        ValueError: the shapes do not fit each other.
    """
    widths, n_weights = [shapes[0][-1]], 0
    for weight, bias in zip(shapes[::2], shapes[1::2], strict=True):
        if len(bias) != 1 or weight != (bias[0], widths[-1]):
            raise ValueError(f"expected a layer of {widths[-1]} inputs, got weights {weight} and a bias {bias}.")
        widths.append(bias[0])
        n_weights += weight.numel()
    return (_INT64 * len(widths))(*widths), (max(widths) + 8) // 8 * 8, n_weights


def _run(x: Tensor, arrays: list[Tensor], hidden: str, last: str) -> Tensor | None:
    widths, widest, n_weights = _widths(tuple([part.shape for part in arrays]))
    # Torch says what is wrong with a row of another width.
    if n_weights > _MOST_WEIGHTS or x.dim() != 2 or x.shape[1] != widths[0]:
        return None
    function = kernel(_KERNEL[0], _KERNEL[1] + "q" * len(arrays))
    if function is None:
        warn_if_missing()
        return None
    x, addresses = x.contiguous(), [part.data_ptr() for part in arrays if part.is_contiguous()]
    if len(addresses) < len(arrays):
        # Held until the call is over.
        arrays = [part.contiguous() for part in arrays]
        addresses = [part.data_ptr() for part in arrays]
    n, n_layers, threads, room = x.shape[0], len(arrays) // 2, 1, None
    if n > _FEW or widest > _MOST_STACK:
        threads = min(torch.get_num_threads(), 1 + n * n_weights // _THREAD_WORK)
        room = x.new_empty(threads * 2 * widest * _ROWS)
    out, workspace = x.new_empty(n, widths[n_layers]), 0 if room is None else room.data_ptr()
    activations = (_ACTIVATIONS[hidden], _ACTIVATIONS[last])
    places = (widest, workspace, out.data_ptr(), threads)
    function(x.data_ptr(), n, n_layers, ctypes.addressof(widths), *activations, *places, *addresses)
    return out
