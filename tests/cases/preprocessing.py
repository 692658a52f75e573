"""Scalers and functions of every cell."""

import functools

import numpy as np
import scipy.special
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler

from tests.cases import Case, data


@functools.cache
def constant_columns():
    """40 rows: constants (zero, large, one apart by rounding), missing values, small and large scales."""
    generator = np.random.default_rng(0)
    X = generator.normal(size=(40, 7)) * [1, 0, 0, 1e-3, 1e3, 1, 0] + [0, 0, 1e4, 0, 0, 5, 0.1]
    X[4::3, 5] = np.nan
    X[::2, 6] += 1e-17
    return X, None


@functools.cache
def unit_interval():
    """40 rows strictly between 0 and 1."""
    return np.random.default_rng(1).uniform(0.01, 0.99, (40, 3)), None


@functools.cache
def wide_range():
    """Numbers of both signs, halves, and zero."""
    generator = np.random.default_rng(2)
    X = generator.normal(scale=3.0, size=(40, 3))
    X[:20] = np.round(X[:20] * 2) / 2
    return X, None


@functools.cache
def special_values():
    """NaN, infinities, and numbers."""
    return np.array([[1.5, np.nan, -np.inf], [np.inf, -2.0, 0.0], [0.25, 1e300, -0.0]]), None


def apply(function, inverse=None, **options):
    return lambda: FunctionTransformer(function, inverse, check_inverse=False, **options)


def as_it_is(X):
    return X


def side_by_side(*names):
    """A ColumnTransformer that applies each of the named ufuncs to a column of its own."""
    parts = [
        (name, FunctionTransformer(getattr(np, name), check_inverse=False), [k % 3]) for k, name in enumerate(names)
    ]
    return lambda: ColumnTransformer(parts)


SMOOTH = (
    "abs",
    "arcsinh",
    "cbrt",
    "cos",
    "cosh",
    "degrees",
    "exp",
    "exp2",
    "expm1",
    "fabs",
    "negative",
    "radians",
    "sin",
)
SMOOTH += ("sinh", "square", "tanh")
STEPS = ("ceil", "fix", "floor", "rint", "sign", "trunc")
UNIT = ("arctanh", "log", "log10", "log1p", "log2", "sqrt", "tan")
NO_KERNEL = {"onnx": "ONNX Runtime has no float64 kernel for it"}

CASES = [
    Case("StandardScaler", StandardScaler, data.regression),
    Case("StandardScaler-no-mean", lambda: StandardScaler(with_mean=False), data.regression),
    Case("StandardScaler-no-std", lambda: StandardScaler(with_std=False), data.regression),
    Case("StandardScaler-neither", lambda: StandardScaler(with_mean=False, with_std=False), data.regression),
    Case("StandardScaler-constant-and-missing", StandardScaler, constant_columns),
    Case("MinMaxScaler", MinMaxScaler, data.regression),
    Case("MinMaxScaler-range", lambda: MinMaxScaler((-2.5, 0.3)), data.regression),
    Case(
        "MinMaxScaler-clip",
        lambda: MinMaxScaler((0.1, 0.7), clip=True),
        data.regression,
        query=lambda X: X * 1.5,
        primary=True,
    ),
    Case("MinMaxScaler-constant-and-missing", MinMaxScaler, constant_columns),
    Case(
        "MinMaxScaler-clip-missing",
        lambda: MinMaxScaler(clip=True),
        constant_columns,
        xfail={"gradient": "constant columns lie on the bound, where there is no derivative"},
    ),
    Case("FunctionTransformer", FunctionTransformer, data.regression),
    Case("FunctionTransformer-validate", lambda: FunctionTransformer(validate=True), data.regression),
    Case("FunctionTransformer-inverse", apply(np.log1p, np.expm1, validate=True), unit_interval, primary=True),
    Case("ColumnTransformer-ufuncs", side_by_side(*SMOOTH), wide_range, query=as_it_is, primary=True),
    Case("ColumnTransformer-ufuncs-unit", side_by_side(*UNIT), unit_interval, query=as_it_is, primary=True),
    Case("ColumnTransformer-ufuncs-steps", side_by_side(*STEPS), wide_range, query=as_it_is, differentiable=()),
    Case("FunctionTransformer-arctan", apply(np.arctan, np.arcsin), unit_interval, query=as_it_is, xfail=NO_KERNEL),
    Case("FunctionTransformer-arccos", apply(np.arccos), unit_interval, query=as_it_is, xfail=NO_KERNEL),
    Case("FunctionTransformer-arccosh", apply(np.cosh, np.arccosh), unit_interval, query=as_it_is),
    Case("FunctionTransformer-expit", apply(scipy.special.expit, scipy.special.logit), wide_range, query=as_it_is),
    Case("FunctionTransformer-exp10", apply(scipy.special.exp10, scipy.special.cbrt), unit_interval, query=as_it_is),
    Case("FunctionTransformer-builtin", apply(abs, np.exp), wide_range, query=as_it_is),
    Case(
        "FunctionTransformer-clip",
        apply(np.clip, np.clip, kw_args={"a_min": -0.3, "a_max": 1.1}, inv_kw_args={"min": 0.1, "max": None}),
        wide_range,
    ),
    Case(
        "FunctionTransformer-round",
        apply(np.round, functools.partial(np.around, decimals=-1), kw_args={"decimals": 2}),
        wide_range,
        differentiable=(),
    ),
    Case("FunctionTransformer-round-whole", apply(np.round), wide_range, differentiable=("inverse_transform",)),
    Case(
        "FunctionTransformer-nan-to-num",
        apply(np.nan_to_num, np.nan_to_num, kw_args={"nan": 0.1}, inv_kw_args={"posinf": 7.0, "neginf": -0.3}),
        special_values,
        query=as_it_is,
        xfail={"gradient": "NaN and infinity have no finite differences"},
        float32_tolerance=None,  # the largest number and 1e300 differ by dtype
    ),
    Case("FunctionTransformer-special", apply(np.sign, np.isnan), special_values, query=as_it_is, differentiable=()),
    Case(
        "FunctionTransformer-boolean",
        apply(np.isfinite, np.isnan),
        special_values,
        query=as_it_is,
        differentiable=(),
        float32_tolerance=None,  # 1e300 is infinite in float32
    ),
]
