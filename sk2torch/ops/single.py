"""Kernels of float64 for float32 tensors."""

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec

import torch
from torch import Tensor

from sk2torch.native import takes_numbers

# Numbers that are in float64 at a time: a part of a processor's cache.
_CELLS = 2**16


P = ParamSpec("P")


def rounds_to_single(
    function: Callable[Concatenate[Tensor, P], Tensor | None],
) -> Callable[Concatenate[Tensor, P], Tensor | None]:
    """Answers float32 rows too, a block at a time: computed in float64 from the numbers that they hold, then rounded.

    That is exacter than the formula in float32, and faster than torch's operations.

    Args:
        function: takes rows and parameters in float64, and gives a tensor with as many rows, or None.
    """

    @functools.wraps(function)
    def answer(x: Tensor, *args: P.args, **kwargs: P.kwargs) -> Tensor | None:
        if x.dtype is not torch.float32 or not takes_numbers(torch.float32, x):
            return function(x, *args, **kwargs)
        doubles = [_in_double(value) for value in args]
        named = {name: _in_double(value) for name, value in kwargs.items()}
        step = max(1, _CELLS // max(1, x.shape[-1] if x.dim() > 1 else 1))
        n, out = x.shape[0], None
        for start in range(0, max(1, n), step):
            found = function(x[start : start + step].double(), *doubles, **named)
            if found is None or n <= step:
                return None if found is None else found.float()
            if out is None:
                out = x.new_empty(n, *found.shape[1:])
            out[start : start + step] = found
        return out

    return answer


def _in_double(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.double() if value.dtype is torch.float32 else value
    if isinstance(value, tuple | list):
        return type(value)(_in_double(part) for part in value)
    return value
