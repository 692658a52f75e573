"""AdaBoost, bagging and isolation forests beyond the table of cases, and what is refused."""

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    IsolationForest,
)
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

import sk2torch
from sk2torch.functional.weighted_median import staged_weighted_median, weighted_median
from tests import checks
from tests.cases import data


def assert_parity(estimator, X, tolerance=1e-10):
    model = sk2torch.wrap(estimator)
    predictor = sk2torch.Predictor(model, batch_size=500)
    for method in predictor.methods:
        expected = checks.sklearn_call(estimator, method, X)
        checks.assert_same(getattr(predictor, method)(X), expected, method, tolerance)
    return model


def grid():
    """Whole numbers, among which votes and predictions are often equal."""
    return np.random.default_rng(0).integers(-3, 4, size=(500, 5)).astype(np.float64)


@pytest.mark.parametrize("count", [2, 3, 10])
def test_ties_between_classes(count):
    X, y = data.multiclass()
    X = np.round(X)
    stump = DecisionTreeClassifier(max_depth=1)
    for estimator in (
        AdaBoostClassifier(n_estimators=count, random_state=0),
        AdaBoostClassifier(RidgeClassifier(), n_estimators=count, random_state=0),
        BaggingClassifier(n_estimators=count, random_state=0),
        BaggingClassifier(stump, n_estimators=count, random_state=0),
        BaggingClassifier(RidgeClassifier(), n_estimators=count, random_state=0),
    ):
        assert_parity(estimator.fit(X, y), grid())


def test_equal_predictions_of_regressors():
    X, y = data.regression()
    assert_parity(AdaBoostRegressor(n_estimators=12, random_state=0).fit(np.round(X), np.round(y)), grid())


@pytest.mark.parametrize("weights", [[1.0, 1.0, 1.0, 1.0], [0.1, 0.2, 0.3, 0.6], [0.0, 0.0, 0.0, 0.0], [3.0, 0, 0, 1]])
def test_weighted_median(weights):
    values = np.random.default_rng(1).integers(0, 3, size=(40, 4)).astype(np.float64)
    for row in values:
        order = np.argsort(row, kind="stable")
        share = np.cumsum(np.array(weights)[order])
        expected = row[order][np.argmax(share >= 0.5 * share[-1])]
        given = torch.from_numpy(row[None]), torch.tensor(weights, dtype=torch.float64)
        assert weighted_median(*given).item() == expected
        assert staged_weighted_median(*given)[-1].item() == expected


def test_stages_of_a_median_are_the_same_compiled():
    values = torch.from_numpy(np.random.default_rng(2).integers(0, 3, size=(40, 6)).astype(np.float64))
    weights = torch.tensor([0.3, 0.1, 1.0, 0.2, 0.7, 0.4], dtype=torch.float64)
    compiled = torch.compile(staged_weighted_median, fullgraph=True, backend="eager")
    assert torch.equal(compiled(values, weights), staged_weighted_median(values, weights))


def test_members_know_some_of_the_classes():
    X, y = data.words()
    scaled = make_pipeline(StandardScaler(), LogisticRegression())
    bagging = BaggingClassifier(scaled, n_estimators=6, max_samples=4, random_state=0).fit(X, y)
    assert {len(member.classes_) for member in bagging.estimators_} == {2, 3}
    model = assert_parity(bagging, X)
    # scikit-learn cannot add their scores.
    with pytest.raises(ValueError, match="broadcast"):
        bagging.decision_function(X)
    assert not hasattr(model, "decision_function")


def test_number_of_members_that_answer():
    X, y = data.words()
    for estimator in (None, LinearSVC()):
        bagging = BaggingClassifier(estimator, n_estimators=5, max_features=3, random_state=0).fit(X, y)
        for count in (3, 7):
            assert_parity(bagging.set_params(n_estimators=count), X)


def test_bagging_over_a_table_of_words():
    X, y = data.mixed_table()
    X = X[["grade", "city", "owner"]].fillna("?")
    rows = X.to_numpy(dtype=object)
    encode = make_pipeline(OneHotEncoder(handle_unknown="ignore"), LogisticRegression())
    assert_parity(BaggingClassifier(encode, n_estimators=3, max_features=2, random_state=0).fit(rows, y), rows)


def test_columns_keep_their_names():
    X, y = data.binary()
    frame = pd.DataFrame(X, columns=list("abcde"))
    for estimator in (
        IsolationForest(n_estimators=5, max_features=2, random_state=0).fit(frame),
        BaggingClassifier(n_estimators=3, max_features=2, random_state=0).fit(frame, y),
    ):
        predictor = sk2torch.Predictor(assert_parity(estimator, frame))
        np.testing.assert_array_equal(predictor.predict(frame[list("edcba")]), estimator.predict(frame))


@pytest.mark.parametrize("contamination", ["auto", 0.02, 0.1, 0.25, 0.5])
def test_outliers_on_the_verge(contamination):
    # The offset is often the score of a row of the fit, and rows are repeated.
    X = grid()
    for count in (1, 10, 60):
        forest = IsolationForest(n_estimators=count, contamination=contamination, max_samples=60, random_state=0)
        assert_parity(forest.fit(X), X)


def test_infinite_and_missing_values_are_isolated():
    X, _ = data.binary()
    strange = np.vstack([X[:9], np.full((1, 5), np.inf), np.full((1, 5), -1e300), np.full((1, 5), np.nan)])
    assert_parity(IsolationForest(n_estimators=9, random_state=0).fit(X), strange)


@pytest.mark.filterwarnings("ignore:overflow")
def test_thresholds_of_infinite_fits_are_refused():
    X = np.array([[1e38], [-1e38], [np.nan], [-5e38], [2.0]])
    with np.errstate(all="ignore"):
        forest = IsolationForest(n_estimators=20, random_state=0).fit(X)
    if not any(np.isnan(member.tree_.threshold).any() for member in forest.estimators_):
        pytest.skip("this version of scikit-learn draws other thresholds")
    with pytest.raises(sk2torch.UnsupportedParameter, match="rescale or clip"):
        sk2torch.wrap(forest)


def test_boosting_refuses_missing_values_as_scikit_learn_does():
    X, y = data.binary()
    model = sk2torch.wrap(AdaBoostClassifier(n_estimators=3, random_state=0).fit(X, y))
    with pytest.raises(sk2torch.InputError, match="NaN"):
        model.encode(np.full((2, 5), np.nan))


def test_boosted_members_of_other_classes_are_refused():
    X, y = data.multiclass()
    estimator = AdaBoostClassifier(LogisticRegression(), n_estimators=2, random_state=0).fit(X, y)
    estimator.estimators_[1] = LogisticRegression().fit(X[y > 0], y[y > 0])
    with pytest.raises(sk2torch.UnsupportedParameter, match="keeps all of the classes"):
        sk2torch.wrap(estimator)


def test_classifiers_under_a_boosted_regressor_are_refused():
    X, y = data.binary()
    estimator = AdaBoostRegressor(DecisionTreeClassifier(max_depth=1), n_estimators=2, random_state=0).fit(X, 1.0 * y)
    with pytest.raises(sk2torch.UnsupportedParameter, match="use a regressor"):
        sk2torch.wrap(estimator)
