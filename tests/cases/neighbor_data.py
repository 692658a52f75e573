"""Data, queries and searches of the cases of neighbours."""

import functools
import importlib

import numpy as np
from scipy import sparse
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors, RadiusNeighborsClassifier

from tests.cases import Case, data

# Older versions sort more than three neighbors without regard to the order of equal distances.
SORTS_STABLY = hasattr(importlib.import_module("sklearn.utils._sorting"), "_py_simultaneous_sort")


def few(n_neighbors):
    return n_neighbors if SORTS_STABLY else min(n_neighbors, 3)


@functools.cache
def grid():
    """150 rows of small whole numbers: duplicates, and many equal distances; three classes."""
    generator = np.random.default_rng(8)
    X = generator.integers(0, 4, size=(150, 3)).astype(np.float64)
    return X, (X.sum(axis=1) + generator.integers(0, 3, 150)) % 3


@functools.cache
def grid_words():
    """``grid`` with string labels."""
    X, y = grid()
    return X, np.array(["far", "mid", "near"])[y.astype(int)]


@functools.cache
def grid_indicators():
    """``grid`` with two labels."""
    X, y = grid()
    return X, np.stack([(y > 0).astype(int), (X[:, 0] > 1).astype(int)], axis=1)


@functools.cache
def wide():
    """150 rows, 20 features, classes -1, 3 and 7: more features than scikit-learn has trees for."""
    X, y = data.multiclass()
    return np.concatenate([X, np.random.default_rng(9).normal(size=(150, 15))], axis=1), y


@functools.cache
def bits():
    """120 rows of 9 zeros and ones, none without a one; three classes."""
    generator = np.random.default_rng(10)
    X = (generator.random((120, 9)) < 0.5).astype(np.float64)
    X[np.arange(120), generator.integers(0, 9, 120)] = 1.0
    return X, generator.integers(0, 3, 120)


@functools.cache
def places():
    """90 latitudes and longitudes in radians; two classes."""
    generator = np.random.default_rng(11)
    X = np.stack([generator.uniform(-1.5, 1.5, 90), generator.uniform(-3.1, 3.1, 90)], axis=1)
    return X, (X[:, 0] > 0.2).astype(int)


@functools.cache
def distances():
    """A square matrix of distances, and two classes."""
    X, y = data.binary()
    return np.sqrt(((X[:, None] - X) ** 2).sum(2)), y


@functools.cache
def sparse_binary():
    """``binary`` with most values zero, as a sparse matrix."""
    X, y = data.binary()
    return sparse.csr_matrix(np.where(np.abs(X) < 0.7, 0.0, X)), y


@functools.cache
def single_regression():
    """``regression`` in float32."""
    X, y = data.regression()
    return X.astype(np.float32), y.astype(np.float32)


@functools.cache
def counts():
    """``regression`` with whole-numbered targets."""
    X, y = data.regression()
    return X, np.round(10 * y).astype(int)


def column():
    """``regression`` with the target as a column."""
    X, y = data.regression()
    return X, y.reshape(-1, 1)


NO_CODE = "weights that are a user's function: a .safetensors file holds no code"


def softened(distance):
    """Weights of arrays and tensors."""
    return 1.0 / (0.5 + distance * distance)


def unlabelled(source):
    return lambda: (source()[0], None)


def beside(X):
    """Rows that no stored row equals."""
    generator = np.random.default_rng(12)
    return X[:50] + generator.normal(size=X[:50].shape) * 0.1 * np.nanstd(X, axis=0)


def and_far(X):
    """Rows beside the stored ones, and some that are far from all."""
    return np.concatenate([beside(X), 40.0 + X[:4]])


def first(X):
    return X[:40]


def doubles(X):
    """As float64 rows."""
    return beside(X.astype(np.float64))


MAHALANOBIS = np.linalg.inv(np.eye(5) + 0.3)
VARIANCES = np.array([0.5, 1.0, 2.0, 1.5, 0.7])

# Metrics that every search takes, those that have no k-d tree, and those that are searched through one by one.
TREE_METRICS = {
    "manhattan": {},
    "chebyshev": {},
    "minkowski-3": {"metric": "minkowski", "p": 3},
    "minkowski-1": {"metric": "minkowski", "p": 1},
    "minkowski-inf": {"metric": "minkowski", "p": np.inf},
}
BALL_METRICS = {
    "minkowski-w": {"metric": "minkowski", "p": 1.5, "metric_params": {"w": VARIANCES}},
    "seuclidean": {"metric_params": {"V": VARIANCES}},
    "mahalanobis": {"metric_params": {"VI": MAHALANOBIS}},
    "canberra": {},
    "braycurtis": {},
    "hamming": {"n_neighbors": 3},
}
BRUTE_METRICS = {
    **{name: parameters for name, parameters in BALL_METRICS.items() if name != "minkowski-w"},
    "manhattan": {},
    "chebyshev": {},
    "cityblock": {},
    "l1": {},
    "l2": {},
    "sqeuclidean": {},
    "cosine": {},
    "correlation": {},
    "minkowski-half": {"metric": "minkowski", "p": 0.5},
    "minkowski-w2": {"metric": "minkowski", "p": 2, "metric_params": {"w": VARIANCES}},
}
BIT_METRICS = ("jaccard", "dice", "rogerstanimoto", "russellrao", "sokalsneath")

# scikit-learn expands the square where it has no tree, which leaves it half the digits of small distances.
EXPANDED = {"euclidean": 1e-7, "l2": 1e-7, "sqeuclidean": 1e-10}


def searches(algorithm, metrics):
    for name, parameters in metrics.items():
        arguments = {"metric": name, "n_neighbors": 4, "algorithm": algorithm, "leaf_size": 8, **parameters}
        yield Case(
            f"NearestNeighbors-{algorithm}-{name}",
            lambda arguments=arguments: NearestNeighbors(radius=0.8, **arguments),
            unlabelled(data.binary),
            query=beside,
            # float32 may take one row for another.
            float32_tolerance=None,
        )


def bit_searches():
    for metric in BIT_METRICS:
        yield Case(
            f"KNeighborsClassifier-ball_tree-{metric}",
            lambda metric=metric: KNeighborsClassifier(few(6), metric=metric, algorithm="ball_tree", leaf_size=9),
            bits,
            query=other_bits,
            float32_tolerance=None,
            differentiable=(),
        )
    for metric in (*BIT_METRICS, "yule"):
        yield Case(
            f"RadiusNeighborsClassifier-brute-{metric}",
            lambda metric=metric: RadiusNeighborsClassifier(0.41, metric=metric, algorithm="brute", outlier_label=1),
            bits,
            query=other_bits,
            float32_tolerance=None,
            differentiable=(),
        )


def other_bits(X):
    return 1.0 - X[:40] * X[40:80]


# Of a query at a row that was moved by a millionth.
NEXT_TO_ROWS = "scikit-learn's expanded squares have no digits of so small a distance"
