"""Cases of sklearn.neighbors."""

import functools
import importlib

import numpy as np
from scipy import sparse
from sklearn.neighbors import (
    KernelDensity,
    KNeighborsClassifier,
    KNeighborsRegressor,
    KNeighborsTransformer,
    LocalOutlierFactor,
    NearestCentroid,
    NearestNeighbors,
    NeighborhoodComponentsAnalysis,
    RadiusNeighborsClassifier,
    RadiusNeighborsRegressor,
    RadiusNeighborsTransformer,
)

from tests.cases import Case, data

# Older versions sort more than three neighbors without regard to the order of equal distances.
SORTS_STABLY = hasattr(importlib.import_module("sklearn.utils._sorting"), "_py_simultaneous_sort")


def _few(n_neighbors):
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


def _unlabelled(source):
    return lambda: (source()[0], None)


def _beside(X):
    """Rows that no stored row equals."""
    generator = np.random.default_rng(12)
    return X[:50] + generator.normal(size=X[:50].shape) * 0.1 * np.nanstd(X, axis=0)


def _and_far(X):
    """Rows beside the stored ones, and some that are far from all."""
    return np.concatenate([_beside(X), 40.0 + X[:4]])


def _first(X):
    return X[:40]


def _doubles(X):
    """As float64 rows."""
    return _beside(X.astype(np.float64))


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


def _searches(algorithm, metrics):
    for name, parameters in metrics.items():
        arguments = {"metric": name, "n_neighbors": 4, "algorithm": algorithm, "leaf_size": 8, **parameters}
        yield Case(
            f"NearestNeighbors-{algorithm}-{name}",
            lambda arguments=arguments: NearestNeighbors(radius=0.8, **arguments),
            _unlabelled(data.binary),
            query=_beside,
            # float32 may take one row for another.
            float32_tolerance=None,
        )


def _bit_searches():
    for metric in BIT_METRICS:
        yield Case(
            f"KNeighborsClassifier-ball_tree-{metric}",
            lambda metric=metric: KNeighborsClassifier(_few(6), metric=metric, algorithm="ball_tree", leaf_size=9),
            bits,
            query=_other_bits,
            float32_tolerance=None,
            differentiable=(),
        )
    for metric in (*BIT_METRICS, "yule"):
        yield Case(
            f"RadiusNeighborsClassifier-brute-{metric}",
            lambda metric=metric: RadiusNeighborsClassifier(0.41, metric=metric, algorithm="brute", outlier_label=1),
            bits,
            query=_other_bits,
            float32_tolerance=None,
            differentiable=(),
        )


def _other_bits(X):
    return 1.0 - X[:40] * X[40:80]


# Of a query at a row that was moved by a millionth.
NEXT_TO_ROWS = "scikit-learn's expanded squares have no digits of so small a distance"

CASES = [
    Case("NearestNeighbors", NearestNeighbors, _unlabelled(data.regression)),
    Case(
        "NearestNeighbors-grid",
        lambda: NearestNeighbors(n_neighbors=_few(5), leaf_size=10, radius=0.5 if SORTS_STABLY else None),
        _unlabelled(grid),
    ),
    Case(
        "NearestNeighbors-grid-one",
        lambda: NearestNeighbors(n_neighbors=1, leaf_size=5, radius=0.5 if SORTS_STABLY else None),
        _unlabelled(grid),
    ),
    Case(
        "NearestNeighbors-grid-ball",
        lambda: NearestNeighbors(
            n_neighbors=_few(8), radius=0.5 if SORTS_STABLY else None, algorithm="ball_tree", leaf_size=10
        ),
        _unlabelled(grid),
    ),
    Case(
        "NearestNeighbors-grid-brute",
        lambda: NearestNeighbors(n_neighbors=_few(7), radius=0.5 if SORTS_STABLY else None, algorithm="brute"),
        _unlabelled(grid),
        query=lambda X: X[:30] + 1.0,
        primary=True,
        xfail={"unwrap.radius_neighbors": NEXT_TO_ROWS} if SORTS_STABLY else {},
    ),
    Case(
        "NearestNeighbors-places",
        lambda: NearestNeighbors(metric="haversine", radius=0.4, leaf_size=5),
        _unlabelled(places),
        query=_beside,
        primary=True,
    ),
    Case(
        "NearestNeighbors-precomputed",
        lambda: NearestNeighbors(metric="precomputed"),
        _unlabelled(distances),
        query=_first,
    ),
    Case(
        "NearestNeighbors-missing",
        lambda: NearestNeighbors(metric="nan_euclidean", radius=2.0),
        _unlabelled(data.missing_binary),
        query=_beside,
        # scikit-learn expands the square.
        tolerance=1e-7,
        float32_tolerance=None,
    ),
    Case(
        "NearestNeighbors-wide",
        lambda: NearestNeighbors(radius=5.0),
        _unlabelled(wide),
        query=_beside,
    ),
    *_searches("kd_tree", TREE_METRICS),
    *_searches("ball_tree", BALL_METRICS),
    *_searches("brute", BRUTE_METRICS),
    *_bit_searches(),
    Case("KNeighborsClassifier", KNeighborsClassifier, data.multiclass, differentiable=()),
    Case(
        "KNeighborsClassifier-distance",
        lambda: KNeighborsClassifier(weights="distance"),
        data.binary_words,
        query=_beside,
    ),
    Case(
        "KNeighborsClassifier-at-rows",
        lambda: KNeighborsClassifier(3, weights="distance"),
        data.multiclass,
        differentiable=(),
        # A row at its own place is at no distance in float64 only.
        float32_tolerance=None,
    ),
    Case(
        "KNeighborsClassifier-callable",
        lambda: KNeighborsClassifier(weights=softened),
        data.words,
        query=_beside,
        xfail={"save": NO_CODE},
    ),
    Case("KNeighborsClassifier-none", lambda: KNeighborsClassifier(weights=None), data.booleans, differentiable=()),
    Case("KNeighborsClassifier-grid", lambda: KNeighborsClassifier(_few(6)), grid_words, differentiable=()),
    Case(
        "KNeighborsClassifier-grid-distance",
        lambda: KNeighborsClassifier(_few(12), weights="distance", algorithm="ball_tree", leaf_size=6),
        grid,
        query=lambda X: np.concatenate([_beside(X)[:3], X[:40] + 0.5]),
    ),
    Case(
        "KNeighborsClassifier-grid-brute",
        lambda: KNeighborsClassifier(_few(4), p=1, algorithm="brute"),
        grid,
        differentiable=(),
    ),
    Case(
        "KNeighborsClassifier-multilabel",
        lambda: KNeighborsClassifier(_few(5)),
        data.multilabel,
        differentiable=(),
        primary=True,
    ),
    Case(
        "KNeighborsClassifier-multi-output",
        lambda: KNeighborsClassifier(weights="distance"),
        data.multi_output_words,
        query=_beside,
    ),
    Case(
        "KNeighborsClassifier-multi-output-grid",
        lambda: KNeighborsClassifier(_few(4), algorithm="brute"),
        grid_indicators,
        differentiable=(),
    ),
    Case("KNeighborsClassifier-one-class", KNeighborsClassifier, data.one_class, differentiable=()),
    Case(
        "KNeighborsClassifier-column",
        lambda: KNeighborsClassifier(_few(5)),
        lambda: (grid()[0], grid()[1][:, None]),
        differentiable=(),
    ),
    Case("KNeighborsClassifier-wide", KNeighborsClassifier, wide, query=_beside, differentiable=()),
    Case(
        "KNeighborsClassifier-precomputed",
        lambda: KNeighborsClassifier(metric="precomputed", weights="distance"),
        distances,
        query=lambda X: X[:40] + 0.013 * np.arange(1, 121),
    ),
    Case(
        "KNeighborsClassifier-sparse",
        lambda: KNeighborsClassifier(metric="manhattan"),
        sparse_binary,
        query=lambda X: X[:40],
        differentiable=(),
    ),
    Case("KNeighborsRegressor", KNeighborsRegressor, data.regression, differentiable=()),
    Case(
        "KNeighborsRegressor-callable",
        lambda: KNeighborsRegressor(weights=softened),
        data.regression,
        query=_beside,
        primary=True,
        xfail={"save": NO_CODE},
    ),
    Case(
        "KNeighborsRegressor-distance", lambda: KNeighborsRegressor(weights="distance"), data.regression, query=_beside
    ),
    Case(
        "KNeighborsRegressor-multi",
        lambda: KNeighborsRegressor(3, weights="distance", p=1),
        data.multi_regression,
        query=_beside,
    ),
    Case(
        "KNeighborsRegressor-column-grid",
        lambda: KNeighborsRegressor(_few(4), weights="distance", algorithm="brute"),
        lambda: (grid()[0], data.regression()[1][:120].repeat(2)[:150, None]),
        query=lambda X: np.concatenate([X[:20], X[:20] + 0.25]),
        differentiable=(),
        xfail={"unwrap": NEXT_TO_ROWS},
    ),
    Case("KNeighborsRegressor-counts", KNeighborsRegressor, counts, differentiable=()),
    Case("KNeighborsRegressor-column", lambda: KNeighborsRegressor(20), column, differentiable=()),
    Case(
        "KNeighborsRegressor-single",
        lambda: KNeighborsRegressor(11),
        single_regression,
        query=_doubles,
        differentiable=(),
    ),
    Case(
        "KNeighborsRegressor-single-brute",
        lambda: KNeighborsRegressor(weights="distance", algorithm="brute", metric="braycurtis"),
        single_regression,
        query=_doubles,
        xfail={"unwrap": "rows of float64 would have another search than those of float32"},
    ),
    Case(
        "RadiusNeighborsClassifier",
        lambda: RadiusNeighborsClassifier(1.8, outlier_label=3),
        data.multiclass,
        query=_and_far,
        differentiable=(),
    ),
    Case(
        "RadiusNeighborsClassifier-distance",
        lambda: RadiusNeighborsClassifier(1.8, weights="distance", outlier_label="most_frequent"),
        data.binary_words,
        query=_and_far,
        # Rows pass the radius in float32.
        float32_tolerance=None,
    ),
    Case(
        "RadiusNeighborsClassifier-other",
        lambda: RadiusNeighborsClassifier(1.0, outlier_label=-9),
        data.multiclass,
        query=_and_far,
        differentiable=(),
    ),
    Case(
        "RadiusNeighborsClassifier-other-word",
        lambda: RadiusNeighborsClassifier(0.5, weights="distance", outlier_label="?"),
        grid_words,
        query=lambda X: np.concatenate([X[:40], X[:3] + 9.0]),
        differentiable=(),
    ),
    Case(
        "RadiusNeighborsClassifier-no-label",
        lambda: RadiusNeighborsClassifier(0.5),
        grid,
        query=_first,
        differentiable=(),
    ),
    Case(
        "RadiusNeighborsClassifier-brute-index",
        lambda: RadiusNeighborsClassifier(1.0, algorithm="brute", p=1, outlier_label=1),
        data.binary,
        query=_and_far,
        differentiable=(),
    ),
    Case(
        "RadiusNeighborsClassifier-multi-output",
        lambda: RadiusNeighborsClassifier(1.5, outlier_label=["other", "setosa"]),
        data.multi_output_words,
        query=_and_far,
        differentiable=(),
        primary=True,
    ),
    Case(
        "RadiusNeighborsRegressor",
        lambda: RadiusNeighborsRegressor(2.0),
        data.regression,
        query=_and_far,
        differentiable=(),
    ),
    Case(
        "RadiusNeighborsRegressor-distance",
        lambda: RadiusNeighborsRegressor(2.5, weights="distance"),
        data.multi_regression,
        query=_beside,
        float32_tolerance=None,
    ),
    Case(
        "RadiusNeighborsRegressor-counts",
        lambda: RadiusNeighborsRegressor(1.5, algorithm="brute", metric="manhattan"),
        counts,
        query=_and_far,
        differentiable=(),
        float32_tolerance=None,
    ),
    Case(
        "RadiusNeighborsRegressor-grid",
        lambda: RadiusNeighborsRegressor(1.0, weights="distance"),
        lambda: (grid()[0] * [1.0, 3.0, 3.0], np.arange(150.0).reshape(-1, 1)),
        differentiable=(),
        float32_tolerance=None,
    ),
    # Sparse matrices carry no gradients.
    Case("KNeighborsTransformer", KNeighborsTransformer, _unlabelled(data.regression), differentiable=()),
    Case(
        "KNeighborsTransformer-connectivity",
        lambda: KNeighborsTransformer(mode="connectivity", n_neighbors=3),
        _unlabelled(grid),
        differentiable=(),
    ),
    Case(
        "RadiusNeighborsTransformer",
        lambda: RadiusNeighborsTransformer(radius=2.0),
        _unlabelled(data.regression),
        differentiable=(),
    ),
    Case(
        "RadiusNeighborsTransformer-connectivity",
        lambda: RadiusNeighborsTransformer(radius=0.5, mode="connectivity", algorithm="brute", metric="l1"),
        _unlabelled(grid),
        differentiable=(),
    ),
    Case("LocalOutlierFactor", lambda: LocalOutlierFactor(novelty=True), _unlabelled(data.regression), query=_and_far),
    Case(
        "LocalOutlierFactor-contamination",
        lambda: LocalOutlierFactor(5, novelty=True, contamination=0.2, metric="manhattan"),
        _unlabelled(data.binary),
        query=_and_far,
    ),
    Case(
        "LocalOutlierFactor-grid",
        lambda: LocalOutlierFactor(_few(4), novelty=True),
        _unlabelled(grid),
        query=lambda X: np.concatenate([_beside(X)[:3], X[:40]]),
        # Densities of duplicates are 1e10.
        float32_tolerance=None,
    ),
    Case("LocalOutlierFactor-fitted-rows", lambda: LocalOutlierFactor(6), _unlabelled(data.binary)),
    Case(
        "LocalOutlierFactor-too-many",
        lambda: LocalOutlierFactor(500, novelty=True),
        _unlabelled(data.regression),
        query=_beside,
    ),
    Case(
        "LocalOutlierFactor-precomputed",
        lambda: LocalOutlierFactor(novelty=True, metric="precomputed"),
        _unlabelled(distances),
        query=lambda X: X[:40] + 0.013 * np.arange(1, 121),
    ),
    Case("KernelDensity", KernelDensity, _unlabelled(data.regression)),
    *(
        Case(
            f"KernelDensity-{kernel}",
            lambda kernel=kernel: KernelDensity(kernel=kernel, bandwidth=2.5, leaf_size=20),
            _unlabelled(data.regression),
            query=_and_far,
            differentiable=() if kernel == "tophat" else None,
            primary=kernel == "cosine",
            # Rows pass the kernel's edge in float32.
            float32_tolerance=1e-3 if kernel == "exponential" else None,
        )
        for kernel in ("tophat", "epanechnikov", "exponential", "linear", "cosine")
    ),
    Case("KernelDensity-scott", lambda: KernelDensity(bandwidth="scott", leaf_size=150), _unlabelled(data.multiclass)),
    Case("KernelDensity-silverman", lambda: KernelDensity(bandwidth="silverman"), _unlabelled(places)),
    Case(
        "KernelDensity-weights",
        lambda: KernelDensity(metric="manhattan", breadth_first=False, algorithm="ball_tree"),
        _unlabelled(data.regression),
        query=_beside,
        fit=lambda estimator, X, y: estimator.fit(X, sample_weight=np.arange(120.0) % 7),
    ),
    Case(
        "KernelDensity-places",
        lambda: KernelDensity(metric="haversine", bandwidth=0.3, kernel="exponential", breadth_first=False),
        _unlabelled(places),
        query=_beside,
    ),
    Case("NearestCentroid", NearestCentroid, data.multiclass),
    Case("NearestCentroid-manhattan", lambda: NearestCentroid(metric="manhattan"), data.words),
    Case("NearestCentroid-shrunken", lambda: NearestCentroid(shrink_threshold=0.3), data.binary_words),
    Case(
        "NeighborhoodComponentsAnalysis",
        lambda: NeighborhoodComponentsAnalysis(n_components=2, max_iter=5, random_state=0),
        data.multiclass,
    ),
]

if not SORTS_STABLY:
    # Searches within a radius find more than three equal distances in these.
    names = ("Classifier-other-word", "Classifier-no-label", "Regressor-grid", "Transformer-connectivity")
    CASES = [case for case in CASES if case.name not in {f"RadiusNeighbors{name}" for name in names}]
