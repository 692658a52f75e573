"""Single trees."""

import functools
from typing import Any

import numpy as np
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor

from tests.cases import Case, data

# A tree is constant between its thresholds.
TreeCase = functools.partial(Case, differentiable=())


def _path_gaps():
    """The gap of a scikit-learn whose ``decision_path`` takes missing values right whatever ``apply`` does."""
    tree = DecisionTreeClassifier().fit([[0.0], [1.0], [np.nan], [np.nan]], [0, 1, 0, 0])
    reason = "scikit-learn's decision paths once took missing values right, wherever its other methods take them"
    return {} if tree.decision_path([[np.nan]])[0, 1] else {"parity.decision_path": reason}


PATH_GAPS = _path_gaps()
MissingCase = functools.partial(TreeCase, xfail=PATH_GAPS)


@functools.cache
def chain() -> tuple[Any, Any]:
    """60 rows of one feature that a tree takes apart one by one, to depth 40 and more."""
    x = np.cumsum(np.geomspace(1.0, 1e6, 60))
    return x[:, None], np.geomspace(1.0, 1e12, 60)


@functools.cache
def adjacent_floats() -> tuple[Any, Any]:
    """Neighbouring float32 numbers of all magnitudes, signed zeros and denormals; every value its own leaf."""
    centers = np.array([0.0, 1e-45, 1e-40, 1.1754944e-38, 1e-10, 0.1, 1.0, 3.0, 1e10, 1e36], dtype=np.float32)
    up = np.nextafter(centers, np.float32(np.inf))
    values = np.unique(np.concatenate([centers, up, np.nextafter(up, np.float32(np.inf)), -centers, -up]))
    return values.astype(np.float64)[:, None], np.arange(len(values)) % 3


def at_thresholds(X: Any) -> Any:
    """The values, those halfway to their neighbours, and the float64 numbers next to both."""
    values = np.unique(X)
    middle = (values[1:] + values[:-1]) / 2
    points = np.concatenate([values, middle, [-0.0]])
    points = np.concatenate([points, np.nextafter(points, np.inf), np.nextafter(points, -np.inf)])
    return points[:, None]


@functools.cache
def whole_numbers() -> tuple[Any, Any]:
    """150 rows of small whole numbers and halves: thresholds are values of other rows, leaves tie."""
    generator = np.random.default_rng(9)
    X = generator.integers(0, 5, (150, 4)) / 2
    return X, (X.sum(axis=1) + generator.integers(0, 3, 150)).astype(int) % 3


@functools.cache
def counts() -> tuple[Any, Any]:
    """``regression`` with counts as its target."""
    X, y = data.regression()
    return X, np.floor(np.exp(y))


@functools.cache
def weighted() -> Any:
    """Sample weights, some zero."""
    return np.random.default_rng(10).integers(0, 4, 150).astype(float)


def fit_weighted(estimator: Any, X: Any, y: Any) -> Any:
    """Fit with sample weights."""
    return estimator.fit(X, y, sample_weight=weighted()[: len(y)])


seeded = functools.partial(dict, random_state=0)

CASES = [
    TreeCase("DecisionTreeClassifier", lambda: DecisionTreeClassifier(**seeded(max_depth=5)), data.multiclass),
    TreeCase("DecisionTreeClassifier-deep", lambda: DecisionTreeClassifier(**seeded()), adjacent_floats, at_thresholds),
    TreeCase(
        "DecisionTreeClassifier-entropy-words",
        lambda: DecisionTreeClassifier(**seeded(criterion="entropy", max_depth=3)),
        data.binary_words,
    ),
    TreeCase(
        "DecisionTreeClassifier-random-balanced",
        lambda: DecisionTreeClassifier(
            **seeded(criterion="log_loss", splitter="random", class_weight="balanced", max_features=2)
        ),
        data.words,
    ),
    TreeCase(
        "DecisionTreeClassifier-leaf-nodes",
        lambda: DecisionTreeClassifier(**seeded(max_leaf_nodes=6, min_samples_leaf=4)),
        data.booleans,
    ),
    TreeCase(
        "DecisionTreeClassifier-ties",
        lambda: DecisionTreeClassifier(**seeded(max_depth=6)),
        whole_numbers,
        fit=fit_weighted,
    ),
    MissingCase("DecisionTreeClassifier-missing", lambda: DecisionTreeClassifier(**seeded()), data.missing_binary),
    TreeCase("DecisionTreeClassifier-one-class", lambda: DecisionTreeClassifier(**seeded()), data.one_class),
    TreeCase("DecisionTreeClassifier-stump", lambda: DecisionTreeClassifier(**seeded(max_depth=1)), data.multiclass),
    TreeCase("DecisionTreeClassifier-pruned", lambda: DecisionTreeClassifier(**seeded(ccp_alpha=0.02)), data.binary),
    TreeCase(
        "DecisionTreeClassifier-monotonic",
        lambda: DecisionTreeClassifier(**seeded(monotonic_cst=[1, -1, 0, 0, 1], max_depth=4)),
        data.binary,
    ),
    TreeCase(
        "DecisionTreeClassifier-multi-output-words",
        lambda: DecisionTreeClassifier(**seeded(max_depth=4)),
        data.multi_output_words,
        primary=True,
    ),
    TreeCase("DecisionTreeClassifier-multilabel", lambda: DecisionTreeClassifier(**seeded()), data.multilabel),
    TreeCase("ExtraTreeClassifier", lambda: ExtraTreeClassifier(**seeded(max_depth=3)), data.multiclass),
    MissingCase("ExtraTreeClassifier-missing", lambda: ExtraTreeClassifier(**seeded(max_depth=7)), data.missing_binary),
    TreeCase(
        "ExtraTreeClassifier-multi-output-words",
        lambda: ExtraTreeClassifier(**seeded(criterion="entropy", max_features=None, max_depth=4)),
        data.multi_output_words,
    ),
    TreeCase("DecisionTreeRegressor", lambda: DecisionTreeRegressor(**seeded(max_depth=5)), data.regression),
    TreeCase("DecisionTreeRegressor-chain", lambda: DecisionTreeRegressor(**seeded()), chain, primary=True),
    TreeCase(
        "DecisionTreeRegressor-absolute",
        lambda: DecisionTreeRegressor(**seeded(criterion="absolute_error", max_depth=4)),
        data.regression,
    ),
    TreeCase(
        "DecisionTreeRegressor-random",
        lambda: DecisionTreeRegressor(**seeded(splitter="random", max_depth=4)),
        data.regression,
    ),
    TreeCase(
        "DecisionTreeRegressor-poisson",
        lambda: DecisionTreeRegressor(**seeded(criterion="poisson", max_depth=4)),
        counts,
        fit=fit_weighted,
    ),
    TreeCase("DecisionTreeRegressor-multi", lambda: DecisionTreeRegressor(**seeded()), data.multi_regression),
    MissingCase("DecisionTreeRegressor-missing", lambda: DecisionTreeRegressor(**seeded()), data.missing_regression),
    TreeCase(
        "DecisionTreeRegressor-monotonic",
        lambda: DecisionTreeRegressor(**seeded(monotonic_cst=[0, 1, 0, 0, -1], max_leaf_nodes=12)),
        data.regression,
    ),
    TreeCase("ExtraTreeRegressor", lambda: ExtraTreeRegressor(**seeded(max_depth=3)), data.regression),
    MissingCase("ExtraTreeRegressor-missing", lambda: ExtraTreeRegressor(**seeded()), data.missing_regression),
    TreeCase(
        "ExtraTreeRegressor-multi",
        lambda: ExtraTreeRegressor(**seeded(criterion="absolute_error", max_depth=4)),
        data.multi_regression,
    ),
]
