"""Oddities of estimators of covariance and of mixtures."""

import numpy as np
import pytest
import torch
from sklearn.covariance import EllipticEnvelope, EmpiricalCovariance
from sklearn.mixture import GaussianMixture

import sk2torch
from tests.cases import data


@pytest.mark.parametrize("n_features", [1, 2, 3, 5, 20])
def test_distances_have_the_last_digit_of_scipy(n_features):
    # The offset of an envelope may be the distance of a training row, which is then an inlier or not by its last digit.
    generator = np.random.default_rng(n_features)
    X = generator.normal(size=(301, n_features)) @ generator.normal(size=(n_features, n_features))
    model = EmpiricalCovariance().fit(X)
    actual = sk2torch.wrap(model).mahalanobis(torch.from_numpy(X)).detach().numpy()
    assert (actual == model.mahalanobis(X)).mean() > 0.99


def test_row_on_the_threshold():
    X = data.multiclass()[0][:101]
    model = EllipticEnvelope(random_state=0).fit(X)
    module = sk2torch.wrap(model)
    for row in X:
        model.offset_ = -float(model.mahalanobis(row[None])[0])
        module.offset.data = torch.tensor(model.offset_, dtype=torch.float64)
        assert module.predict(torch.from_numpy(row[None])).tolist() == model.predict(row[None]).tolist() == [1]


def test_fewer_rows_than_features():
    X = np.random.default_rng(0).normal(size=(4, 6))
    model = EmpiricalCovariance().fit(X)
    actual = sk2torch.Predictor(sk2torch.wrap(model)).mahalanobis(X)
    np.testing.assert_allclose(actual, model.mahalanobis(X), rtol=1e-9)


def test_location_has_distance_zero_and_no_slope():
    module = sk2torch.wrap(EmpiricalCovariance().fit(data.binary()[0]))
    x = module.location.detach().clone().reshape(1, -1).requires_grad_()
    distance = module.mahalanobis(x)
    (slope,) = torch.autograd.grad(distance.sum(), x)
    assert distance.item() == 0.0
    assert not slope.any()


def test_mixture_keeps_its_digits_far_from_the_origin():
    X = data.multiclass()[0]
    near = GaussianMixture(3, covariance_type="diag", random_state=0).fit(X)
    far = GaussianMixture(3, covariance_type="diag", random_state=0).fit(X)
    shift = 2.0**24
    far.means_ = near.means_ + shift
    rows = torch.from_numpy(X.round(4))
    actual = sk2torch.wrap(far).score_samples(rows + shift)
    # Rounding of the shifted rows and means themselves, 2e-9.
    torch.testing.assert_close(actual, sk2torch.wrap(near).score_samples(rows), rtol=1e-6, atol=1e-6)


def test_component_without_weight():
    X = data.multiclass()[0]
    model = GaussianMixture(3, random_state=0).fit(X)
    model.weights_ = np.array([0.5, 0.0, 0.5])
    predictor = sk2torch.Predictor(sk2torch.wrap(model))
    with np.errstate(divide="ignore"):
        expected = model.predict_proba(X)
        labels = model.predict(X)
    np.testing.assert_allclose(predictor.predict_proba(X), expected, atol=1e-12)
    np.testing.assert_array_equal(predictor.predict(X), labels)
