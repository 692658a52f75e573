"""Selectors keep the same columns as scikit-learn, of any table."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_selection import RFE, GenericUnivariateSelect, SelectFromModel, VarianceThreshold
from sklearn.linear_model import LinearRegression, LogisticRegression

from tests.properties.strategies import compare, fit, labels, tables, targets


@given(tables(missing=True), st.sampled_from([0.0, 0.1, 1.0]))
def test_variance_threshold(X, threshold):
    estimator = fit(VarianceThreshold(threshold), X)
    compare(estimator, X, tolerance=0.0)


@given(st.data(), tables(rows=(4, 24)), st.sampled_from(["percentile", "k_best", "fpr", "fdr", "fwe"]))
def test_univariate_selection(drawn, X, mode):
    most = {"percentile": 100, "k_best": X.shape[1]}.get(mode, 1)
    y = drawn.draw(labels(len(X), 2))
    estimator = fit(GenericUnivariateSelect(mode=mode, param=drawn.draw(st.integers(0, most))), X, y)
    compare(estimator, X, tolerance=0.0)


@given(tables(), st.sampled_from(["mean", "median", "0.5*mean", 0.3]), st.sampled_from([None, 1]))
def test_selection_from_a_model(X, threshold, most):
    estimator = fit(SelectFromModel(LinearRegression(), threshold=threshold, max_features=most), X, targets(X))
    compare(estimator, X, tolerance=0.0)


@given(st.data(), tables(kinds=("normal", "grid", "constant"), rows=(6, 24), features=(2, 5)), st.integers(1, 3))
def test_recursive_elimination(drawn, X, step):
    y = drawn.draw(labels(len(X)))
    n_features = drawn.draw(st.integers(1, X.shape[1]))
    estimator = fit(RFE(LogisticRegression(), n_features_to_select=n_features, step=step), X, y)
    compare(estimator, np.concatenate([X, 1.5 * X[::-1]]))
