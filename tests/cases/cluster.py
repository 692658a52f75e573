"""Cases for clusterers."""

import functools

import numpy as np
from scipy import sparse
from sklearn.cluster import (
    AffinityPropagation,
    AgglomerativeClustering,
    Birch,
    BisectingKMeans,
    FeatureAgglomeration,
    KMeans,
    MeanShift,
    MiniBatchKMeans,
)

from tests.cases import Case, data


@functools.cache
def rows():
    return data.multiclass()[0], None


@functools.cache
def grid():
    """All points of a square grid: most lie between centers."""
    return np.stack(np.meshgrid(np.arange(9.0), np.arange(9.0)), axis=-1).reshape(-1, 2), None


@functools.cache
def sparse_rows():
    X = data.multiclass()[0] * (np.random.default_rng(0).random((150, 5)) < 0.5)
    return sparse.csr_matrix(X), None


@functools.cache
def three_points():
    return np.repeat(np.array([[0.1, 0.2], [0.3, 0.7], [2.0, -1.0]]), 5, axis=0), None


@functools.cache
def wide():
    return np.random.default_rng(1).normal(size=(40, 12)), None


def _all(X):
    return X


def _off_center(X):
    """scikit-learn's distances of rows that are centers are rounding of a square."""
    return X[:40] + 0.1


CASES = [
    *(
        Case(f"{cls.__name__}-{name}", lambda cls=cls, parameters=parameters: cls(random_state=0, **parameters), rows)
        for cls in (KMeans, MiniBatchKMeans, BisectingKMeans)
        for name, parameters in {"eight": {"n_init": 1}, "one": {"n_clusters": 1, "n_init": 1}}.items()
    ),
    *(
        Case(
            f"{cls.__name__}-grid",
            lambda cls=cls: cls(4, n_init=1, random_state=0),
            grid,
            query=lambda X: np.concatenate([X, X + 0.5]),
        )
        for cls in (KMeans, MiniBatchKMeans, BisectingKMeans)
    ),
    Case("KMeans-elkan", lambda: KMeans(3, algorithm="elkan", n_init=1, random_state=0), rows),
    Case("KMeans-given", lambda: KMeans(4, init=np.array([[0.0, 0], [0, 8], [8, 0], [8, 8]]), max_iter=1), grid, _all),
    Case(
        "KMeans-equal-centers",
        lambda: KMeans(5, n_init=1, random_state=0),
        three_points,
        query=_off_center,
        # Which of equal centres is nearest is decided by their last digits.
        float32_tolerance=None,
    ),
    Case("KMeans-sparse", lambda: KMeans(3, n_init=1, random_state=0), sparse_rows),
    Case(
        "BisectingKMeans-largest",
        lambda: BisectingKMeans(6, bisecting_strategy="largest_cluster", random_state=0),
        rows,
    ),
    Case("BisectingKMeans-sparse", lambda: BisectingKMeans(5, random_state=0), sparse_rows),
    Case("AffinityPropagation", lambda: AffinityPropagation(random_state=0), rows),
    Case("AffinityPropagation-grid", lambda: AffinityPropagation(damping=0.7, random_state=0), grid, query=_all),
    Case("AffinityPropagation-sparse", lambda: AffinityPropagation(damping=0.8, random_state=0), sparse_rows),
    Case("AffinityPropagation-none", lambda: AffinityPropagation(max_iter=2, random_state=0), rows),
    Case("MeanShift", MeanShift, rows),
    Case("MeanShift-orphans", lambda: MeanShift(bandwidth=1.0, bin_seeding=True, cluster_all=False), rows),
    Case("MeanShift-grid", lambda: MeanShift(bandwidth=2.5), grid, query=_all),
    Case("Birch", Birch, rows, query=_off_center),
    Case("Birch-subclusters", lambda: Birch(threshold=1.5, n_clusters=None), rows, query=_off_center),
    Case(
        "Birch-estimator", lambda: Birch(threshold=0.8, n_clusters=AgglomerativeClustering(4)), rows, query=_off_center
    ),
    Case("Birch-grid", lambda: Birch(threshold=1.2, n_clusters=4), grid, query=lambda X: X + 0.25),
    Case("Birch-sparse", lambda: Birch(n_clusters=4), sparse_rows, query=lambda X: X.toarray()[:40] + 0.1),
    *(
        Case(
            f"FeatureAgglomeration-{name}",
            lambda n=n, function=function: FeatureAgglomeration(n_clusters=n, pooling_func=function),
            wide,
            primary=name == "median",
        )
        for name, n, function in (
            ("mean", 4, np.mean),
            ("mean-one", 1, np.mean),
            ("max", 4, np.max),
            ("min", 3, np.min),
            ("sum", 4, np.sum),
            ("median", 3, np.median),
            ("ptp", 4, np.ptp),
            ("std", 4, np.std),
            ("var", 4, np.var),
        )
    ),
    Case("FeatureAgglomeration-threshold", lambda: FeatureAgglomeration(n_clusters=None, distance_threshold=9.0), wide),
]
