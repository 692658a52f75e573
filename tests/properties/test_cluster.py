"""Clusterers, mixtures and envelopes of any table answer as scikit-learn does."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cluster import Birch, BisectingKMeans, FeatureAgglomeration, KMeans, MeanShift
from sklearn.covariance import LedoitWolf
from sklearn.mixture import GaussianMixture

from tests.properties import strategies

KINDS = ("normal", "constant")


@given(X=strategies.tables(rows=(4, 24)), n_clusters=st.integers(1, 4), cls=st.sampled_from([KMeans, BisectingKMeans]))
def test_k_means(X, n_clusters, cls):
    model = strategies.fit(cls(n_clusters, n_init=1, random_state=0), X)
    # Centers are stored rows or their means: midpoints, and rows that are equal to centers, are rounding.
    queries = X + 0.3 * np.abs(X).max() * np.random.default_rng(0).normal(size=X.shape)
    strategies.compare(model, queries, methods=["predict", "transform"], tolerance=1e-7)


@given(X=strategies.tables(rows=(6, 24), kinds=KINDS), name=st.sampled_from(["mean-shift", "birch", "subclusters"]))
def test_nearest_centers(X, name):
    makers = {"mean-shift": MeanShift, "birch": Birch, "subclusters": lambda: Birch(threshold=1.0, n_clusters=None)}
    queries = X + 0.3 * np.random.default_rng(0).normal(size=X.shape)
    strategies.compare(strategies.fit(makers[name](), X), queries)


@given(
    X=strategies.tables(rows=(4, 12), features=(2, 8)),
    function=st.sampled_from([np.mean, np.max, np.min, np.sum, np.median, np.ptp, np.std, np.var]),
    n_clusters=st.integers(1, 4),
)
def test_feature_agglomeration(X, function, n_clusters):
    model = strategies.fit(FeatureAgglomeration(n_clusters=n_clusters, pooling_func=function), X)
    strategies.compare(model, X)


@given(
    X=strategies.tables(rows=(8, 24), kinds=KINDS),
    kind=st.sampled_from(["full", "tied", "diag", "spherical"]),
    n_components=st.integers(1, 3),
)
def test_gaussian_mixture(X, kind, n_components):
    model = strategies.fit(GaussianMixture(n_components, covariance_type=kind, random_state=0), X)
    # scikit-learn expands the square, whose terms are up to 1e7 where a column is constant.
    strategies.compare(model, X, methods=["score_samples", "predict_proba"], tolerance=1e-7)


@given(X=strategies.tables(rows=(8, 24), kinds=("normal", "grid", "constant")))
def test_mahalanobis(X):
    strategies.compare(strategies.fit(LedoitWolf(), X), X)
