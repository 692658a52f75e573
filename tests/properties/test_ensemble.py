"""AdaBoost, bagging and isolation forests on drawn tables."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    GradientBoostingClassifier,
    IsolationForest,
)
from sklearn.linear_model import RidgeClassifier
from sklearn.svm import LinearSVC

from tests.properties.strategies import NEAR_ZERO, ORDINARY, compare, fit, labels, tables, targets

SEEDS = st.integers(0, 1000)


@given(X=tables(rows=(4, 24)), data=st.data(), seed=SEEDS, count=st.integers(1, 8))
def test_boosted_classifiers(X, data, seed, count):
    y = data.draw(labels(len(X)))
    estimator = data.draw(st.sampled_from([None, RidgeClassifier()]))
    compare(fit(AdaBoostClassifier(estimator, n_estimators=count, random_state=seed), X, y), X)


@given(X=tables(rows=(4, 24)), seed=SEEDS, count=st.integers(1, 8), loss=st.sampled_from(["linear", "square"]))
def test_boosted_regressors(X, seed, count, loss):
    # Whole numbers make equal predictions.
    y = np.round(targets(X))
    compare(fit(AdaBoostRegressor(n_estimators=count, loss=loss, random_state=seed), X, y), X)


@given(X=tables(rows=(6, 24)), data=st.data(), seed=SEEDS, share=st.floats(0.1, 1.0), replace=st.booleans())
def test_bagged_classifiers(X, data, seed, share, replace):
    # Two classes at least: of one, scikit-learn's logarithms of ones sum to the rounding of a logarithm.
    y = data.draw(labels(len(X), data.draw(st.integers(2, 4))))
    estimator = data.draw(st.sampled_from([None, RidgeClassifier(), LinearSVC(max_iter=20)]))
    bagging = BaggingClassifier(
        estimator, n_estimators=4, max_samples=0.7, max_features=share, bootstrap_features=replace, random_state=seed
    )
    compare(fit(bagging, X, y), X)


@given(X=tables(rows=(4, 24)), seed=SEEDS, share=st.floats(0.1, 1.0), n_targets=st.sampled_from([None, 2]))
def test_bagged_regressors(X, seed, share, n_targets):
    bagging = BaggingRegressor(n_estimators=3, max_features=share, bootstrap=False, max_samples=0.6, random_state=seed)
    compare(fit(bagging, X, targets(X, n_targets)), X)


@given(
    # Not those beyond float32, which make thresholds of NaN.
    X=tables(ORDINARY + NEAR_ZERO, rows=(2, 24), missing=True),
    seed=SEEDS,
    contamination=st.sampled_from(["auto", 0.1, 0.25, 0.5]),
    share=st.floats(0.1, 1.0),
)
def test_isolation_forests(X, seed, contamination, share):
    forest = IsolationForest(n_estimators=5, contamination=contamination, max_features=share, random_state=seed)
    compare(fit(forest, X), X)


@given(X=tables(rows=(4, 24)), data=st.data(), seed=SEEDS)
def test_stages_of_gradient_boosting(X, data, seed):
    y = data.draw(labels(len(X), data.draw(st.integers(2, 3))))
    methods = ["staged_predict", "staged_predict_proba", "staged_decision_function"]
    compare(fit(GradientBoostingClassifier(n_estimators=3, random_state=seed), X, y), X, methods=methods)
