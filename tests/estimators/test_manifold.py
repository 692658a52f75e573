"""Kernel PCA and manifolds: what is refused, and rows far from all others."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import FactorAnalysis, KernelPCA, SparsePCA
from sklearn.manifold import Isomap
from sklearn.neural_network import BernoulliRBM

import sk2torch
from sk2torch.functional.linear_systems import solve_positive
from tests.cases.data import plain
from tests.cases.decomposition import binary_pixels


def test_callable_kernel_is_refused():
    estimator = KernelPCA(2, kernel=lambda a, b: a @ b).fit(plain()[0][:20])
    with pytest.raises(sk2torch.UnsupportedParameter, match="kernel='precomputed'"):
        sk2torch.wrap(estimator)


def test_callable_metric_is_refused():
    estimator = Isomap(metric=lambda a, b: np.abs(a - b).max()).fit(plain()[0][:20])
    with pytest.raises(sk2torch.UnsupportedParameter, match="metric"):
        sk2torch.wrap(estimator)


def test_no_inverse_without_its_fit():
    assert not hasattr(sk2torch.wrap(KernelPCA(2).fit(plain()[0])), "inverse_transform")
    assert hasattr(sk2torch.wrap(KernelPCA(2, fit_inverse_transform=True).fit(plain()[0])), "inverse_transform")


def test_random_scores_are_left_out():
    model = sk2torch.wrap(BernoulliRBM(2, random_state=0).fit(binary_pixels()[0]))
    assert not hasattr(model, "score_samples")


def test_rows_without_neighbors_are_nan():
    X = plain()[0][:40]
    estimator = Isomap(n_neighbors=None, radius=4.5).fit(X)
    query = np.concatenate([X[:3] + 0.1, X[:1] + 1e3])
    with pytest.raises(ValueError, match="zero-size array"):
        estimator.transform(query)
    result = sk2torch.wrap(estimator).transform(torch.from_numpy(query)).detach().numpy()
    np.testing.assert_allclose(result[:3], estimator.transform(query[:3]), rtol=1e-9)
    assert np.isnan(result[3]).all()


def test_linear_systems():
    generator = torch.Generator().manual_seed(0)
    root = torch.randn(7, 12, 12, generator=generator, dtype=torch.float64)
    matrix = root @ root.transpose(1, 2) + torch.eye(12, dtype=torch.float64)
    right = torch.randn(7, 12, generator=generator, dtype=torch.float64)
    torch.testing.assert_close(solve_positive(matrix, right), torch.linalg.solve(matrix, right), rtol=1e-11, atol=1e-12)


def test_ridge_without_penalty_of_components_of_zeros():
    X = plain()[0]
    estimator = SparsePCA(3, alpha=15.0, ridge_alpha=0.0, max_iter=20, random_state=0).fit(X)
    assert not estimator.components_.any(axis=1).all()
    result = sk2torch.wrap(estimator).transform(torch.from_numpy(X)).detach().numpy()
    np.testing.assert_allclose(result, estimator.transform(X), rtol=1e-9, atol=1e-12)


def test_no_factors():
    X = plain()[0]
    estimator = FactorAnalysis(n_components=0).fit(X)
    model = sk2torch.wrap(estimator)
    assert model.transform(torch.from_numpy(X)).shape == (len(X), 0)
    scores = model.score_samples(torch.from_numpy(X)).detach().numpy()
    np.testing.assert_allclose(scores, estimator.score_samples(X), rtol=1e-12)
