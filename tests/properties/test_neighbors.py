"""Neighbour searches on tables with ties, duplicates and constant columns."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    LocalOutlierFactor,
    NearestCentroid,
    RadiusNeighborsClassifier,
)
from sklearn.semi_supervised import LabelPropagation

from tests.properties import strategies

METRICS = ("euclidean", "manhattan", "chebyshev", "canberra", "minkowski")


@st.composite
def searches(draw):
    """Metric, algorithm and leaf size."""
    metric = draw(st.sampled_from(METRICS))
    algorithms = ["auto", "ball_tree", "brute"] + (["kd_tree"] if metric != "canberra" else [])
    return {
        "metric": metric,
        "algorithm": draw(st.sampled_from(algorithms)),
        "leaf_size": draw(st.integers(1, 12)),
        "p": draw(st.sampled_from([1, 2, 3])),
    }


@settings(max_examples=15, deadline=None)
@given(X=strategies.tables(kinds=("grid",), rows=(2, 40)), search=searches(), k=st.integers(1, 9), data=st.data())
def test_votes_on_a_grid(X, search, k, data):
    y = data.draw(strategies.labels(len(X)))
    estimator = strategies.fit(KNeighborsClassifier(min(k, len(X)), **search), X, y)
    strategies.compare(estimator, np.concatenate([X, X + 0.5]), methods=["predict", "predict_proba"])


@settings(max_examples=20, deadline=None)
@given(X=strategies.tables(kinds=("normal", "constant"), rows=(2, 30)), search=searches(), k=st.integers(1, 9))
def test_means_and_densities(X, search, k):
    queries = X + 0.1 + 0.01 * np.arange(X.shape[1])
    regressor = KNeighborsRegressor(min(k, len(X)), weights="distance", **search)
    strategies.compare(strategies.fit(regressor, X, strategies.targets(X)), queries, methods=["predict"])
    detector = LocalOutlierFactor(k, novelty=True, **search)
    strategies.compare(strategies.fit(detector, X), queries, methods=["score_samples"])


@settings(max_examples=20, deadline=None)
@given(X=strategies.tables(kinds=("grid",), rows=(2, 30)), search=searches(), radius=st.sampled_from([0.5, 1.0, 2.0]))
def test_votes_within_a_radius(X, search, radius):
    y = np.arange(len(X)) % 3
    estimator = strategies.fit(RadiusNeighborsClassifier(radius, outlier_label=1, **search), X, y)
    strategies.compare(estimator, np.concatenate([X, X + 0.5, X * 9]), methods=["predict", "predict_proba"])


@settings(max_examples=20, deadline=None)
@given(X=strategies.tables(kinds=("normal",), rows=(6, 30)), shrink=st.sampled_from([None, 0.2]))
def test_centroids_and_propagation(X, shrink):
    y = np.arange(len(X)) % 3
    strategies.compare(strategies.fit(NearestCentroid(shrink_threshold=shrink), X, y), X)
    partly = np.where(np.arange(len(X)) % 4 == 3, -1, y)
    strategies.compare(strategies.fit(LabelPropagation(gamma=0.3), X, partly), X)
