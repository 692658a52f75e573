"""Compiled views of models."""

import numpy as np
import pytest
import torch
from sklearn.datasets import make_classification
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
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
