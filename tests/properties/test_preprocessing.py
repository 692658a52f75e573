"""Transformers of features and labels on whatever data hypothesis draws."""

import inspect

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import (
    Binarizer,
    KBinsDiscretizer,
    LabelEncoder,
    MaxAbsScaler,
    MinMaxScaler,
    MultiLabelBinarizer,
    Normalizer,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    SplineTransformer,
    StandardScaler,
    TargetEncoder,
)

import sk2torch
from tests import checks
from tests.properties import strategies

SCALERS = [
    lambda: StandardScaler(),
    lambda: StandardScaler(with_mean=False),
    lambda: MinMaxScaler((-1, 2), clip=True),
    lambda: RobustScaler(),
    lambda: RobustScaler(quantile_range=(0, 100), unit_variance=False, with_centering=False),
    lambda: RobustScaler(unit_variance=True),
    lambda: MaxAbsScaler(**({"clip": True} if "clip" in inspect.signature(MaxAbsScaler).parameters else {})),
]
ROWWISE = [lambda: Binarizer(), lambda: Normalizer("l1"), lambda: Normalizer("l2"), lambda: Normalizer("max")]


def beside(X: np.ndarray) -> np.ndarray:
    """The rows, and rows next to them and outside of all of them."""
    with np.errstate(over="ignore"):
        return np.concatenate([X, np.nextafter(X, np.inf), np.nextafter(X, -np.inf), X * 1.25, X[::-1] * 0.5])


@settings(max_examples=60)
@given(
    X=strategies.tables(missing=True), make=st.sampled_from(SCALERS), dtype=st.sampled_from([np.float64, np.float32])
)
def test_scalers(X, make, dtype):
    with np.errstate(over="ignore"):
        estimator = strategies.fit(make(), X.astype(dtype))
    strategies.compare(estimator, beside(X))


@settings(max_examples=40)
@given(X=strategies.tables(), make=st.sampled_from(ROWWISE))
def test_rows(X, make):
    strategies.compare(strategies.fit(make(), X), beside(X))


@settings(max_examples=60)
@given(
    X=strategies.tables(rows=(1, 30), missing=True),
    n_quantiles=st.sampled_from([1, 2, 3, 5, 30]),
    distribution=st.sampled_from(["uniform", "normal"]),
)
def test_quantiles(X, n_quantiles, distribution):
    estimator = strategies.fit(QuantileTransformer(n_quantiles=n_quantiles, output_distribution=distribution), X)
    strategies.compare(estimator, beside(X))


@settings(max_examples=40)
@given(
    X=strategies.tables(("normal", "grid", "constant"), rows=(3, 24), missing=True),
    method=st.sampled_from(["yeo-johnson", "box-cox"]),
    standardize=st.booleans(),
)
def test_powers(X, method, standardize):
    X = np.abs(X) + 0.01 if method == "box-cox" else X
    estimator = strategies.fit(PowerTransformer(method, standardize=standardize), X)
    strategies.compare(estimator, X, methods=["transform"])


@settings(max_examples=40)
@given(
    X=strategies.tables(("normal", "grid", "constant", "near_zero"), features=(1, 4)),
    degree=st.one_of(st.integers(0, 4), st.tuples(st.integers(0, 2), st.integers(2, 4))),
    interaction_only=st.booleans(),
    include_bias=st.booleans(),
)
def test_polynomials(X, degree, interaction_only, include_bias):
    estimator = PolynomialFeatures(degree, interaction_only=interaction_only, include_bias=include_bias)
    strategies.compare(strategies.fit(estimator, X), X, tolerance=0.0)


@settings(max_examples=60)
@given(
    X=strategies.tables(("normal", "grid", "constant"), rows=(2, 24), features=(1, 3)),
    n_knots=st.integers(2, 6),
    degree=st.integers(0, 4),
    knots=st.sampled_from(["uniform", "quantile"]),
    extrapolation=st.sampled_from(["error", "constant", "linear", "continue", "periodic"]),
    include_bias=st.booleans(),
)
def test_splines(X, n_knots, degree, knots, extrapolation, include_bias):
    estimator = SplineTransformer(n_knots, degree, knots=knots, extrapolation=extrapolation, include_bias=include_bias)
    estimator = strategies.fit(estimator, X)
    try:
        sk2torch.wrap(estimator)
    except sk2torch.UnsupportedParameter:
        # scikit-learn cannot extrapolate several features of degree 0 or 1 linearly from few knots.
        assert extrapolation == "linear"
        assert degree < 2
        return
    strategies.compare(estimator, X if extrapolation == "error" else beside(X))


@settings(max_examples=40)
@given(
    X=strategies.tables(("normal", "grid", "constant"), rows=(3, 30), features=(1, 3)),
    n_bins=st.integers(2, 6),
    encode=st.sampled_from(["onehot", "onehot-dense", "ordinal"]),
    strategy=st.sampled_from(["uniform", "quantile"]),
)
def test_bins(X, n_bins, encode, strategy):
    strategies.compare(strategies.fit(KBinsDiscretizer(n_bins, encode=encode, strategy=strategy), X), beside(X))


@settings(max_examples=30)
@given(data=st.data(), smooth=st.sampled_from(["auto", 0.0, 2.0]))
def test_target_means(data, smooth):
    n = data.draw(st.integers(6, 24))
    X = data.draw(strategies.tables(("grid",), rows=(n, n), features=(1, 3), missing=True))
    y = data.draw(st.one_of(strategies.labels(n), st.just(strategies.targets(X))))
    strategies.compare(strategies.fit(TargetEncoder(smooth=smooth), X, y), beside(X))


LABELS = st.sampled_from(["a", "b", "", "ä", "a b"])


@settings(max_examples=30)
@given(data=st.data())
def test_labels(data):
    y = data.draw(strategies.labels(data.draw(st.integers(1, 12))))
    strategies.compare(LabelEncoder().fit(y), y)


@settings(max_examples=30)
@given(sets=st.lists(st.lists(LABELS), min_size=1), query=st.lists(st.sets(LABELS), min_size=1), sparse=st.booleans())
def test_label_sets(sets, query, sparse):
    estimator = MultiLabelBinarizer(sparse_output=sparse).fit(sets)
    predictor = sk2torch.Predictor(sk2torch.wrap(estimator))
    expected = checks.dense(checks.sklearn_call(estimator, "transform", query))
    np.testing.assert_array_equal(checks.dense(predictor.transform(query)), expected)
    assert predictor.inverse_transform(expected) == estimator.inverse_transform(expected)
