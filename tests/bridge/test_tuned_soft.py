"""Trees that are softened while they are tuned, and come back hard."""

import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk2torch import TunedClassifier, TunedRegressor, UnsupportedParameter


def test_thresholds_and_leaves_of_a_forest_move(table):
    X, y = table
    forest = make_pipeline(StandardScaler(), RandomForestClassifier(5, max_depth=3, random_state=0))
    model = TunedClassifier(forest, temperature=0.3, lr=0.01, max_epochs=10, random_state=0).fit(X, y)
    assert model.history_[-1]["train_loss"] < model.history_[0]["train_loss"]
    assert log_loss(y, model.predict_proba(X)) < log_loss(y, model.untuned_.predict_proba(X)) + 0.1
    assert_allclose(model.predict_proba(X).sum(axis=1), 1, atol=1e-9)
    hard = model.estimator_
    assert type(hard[1]) is RandomForestClassifier
    moved = np.concatenate(
        [a.tree_.threshold - b.tree_.threshold for a, b in zip(hard[1], model.untuned_[1], strict=True)]
    )
    assert abs(moved).max() > 1e-3
    assert hard.score(X, y) > 0.9


def test_boosting_is_kept_by_pickles_and_goes_on(table):
    X, target = table[0].drop(columns="petal_width"), table[0]["petal_width"]
    boosting = make_pipeline(StandardScaler(), HistGradientBoostingRegressor(max_iter=8, max_leaf_nodes=4))
    model = TunedRegressor(boosting, temperature=0.1, lr=0.01, max_epochs=10, random_state=0).fit(X, target)
    assert mean_squared_error(target, model.predict(X)) < 0.9 * mean_squared_error(
        target, boosting.fit(X, target).predict(X)
    )
    again = pickle.loads(pickle.dumps(model))
    assert_allclose(again.predict(X), model.predict(X), atol=1e-12)
    assert_allclose(again.estimator_.predict(X), model.estimator_.predict(X), atol=1e-12)
    assert again.partial_fit(X, target).history_[-1]["train_loss"] < model.history_[-1]["train_loss"]


def test_the_temperature_is_lowered_on_the_way(table):
    X, y = table
    forest = RandomForestClassifier(3, max_depth=2, random_state=0)
    model = TunedClassifier(forest, max_epochs=1, lr=1e-3, warm_start=True, random_state=0).fit(X, y)
    values = model.estimator_[0].tree_.value
    distances = []
    for temperature in (0.5, 0.1, 0.01):
        model.set_params(temperature=temperature).fit(X, y)
        distances.append(abs(model.predict_proba(X) - model.estimator_.predict_proba(X)).mean())
    assert distances[0] > distances[1] > distances[2]
    assert model.n_iter_ == 4
    hard = model.set_params(temperature=None).fit(X, y)
    assert_allclose(hard.predict_proba(X), hard.estimator_.predict_proba(X), atol=1e-12)
    assert abs(hard.estimator_[0].tree_.value - values).max() < 0.1


def test_thresholds_are_frozen_by_name_and_what_has_no_trees_is_refused(table):
    X, y = table
    forest = RandomForestClassifier(2, max_depth=2, random_state=0)
    model = TunedClassifier(forest, temperature=0.3, freeze="threshold", max_epochs=2).fit(X, y)
    first, last = ([tree.tree_.threshold for tree in f] for f in (model.untuned_, model.estimator_))
    assert_allclose(np.concatenate(last), np.concatenate(first), rtol=1e-6)
    with pytest.raises(UnsupportedParameter, match="trees"):
        TunedClassifier(LogisticRegression(C=0.1), temperature=0.3).fit(X, y)
