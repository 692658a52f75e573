"""Fully connected networks by compiled code."""

import ctypes

import torch
from torch import Tensor

from sk2torch.native import kernel, require_shapes, takes_doubles, warn_if_missing

# kernels/layers.c has the same numbers.
_ACTIVATIONS = {"identity": 0, "logistic": 1, "tanh": 2, "relu": 3, "exp": 4, "softmax": 5}
# Rows that the compiled code works on at a time, at most.
_ROWS = 32
# Larger networks leave the processor's cache between two blocks of rows.
_MOST_WEIGHTS = 2**20
# Fewer outputs or rows are faster through torch.
_FEWEST_OUTPUTS, _FEWEST_ROWS = 4, 64
# A second thread costs about as much as so many multiplications.
_THREAD_WORK = 2**18

_POINTER, _INT64, _INT = ctypes.c_void_p, ctypes.c_int64, ctypes.c_int
_TYPES = (_POINTER, _INT64, _INT64, _POINTER, _POINTER, _POINTER, _INT, _INT, _INT64, _POINTER, _POINTER, _INT)


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
    return _run(x, [weight], [bias], "identity", "identity")


def dense_layers(x: Tensor, weights: list[Tensor], biases: list[Tensor], hidden: str, last: str) -> Tensor | None:
    """``last(W_l(... hidden(W_1 x_i + b_1)) + b_l)``; None where compiled code does not apply, or is not the fastest.

    Args:
        x: shape ``(n, n_features)``.
        weights: of each layer, shape ``(n_outputs, n_inputs)``.
        biases: of each layer, shape ``(n_outputs,)``.
        hidden: activation of all layers but the last, as in ``functional.activations``.
        last: activation of the last layer.
    """
    if not takes_doubles(x, *weights, *biases):
        return None
    return _run(x, weights, biases, hidden, last)


def _run(x: Tensor, weights: list[Tensor], biases: list[Tensor], hidden: str, last: str) -> Tensor | None:
    n_weights = sum(weight.numel() for weight in weights)
    # Torch says what is wrong with a row of another width.
    if n_weights > _MOST_WEIGHTS or x.dim() != 2 or x.shape[1] != weights[0].shape[1]:
        return None
    n_inputs = x.shape[1]
    for weight, bias in zip(weights, biases, strict=True):
        require_shapes((weight, (bias.shape[0], n_inputs)), (bias, (weight.shape[0],)))
        n_inputs = bias.shape[0]
    function = kernel("dense_layers", *_TYPES)
    if function is None:
        warn_if_missing()
        return None
    # Held until the call is over.
    x, weights, biases = x.contiguous(), [w.contiguous() for w in weights], [b.contiguous() for b in biases]
    widths = [x.shape[1], *(bias.shape[0] for bias in biases)]
    widest = (max(widths) + 8) // 8 * 8
    n, n_layers = x.shape[0], len(weights)
    threads = min(torch.get_num_threads(), 1 + n * n_weights // _THREAD_WORK)
    room, out = x.new_empty(threads * 2 * widest * _ROWS), x.new_empty(n, widths[-1])
    pointers = _POINTER * n_layers
    function(
        x.data_ptr(),
        n,
        n_layers,
        (_INT64 * len(widths))(*widths),
        pointers(*[weight.data_ptr() for weight in weights]),
        pointers(*[bias.data_ptr() for bias in biases]),
        _ACTIVATIONS[hidden],
        _ACTIVATIONS[last],
        widest,
        room.data_ptr(),
        out.data_ptr(),
        threads,
    )
    return out
