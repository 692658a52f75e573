"""Transformers that make several columns of each: polynomials, splines, bins, target means."""

import functools
import inspect
from types import MappingProxyType

import numpy as np
import pandas as pd
from sklearn.preprocessing import KBinsDiscretizer, PolynomialFeatures, SplineTransformer, TargetEncoder

from tests.cases import Case, data
from tests.cases.encoders import missing_numbers, objects, strange, table

HAS_MISSING_SPLINES = "handle_missing" in inspect.signature(SplineTransformer).parameters


@functools.cache
def steps():
    """70 rows: numbers, whole numbers with many ties, a constant."""
    generator = np.random.default_rng(0)
    return np.stack([generator.normal(size=70), generator.integers(0, 5, 70), np.full(70, 1.5)], axis=1), None


@functools.cache
def narrow():
    """``data.regression``, three columns."""
    return data.regression()[0][:, :3], None


@functools.cache
def holes():
    """``narrow`` with missing values."""
    X = narrow()[0].copy()
    X[::7, 0] = np.nan
    X[3::11, 2] = np.nan
    return X, None


def between_and_at_edges(X):
    """Rows, points around them, and those at the quantiles where edges and knots may be."""
    return np.concatenate([X, X[:20] * 1.01, np.quantile(X, np.linspace(0, 1, 13), axis=0)])


def beyond(X):
    """Rows, and rows outside of the training range."""
    return np.concatenate([X, X[:30] * 3.0, np.nanmin(X, axis=0, keepdims=True), np.nanmax(X, axis=0, keepdims=True)])


def as_it_is(X):
    return X


def powers(name, source=narrow, **parameters):
    return Case(f"PolynomialFeatures-{name}", lambda: PolynomialFeatures(**parameters), source)


def bins(name, source=steps, primary=False, tolerance=1e-10, **parameters):
    return Case(
        f"KBinsDiscretizer-{name}",
        lambda: KBinsDiscretizer(**parameters),
        source,
        query=between_and_at_edges,
        primary=primary,
        differentiable=(),
        tolerance=tolerance,
        float32_tolerance=None,  # values at an edge fall to either side of it
    )


def splines(name, source=narrow, query=beyond, primary=False, **parameters):
    # Degree 0 is piecewise constant; the slopes of degree 1 jump at the knots.
    smooth = parameters.get("degree", 3) > 0
    return Case(
        f"SplineTransformer-{name}",
        lambda: SplineTransformer(**parameters),
        source,
        query=query,
        primary=primary,
        differentiable=None if smooth else (),
        float32_tolerance=1e-3 if smooth else None,
    )


ONE_MEAN = "the parameter has an encoding of unknown categories per feature, scikit-learn one for all"


def target_means(name, X, y, query=as_it_is, xfail=MappingProxyType({"unwrap": ONE_MEAN}), **parameters):
    return Case(
        f"TargetEncoder-{name}",
        lambda: TargetEncoder(**parameters),
        lambda: (X()[0], y),
        query=query,
        differentiable=(),
        xfail=xfail,
    )


BINARY = np.arange(60) % 2
REAL = np.random.default_rng(8).normal(size=60)
WORDS = np.array(["a", "b", "c", "d"])[np.arange(60) % 4]
KNOTS = np.array([[-1.5, -2.0, -1.0], [-0.5, 0.0, -0.5], [0.25, 0.5, 0.5], [1.5, 1.0, 2.0], [1.75, 2.5, 2.25]])

CASES = [
    powers("cubic", degree=3, order="F"),
    powers("default"),
    powers("interactions", data.regression, degree=4, interaction_only=True, include_bias=False),
    powers("interactions-beyond", degree=5, interaction_only=True),
    powers("range", degree=(2, 4)),
    powers("range-no-bias", degree=(3, 3), include_bias=False),
    powers("nothing-left", degree=(4, 5), interaction_only=True),
    powers("zero", degree=0),
    powers("one", degree=1),
    powers("many-degrees", lambda: (narrow()[0][:, :1], None), degree=12),
    bins("default", n_bins=4),
    bins("ordinal", primary=True, n_bins=4, encode="ordinal"),
    bins("dense", n_bins=[2, 3, 5], encode="onehot-dense", strategy="uniform"),
    bins("uniform", n_bins=6, encode="ordinal", strategy="uniform"),
    bins("kmeans", n_bins=3, strategy="kmeans"),
    # scikit-learn answers in float32 where it is asked in float32, as the cases' inverse_transform does.
    bins("float32", tolerance=1e-7, n_bins=4, dtype=np.float32),
    bins("float32-ordinal", tolerance=1e-7, n_bins=4, encode="ordinal", dtype=np.float32),
    splines("constant"),
    splines("linear", extrapolation="linear"),
    splines("continue", degree=2, extrapolation="continue"),
    splines("error", query=as_it_is, n_knots=6, extrapolation="error"),
    splines("periodic", primary=True, extrapolation="periodic", include_bias=False),
    splines("periodic-few-knots", n_knots=4, extrapolation="periodic"),
    splines("quantile", steps, knots="quantile", degree=2, n_knots=4),
    splines("knots", knots=KNOTS, extrapolation="linear", order="F"),
    splines("sparse", sparse_output=True, extrapolation="linear", include_bias=False),
    splines("sparse-periodic", sparse_output=True, extrapolation="periodic"),
    splines("degree-0", degree=0, extrapolation="continue"),
    splines("degree-0-linear", degree=0, extrapolation="linear"),
    splines("degree-0-sparse", degree=0, sparse_output=True),
    splines("degree-0-periodic", degree=0, extrapolation="periodic"),
    splines("degree-1", degree=1),
    splines("degree-1-linear", degree=1, extrapolation="linear"),
    splines("degree-1-linear-few-knots", degree=1, extrapolation="linear", n_knots=2),
    splines("degree-6", degree=6, extrapolation="continue"),
    splines("constant-feature", steps, extrapolation="continue"),
    splines("constant-feature-periodic", steps, extrapolation="periodic"),
    target_means("binary", table, BINARY, strange),
    target_means("binary-words", table, np.array(["no", "yes"])[BINARY], smooth=3.0),
    target_means("continuous", missing_numbers, REAL, strange),
    target_means("continuous-unsmoothed", objects, REAL, strange, smooth=0.0),
    target_means("multiclass", objects, np.arange(60) % 3, strange),
    target_means("multiclass-words", table, WORDS, strange, smooth=1.5),
    target_means("declared", missing_numbers, BINARY, target_type="continuous"),
    target_means(
        "categories",
        lambda: (pd.DataFrame({"k": ["u", "v"] * 30}), None),
        REAL,
        categories=[["v", "never", "u"]],
        xfail={},
    ),
]
if HAS_MISSING_SPLINES:
    CASES += [
        splines("missing", holes, handle_missing="zeros"),
        splines("missing-error", holes, query=as_it_is, handle_missing="zeros", extrapolation="error"),
        splines("missing-linear-sparse", holes, handle_missing="zeros", extrapolation="linear", sparse_output=True),
        splines("missing-periodic", holes, handle_missing="zeros", extrapolation="periodic"),
    ]
