"""Compiled views of models."""

import numpy as np
import pytest
import torch
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import make_classification
from sklearn.decomposition import SparseCoder
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OutputCodeClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.svm import SVC, LinearSVC
from torch._dynamo.testing import CompileCounter

import sk2torch

ESTIMATORS = [
    make_pipeline(StandardScaler(), LogisticRegression()),
    RandomForestClassifier(5, random_state=0),
    HistGradientBoostingClassifier(max_iter=5),
    KNeighborsClassifier(),
    SVC(),
]


@pytest.mark.parametrize("first", [1, 2, 50])
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=lambda estimator: type(estimator).__name__)
def test_one_graph_for_any_number_of_rows(estimator, first):
    X, y = make_classification(200, 6, random_state=0)
    model = sk2torch.wrap(estimator.fit(X, y))
    torch._dynamo.reset()
    counter = CompileCounter()
    compiled = sk2torch.compile(model, backend=counter, dynamic=True)
    for n in (first, 1, 2, 3, 1000, 20_000):
        rows = torch.from_numpy(np.resize(X, (n, 6)))
        with torch.no_grad():
            assert torch.equal(compiled.predict(rows), model.predict(rows))
    assert counter.frame_count == 1


# What asks for the number of rows unless it is told not to: copies of transposed tables, softmax of them, flattened
# columns, loops.
ANSWERS = [
    (SVC(), "predict"),
    (QuadraticDiscriminantAnalysis(), "predict_proba"),
    (HistGradientBoostingClassifier(max_iter=3), "staged_predict_proba"),
    (OutputCodeClassifier(LinearSVC(), random_state=0), "predict"),
    (CalibratedClassifierCV(LinearSVC(), method="isotonic", cv=2), "predict"),
    (PolynomialFeatures(3), "transform"),
    (SparseCoder(np.eye(6)[:4], transform_algorithm="lasso_cd", transform_alpha=0.1), "transform"),
    (SparseCoder(np.eye(6)[:4], transform_algorithm="lasso_lars", transform_alpha=0.1), "transform"),
]


@pytest.mark.parametrize(("estimator", "method"), ANSWERS, ids=lambda v: v if isinstance(v, str) else type(v).__name__)
def test_graph_asks_for_no_number_of_rows(estimator, method):
    X, y = make_classification(120, 6, n_informative=4, n_redundant=0, n_classes=3, random_state=0)
    model = sk2torch.wrap(estimator.fit(X, y))
    torch._dynamo.reset()
    counter = CompileCounter()
    call = getattr(sk2torch.compile(model, backend=counter, dynamic=True), method)
    with torch.no_grad():
        for n in (1, 2, 4, 6, 1000):
            rows = torch.from_numpy(np.resize(X, (n, 6)))
            torch.testing.assert_close(call(rows), getattr(model, method)(rows))
    assert counter.frame_count == 1


@pytest.mark.parametrize("n", [1, 6])
def test_later_kinds_of_input_take_any_number_of_rows_too(n):
    X, y = make_classification(60, 6, random_state=0)
    model = sk2torch.wrap(make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y))
    torch._dynamo.reset()
    counter = CompileCounter()
    compiled = sk2torch.compile(model, backend=counter, dynamic=True)
    for dtype in (torch.float64, torch.float32):
        rows = torch.from_numpy(X).to(dtype)
        for part in (rows[:n].clone(), rows, rows[:2].clone()):
            compiled.predict_proba(part)
    assert counter.frame_count == 2
