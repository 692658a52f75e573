"""Losses, fits and initial models of gradient boosting beyond the table of cases, and what is refused."""

import functools
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from sklearn._loss.loss import ExponentialLoss, HalfBinomialLoss, HalfTweedieLoss
from sklearn.datasets import make_classification
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.linear_model import Ridge

import sk2torch
from tests import checks
from tests.cases import data
from tests.cases.boosting import few, number_categories, small

VARIANTS = {
    **{
        f"gradient-{loss}": (functools.partial(GradientBoostingRegressor, **small(loss=loss)), data.regression)
        for loss in ("squared_error", "absolute_error", "huber", "quantile")
    },
    "gradient-early": (
        lambda: GradientBoostingClassifier(n_estimators=30, n_iter_no_change=2, tol=0.05, random_state=0),
        data.multiclass,
    ),
    "gradient-leaves": (
        lambda: GradientBoostingClassifier(**small(max_leaf_nodes=4, criterion="squared_error", ccp_alpha=0.01)),
        data.binary,
    ),
    "gradient-stump": (lambda: GradientBoostingRegressor(**small(min_samples_leaf=1000)), data.regression),
    "gradient-zero-binary": (lambda: GradientBoostingClassifier(**small(init="zero")), data.binary),
    "gradient-init-frequent": (
        lambda: GradientBoostingClassifier(**small(init=DummyClassifier(strategy="most_frequent"))),
        data.multiclass,
    ),
    "gradient-init-median": (
        lambda: GradientBoostingRegressor(**small(init=DummyRegressor(strategy="median"))),
        data.regression,
    ),
    "gradient-init-trees": (
        lambda: GradientBoostingRegressor(**small(init=HistGradientBoostingRegressor(**few()))),
        data.regression,
    ),
    "gradient-init-sure": (
        lambda: GradientBoostingClassifier(
            **small(init=GradientBoostingClassifier(n_estimators=200, learning_rate=1.0, max_depth=6))
        ),
        data.multiclass,
    ),
    "histogram-tweedie": (
        lambda: HistGradientBoostingRegressor(**few(loss=HalfTweedieLoss(power=1.5))),
        data.positive_regression,
    ),
    "histogram-exponential": (lambda: HistGradientBoostingClassifier(**few(loss=ExponentialLoss())), data.binary),
    "histogram-bins": (lambda: HistGradientBoostingClassifier(**few(max_bins=2)), data.booleans),
    "histogram-stump": (lambda: HistGradientBoostingRegressor(**few(min_samples_leaf=1000)), data.regression),
    "histogram-no-categories": (
        lambda: HistGradientBoostingRegressor(**few(categorical_features=[False] * 5)),
        data.regression,
    ),
    "histogram-all-categories": (
        lambda: HistGradientBoostingRegressor(**few(categorical_features=[0, 1])),
        lambda: (number_categories()[0][:, 1:], number_categories()[1]),
    ),
}


def fit(estimator: Any, X: Any, y: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator.fit(X, y)


@pytest.mark.parametrize("name", VARIANTS)
def test_variant(name):
    make, source = VARIANTS[name]
    X, y = source()
    estimator = fit(make(), X, y)
    predictor = sk2torch.Predictor(sk2torch.wrap(estimator))
    query = np.concatenate([X, X + 0.1])
    for method in predictor.methods:
        checks.assert_same(
            getattr(predictor, method)(query), checks.sklearn_call(estimator, method, query), method, 1e-10
        )


def test_missing_values_reach_the_leaves_that_scikit_learn_names():
    X, y = data.regression()
    estimator = GradientBoostingRegressor(**small()).fit(X, y)
    X = X.copy()
    X[::3, 0], X[1::3, 2] = np.nan, np.nan
    np.testing.assert_array_equal(sk2torch.wrap(estimator).apply(torch.from_numpy(X)), estimator.apply(X))


def test_labels_on_the_verge():
    # Many equal rows with both labels: scores are often zero, and their sign one of rounding.
    X, y = make_classification(300, 4, random_state=0)
    X = np.round(X)
    for make in (
        lambda: GradientBoostingClassifier(init="zero", n_estimators=40),
        lambda: HistGradientBoostingClassifier(max_iter=40, min_samples_leaf=2),
    ):
        estimator = make().fit(np.concatenate([X, X]), np.concatenate([y, 1 - y]))
        model = sk2torch.wrap(estimator)
        x = torch.from_numpy(X)
        np.testing.assert_array_equal(model.predict(x), estimator.predict(X))
        np.testing.assert_array_equal(model.decision_function(x).detach(), estimator.decision_function(X))


def test_leaves_are_trainable():
    X, y = data.binary()
    for estimator in (
        GradientBoostingClassifier(**small()).fit(X, y),
        HistGradientBoostingClassifier(**few()).fit(X, y),
    ):
        model = sk2torch.wrap(estimator)
        model.predict_proba(torch.from_numpy(X))[:, 1].log().sum().backward()
        assert model.boosting.trees.values.grad.abs().sum() > 0


def test_thresholds_between_neighbours_in_float32():
    # The thresholds have no float32; a float32 module still sends each value to its side.
    low = np.float32(1.0)
    X = np.repeat([[low], [np.nextafter(low, np.float32(2))]], 30, axis=0).astype(np.float64)
    y = np.repeat([0.0, 1.0], 30)
    for estimator in (HistGradientBoostingRegressor(max_iter=3), GradientBoostingRegressor(n_estimators=3)):
        model = sk2torch.wrap(estimator.fit(X, y), dtype=torch.float32)
        np.testing.assert_allclose(model.predict(torch.from_numpy(X)).detach(), estimator.predict(X), rtol=1e-5)


def test_float32_probabilities_of_init_are_refused():
    class Single(DummyClassifier):
        """A classifier that answers in float32."""

        def predict_proba(self, X):
            return super().predict_proba(X).astype(np.float32)

    X, y = data.binary()
    estimator = GradientBoostingClassifier(**small(init=Single())).fit(X, y)
    with pytest.raises(sk2torch.UnsupportedParameter, match="float64 probabilities"):
        sk2torch.wrap(estimator)


@pytest.mark.parametrize("strategy", ["stratified", "uniform"])
def test_random_init_is_refused(strategy):
    X, y = data.binary()
    init = DummyClassifier(strategy=strategy, random_state=0)
    with pytest.raises((sk2torch.UnsupportedParameter, sk2torch.UnsupportedEstimator)):
        sk2torch.wrap(GradientBoostingClassifier(**small(init=init)).fit(X, y))


def test_unknown_link_is_refused():
    X, y = data.binary()
    estimator = HistGradientBoostingRegressor(**few(loss=HalfBinomialLoss())).fit(X, y.astype(float))
    with pytest.raises(sk2torch.UnsupportedParameter, match="LogitLink"):
        sk2torch.wrap(estimator)


def test_linear_init_agrees_to_single_precision():
    X, y = data.regression()
    estimator = GradientBoostingRegressor(**small(init=Ridge())).fit(X, y)
    model = sk2torch.wrap(estimator)
    np.testing.assert_allclose(model.predict(torch.from_numpy(X)).detach(), estimator.predict(X), rtol=1e-4, atol=1e-5)
