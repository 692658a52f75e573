"""Functions applied to every cell, as modules."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from sk2torch.functional import elementwise

FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "abs": torch.abs,
    "acos": torch.acos,
    "acosh": elementwise.acosh,
    "asin": torch.asin,
    "asinh": elementwise.asinh,
    "atan": torch.atan,
    "atanh": elementwise.atanh,
    "cbrt": elementwise.cube_root,
    "ceil": torch.ceil,
    "cos": torch.cos,
    "cosh": elementwise.cosh,
    "exp": torch.exp,
    "exp10": elementwise.power_of_ten,
    "exp2": elementwise.power_of_two,
    "expit": torch.sigmoid,
    "expm1": torch.expm1,
    "floor": torch.floor,
    "isfinite": elementwise.is_finite,
    "isinf": elementwise.is_infinite,
    "isnan": elementwise.is_nan,
    "log": torch.log,
    "log10": elementwise.log10,
    "log1p": torch.log1p,
    "log2": elementwise.log2,
    "logit": elementwise.logit,
    "negative": torch.neg,
    "rint": torch.round,
    "sign": elementwise.sign,
    "sin": torch.sin,
    "sinh": elementwise.sinh,
    "sqrt": torch.sqrt,
    "square": torch.square,
    "tan": elementwise.tan,
    "tanh": torch.tanh,
    "trunc": torch.trunc,
}


class Elementwise(nn.Module):
    """A function of each cell.

    Args:
        name: its entry in ``FUNCTIONS``.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.function = FUNCTIONS[name]

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "function": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__({**state, "function": FUNCTIONS[state["name"]]})


class Scale(nn.Module):
    """``x * factor``.

    Args:
        factor: a constant.
    """

    factor: Tensor

    def __init__(self, factor: float) -> None:
        super().__init__()
        # As a tensor, as in the modules below: the ONNX exporter writes numbers in float32.
        self.register_buffer("factor", torch.tensor(factor, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.factor


class Clip(nn.Module):
    """``min(max(x, low), high)``; NaN stays.

    Args:
        low: lower bound, or negative infinity.
        high: upper bound, or infinity.
    """

    def __init__(self, low: float, high: float) -> None:
        super().__init__()
        self.register_buffer("low", torch.tensor(low, dtype=torch.float64))
        self.register_buffer("high", torch.tensor(high, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return torch.minimum(torch.maximum(x, self.low), self.high)


class Round(nn.Module):
    """``rint(x * 10**decimals) / 10**decimals``, halves to even.

    Args:
        decimals: digits after the point; negative ones round before it.
    """

    factor: Tensor

    def __init__(self, decimals: int) -> None:
        super().__init__()
        self.is_fraction = decimals > 0
        self.is_whole = decimals == 0
        self.register_buffer("factor", torch.tensor(10.0 ** abs(decimals), dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        if self.is_whole:
            return torch.round(x)
        # numpy divides by the power of ten before the point, which rounds differently.
        return (
            torch.round(x * self.factor) / self.factor
            if self.is_fraction
            else torch.round(x / self.factor) * self.factor
        )


class ReplaceSpecial(nn.Module):
    """Replace NaN and infinities, as ``numpy.nan_to_num``.

    Args:
        nan: what NaN becomes.
        positive: what infinity becomes; None for the largest number of the dtype.
        negative: what negative infinity becomes; None for the smallest number of the dtype.
    """

    def __init__(self, nan: float, positive: float | None, negative: float | None) -> None:
        super().__init__()
        self.register_buffer("nan", torch.tensor(nan, dtype=torch.float64))
        # One for each dtype: the largest number of float64 is infinite in float32.
        for name, dtype in (("bounds_double", torch.float64), ("bounds_single", torch.float32)):
            largest = torch.finfo(dtype).max
            high = largest if positive is None else positive
            low = -largest if negative is None else negative
            self.register_buffer(name, torch.tensor([high, low], dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        bounds = self.bounds_double if x.dtype == torch.float64 else self.bounds_single
        result = torch.where(x == float("inf"), bounds[0], x)
        result = torch.where(x == float("-inf"), bounds[1], result)
        return torch.where(torch.isnan(x), self.nan, result)
