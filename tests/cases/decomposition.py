"""Decompositions by linear and kernel projections."""

import functools

import numpy as np
from sklearn.decomposition import (
    PCA,
    FactorAnalysis,
    FastICA,
    IncrementalPCA,
    KernelPCA,
    MiniBatchSparsePCA,
    SparsePCA,
)
from sklearn.neural_network import BernoulliRBM

from tests.cases import Case, data
from tests.cases.data import gram, plain, sparse_rows


@functools.cache
def one_feature():
    """A single feature."""
    return data.multiclass()[0][:, :1], None


@functools.cache
def binary_pixels():
    """Features between 0 and 1."""
    X = data.multiclass()[0]
    return 1.0 / (1.0 + np.exp(-2.0 * X)), None


@functools.cache
def few_rows():
    """Fewer rows than features."""
    return np.random.default_rng(3).normal(size=(4, 6)), None


def _kernel(special, data=plain, n_components=3, **parameters):
    settings = {key: parameters.pop(key) for key in ("query", "primary", "tolerance") if key in parameters}
    name = f"KernelPCA-{special}" if special else "KernelPCA"
    return Case(name, lambda: KernelPCA(n_components=n_components, **parameters), data, **settings)


CASES = [
    Case("PCA", PCA, data.regression),
    Case("PCA-components", lambda: PCA(n_components=2), data.multiclass, primary=True),
    Case("PCA-whiten", lambda: PCA(n_components=3, whiten=True), data.regression, primary=True),
    Case("PCA-whiten-all", lambda: PCA(whiten=True, svd_solver="full"), data.regression),
    Case("PCA-mle", lambda: PCA(n_components="mle"), data.multiclass),
    Case("PCA-ratio", lambda: PCA(n_components=0.7, svd_solver="covariance_eigh"), data.regression),
    Case("PCA-arpack", lambda: PCA(n_components=2, svd_solver="arpack", random_state=0), data.regression),
    Case("PCA-randomized", lambda: PCA(n_components=2, svd_solver="randomized", random_state=0), data.regression),
    Case("IncrementalPCA", IncrementalPCA, data.regression),
    Case("IncrementalPCA-whiten", lambda: IncrementalPCA(2, whiten=True, batch_size=30), data.multiclass),
    Case("IncrementalPCA-sparse", lambda: IncrementalPCA(2, batch_size=50), sparse_rows),
    Case("FactorAnalysis", FactorAnalysis, plain),
    Case("FactorAnalysis-two", lambda: FactorAnalysis(n_components=2, svd_method="lapack"), plain),
    Case("FactorAnalysis-varimax", lambda: FactorAnalysis(n_components=2, rotation="varimax"), plain),
    Case("FactorAnalysis-quartimax", lambda: FactorAnalysis(n_components=3, rotation="quartimax"), plain),
    Case("FastICA", lambda: FastICA(random_state=0, whiten="unit-variance"), plain),
    Case("FastICA-two", lambda: FastICA(2, random_state=0, whiten="unit-variance", fun="cube"), plain),
    Case(
        "FastICA-arbitrary-variance",
        lambda: FastICA(3, random_state=0, whiten="arbitrary-variance", algorithm="deflation"),
        plain,
    ),
    Case("FastICA-no-whitening", lambda: FastICA(random_state=0, whiten=False, max_iter=20), plain),
    Case("SparsePCA", lambda: SparsePCA(random_state=0, max_iter=20), plain),
    Case("SparsePCA-ridge", lambda: SparsePCA(3, ridge_alpha=2.0, method="cd", max_iter=20, random_state=0), plain),
    Case("SparsePCA-zero-components", lambda: SparsePCA(3, alpha=15.0, max_iter=20, random_state=0), plain),
    Case("SparsePCA-one-feature", lambda: SparsePCA(2, max_iter=20, random_state=0), one_feature),
    Case("SparsePCA-overcomplete", lambda: SparsePCA(7, alpha=0.1, max_iter=20, random_state=0), plain),
    Case("MiniBatchSparsePCA", lambda: MiniBatchSparsePCA(3, alpha=0.3, max_iter=20, random_state=0), plain),
    _kernel(""),
    _kernel("rbf", kernel="rbf", gamma=0.1, fit_inverse_transform=True, alpha=0.5, primary=True),
    _kernel("poly", kernel="poly", degree=2, coef0=0.5, fit_inverse_transform=True),
    _kernel("sigmoid", kernel="sigmoid", gamma=0.01, coef0=0.3),
    _kernel("cosine", kernel="cosine", fit_inverse_transform=True),
    _kernel("sparse", sparse_rows, kernel="rbf", gamma=0.3),
    _kernel("precomputed", gram, kernel="precomputed", query=lambda X: X[:20]),
    _kernel("all-components", few_rows, n_components=None, kernel="linear"),
    _kernel("zero-eigenvalues", few_rows, n_components=6, kernel="linear"),
    _kernel("arpack", kernel="rbf", eigen_solver="arpack", random_state=0),
    Case("BernoulliRBM", lambda: BernoulliRBM(4, random_state=0, learning_rate=0.5), binary_pixels),
]
