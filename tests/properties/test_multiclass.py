"""Multiclass strategies, chains and calibration on drawn tables."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import RidgeClassifier
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import ClassifierChain, RegressorChain
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tests.properties.strategies import compare, fit, labels, tables, targets

MEMBERS = st.sampled_from([RidgeClassifier(), DecisionTreeClassifier(max_depth=2, random_state=0)])


@given(X=tables(rows=(4, 24)), data=st.data(), member=MEMBERS)
def test_strategies(X, data, member):
    y = data.draw(labels(len(X), data.draw(st.integers(2, 4))))
    strategies = [
        OneVsRestClassifier(member),
        OneVsOneClassifier(member),
        OutputCodeClassifier(member, code_size=1.2, random_state=data.draw(st.integers(0, 99))),
    ]
    compare(fit(data.draw(st.sampled_from(strategies)), X, y), X)


@given(X=tables(rows=(8, 24)), data=st.data(), method=st.sampled_from(["sigmoid", "isotonic"]), member=MEMBERS)
def test_calibration(X, data, method, member):
    y = data.draw(labels(len(X), data.draw(st.integers(2, 4))))
    calibrated = CalibratedClassifierCV(member, method=method, cv=2, ensemble=data.draw(st.booleans()))
    compare(fit(calibrated, X, y), X)


@given(X=tables(rows=(4, 24)), data=st.data(), member=MEMBERS)
def test_thresholds(X, data, member):
    y = data.draw(labels(len(X), 2))
    label = data.draw(st.sampled_from([None, *np.unique(y)]))
    threshold = data.draw(st.sampled_from(["auto", 0.0, 0.5, 1.0]))
    compare(fit(FixedThresholdClassifier(member, threshold=threshold, pos_label=label), X, y), X)


@given(X=tables(rows=(4, 24)), order=st.permutations([0, 1, 2]), member=MEMBERS)
def test_chains(X, order, member):
    y = targets(X, 3)
    compare(fit(ClassifierChain(member, order=list(order)), X, (y > 0).astype(int) * [1, 2, 3]), X)
    compare(fit(RegressorChain(DecisionTreeRegressor(max_depth=2), order=list(order)), X, y), X)
