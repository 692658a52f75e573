"""PCA: degenerate and single-precision data."""

import numpy as np
import pytest
import scipy.sparse
import torch
from sklearn.decomposition import PCA, KernelPCA

import sk2torch
from tests.cases import data


def deficient():
    """60 rows, 6 features of which one is constant and one the sum of two others."""
    X = np.random.default_rng(7).normal(size=(60, 6))
    X[:, 4] = X[:, 0] + X[:, 1]
    X[:, 5] = 2.0
    return X


@pytest.mark.parametrize("whiten", [False, True])
def test_rank_deficient_data(whiten):
    X = deficient()
    estimator = PCA(whiten=whiten).fit(X)
    model = sk2torch.wrap(estimator)
    expected = estimator.transform(X)
    actual = model.transform(torch.from_numpy(X)).detach().numpy()
    # Components without variance are rounding errors, blown up by whitening.
    np.testing.assert_allclose(actual[:, :4], expected[:, :4], rtol=1e-9, atol=1e-9)
    back = model.inverse_transform(torch.from_numpy(expected)).detach().numpy()
    np.testing.assert_allclose(back, estimator.inverse_transform(expected), rtol=1e-9)
    assert model.score_samples(torch.from_numpy(X)).isnan().all()


@pytest.mark.parametrize("whiten", [False, True])
def test_variances_of_zero_are_clipped(whiten):
    X = deficient()
    estimator = PCA(n_components=5, whiten=whiten).fit(X)
    estimator.explained_variance_[-1] = 0.0
    actual = sk2torch.wrap(estimator).transform(torch.from_numpy(X[:, ::-1].copy())).detach().numpy()
    np.testing.assert_allclose(actual, estimator.transform(X[:, ::-1]), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("whiten", [False, True])
def test_fitted_in_single_precision(whiten):
    X, _ = data.regression()
    X = (X + 100.0).astype(np.float32)
    estimator = PCA(n_components=3, whiten=whiten).fit(X)
    model = sk2torch.wrap(estimator)
    X = X.astype(np.float64)
    reduced = estimator.transform(X)
    np.testing.assert_allclose(model.transform(torch.from_numpy(X)).detach().numpy(), reduced, rtol=1e-9, atol=1e-10)
    back = model.inverse_transform(torch.from_numpy(reduced)).detach().numpy()
    tolerance = 1e-6 if whiten else 1e-12  # scikit-learn multiplies components and scales in float32.
    np.testing.assert_allclose(back, estimator.inverse_transform(reduced), rtol=tolerance)


@pytest.mark.parametrize("solver", ["arpack", "covariance_eigh"])
def test_fitted_on_a_sparse_matrix(solver):
    X, _ = data.regression()
    X = np.where(X > 0.5, X, 0.0)
    estimator = PCA(n_components=2, svd_solver=solver, random_state=0).fit(scipy.sparse.csr_matrix(X))
    predictor = sk2torch.Predictor(sk2torch.wrap(estimator))
    np.testing.assert_allclose(predictor.transform(X), estimator.transform(X), rtol=1e-9, atol=1e-10)


def test_no_components():
    X, _ = data.regression()
    estimator = PCA(n_components=0).fit(X)
    model = sk2torch.wrap(estimator)
    x = torch.from_numpy(X)
    assert model.transform(x).shape == (len(X), 0)
    np.testing.assert_allclose(model.score_samples(x).detach().numpy(), estimator.score_samples(X), rtol=1e-12)


def test_whitened_inverse_after_a_fit_on_single_precision():
    X = data.multiclass()[0]
    estimator = PCA(n_components=2, whiten=True).fit(X.astype(np.float32))
    z = estimator.transform(X)
    actual = sk2torch.wrap(estimator).inverse_transform(torch.from_numpy(z)).detach().numpy()
    np.testing.assert_allclose(actual, estimator.inverse_transform(z), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kernel", ["linear", "rbf", "poly", "cosine"])
def test_kernel_projection_after_a_fit_on_single_precision(kernel):
    X = data.multiclass()[0]
    estimator = KernelPCA(n_components=2, kernel=kernel).fit(X.astype(np.float32))
    actual = sk2torch.wrap(estimator).transform(torch.from_numpy(X)).detach().numpy()
    np.testing.assert_allclose(actual, estimator.transform(X), rtol=1e-9, atol=1e-10)
