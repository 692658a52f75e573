"""Bayesian, generalised and robust linear models: refusals and special states."""

import numpy as np
import pytest
import torch
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import ARDRegression, BayesianRidge, PoissonRegressor, RANSACRegressor, TweedieRegressor

import sk2torch
from tests.cases import data


def test_a_changed_threshold_is_refused():
    X, y = data.regression()
    estimator = ARDRegression().fit(X, y).set_params(threshold_lambda=1e-9)
    with pytest.raises(sk2torch.UnsupportedParameter, match="set threshold_lambda back"):
        sk2torch.wrap(estimator)


@pytest.mark.parametrize("family", [BayesianRidge, ARDRegression])
def test_the_deviation_is_about_the_mean_where_scikit_learn_has_it_so(family):
    X, y = data.regression()
    estimator = family().fit(X + 10.0, y)
    mean, std = estimator.predict(X, return_std=True)
    model = sk2torch.wrap(estimator)
    actual = [result.detach().numpy() for result in model.predict_with_std(torch.from_numpy(X))]
    np.testing.assert_allclose(actual[0], mean, rtol=1e-11)
    np.testing.assert_allclose(actual[1], std, rtol=1e-11)
    predicted = sk2torch.Predictor(model).predict(X, return_std=True)
    np.testing.assert_allclose(predicted[1], std, rtol=1e-11)


def test_the_noise_of_a_fit_in_single_precision():
    X, y = data.regression()
    estimator = BayesianRidge().fit(X.astype(np.float32), y.astype(np.float32))
    _, std = estimator.predict(X, return_std=True)
    _, actual = sk2torch.wrap(estimator).predict_with_std(torch.from_numpy(X))
    np.testing.assert_allclose(actual.detach().numpy(), std, rtol=1e-12)


def test_the_link_is_that_of_the_fit():
    X, y = data.positive_regression()
    estimator = TweedieRegressor(power=1.5, link="log").fit(X, y)
    expected = estimator.predict(X)
    model = sk2torch.wrap(estimator.set_params(link="identity"))
    np.testing.assert_allclose(model.predict(torch.from_numpy(X)).detach().numpy(), expected, rtol=1e-12)


def test_unknown_links_are_refused():
    X, y = data.positive_regression()
    estimator = PoissonRegressor().fit(X, y)
    estimator._base_loss.link = object()
    with pytest.raises(sk2torch.UnsupportedParameter, match="set link to either"):
        sk2torch.wrap(estimator)


class MeanRegressor(RegressorMixin, BaseEstimator):
    """Without a converter."""

    def fit(self, X, y):
        self.mean_ = y.mean()
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)


def test_an_inner_estimator_without_converter_is_refused():
    X, y = data.regression()
    estimator = RANSACRegressor(MeanRegressor(), min_samples=10, random_state=0).fit(X, y)
    with pytest.raises(sk2torch.UnsupportedEstimator, match="MeanRegressor"):
        sk2torch.wrap(estimator)


def test_names_of_features_reach_the_inner_estimator():
    pd = pytest.importorskip("pandas")
    X, y = data.regression()
    frame = pd.DataFrame(X, columns=list("abcde"))
    estimator = RANSACRegressor(random_state=0).fit(frame, y)
    predictor = sk2torch.Predictor(sk2torch.wrap(estimator))
    np.testing.assert_allclose(predictor.predict(frame[list("edcba")]), estimator.predict(frame), rtol=1e-12)
