"""Discriminant analysis: refusals, single classes, priors of zero."""

import inspect

import numpy as np
import pytest
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis

import sk2torch
from sk2torch.base import methods_of
from tests.cases import data
from tests.cases.discriminant import binary_words


def test_least_squares_has_no_transform():
    X, y = data.words()
    estimator = LinearDiscriminantAnalysis(solver="lsqr").fit(X, y)
    model = sk2torch.wrap(estimator)
    assert not hasattr(model, "transform")
    assert methods_of(model) == ["predict", "predict_proba", "predict_log_proba", "decision_function"]


@pytest.mark.parametrize("label", [4, "only", True])
def test_a_single_class_has_no_probabilities(label):
    X, _ = data.binary()
    estimator = LinearDiscriminantAnalysis().fit(X, np.full(len(X), label))
    model = sk2torch.wrap(estimator)
    assert methods_of(model) == ["predict", "transform", "decision_function"]
    predictor = sk2torch.Predictor(model)
    np.testing.assert_array_equal(predictor.predict(X), estimator.predict(X))
    np.testing.assert_array_equal(predictor.transform(X), estimator.transform(X))
    np.testing.assert_array_equal(predictor.decision_function(X), estimator.decision_function(X))


@pytest.mark.parametrize("solver", ["lsqr", "eigen"])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_single_class_is_refused_where_predictions_fail(solver):
    X, _ = data.multiclass()
    estimator = LinearDiscriminantAnalysis(solver=solver, shrinkage=0.1).fit(X + 1.0, np.ones(len(X)))
    with pytest.raises(sk2torch.UnsupportedParameter, match="fit on more classes"):
        sk2torch.wrap(estimator)


@pytest.mark.parametrize("family", [LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis])
@pytest.mark.parametrize("data_set", [binary_words, data.words])
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_prior_of_zero(family, data_set):
    X, y = data_set()
    priors = [0.0, 1.0] if data_set is binary_words else [0.0, 0.4, 0.6]
    estimator = family(priors=priors).fit(X, y)
    predictor = sk2torch.Predictor(sk2torch.wrap(estimator))
    np.testing.assert_array_equal(predictor.predict(X), estimator.predict(X))
    for method in ("predict_proba", "predict_log_proba", "decision_function"):
        expected = getattr(estimator, method)(X)
        np.testing.assert_allclose(getattr(predictor, method)(X), expected, rtol=1e-9, atol=1e-12)


def test_logarithms_of_zero_are_those_of_the_smallest_number_of_each_dtype():
    X, y = data.binary()
    estimator = LinearDiscriminantAnalysis().fit(X + 60.0 * y[:, None], y)
    for dtype in (torch.float64, torch.float32):
        model = sk2torch.wrap(estimator, dtype=dtype)
        answer = model.predict_log_proba(torch.full((1, 5), -1e4, dtype=dtype))
        assert answer[0, 1] == torch.tensor(torch.finfo(dtype).smallest_normal, dtype=dtype).log()


def test_a_singular_covariance_is_refused():
    if "solver" not in inspect.signature(QuadraticDiscriminantAnalysis).parameters:
        pytest.skip("this version only warns, which the next test covers")
    X, y = data.multiclass()
    X = np.column_stack([X, X[:, 0] - X[:, 1]])
    estimator = QuadraticDiscriminantAnalysis(tol=0.0)
    try:
        estimator.fit(X, y)
    except np.linalg.LinAlgError:
        pytest.skip("every variance is exactly zero")
    with pytest.raises(sk2torch.UnsupportedParameter, match="is singular"):
        sk2torch.wrap(estimator)


@pytest.mark.skipif(
    "solver" in inspect.signature(QuadraticDiscriminantAnalysis).parameters, reason="refused by scikit-learn"
)
@pytest.mark.filterwarnings("ignore")
def test_a_constant_feature_is_refused_where_scikit_learn_only_warns():
    X, y = data.multiclass()
    estimator = QuadraticDiscriminantAnalysis().fit(np.column_stack([X, np.ones(len(X))]), y)
    with pytest.raises(sk2torch.UnsupportedParameter, match="is singular"):
        sk2torch.wrap(estimator)
