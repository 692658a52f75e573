"""Dummy models: refusals, labels of several types, inputs that are never read."""

import numpy as np
import pytest
import scipy.sparse
import torch
from sklearn.dummy import DummyClassifier, DummyRegressor

import sk2torch
from tests.cases import data


@pytest.mark.parametrize("strategy", ["uniform", "stratified"])
def test_random_strategies_are_refused(strategy):
    estimator = DummyClassifier(strategy=strategy).fit(*data.binary())
    with pytest.raises(sk2torch.UnsupportedParameter, match="random"):
        sk2torch.wrap(estimator)


def test_sparse_targets_are_refused():
    X, y = data.multilabel()
    estimator = DummyClassifier().fit(X, scipy.sparse.csr_matrix(y))
    with pytest.raises(sk2torch.UnsupportedParameter, match="toarray"):
        sk2torch.wrap(estimator)


def test_a_constant_changed_after_the_fit_is_refused():
    estimator = DummyClassifier(strategy="constant", constant=3).fit(*data.multiclass()).set_params(constant=4)
    with pytest.raises(sk2torch.UnsupportedParameter, match="got 4"):
        sk2torch.wrap(estimator)


def test_nested_constants_are_refused():
    estimator = DummyClassifier(strategy="constant", constant=[["setosa"], ["setosa"]])
    estimator.fit(*data.multi_output_words())
    with pytest.raises(sk2torch.UnsupportedParameter, match="flat"):
        sk2torch.wrap(estimator)


def test_outputs_with_labels_of_several_types_are_refused():
    X, y = data.multi_output_words()
    mixed = np.stack([y[:, 0].astype(object), np.arange(len(y)).astype(object) % 3], axis=1)
    with pytest.raises(sk2torch.UnsupportedParameter, match="str"):
        sk2torch.wrap(DummyClassifier().fit(X, mixed))


@pytest.mark.parametrize("n_features", [0, 1, 9])
def test_any_width_will_do(n_features):
    x = torch.zeros(4, n_features)
    classifier = sk2torch.wrap(DummyClassifier().fit(*data.multiclass()))
    assert classifier.predict(x).shape == (4,)
    assert classifier.predict_proba(x).shape == (4, 3)
    regressor = sk2torch.wrap(DummyRegressor().fit(*data.multi_regression()))
    assert regressor.predict(x).shape == (4, 3)


def test_integer_constants_predict_integers():
    X, y = data.regression()
    estimator = DummyRegressor(strategy="constant", constant=2**53 + 1).fit(X, y)
    assert sk2torch.wrap(estimator).predict(torch.zeros(1, 5)).tolist() == [2**53 + 1]
    assert sk2torch.wrap(estimator, dtype=torch.float32).predict(torch.zeros(1, 5)).dtype == torch.int64


def test_weighted_targets():
    X, y = data.multi_regression()
    weight = np.linspace(0.0, 1.0, len(y))
    estimator = DummyRegressor(strategy="quantile", quantile=0.3).fit(X, y, sample_weight=weight)
    np.testing.assert_array_equal(sk2torch.Predictor(sk2torch.wrap(estimator)).predict(X), estimator.predict(X))
