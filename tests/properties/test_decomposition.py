"""Decompositions on drawn tables."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import NMF, KernelPCA, LatentDirichletAllocation, MiniBatchNMF, SparseCoder
from sklearn.manifold import LocallyLinearEmbedding

from tests.properties.strategies import ORDINARY, compare, fit, tables, targets

SEEDS = st.integers(0, 1000)


@given(
    X=tables(ORDINARY, rows=(2, 20), nonnegative=True),
    seed=SEEDS,
    beta=st.sampled_from([2.0, 1.0, 0.5, 1.5, 2.5]),
    penalty=st.sampled_from([0.0, 0.05]),
    ratio=st.sampled_from([0.0, 0.5, 1.0]),
    is_minibatch=st.booleans(),
)
def test_multiplicative_updates(X, seed, beta, penalty, ratio, is_minibatch):
    settings = {"n_components": 2, "beta_loss": beta, "alpha_W": penalty, "l1_ratio": ratio, "max_iter": 40}
    estimator = MiniBatchNMF(**settings) if is_minibatch else NMF(solver="mu", **settings)
    compare(fit(estimator.set_params(init="random", random_state=seed), X), X, tolerance=1e-8)


@given(
    X=tables(ORDINARY, rows=(2, 20), nonnegative=True),
    seed=SEEDS,
    n_components=st.integers(1, 6),
    penalty=st.sampled_from([0.0, 0.05]),
    tol=st.sampled_from([0.0, 1e-4, 1e-2]),
)
def test_coordinate_descent(X, seed, n_components, penalty, tol):
    # More components than features leave factors that are rounding errors.
    settings = {"n_components": min(n_components, X.shape[1]), "alpha_W": penalty, "alpha_H": 0.0, "tol": tol}
    compare(fit(NMF(init="random", l1_ratio=0.5, max_iter=30, random_state=seed, **settings), X), X, tolerance=1e-8)


@given(X=tables(ORDINARY, rows=(2, 20), nonnegative=True), seed=SEEDS, n_components=st.integers(1, 5))
def test_topics(X, seed, n_components):
    compare(fit(LatentDirichletAllocation(n_components, random_state=seed, max_iter=3), X), X)


@given(
    X=tables(("normal",), rows=(1, 20)),
    seed=SEEDS,
    n_atoms=st.integers(1, 7),
    algorithm=st.sampled_from(["omp", "lars", "lasso_lars", "lasso_cd", "threshold"]),
    alpha=st.sampled_from([0.02, 0.3, 1.0]),
    n_nonzero=st.integers(1, 3),
    positive=st.booleans(),
    split=st.booleans(),
)
def test_sparse_codes(X, seed, n_atoms, algorithm, alpha, n_nonzero, positive, split):
    dictionary = np.random.default_rng(seed).normal(size=(n_atoms, X.shape[1]))
    coder = SparseCoder(
        dictionary / np.linalg.norm(dictionary, axis=1, keepdims=True),
        transform_algorithm=algorithm,
        transform_alpha=alpha,
        transform_n_nonzero_coefs=min(n_nonzero, n_atoms, X.shape[1]),
        transform_max_iter=20,
        positive_code=positive and algorithm not in ("omp", "lars"),
        split_sign=split,
    )
    compare(fit(coder, X), X, tolerance=1e-8)


@given(
    X=tables(("normal",), rows=(4, 20)),
    kernel=st.sampled_from(["linear", "poly", "rbf", "sigmoid", "cosine"]),
    gamma=st.sampled_from([None, 0.1, 2.0]),
)
def test_kernels(X, kernel, gamma):
    compare(fit(KernelPCA(1, kernel=kernel, gamma=gamma), X), X)


@given(X=tables(("normal", "constant"), rows=(4, 20)), n_targets=st.sampled_from([None, 1, 3]), scale=st.booleans())
def test_partial_least_squares(X, n_targets, scale):
    compare(fit(PLSRegression(1, scale=scale), X, targets(X, n_targets)), X)


@given(X=tables(("normal", "grid"), rows=(6, 20)), k=st.integers(1, 5), reg=st.sampled_from([1e-3, 0.5]))
def test_embeddings(X, k, reg):
    compare(fit(LocallyLinearEmbedding(n_neighbors=k, reg=reg, n_components=1, eigen_solver="dense"), X), X)
