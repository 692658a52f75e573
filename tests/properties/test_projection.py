"""Random features agree with scikit-learn's on any table."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.ensemble import RandomTreesEmbedding
from sklearn.kernel_approximation import AdditiveChi2Sampler, PolynomialCountSketch, RBFSampler, SkewedChi2Sampler
from sklearn.random_projection import GaussianRandomProjection, SparseRandomProjection

import sk2torch
from tests.properties.strategies import ALL, ORDINARY, compare, fit, tables

# Of tiny values the sampler's logarithm of the sum is rounding; of huge ones the cosine is.
SEEDS = st.integers(0, 99)


def _assert_close(method, x, expected):
    """By the scale of the table: where a column is zero, scikit-learn has the rounding of the others."""
    actual = method(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-12 * np.abs(expected).max(initial=1e-300))


@given(tables(), SEEDS, st.integers(1, 6), st.booleans())
def test_random_projections(X, seed, n_components, is_sparse):
    cls = SparseRandomProjection if is_sparse else GaussianRandomProjection
    estimator = fit(cls(n_components, random_state=seed), X)
    compare(estimator, X, methods=["transform"])
    projected = estimator.transform(X)
    _assert_close(sk2torch.wrap(estimator).inverse_transform, projected, estimator.inverse_transform(projected))


@given(tables((*ORDINARY, "tiny", "near_zero")), SEEDS, st.integers(1, 6), st.sampled_from([0.1, 1.0, "scale"]))
def test_fourier_features(X, seed, n_components, gamma):
    compare(fit(RBFSampler(gamma=gamma, n_components=n_components, random_state=seed), X), X)


@given(tables(ORDINARY, nonnegative=True), SEEDS, st.integers(1, 6), st.sampled_from([0.1, 1.0]))
def test_skewed_sampler(X, seed, n_components, skewedness):
    estimator = SkewedChi2Sampler(skewedness=skewedness, n_components=n_components, random_state=seed)
    compare(fit(estimator, X), X)


@given(tables(ALL, nonnegative=True), st.integers(1, 3), st.sampled_from([None, 0.1, 0.7]))
def test_additive_sampler(X, steps, interval):
    compare(fit(AdditiveChi2Sampler(sample_steps=steps, sample_interval=interval), X), X)


@given(tables(ORDINARY), SEEDS, st.integers(1, 20), st.integers(1, 4), st.sampled_from([0.0, 0.5]))
def test_tensor_sketch(X, seed, n_components, degree, coef0):
    estimator = PolynomialCountSketch(degree=degree, coef0=coef0, n_components=n_components, random_state=seed)
    expected = fit(estimator, X).transform(X)
    _assert_close(sk2torch.wrap(estimator).transform, X, expected)


@given(tables(("normal", "grid", "constant", "huge", "tiny"), rows=(2, 24), missing=True), SEEDS, st.booleans())
def test_random_trees(X, seed, is_sparse):
    estimator = RandomTreesEmbedding(3, max_depth=4, sparse_output=is_sparse, random_state=seed)
    compare(fit(estimator, np.clip(X, -1e30, 1e30)), np.clip(X, -1e30, 1e30), tolerance=0.0)
