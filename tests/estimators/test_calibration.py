"""Calibration, thresholds, searches and frozen estimators beyond the table of cases, and what is refused."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import BayesianRidge, LogisticRegression
from sklearn.model_selection import FixedThresholdClassifier, GridSearchCV, PredefinedSplit
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import LabelEncoder, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

import sk2torch
from tests.cases import data
from tests.cases.calibration import HAS_TEMPERATURE
from tests.cases.multiclass import tree
from tests.estimators.test_ensemble import assert_parity, grid

METHODS = ["sigmoid", "isotonic", *(["temperature"] if HAS_TEMPERATURE else [])]


@pytest.mark.parametrize("method", METHODS)
def test_calibrated_trees(method):
    # Probabilities of zero and one; on a grid many are equal.
    X, y = data.multiclass()
    # Temperature scaling takes labels for indices of columns, whatever they are.
    for labels in (np.unique(y, return_inverse=True)[1], y > 0):
        for estimator in (tree(), HistGradientBoostingClassifier(max_iter=3)):
            calibrated = CalibratedClassifierCV(estimator, method=method, cv=2).fit(np.round(X), labels)
            assert_parity(calibrated, grid())


def test_fold_without_a_class():
    X, y = data.words()
    order = np.argsort(y, kind="stable")
    X, y = X[order], y[order]
    # What is fitted on the first fold knows two classes, and the score of the second counts for the first.
    folds = PredefinedSplit(np.where(y == "virginica", 0, np.arange(150) % 2))
    calibrated = CalibratedClassifierCV(LogisticRegression(), cv=folds).fit(X, y)
    assert sorted(len(member.estimator.classes_) for member in calibrated.calibrated_classifiers_) == [2, 3]
    assert_parity(calibrated, X)


def test_isotonic_calibration_in_single_precision():
    X, y = data.binary()
    network = MLPClassifier((4,), max_iter=300, tol=0.1, random_state=0)
    calibrated = CalibratedClassifierCV(network, method="isotonic", cv=2).fit(X.astype(np.float32), y)
    assert calibrated.calibrated_classifiers_[0].calibrators[0].X_thresholds_.dtype == np.float32
    assert_parity(calibrated, X, 1e-6)


@pytest.mark.skipif(not HAS_TEMPERATURE, reason="this version of scikit-learn has no temperature scaling")
def test_scores_that_are_no_distribution():
    # Rows that no member takes have probabilities of zero: scikit-learn then takes all rows for decision values.
    X, y = np.round(data.multiclass()[0]), np.arange(150) * 7 % 5
    members = OneVsRestClassifier(DecisionTreeClassifier())
    calibrated = CalibratedClassifierCV(members, method="temperature", cv=2).fit(X, y)
    for rows in (grid(), grid()[:1], grid()[1:4], grid()[:0]):
        expected = calibrated.predict_proba(rows) if len(rows) else np.zeros((0, 5))
        actual = sk2torch.wrap(calibrated).predict_proba(torch.from_numpy(rows))
        np.testing.assert_allclose(actual.detach(), expected, rtol=1e-9)


def test_fixed_threshold_of_a_fitted_classifier_needs_no_fit():
    X, y = data.binary_words()
    fitted = LogisticRegression().fit(X, y)
    model = assert_parity(FixedThresholdClassifier(fitted, threshold=0.8), X)
    assert model.n_features_in == 5
    table, labels = data.mixed_table()
    pipeline = make_pipeline(OneHotEncoder(), LogisticRegression()).fit(table[["grade"]], labels)
    assert_parity(FixedThresholdClassifier(FrozenEstimator(pipeline), threshold=0.4), table[["grade"]])


def test_score_at_the_threshold_counts():
    X, y = data.binary()
    fixed = FixedThresholdClassifier(tree()).fit(X, y)
    leaf = fixed.predict_proba(X)[0]
    for label, share in zip((0, 1), leaf, strict=True):
        assert_parity(FixedThresholdClassifier(tree(), threshold=float(share), pos_label=label).fit(X, y), X)


def test_frozen_estimators_have_all_methods():
    X, y = data.regression()
    pipeline = make_pipeline(StandardScaler(), BayesianRidge()).fit(X, y)
    assert hasattr(assert_parity(FrozenEstimator(pipeline), X), "predict_with_std")
    words = np.array(["b", "a", "b"])
    encoder = sk2torch.Predictor(sk2torch.wrap(FrozenEstimator(LabelEncoder().fit(words))))
    assert encoder.transform(words).tolist() == [1, 0, 1]


def test_search_hands_on_what_scikit_learn_does():
    X, y = data.regression()
    search = GridSearchCV(make_pipeline(StandardScaler(), BayesianRidge()), {}, cv=2).fit(X, y)
    assert not hasattr(assert_parity(search, X), "predict_with_std")
    X, y = data.binary()
    search = GridSearchCV(tree(), {}, cv=2).fit(X, y)
    assert not hasattr(assert_parity(search, X), "predict_with_std")
    assert not hasattr(clone(search), "apply")


def test_member_that_saw_one_class_is_refused():
    X, y = data.binary()
    calibrated = CalibratedClassifierCV(tree(), cv=2).fit(X, y)
    calibrated.calibrated_classifiers_[0].estimator = tree().fit(X, np.zeros_like(y))
    with pytest.raises(sk2torch.UnsupportedParameter, match="fewer or stratified folds"):
        sk2torch.wrap(calibrated)
