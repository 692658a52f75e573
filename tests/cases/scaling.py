"""Transformers of single features and of rows: scalers, power and quantile transforms, thresholds, norms."""

import functools
import inspect

import numpy as np
from sklearn.preprocessing import (
    Binarizer,
    KernelCenterer,
    MaxAbsScaler,
    Normalizer,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
)

from tests.cases import Case, data

HAS_MAX_ABS_CLIP = "clip" in inspect.signature(MaxAbsScaler).parameters


@functools.cache
def skewed():
    """80 rows: long tails to either side, a constant, missing values."""
    generator = np.random.default_rng(0)
    X = np.stack([np.exp(generator.normal(size=80)), -np.exp(generator.normal(size=80)), np.full(80, 2.5)], axis=1)
    X[5::9, 0] = np.nan
    return X, None


@functools.cache
def positive():
    """80 rows above zero, some missing."""
    X = np.abs(skewed()[0][:, :2]) + 0.05
    return X, None


@functools.cache
def single():
    """``data.regression`` in float32."""
    return data.regression()[0].astype(np.float32), None


@functools.cache
def ties():
    """90 rows: few distinct values with many at the ends, a constant, missing values, zeros and ones."""
    generator = np.random.default_rng(1)
    X = np.stack(
        [
            generator.choice([-1.0, 0.0, 0.5, 7.0], 90, p=[0.4, 0.2, 0.1, 0.3]),
            np.full(90, 3.0),
            np.where(np.arange(90) % 7 == 5, np.nan, generator.normal(size=90)),
            (generator.random(90) < 0.5).astype(float),
        ],
        axis=1,
    )
    return X, None


@functools.cache
def gram():
    """A kernel matrix of 40 points."""
    X = data.regression()[0][:40]
    return np.exp(-0.1 * ((X[:, None] - X) ** 2).sum(axis=2)) + 0.3, None


@functools.cache
def small_rows():
    """Rows of ordinary, tiny and zero norm."""
    X = data.regression()[0][:20].copy()
    X[3:6] = 0.0
    X[6] *= 1e-14
    X[7] *= 1e-16
    X[8] = [0.0, 0.0, -2.0, 2.0, 0.0]
    return X, None


@functools.cache
def missing_column():
    """A column without a value, beside ``ties``."""
    return np.column_stack([ties()[0], np.full(90, np.nan)]), None


def beyond(X):
    """Rows next to the training rows, those rows, and rows outside of all of them."""
    return np.concatenate([X * 0.9 - 0.02, X, X * 1.5 + 0.01])


def as_it_is(X):
    return X


def special_powers(estimator, X, y):
    """Fitted, but with a power of which each branch has another formula in each column."""
    estimator.fit(X)
    powers = np.array([0.0, 2.0, 1.0, 1e-17, -1.5, 2.5, 3.0, 0.05], dtype=X.dtype)
    estimator.lambdas_[:] = powers[: X.shape[1]]
    return estimator


def eight(source):
    """Eight columns of ``source``."""
    return lambda: (np.tile(source()[0][:, :1], 8) * np.linspace(0.5, 2.0, 8), None)


def quantiles(name, source, xfail=None, **parameters):
    is_normal = parameters.get("output_distribution") == "normal"
    return Case(
        f"QuantileTransformer-{name}",
        lambda: QuantileTransformer(**parameters),
        source,
        query=beyond,
        # In float32, values next to an end fall to either side of it, where a normal quantile jumps.
        float32_tolerance=None if is_normal else 1e-3,
        xfail=xfail or {},
    )


CASES = [
    Case("Binarizer", Binarizer, data.regression, differentiable=()),
    Case("Binarizer-threshold", lambda: Binarizer(threshold=0.37), data.regression, differentiable=()),
    Case("KernelCenterer", KernelCenterer, gram),
    Case("MaxAbsScaler", MaxAbsScaler, data.regression),
    Case("MaxAbsScaler-zeros-and-missing", MaxAbsScaler, lambda: (skewed()[0] * [1, 1, 0], None)),
    Case("RobustScaler", RobustScaler, data.regression),
    Case("RobustScaler-no-center", lambda: RobustScaler(with_centering=False), data.regression),
    Case("RobustScaler-no-scale", lambda: RobustScaler(with_scaling=False), data.regression),
    Case("RobustScaler-neither", lambda: RobustScaler(with_scaling=False, with_centering=False), data.regression),
    Case(
        "RobustScaler-unit-variance", lambda: RobustScaler(unit_variance=True, quantile_range=(5, 70)), data.regression
    ),
    Case("RobustScaler-constant-and-missing", RobustScaler, skewed),
    Case("Normalizer", Normalizer, small_rows),
    Case("Normalizer-l1", lambda: Normalizer("l1"), small_rows),
    Case("Normalizer-max", lambda: Normalizer("max"), small_rows),
    Case("PowerTransformer", PowerTransformer, data.regression),
    # In float32, the constant column is rounding errors instead of zeros.
    Case("PowerTransformer-skewed", PowerTransformer, skewed, float32_tolerance=None),
    Case("PowerTransformer-raw", lambda: PowerTransformer(standardize=False), skewed),
    Case("PowerTransformer-float32", PowerTransformer, single, query=lambda X: X.astype(np.float64)),
    Case(
        "PowerTransformer-special",
        lambda: PowerTransformer(standardize=False),
        eight(skewed),
        fit=special_powers,
        float32_tolerance=None,  # the root of a power next to zero is large
    ),
    Case("PowerTransformer-box-cox", lambda: PowerTransformer("box-cox"), positive, query=as_it_is, primary=True),
    Case(
        "PowerTransformer-box-cox-special",
        lambda: PowerTransformer("box-cox", standardize=False),
        eight(positive),
        query=as_it_is,
        fit=special_powers,
    ),
    quantiles("normal", data.regression, n_quantiles=1000, output_distribution="normal"),
    quantiles("uniform", data.regression, n_quantiles=30),
    quantiles("ties", ties, n_quantiles=20),
    quantiles("ties-normal", ties, n_quantiles=90, output_distribution="normal"),
    quantiles("single", ties, n_quantiles=1),
    quantiles(
        "two",
        ties,
        xfail={"gradient.inverse_transform": "ends, where the slope jumps"},
        n_quantiles=2,
        output_distribution="normal",
    ),
    quantiles("missing-column", missing_column, xfail={"gradient": "NaN has no finite differences"}, n_quantiles=7),
    quantiles("subsample", data.regression, n_quantiles=10, subsample=50, random_state=0),
]
if HAS_MAX_ABS_CLIP:
    CASES += [Case("MaxAbsScaler-clip", lambda: MaxAbsScaler(clip=True), data.regression, query=lambda X: X * 1.5)]
