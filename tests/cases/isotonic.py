"""Cases of sklearn.isotonic."""

import functools
from typing import Any

import numpy as np
from sklearn.isotonic import IsotonicRegression

from tests.cases import Case


@functools.cache
def curve() -> tuple[Any, Any]:
    """60 values with repetitions, and a rising target."""
    generator = np.random.default_rng(0)
    x = np.round(generator.normal(size=60), 1)
    return x, np.sinh(x) + generator.normal(size=60) * 0.3


@functools.cache
def column() -> tuple[Any, Any]:
    """``curve`` as a table of one column."""
    x, y = curve()
    return x.reshape(-1, 1), y


@functools.cache
def falling() -> tuple[Any, Any]:
    """``curve`` with a falling target."""
    x, y = curve()
    return x, -y


@functools.cache
def single() -> tuple[Any, Any]:
    """``curve`` in float32."""
    x, y = curve()
    return x.astype(np.float32), y.astype(np.float32)


@functools.cache
def constant() -> tuple[Any, Any]:
    """One value, hence one threshold."""
    _, y = curve()
    return np.full(60, 3.0), y


def within(X: Any) -> Any:
    """Values of the fit, between them, and its ends."""
    x = np.sort(X.reshape(-1))
    return np.concatenate([x, 0.7 * x[1:] + 0.3 * x[:-1]])


def beyond(X: Any) -> Any:
    return np.concatenate([within(X), np.array([-10.0, -3.4, 50.0])])


def beyond_column(X: Any) -> Any:
    return beyond(X).reshape(-1, 1)


def between(X: Any) -> Any:
    """Between the values of the fit, where the slope is one."""
    x = np.unique(X)
    return 0.7 * x[1:] + 0.3 * x[:-1]


def _isotonic(**parameters: Any) -> Any:
    return lambda: IsotonicRegression(**parameters)


_ROUNDED = {"gradient": "differences of results that are rounded to float32 are no slopes"}

CASES = [
    Case("IsotonicRegression", IsotonicRegression, curve, within, differentiable=()),
    Case("IsotonicRegression-slopes", _isotonic(out_of_bounds="raise"), curve, between),
    Case("IsotonicRegression-beyond", IsotonicRegression, curve, beyond, differentiable=()),
    Case("IsotonicRegression-clip", _isotonic(out_of_bounds="clip"), curve, beyond, primary=True, differentiable=()),
    Case("IsotonicRegression-raise", _isotonic(out_of_bounds="raise"), column, within, primary=True, differentiable=()),
    Case("IsotonicRegression-column", _isotonic(out_of_bounds="clip"), column, beyond_column, differentiable=()),
    Case("IsotonicRegression-auto", _isotonic(increasing="auto"), falling, within, differentiable=()),
    Case("IsotonicRegression-falling", _isotonic(increasing=False, y_max=1.0), falling, within, differentiable=()),
    Case("IsotonicRegression-bounded", _isotonic(y_min=-0.5, y_max=0.5), curve, within, differentiable=()),
    Case("IsotonicRegression-constant", _isotonic(out_of_bounds="raise"), constant, beyond, differentiable=()),
    Case("IsotonicRegression-single", IsotonicRegression, single, beyond, primary=True, xfail=_ROUNDED),
    Case("IsotonicRegression-single-clip", _isotonic(out_of_bounds="clip"), single, beyond, xfail=_ROUNDED),
]
