"""Cases of sklearn.discriminant_analysis."""

import functools
import inspect
from typing import Any

import numpy as np
from sklearn.covariance import OAS
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis

from tests.cases import Case, data
from tests.cases.linear_model import in_double, single_words


@functools.cache
def binary_words() -> tuple[Any, Any]:
    """``binary_words`` without features that depend on others."""
    X, y = data.binary_words()
    return X + 0.3 * np.random.default_rng(0).normal(size=X.shape), y


@functools.cache
def booleans() -> tuple[Any, Any]:
    """``binary_words`` with boolean labels."""
    X, y = binary_words()
    return X, y == "yes"


@functools.cache
def far_multiclass() -> tuple[Any, Any]:
    """``multiclass`` far from the origin, with a feature that repeats another."""
    X, y = data.multiclass()
    return np.column_stack([X, X[:, 0]]) + 100.0, y


@functools.cache
def apart() -> tuple[Any, Any]:
    """``multiclass`` with classes so far apart that probabilities are exactly zero."""
    X, y = data.multiclass()
    return X + 40.0 * y[:, None], y


@functools.cache
def apart_binary() -> tuple[Any, Any]:
    """``binary`` with classes so far apart that probabilities are exactly zero."""
    X, y = data.binary()
    return X + 60.0 * y[:, None], y


def _lda(**parameters: Any) -> Any:
    return lambda: LinearDiscriminantAnalysis(**parameters)


def _qda(**parameters: Any) -> Any:
    return lambda: QuadraticDiscriminantAnalysis(**parameters)


_ZERO = {"gradient": "logarithms of probabilities that are exactly zero have no finite slope"}

CASES = [
    Case("LinearDiscriminantAnalysis", LinearDiscriminantAnalysis, data.words),
    Case("LinearDiscriminantAnalysis-binary", LinearDiscriminantAnalysis, data.binary_words, primary=True),
    Case("LinearDiscriminantAnalysis-booleans", _lda(priors=[0.2, 0.8], store_covariance=True), data.booleans),
    Case("LinearDiscriminantAnalysis-components", _lda(n_components=1), data.multiclass),
    Case(
        "LinearDiscriminantAnalysis-far",
        LinearDiscriminantAnalysis,
        far_multiclass,
        # Three digits of these features are the same.
        float32_tolerance=0.1,
    ),
    Case("LinearDiscriminantAnalysis-apart", LinearDiscriminantAnalysis, apart, float32_tolerance=None),
    Case("LinearDiscriminantAnalysis-apart-binary", LinearDiscriminantAnalysis, apart_binary, float32_tolerance=None),
    Case("LinearDiscriminantAnalysis-lsqr", _lda(solver="lsqr"), data.words, primary=True),
    Case("LinearDiscriminantAnalysis-lsqr-shrunk", _lda(solver="lsqr", shrinkage="auto"), data.binary),
    Case(
        "LinearDiscriminantAnalysis-lsqr-estimator",
        _lda(solver="lsqr", covariance_estimator=OAS(), priors=[0.5, 0.3, 0.2]),
        data.multiclass,
    ),
    Case("LinearDiscriminantAnalysis-eigen", _lda(solver="eigen"), data.multiclass, primary=True),
    Case("LinearDiscriminantAnalysis-eigen-shrunk", _lda(solver="eigen", shrinkage=0.3, n_components=1), data.words),
    Case("LinearDiscriminantAnalysis-eigen-binary", _lda(solver="eigen", shrinkage="auto"), data.booleans),
    Case("LinearDiscriminantAnalysis-single", LinearDiscriminantAnalysis, single_words, in_double),
    Case("QuadraticDiscriminantAnalysis", QuadraticDiscriminantAnalysis, data.words),
    Case("QuadraticDiscriminantAnalysis-binary", QuadraticDiscriminantAnalysis, binary_words, primary=True),
    Case("QuadraticDiscriminantAnalysis-regularized", _qda(reg_param=0.3, store_covariance=True), data.multiclass),
    Case("QuadraticDiscriminantAnalysis-priors", _qda(priors=[0.9, 0.1]), booleans),
    Case("QuadraticDiscriminantAnalysis-single", QuadraticDiscriminantAnalysis, single_words, in_double),
    Case("QuadraticDiscriminantAnalysis-apart", QuadraticDiscriminantAnalysis, apart, float32_tolerance=None),
]
if "solver" in inspect.signature(QuadraticDiscriminantAnalysis).parameters:
    CASES += [
        Case("QuadraticDiscriminantAnalysis-eigen", _qda(solver="eigen"), data.multiclass),
        Case("QuadraticDiscriminantAnalysis-eigen-shrunk", _qda(solver="eigen", shrinkage="auto"), far_multiclass),
        Case(
            "QuadraticDiscriminantAnalysis-eigen-estimator",
            _qda(solver="eigen", covariance_estimator=OAS()),
            booleans,
        ),
    ]
