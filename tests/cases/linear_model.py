"""Linear models."""

import functools
import warnings
from typing import Any

import numpy as np
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    LogisticRegressionCV,
    PassiveAggressiveClassifier,
    PassiveAggressiveRegressor,
    Perceptron,
    Ridge,
    RidgeClassifier,
    RidgeClassifierCV,
    RidgeCV,
    SGDClassifier,
    SGDOneClassSVM,
    SGDRegressor,
)

from tests.cases import Case, data


@functools.cache
def one_column_regression() -> tuple[Any, Any]:
    """``regression`` with the target as a matrix of one column."""
    X, y = data.regression()
    return X, y.reshape(-1, 1)


@functools.cache
def large_multiclass() -> tuple[Any, Any]:
    """``multiclass`` with features so large that every sigmoid of a score can be exactly 0."""
    X, y = data.multiclass()
    return 1000.0 * X, y


@functools.cache
def unlabelled() -> tuple[Any, Any]:
    """The rows of ``regression``."""
    return data.regression()[0], None


@functools.cache
def single_unlabelled() -> tuple[Any, Any]:
    """``unlabelled`` in float32."""
    return data.regression()[0].astype(np.float32), None


@functools.cache
def single_words() -> tuple[Any, Any]:
    """``words`` with features in float32."""
    X, y = data.words()
    return X.astype(np.float32), y


def in_double(X: Any) -> Any:
    """Rows in float64, which no float32 has: a fit in float32 answers them in float64."""
    return X[:40].astype(np.float64) + 1e-9


def passive_aggressive(family: Any, **parameters: Any) -> Any:
    """Later versions of scikit-learn warn that these classes are deprecated."""

    def make() -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return family(random_state=0, **parameters)

    return make


def sparsified(estimator: Any, X: Any, y: Any) -> Any:
    return estimator.fit(X, y).sparsify()


CASES = [
    Case("LogisticRegression", LogisticRegression, data.multiclass),
    Case("LogisticRegression-binary-words", LogisticRegression, data.binary_words, primary=True),
    Case("LogisticRegression-liblinear", lambda: LogisticRegression(solver="liblinear"), data.binary),
    Case("LogisticRegression-booleans", lambda: LogisticRegression(fit_intercept=False), data.booleans),
    Case(
        "LogisticRegression-sparsified",
        lambda: LogisticRegression(solver="saga", penalty="l1", C=0.05, max_iter=20),
        data.words,
        fit=sparsified,
    ),
    Case(
        "LogisticRegression-elastic-net",
        lambda: LogisticRegression(solver="saga", penalty="elasticnet", l1_ratio=0.5, max_iter=20),
        data.multiclass,
    ),
    Case("LogisticRegressionCV", lambda: LogisticRegressionCV(Cs=3, cv=3), data.words),
    Case(
        "LogisticRegressionCV-binary",
        lambda: LogisticRegressionCV(Cs=3, cv=3, refit=False, solver="liblinear"),
        data.binary,
    ),
    Case("LinearRegression", LinearRegression, data.regression),
    Case("LinearRegression-multi", LinearRegression, data.multi_regression),
    Case("LinearRegression-column", LinearRegression, one_column_regression),
    Case("LinearRegression-no-intercept", lambda: LinearRegression(fit_intercept=False), data.multi_regression),
    Case("LinearRegression-positive", lambda: LinearRegression(positive=True), data.regression),
    Case("Ridge", Ridge, data.multi_regression),
    Case("Ridge-one", lambda: Ridge(alpha=3.0, fit_intercept=False), data.regression),
    Case("Ridge-column", Ridge, one_column_regression),
    Case("Ridge-alphas", lambda: Ridge(alpha=np.array([0.1, 1.0, 10.0]), solver="lsqr"), data.multi_regression),
    Case("RidgeCV", RidgeCV, data.regression),
    Case("RidgeCV-multi", lambda: RidgeCV(alpha_per_target=True), data.multi_regression),
    Case("RidgeCV-column", lambda: RidgeCV(cv=3), one_column_regression),
    Case("RidgeClassifier", RidgeClassifier, data.words),
    Case("RidgeClassifier-binary", lambda: RidgeClassifier(class_weight="balanced"), data.booleans),
    Case("RidgeClassifier-multilabel", RidgeClassifier, data.multilabel, primary=True),
    Case("RidgeClassifier-no-intercept", lambda: RidgeClassifier(fit_intercept=False), data.multiclass),
    Case("RidgeClassifierCV", RidgeClassifierCV, data.multiclass),
    Case("RidgeClassifierCV-binary", lambda: RidgeClassifierCV(cv=3), data.binary_words),
    Case("RidgeClassifierCV-multilabel", RidgeClassifierCV, data.multilabel),
    Case("SGDClassifier", lambda: SGDClassifier(random_state=0), data.words),
    Case(
        "SGDClassifier-log",
        lambda: SGDClassifier(loss="log_loss", alpha=0.1, random_state=0),
        data.binary_words,
        primary=True,
    ),
    Case("SGDClassifier-log-multi", lambda: SGDClassifier(loss="log_loss", alpha=0.1, random_state=0), data.multiclass),
    Case(
        "SGDClassifier-log-saturated",
        lambda: SGDClassifier(loss="log_loss", random_state=0),
        large_multiclass,
        # Scores of millions: which sigmoids are exactly zero depends on their last digits.
        float32_tolerance=None,
        xfail={"gradient": "logarithms of probabilities that are exactly zero have no finite slope"},
    ),
    Case(
        "SGDClassifier-modified-huber-multi",
        lambda: SGDClassifier(loss="modified_huber", alpha=0.5, random_state=0),
        data.multiclass,
        primary=True,
    ),
    Case(
        "SGDClassifier-modified-huber",
        lambda: SGDClassifier(loss="modified_huber", alpha=1.0, average=True, random_state=0),
        data.booleans,
    ),
    *(
        Case(f"SGDClassifier-{loss}", lambda loss=loss: SGDClassifier(loss=loss, random_state=0), data.multiclass)
        for loss in (
            "squared_hinge",
            "perceptron",
            "squared_error",
            "huber",
            "epsilon_insensitive",
            "squared_epsilon_insensitive",
        )
    ),
    Case(
        "SGDClassifier-sparsified",
        lambda: SGDClassifier(penalty="l1", average=10, fit_intercept=False, random_state=0),
        data.binary,
        fit=sparsified,
    ),
    Case("SGDRegressor", lambda: SGDRegressor(random_state=0), data.regression),
    Case(
        "SGDRegressor-sparsified",
        lambda: SGDRegressor(penalty="l1", alpha=0.1, random_state=0),
        data.regression,
        fit=sparsified,
    ),
    *(
        Case(
            f"SGDRegressor-{loss}",
            lambda loss=loss: SGDRegressor(loss=loss, average=True, random_state=0),
            data.regression,
        )
        for loss in ("huber", "epsilon_insensitive", "squared_epsilon_insensitive")
    ),
    Case("SGDRegressor-column", lambda: SGDRegressor(random_state=0), one_column_regression),
    Case("SGDClassifier-single", lambda: SGDClassifier(loss="log_loss", random_state=0), single_words, in_double),
    Case("LogisticRegression-single", LogisticRegression, single_words, in_double),
    Case("RidgeClassifier-single", RidgeClassifier, single_words, in_double),
    Case("Perceptron", Perceptron, data.words),
    Case("Perceptron-binary", lambda: Perceptron(penalty="elasticnet", fit_intercept=False), data.booleans),
    Case("Perceptron-sparsified", lambda: Perceptron(penalty="l1", alpha=0.01), data.multiclass, fit=sparsified),
    Case("PassiveAggressiveClassifier", passive_aggressive(PassiveAggressiveClassifier), data.words),
    Case(
        "PassiveAggressiveClassifier-binary",
        passive_aggressive(PassiveAggressiveClassifier, loss="squared_hinge", average=True),
        data.binary_words,
    ),
    Case("PassiveAggressiveRegressor", passive_aggressive(PassiveAggressiveRegressor), data.regression),
    Case(
        "PassiveAggressiveRegressor-sparsified",
        passive_aggressive(PassiveAggressiveRegressor, loss="squared_epsilon_insensitive", average=5),
        one_column_regression,
        fit=sparsified,
    ),
    Case("SGDOneClassSVM", lambda: SGDOneClassSVM(random_state=0, nu=0.3), unlabelled),
    Case(
        "SGDOneClassSVM-average",
        lambda: SGDOneClassSVM(random_state=0, average=True, learning_rate="constant", eta0=0.01),
        unlabelled,
    ),
    Case("SGDOneClassSVM-no-intercept", lambda: SGDOneClassSVM(random_state=0, fit_intercept=False), unlabelled),
    Case("SGDOneClassSVM-single", lambda: SGDOneClassSVM(random_state=0), single_unlabelled, in_double),
]
