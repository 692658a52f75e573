"""Embeddings that answer for new rows."""

import functools

import numpy as np
from sklearn.manifold import Isomap, LocallyLinearEmbedding

from tests.cases import Case, data


@functools.cache
def plain():
    """60 rows of ``multiclass`` without the target."""
    return data.multiclass()[0][:60], None


@functools.cache
def two_groups():
    """Two groups far apart, whose graph of neighbours has to be connected."""
    X = data.multiclass()[0][:50].copy()
    X[25:] += 40.0
    return X, None


@functools.cache
def distances():
    """Distances between 40 rows."""
    X = data.multiclass()[0][:40]
    return np.abs(X[:, None] - X).sum(2), None


@functools.cache
def grid():
    """Whole numbers, with many equal distances."""
    return np.stack(np.meshgrid(np.arange(7.0), np.arange(6.0)), axis=-1).reshape(-1, 2), None


def _between(X):
    # At a stored row the distance to it has no slope.
    return X[:40] + 0.1 * np.random.default_rng(1).normal(size=X[:40].shape)


def _case(cls, special, data=plain, query=_between, **parameters):
    settings = {key: parameters.pop(key) for key in ("primary", "xfail") if key in parameters}
    name = f"{cls.__name__}-{special}" if special else cls.__name__
    # Single precision may find other neighbours.
    return Case(name, lambda: cls(**parameters), data, query=query, float32_tolerance=None, **settings)


# Paths of equal length.
KINKS = {"gradient": "where two paths are equally short the shorter one has no slope"}

CASES = [
    _case(Isomap, ""),
    _case(
        Isomap, "stored-rows", grid, query=lambda X: X + np.where(np.arange(len(X)) < 5, 0.3, 0.0)[:, None], xfail=KINKS
    ),
    _case(Isomap, "radius", n_neighbors=None, radius=2.5, primary=True),
    _case(Isomap, "manhattan", metric="manhattan", n_neighbors=7, n_components=3),
    _case(Isomap, "minkowski", p=3, neighbors_algorithm="brute"),
    _case(Isomap, "chebyshev-tree", metric="chebyshev", neighbors_algorithm="ball_tree"),
    _case(Isomap, "two-groups", two_groups),
    _case(Isomap, "many-neighbors", n_neighbors=20, path_method="D", eigen_solver="dense"),
    _case(
        Isomap,
        "precomputed",
        distances,
        query=lambda X: X[:20] + 0.1 * _between(X)[:20, :1] ** 2 + 0.01 * X[20:],
        metric="precomputed",
    ),
    _case(LocallyLinearEmbedding, ""),
    _case(LocallyLinearEmbedding, "stored-rows", query=lambda X: X[::-1], random_state=0),
    _case(LocallyLinearEmbedding, "regularised", n_neighbors=12, reg=0.1, n_components=3, eigen_solver="dense"),
    _case(LocallyLinearEmbedding, "modified", method="modified", n_neighbors=6, eigen_solver="dense"),
    _case(LocallyLinearEmbedding, "hessian", method="hessian", n_neighbors=8, eigen_solver="dense"),
    _case(LocallyLinearEmbedding, "tangents", method="ltsa", n_neighbors=6, eigen_solver="dense"),
    _case(LocallyLinearEmbedding, "repeated", lambda: (np.repeat(plain()[0], 6, axis=0), None), eigen_solver="dense"),
]
