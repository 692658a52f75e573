"""Wrapped models are modules of skorch's nets."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from skorch import NeuralNetClassifier, NeuralNetRegressor

import sk2torch

NUMBERS = ["sepal_length", "sepal_width", "petal_length", "petal_width"]


@pytest.fixture(scope="module")
def numbers(iris):
    X, y = iris
    return X[NUMBERS].to_numpy(copy=True), np.unique(y, return_inverse=True)[1].astype(np.int64)


def test_classifier_goes_on_from_the_fitted_model(numbers):
    X, y = numbers
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(C=0.01)).fit(X, y)
    model = sk2torch.wrap(pipeline)
    net = NeuralNetClassifier(
        sk2torch.method_module(model, "predict_proba"), optimizer=torch.optim.Adam, lr=0.05, max_epochs=30, verbose=0
    )
    tuned = clone(net).fit(X, y)
    assert log_loss(y, tuned.predict_proba(X)) < 0.5 * log_loss(y, pipeline.predict_proba(X))
    assert tuned.score(X, y) > 0.95
    # The clone was trained, not the model.
    np.testing.assert_allclose(sk2torch.Predictor(model).predict_proba(X), pipeline.predict_proba(X), atol=1e-12)
    # skorch trains an instance that is given as it is: parameters are shared with the model.
    net.fit(X, y)
    np.testing.assert_allclose(sk2torch.Predictor(model).predict_proba(X), net.predict_proba(X), atol=1e-12)


def test_regressor_goes_on_from_the_fitted_model(numbers):
    X, _ = numbers
    # skorch wants targets of two dimensions.
    target = X[:, :2]
    ridge = make_pipeline(StandardScaler(), Ridge(1e3)).fit(X[:, 2:], target)
    net = NeuralNetRegressor(sk2torch.wrap(ridge), optimizer=torch.optim.Adam, lr=0.05, max_epochs=50, verbose=0)
    net.fit(X[:, 2:], target)
    assert mean_squared_error(target, net.predict(X[:, 2:])) < 0.8 * mean_squared_error(target, ridge.predict(X[:, 2:]))
