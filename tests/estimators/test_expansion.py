"""Polynomials, splines, bins and target means: refusals, edges, and a sweep of parameters."""

import inspect
import itertools
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.preprocessing import KBinsDiscretizer, PolynomialFeatures, SplineTransformer, TargetEncoder

import sk2torch
from tests import checks

X = np.random.default_rng(0).normal(size=(40, 3)) * [1.0, 5.0, 0.01]
MISSING = X.copy()
MISSING[[3, 7], [0, 1]] = np.nan
HAS_MISSING = "handle_missing" in inspect.signature(SplineTransformer).parameters


def fit(estimator, rows):
    with warnings.catch_warnings():
        # Features that are constant or missing are what is tested.
        warnings.simplefilter("ignore")
        return estimator.fit(rows)


def compare(estimator, rows, tolerance=1e-10):
    predictor = sk2torch.Predictor(sk2torch.wrap(estimator))
    for method in predictor.methods:
        value = checks.argument(estimator, method, rows)
        expected = checks.sklearn_call(estimator, method, value)
        checks.assert_same(getattr(predictor, method)(value), expected, method, tolerance)


@pytest.mark.parametrize(
    ("degree", "interaction_only", "include_bias"),
    [*itertools.product([0, 1, 2, 5, (0, 0), (1, 3), (2, 2), (4, 6)], [True, False], [True, False])],
)
def test_polynomials_are_equal_to_the_last_bit(degree, interaction_only, include_bias):
    if degree in (0, (0, 0)) and not include_bias:
        return
    for rows in (X, X[:, :1]):
        estimator = PolynomialFeatures(degree, interaction_only=interaction_only, include_bias=include_bias).fit(rows)
        np.testing.assert_array_equal(
            sk2torch.wrap(estimator).transform(torch.from_numpy(rows)).numpy(), estimator.transform(rows)
        )


@pytest.mark.parametrize("extrapolation", ["error", "constant", "linear", "continue", "periodic"])
@pytest.mark.parametrize("degree", [0, 1, 2, 4])
def test_splines(extrapolation, degree):
    sweep = itertools.product(["uniform", "quantile"], [2, 5], [True, False], [True, False])
    for knots, n_knots, include_bias, sparse in sweep:
        estimator = SplineTransformer(
            n_knots,
            degree,
            knots=knots,
            extrapolation=extrapolation,
            include_bias=include_bias,
            sparse_output=sparse,
        )
        rows = X if extrapolation == "error" else np.concatenate([X, X * 2.5, X.min(axis=0, keepdims=True)])
        try:
            expected = checks.sklearn_call(estimator.fit(X), "transform", rows)
        except (ValueError, IndexError):
            # Degrees and knots that scikit-learn cannot do.
            continue
        actual = sk2torch.Predictor(sk2torch.wrap(estimator)).transform(rows)
        checks.assert_same(actual, expected, "transform", 1e-10)


def test_values_beyond_the_knots_raise():
    model = sk2torch.wrap(SplineTransformer(extrapolation="error").fit(X))
    inside = torch.from_numpy(X)
    assert model.transform(inside).shape == (40, 21)
    for factor in (-100.0, 100.0):
        with pytest.raises(ValueError, match="beyond the knots"):
            model.transform(inside * factor)
    model = sk2torch.wrap(SplineTransformer(degree=0).fit(X))
    with pytest.raises(ValueError, match="beyond the knots"):
        model.transform(inside * 100.0)


def test_spline_refusals():
    with pytest.raises(sk2torch.UnsupportedParameter, match="sparse_output=False"):
        sk2torch.wrap(SplineTransformer(degree=0, extrapolation="periodic", sparse_output=True).fit(X))
    with pytest.raises(sk2torch.UnsupportedParameter, match="more knots"):
        sk2torch.wrap(SplineTransformer(2, 0, extrapolation="linear").fit(X))


@pytest.mark.skipif(not HAS_MISSING, reason="missing values are new in scikit-learn 1.8")
def test_missing_values_of_splines():
    kept = SplineTransformer(handle_missing="zeros", sparse_output=True, extrapolation="continue").fit(MISSING)
    with pytest.raises(sk2torch.UnsupportedParameter, match="smallest value in the batch"):
        sk2torch.wrap(kept)
    first = SplineTransformer(handle_missing="zeros", sparse_output=True, extrapolation="continue").fit(MISSING[:, :1])
    compare(first, MISSING[:, :1])
    blank = np.column_stack([X[:, 0], np.full(40, np.nan)])
    compare(SplineTransformer(handle_missing="zeros").fit(blank), blank)
    with pytest.raises(sk2torch.UnsupportedParameter, match="got NaN"):
        sk2torch.wrap(fit(SplineTransformer(handle_missing="zeros", knots="quantile"), blank))


def test_splines_of_the_missing_stay_missing_where_they_are_not_zeros():
    x = torch.tensor([[0.1, float("nan"), 0.0]], dtype=torch.float64)
    result = sk2torch.wrap(SplineTransformer(extrapolation="linear").fit(X)).transform(x).reshape(3, 7)
    assert result[1].isnan().all()
    assert not result[[0, 2]].isnan().any()


@pytest.mark.parametrize("encode", ["onehot", "onehot-dense", "ordinal"])
@pytest.mark.parametrize("strategy", ["uniform", "quantile", "kmeans"])
def test_values_at_the_edges_of_bins(encode, strategy):
    rows = np.column_stack([np.round(X, 1), np.full(40, 3.0)])
    estimator = fit(KBinsDiscretizer(4, encode=encode, strategy=strategy), rows)
    edges = np.stack([np.resize(e[np.isfinite(e)] if len(e) > 2 else [3.0], 8) for e in estimator.bin_edges_], axis=1)
    for query in (edges, np.nextafter(edges, np.inf), np.nextafter(edges, -np.inf), edges * 10, rows):
        compare(estimator, query)


def test_bins_that_do_not_exist():
    ordinal = KBinsDiscretizer(4, encode="ordinal", strategy="uniform").fit(X)
    places = np.array([[-1.0, -4.0, 0.9], [3.0, 2.7, -0.5]])
    actual = sk2torch.Predictor(sk2torch.wrap(ordinal)).inverse_transform(places)
    np.testing.assert_array_equal(actual, ordinal.inverse_transform(places))
    with pytest.raises(ValueError, match="bins that do not exist"):
        sk2torch.wrap(ordinal).inverse_transform(torch.full((1, 3), 4.0))
    one_hot = KBinsDiscretizer(4, strategy="uniform").fit(X)
    with pytest.raises(ValueError, match="KBinsDiscretizer: cannot invert rows"):
        sk2torch.wrap(one_hot).inverse_transform(torch.zeros(1, 12))


def test_float32_bins_round_the_values_first():
    edge = np.float64(np.float32(0.1))
    estimator = KBinsDiscretizer(2, encode="ordinal", strategy="uniform", dtype=np.float32)
    estimator.fit(np.array([[0.0], [2 * edge]]))
    estimator.bin_edges_[0] = np.array([0.0, edge, 1.0])
    rows = np.array([[edge], [np.nextafter(edge, 0)], [np.nextafter(edge, 1)], [0.1]])
    actual = sk2torch.Predictor(sk2torch.wrap(estimator)).transform(rows)
    np.testing.assert_array_equal(actual, estimator.transform(rows))
    assert actual.dtype == np.float32


def test_unknown_and_missing_categories_have_the_mean_target():
    table = pd.DataFrame({"k": ["u", "v", None, np.nan] * 10, "n": [1.0, 2.0, np.nan, 4.0] * 10})
    query = pd.DataFrame({"k": ["never", None, np.nan, "u", "v"], "n": [9.0, np.nan, 1.5, 2.0, 1.0]})
    for y in (np.arange(40) % 2, np.arange(40) % 3, np.arange(40) * 0.7, np.array(["b", "a", "c", "d"] * 10)):
        for smooth in ("auto", 0.0, 5.0):
            compare(TargetEncoder(smooth=smooth).fit(table, y), query)
    known = TargetEncoder().fit(table[["k"]].replace({None: "u"}), np.arange(40) % 2)
    compare(known, query[["k"]])
