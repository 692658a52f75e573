"""Linear models: rules of older versions, refusals, single classes, sparse coefficients."""

import numpy as np
import pytest
import scipy.sparse
import torch
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor

import sk2torch
from tests.cases import data


def test_logistic_regression_with_the_former_parameter_multi_class():
    X, y = data.multiclass()
    x = torch.from_numpy(X)
    scores = LogisticRegression().fit(X, y).decision_function(X)
    ratios = expit(scores) / expit(scores).sum(axis=1, keepdims=True)
    for multi_class, solver, expected in (
        ("auto", "lbfgs", softmax(scores, axis=1)),
        ("deprecated", "liblinear", ratios),
        ("ovr", "lbfgs", ratios),
        ("multinomial", "lbfgs", softmax(scores, axis=1)),
    ):
        estimator = LogisticRegression().fit(X, y).set_params(solver=solver)
        estimator.multi_class = multi_class
        actual = sk2torch.wrap(estimator).predict_proba(x).detach().numpy()
        np.testing.assert_allclose(actual, expected, rtol=1e-12)


def test_a_multinomial_fit_of_two_classes_has_a_softmax_of_both_signs():
    X, y = data.binary()
    estimator = LogisticRegression().fit(X, y)
    estimator.multi_class = "multinomial"
    scores = estimator.decision_function(X)
    actual = sk2torch.wrap(estimator).predict_proba(torch.from_numpy(X)).detach().numpy()
    np.testing.assert_allclose(actual, softmax(np.stack([-scores, scores], axis=1), axis=1), rtol=1e-12)


@pytest.mark.skipif("multi_class" in LogisticRegression().get_params(), reason="the parameter decides")
def test_the_solver_says_nothing_where_there_is_no_parameter_multi_class():
    X, y = data.multiclass()
    estimator = LogisticRegression().fit(X, y).set_params(solver="liblinear")
    actual = sk2torch.wrap(estimator).predict_proba(torch.from_numpy(X)).detach().numpy()
    np.testing.assert_allclose(actual, estimator.predict_proba(X), rtol=1e-12)


@pytest.mark.parametrize(
    "estimator", [RidgeClassifier(), MLPClassifier((3,), max_iter=2)], ids=lambda e: type(e).__name__
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_sparse_indicators_are_refused(estimator):
    X, y = data.multilabel()
    estimator.fit(X, scipy.sparse.csr_matrix(y))
    with pytest.raises(sk2torch.UnsupportedParameter, match="toarray"):
        sk2torch.wrap(estimator)


@pytest.mark.parametrize("label", [4, "only", True])
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_single_class(label):
    X, _ = data.binary()
    y = np.full(len(X), label)
    for estimator in (RidgeClassifier(), MLPClassifier((3,), max_iter=2, random_state=0)):
        estimator.fit(X, y)
        predictor = sk2torch.Predictor(sk2torch.wrap(estimator))
        np.testing.assert_array_equal(predictor.predict(X), estimator.predict(X))
        if hasattr(estimator, "predict_proba"):
            np.testing.assert_allclose(predictor.predict_proba(X), estimator.predict_proba(X), rtol=1e-12)


def test_a_single_class_without_intercept_is_refused():
    X, _ = data.binary()
    estimator = RidgeClassifier(fit_intercept=False).fit(X + 1.0, np.ones(len(X)))
    with pytest.raises(sk2torch.UnsupportedParameter, match="fit on more classes"):
        sk2torch.wrap(estimator)


def test_probabilities_of_saturated_scores_are_uniform():
    X, y = data.multiclass()
    model = sk2torch.wrap(SGDClassifier(loss="modified_huber", random_state=0).fit(X, y))
    with torch.no_grad():
        model.linear.weight.zero_()
        model.linear.bias.fill_(-5.0)
    expected = torch.full((4, 3), 1.0 / 3.0, dtype=torch.float64)
    torch.testing.assert_close(model.predict_proba(torch.zeros(4, 5)).detach(), expected)


def test_losses_without_probabilities():
    X, y = data.binary()
    model = sk2torch.wrap(SGDClassifier(loss="perceptron", random_state=0).fit(X, y))
    assert not hasattr(model, "predict_proba")
    assert not hasattr(model, "predict_log_proba")


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_networks_trained_step_by_step():
    X, y = data.multiclass()
    estimator = MLPClassifier((3,), random_state=0).partial_fit(X[:5], y[:5], classes=[-1, 3, 7, 9])
    model = sk2torch.wrap(estimator)
    x = torch.from_numpy(X)
    np.testing.assert_array_equal(model.predict(x).numpy(), estimator.predict(X))
    np.testing.assert_allclose(model.predict_proba(x).detach().numpy(), estimator.predict_proba(X), rtol=1e-10)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_network_fitted_in_single_precision_answers_in_double():
    X, y = data.multi_regression()
    estimator = MLPRegressor(hidden_layer_sizes=(4,), max_iter=3, random_state=0).fit(X.astype(np.float32), y)
    actual = sk2torch.wrap(estimator).predict(torch.from_numpy(X)).detach().numpy()
    np.testing.assert_allclose(actual, estimator.predict(X), rtol=1e-10)
