"""FunctionTransformer."""

import builtins
import functools
import math
import sys
from typing import Any, Self

import numpy as np
from torch import Tensor, nn

from sk2torch.base import ANY_WIDTH, Column, Columns, TorchEstimator, UnsupportedParameter, refuse_narrow, register
from sk2torch.blocks.elementwise import FUNCTIONS, Clip, Elementwise, ReplaceSpecial, Round, Scale

# Names by which numpy, scipy and torch know entries of FUNCTIONS under other names. Whole numbers
# are float64 here, so functions that divide integers (numpy.reciprocal) are not among them.
_SYNONYMS = {
    "absolute": "abs",
    "arccos": "acos",
    "arccosh": "acosh",
    "arcsin": "asin",
    "arcsinh": "asinh",
    "arctan": "atan",
    "arctanh": "atanh",
    "fabs": "abs",
    "fix": "trunc",
    "neg": "negative",
    "sigmoid": "expit",
}
_CLIP, _ROUND, _REPLACE = ("clip", "clamp"), ("round", "around"), ("nan_to_num",)
_FACTORS = {
    "deg2rad": math.pi / 180.0,
    "degrees": 180.0 / math.pi,
    "rad2deg": 180.0 / math.pi,
    "radians": math.pi / 180.0,
}
_LIBRARIES = ("numpy", "scipy.special", "torch")
_BOOLEAN = ("isnan", "isinf", "isfinite")


@register("sklearn.preprocessing.FunctionTransformer")
class TorchFunctionTransformer(TorchEstimator):
    """A named function of every cell: ``function(x)``.

    None is the identity, which hands strings on. Of callables, the functions of numpy,
    scipy.special and torch that have an exact equal here are known; all others are refused, as are
    arguments (``kw_args``) other than those of clip, round and nan_to_num.

    Args:
        n_features_in: width of the input that it was fitted on.
        function: what ``transform`` applies; None for the identity.
        inverse: what ``inverse_transform`` applies; None for the identity.
    """

    keeps_sparse = True

    def __init__(self, n_features_in: int, function: nn.Module | None, inverse: nn.Module | None) -> None:
        super().__init__(n_features_in)
        self.is_identity = function is None
        self.does_nothing = function is None and inverse is None
        self.keeps_input_dtype = function is not None
        # Logarithms, roots and quotients have a domain.
        self.may_give_missing = function is not None
        self.function = nn.Identity() if function is None else function
        self.inverse = nn.Identity() if inverse is None else inverse

    @classmethod
    def from_sklearn(cls, estimator: Any, columns: list[Column]) -> Self:
        function = _module(estimator.func, estimator.kw_args, "func")
        inverse = _module(estimator.inverse_func, estimator.inv_kw_args, "inverse_func")
        module = cls(len(columns) or ANY_WIDTH, function, inverse)
        module.keeps_input_dtype = function is not None and _keeps_integers(estimator)
        if function is not None and not _is_boolean(function):
            refuse_narrow("FunctionTransformer", columns)
        for column in columns:
            column.refuses_narrow_results |= inverse is not None and not _is_boolean(inverse)
        if _is_boolean(function):
            module.output_dtype = "bool"
        if _is_boolean(inverse):
            module.inverse_dtype = "bool"
        return module

    def output_columns(self, columns: Columns) -> Columns:
        return columns if self.is_identity else super().output_columns(columns)

    def transform(self, x: Tensor) -> Tensor:
        return self.function(self.prepare(x))

    def inverse_transform(self, x: Tensor) -> Tensor:
        return self.inverse(self.prepare(x))


def _is_boolean(function: nn.Module | None) -> bool:
    """Whether its results are booleans, whatever dtype it is given."""
    return isinstance(function, Elementwise) and function.name in _BOOLEAN


def _keeps_integers(estimator: Any) -> bool:
    try:
        result = estimator.func(np.zeros((0, 1), dtype=np.int64), **(estimator.kw_args or {}))
    except (TypeError, ValueError):
        return False
    return np.asarray(result).dtype.kind in "iu"


def _module(function: Any, arguments: dict[str, Any] | None, parameter: str) -> nn.Module | None:
    """The module that equals ``function`` with its keyword arguments; None for the identity."""
    if function is None:
        return None
    options = dict(arguments or {})
    if isinstance(function, functools.partial) and not function.args:
        function, options = function.func, {**function.keywords, **options}
    name = _name(function)
    if name is None:
        called = getattr(function, "__name__", repr(function))
        raise UnsupportedParameter(
            f"FunctionTransformer: {parameter}={called} is no function with an exact equal in torch; "
            "use a named numpy ufunc (np.log1p, np.sqrt, np.clip, ...), or write a transformer class and register it."
        )
    try:
        return _build(name, options)
    except (TypeError, ValueError) as error:
        raise UnsupportedParameter(
            f"FunctionTransformer: {parameter}={name} with the arguments {options} is not supported ({error}); "
            "numbers are, for the bounds of clip, the decimals of round and the values of nan_to_num."
        ) from error


def _name(function: Any) -> str | None:
    known = {*FUNCTIONS, *_SYNONYMS, *_FACTORS, *_CLIP, *_ROUND, *_REPLACE}
    if function is builtins.abs:
        return "abs"
    for library in _LIBRARIES:
        # Not imported here: whoever holds one of its functions has it loaded.
        module = sys.modules.get(library)
        name = next((n for n in known if module is not None and getattr(module, n, None) is function), None)
        if name is not None:
            return name
    return None


def _build(name: str, options: dict[str, Any]) -> nn.Module:
    if name in _CLIP:
        return _clip(**options)
    if name in _ROUND:
        return _round(**options)
    if name in _REPLACE:
        return _replace(**options)
    if options:
        raise TypeError(f"{name} takes no arguments here")
    if name in _FACTORS:
        return Scale(_FACTORS[name])
    return Elementwise(_SYNONYMS.get(name, name))


def _clip(
    a_min: float | None = None, a_max: float | None = None, min: float | None = None, max: float | None = None
) -> Clip:
    low = a_min if min is None else min
    high = a_max if max is None else max
    return Clip(float("-inf") if low is None else float(low), float("inf") if high is None else float(high))


def _round(decimals: int = 0) -> Round:
    if isinstance(decimals, float):
        raise TypeError("decimals is no integer")
    return Round(int(decimals))


def _replace(
    copy: bool = True, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> ReplaceSpecial:
    return ReplaceSpecial(
        float(nan), None if posinf is None else float(posinf), None if neginf is None else float(neginf)
    )
