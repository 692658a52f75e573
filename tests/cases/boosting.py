"""Gradient boosting, exact and histogram-based."""

import functools
from typing import Any

import numpy as np
from sklearn.ensemble import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression

from tests.cases import Case, data

# Absolute values of the scores are small: a few trees of few leaves are enough to see any fault.
small = functools.partial(dict, n_estimators=4, max_depth=3, random_state=0)
few = functools.partial(dict, max_iter=4, min_samples_leaf=3, random_state=0)


@functools.cache
def infinities() -> tuple[Any, Any]:
    """``missing_regression`` with infinite values."""
    X, y = data.missing_regression()
    X = X.copy()
    X[::7, 2], X[3::7, 2] = np.inf, -np.inf
    return X, y


@functools.cache
def number_categories() -> tuple[Any, Any]:
    """200 rows: a number, categories 0 to 39 with gaps, categories that are fractions or missing; y is real."""
    generator = np.random.default_rng(8)
    code = 3.0 * generator.integers(0, 40, 200)
    fraction = generator.choice([-1.5, 0.25, 2.0, 7.75, np.nan], 200)
    number = generator.normal(size=200)
    y = np.sin(code * 7) + np.nan_to_num(np.cos(fraction * 9)) + 0.3 * number
    return np.stack([number, code, fraction], axis=1), y


@functools.cache
def category_classes() -> tuple[Any, Any]:
    """``number_categories`` with three classes."""
    X, y = number_categories()
    return X, np.digitize(y, [-0.5, 0.5])


@functools.cache
def category_frame() -> tuple[Any, Any]:
    """``mixed_table`` with categorical dtypes, of strings, integers and booleans."""
    frame, y = data.mixed_table()
    frame = frame.copy()
    for name in ("city", "rooms", "owner", "grade"):
        frame[name] = frame[name].astype("category")
    return frame, y


@functools.cache
def string_frame() -> tuple[Any, Any]:
    """The columns of ``mixed_table`` that matter most, strings as objects; y holds words."""
    frame, y = data.mixed_table()
    return frame[["income", "grade", "city"]], np.array(["no", "yes"])[y]


def with_unknown(frame: Any) -> Any:
    """Rows of a table, some with a city that was not there at fit time."""
    strange = frame.head(40).copy()
    strange["city"] = strange["city"].astype(object).where(np.arange(40) % 3 > 0, "Atlantis")
    return strange


def with_unknown_numbers(X: Any) -> Any:
    """Rows of ``number_categories``, some with unknown, negative, fractional or huge categories."""
    X = X[:60].copy()
    X[:10, 1] = [1, -3, 3.5, 1000, 256, 1e12, -1e300, 255, np.nan, 119]
    X[:4, 2] = [-1, 0.5, 7.5, -1.5]
    return X


def warm(estimator: Any, X: Any, y: Any) -> Any:
    """Fit, then continue with two iterations more."""
    name = "max_iter" if hasattr(estimator, "max_iter") else "n_estimators"
    return estimator.fit(X, y).set_params(**{"warm_start": True, name: 6}).fit(X, y)


ROUNDS_INPUT = {"gradient": "init sees float32(x), as in scikit-learn, which is coarser than finite differences"}
CONSTANT: dict[str, Any] = {"differentiable": ()}

# Losses and parameters that only change what is fitted are in tests/estimators/test_boosting.py.
CASES = [
    Case(
        "GradientBoostingClassifier", lambda: GradientBoostingClassifier(**small(subsample=0.5)), data.words, **CONSTANT
    ),
    Case(
        "GradientBoostingClassifier-binary",
        lambda: GradientBoostingClassifier(**small()),
        data.binary_words,
        **CONSTANT,
    ),
    Case(
        "GradientBoostingClassifier-exponential",
        lambda: GradientBoostingClassifier(**small(loss="exponential")),
        data.booleans,
        fit=warm,
        **CONSTANT,
    ),
    Case(
        "GradientBoostingClassifier-zero",
        lambda: GradientBoostingClassifier(**small(init="zero", max_depth=None)),
        data.multiclass,
        **CONSTANT,
    ),
    Case(
        "GradientBoostingClassifier-init",
        lambda: GradientBoostingClassifier(
            **small(init=GradientBoostingClassifier(n_estimators=2, random_state=1), learning_rate=0.7)
        ),
        data.multiclass,
        primary=True,
        **CONSTANT,
    ),
    Case(
        "GradientBoostingClassifier-init-half",
        lambda: GradientBoostingClassifier(**small(init=HistGradientBoostingClassifier(**few()), loss="exponential")),
        data.binary,
        **CONSTANT,
    ),
    Case(
        "GradientBoostingClassifier-init-liblinear",
        lambda: GradientBoostingClassifier(**small(init=LogisticRegression(solver="liblinear"))),
        data.binary,
        differentiable=("predict_proba", "predict_log_proba", "decision_function"),
        xfail=ROUNDS_INPUT,
    ),
    Case("GradientBoostingRegressor", lambda: GradientBoostingRegressor(**small()), data.regression, **CONSTANT),
    Case(
        "GradientBoostingRegressor-quantile",
        lambda: GradientBoostingRegressor(**small(loss="quantile", alpha=0.8)),
        data.regression,
        **CONSTANT,
    ),
    Case(
        "GradientBoostingRegressor-linear",
        lambda: GradientBoostingRegressor(**small(init=LinearRegression())),
        data.regression,
        primary=True,
        differentiable=("predict",),
        tolerance=1e-6,  # scikit-learn's init computes in float32 here
        xfail=ROUNDS_INPUT,
    ),
    Case(
        "GradientBoostingRegressor-many",
        lambda: GradientBoostingRegressor(n_estimators=60, max_depth=2, max_features=2, init="zero", random_state=0),
        data.regression,
        **CONSTANT,
    ),
    Case(
        "HistGradientBoostingClassifier",
        lambda: HistGradientBoostingClassifier(**few(max_iter=40, early_stopping=True, n_iter_no_change=2, tol=0.05)),
        data.words,
        **CONSTANT,
    ),
    Case(
        "HistGradientBoostingClassifier-binary",
        lambda: HistGradientBoostingClassifier(**few()),
        data.missing_binary,
        **CONSTANT,
    ),
    Case(
        "HistGradientBoostingClassifier-single-class",
        lambda: HistGradientBoostingClassifier(**few()),
        data.one_class,
        **CONSTANT,
    ),
    Case(
        "HistGradientBoostingClassifier-from-dtype",
        lambda: HistGradientBoostingClassifier(**few(categorical_features="from_dtype")),
        category_frame,
        primary=True,
        **CONSTANT,
    ),
    Case(
        "HistGradientBoostingClassifier-names",
        lambda: HistGradientBoostingClassifier(**few(categorical_features=["city", "grade"])),
        string_frame,
        query=with_unknown,
        **CONSTANT,
    ),
    Case(
        "HistGradientBoostingClassifier-categories",
        lambda: HistGradientBoostingClassifier(**few(categorical_features=[2, 1], class_weight="balanced")),
        category_classes,
        query=with_unknown_numbers,
        **CONSTANT,
    ),
    Case("HistGradientBoostingRegressor", lambda: HistGradientBoostingRegressor(**few()), data.regression, **CONSTANT),
    Case(
        "HistGradientBoostingRegressor-quantile",
        lambda: HistGradientBoostingRegressor(**few(loss="quantile", quantile=0.7)),
        data.missing_regression,
        **CONSTANT,
    ),
    Case(
        "HistGradientBoostingRegressor-gamma",
        lambda: HistGradientBoostingRegressor(**few(loss="gamma")),
        data.positive_regression,
        **CONSTANT,
    ),
    Case(
        "HistGradientBoostingRegressor-poisson",
        lambda: HistGradientBoostingRegressor(**few(loss="poisson", max_bins=5)),
        data.positive_regression,
        **CONSTANT,
    ),
    Case(
        "HistGradientBoostingRegressor-absolute-error",
        lambda: HistGradientBoostingRegressor(**few(loss="absolute_error")),
        infinities,
        query=lambda X: X,
        **CONSTANT,
    ),
    Case(
        "HistGradientBoostingRegressor-mask",
        lambda: HistGradientBoostingRegressor(**few(max_iter=8, categorical_features=[False, True, True])),
        number_categories,
        query=with_unknown_numbers,
        **CONSTANT,
    ),
    Case(
        "HistGradientBoostingRegressor-constraints",
        lambda: HistGradientBoostingRegressor(
            **few(
                categorical_features=[2],
                monotonic_cst=[1, -1, 0],
                interaction_cst=[[0, 1], [2]],
                l2_regularization=1.0,
                max_features=0.7,
            )
        ),
        number_categories,
        **CONSTANT,
    ),
    Case(
        "HistGradientBoostingRegressor-deep",
        lambda: HistGradientBoostingRegressor(**few(max_leaf_nodes=None, min_samples_leaf=1)),
        data.regression,
        primary=True,
        **CONSTANT,
    ),
]
