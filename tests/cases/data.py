"""Small seeded data sets; each function is cached and its arrays are never changed."""

import functools
from typing import Any

import numpy as np
from scipy import sparse
from sklearn import datasets

WORDS = np.array(["setosa", "versicolor", "virginica", "other"], dtype=object)


@functools.cache
def binary() -> tuple[Any, Any]:
    """120 rows, 5 features, classes 0 and 1."""
    return datasets.make_classification(120, 5, n_informative=3, flip_y=0.1, random_state=0)


@functools.cache
def multiclass() -> tuple[Any, Any]:
    """150 rows, 5 features, classes -1, 3 and 7."""
    X, y = datasets.make_classification(150, 5, n_informative=4, n_redundant=0, n_classes=3, random_state=1)
    return X, np.array([-1, 3, 7])[y]


@functools.cache
def plain() -> tuple[Any, Any]:
    """``multiclass`` without its target."""
    return multiclass()[0], None


@functools.cache
def sparse_rows() -> tuple[Any, Any]:
    """``plain`` with zeros for small values, and a row of zeros."""
    X = plain()[0]
    X = np.where(np.abs(X) < 0.7, 0.0, X)
    X[3] = 0.0
    return sparse.csr_matrix(X), None


@functools.cache
def gram() -> tuple[Any, Any]:
    """A kernel matrix of 30 rows of ``plain``."""
    X = plain()[0][:30]
    return np.exp(-0.2 * np.abs(X[:, None] - X).sum(2)), None


@functools.cache
def words() -> tuple[Any, Any]:
    """``multiclass`` with string labels."""
    X, y = multiclass()
    return X, WORDS[np.searchsorted([-1, 3, 7], y)].astype(str)


@functools.cache
def binary_words() -> tuple[Any, Any]:
    """``binary`` with string labels."""
    X, y = binary()
    return X, np.array(["no", "yes"])[y]


@functools.cache
def booleans() -> tuple[Any, Any]:
    """``binary`` with boolean labels."""
    X, y = binary()
    return X, y.astype(bool)


@functools.cache
def regression() -> tuple[Any, Any]:
    """120 rows, 5 features, one target of unit scale."""
    X, y = datasets.make_regression(120, 5, noise=5.0, random_state=2)
    return X, y / y.std()


@functools.cache
def positive_regression() -> tuple[Any, Any]:
    """``regression`` with targets above zero."""
    X, y = regression()
    return X, np.exp(0.5 * y)


@functools.cache
def multi_regression() -> tuple[Any, Any]:
    """120 rows, 5 features, 3 targets."""
    X, y = datasets.make_regression(120, 5, n_targets=3, noise=5.0, random_state=3)
    return X, y / y.std(axis=0)


@functools.cache
def multilabel() -> tuple[Any, Any]:
    """120 rows, 5 features, indicator matrix of 3 labels."""
    X, y = datasets.make_multilabel_classification(120, 5, n_classes=3, random_state=4)
    return X.astype(np.float64), y


@functools.cache
def multi_output_words() -> tuple[Any, Any]:
    """120 rows, 5 features, two string targets with 2 and 3 classes."""
    X, y = binary()
    third = np.digitize(X[:, 0], np.quantile(X[:, 0], [0.3, 0.7]))
    return X, np.stack([WORDS[y], WORDS[third]], axis=1).astype(str)


@functools.cache
def missing_binary() -> tuple[Any, Any]:
    """``binary`` with a tenth of the values missing."""
    X, y = binary()
    X = X.copy()
    X[np.random.default_rng(5).random(X.shape) < 0.1] = np.nan
    return X, y


@functools.cache
def mixed_table() -> tuple[Any, Any]:
    """A DataFrame of 150 rows: numbers, integers, booleans, strings and missing values; y in {0, 1}."""
    import pandas as pd

    generator = np.random.default_rng(6)
    n = 150
    frame = pd.DataFrame(
        {
            "age": generator.normal(40, 12, n),
            "city": generator.choice(["Oslo", "Paris", "Rome", "Łódź"], n, p=[0.5, 0.3, 0.15, 0.05]),
            "rooms": generator.integers(1, 6, n),
            "owner": generator.random(n) < 0.5,
            "grade": generator.choice(["low", "mid", "high"], n),
            "income": generator.lognormal(3, 1, n),
        }
    )
    frame.loc[generator.random(n) < 0.1, "age"] = np.nan
    frame.loc[generator.random(n) < 0.1, "city"] = np.nan
    y = ((frame["income"] > 20) ^ (frame["grade"] == "low") ^ (generator.random(n) < 0.1)).astype(int).to_numpy()
    return frame, y


@functools.cache
def one_class() -> tuple[Any, Any]:
    """``binary`` with the one class 5."""
    X, y = binary()
    return X, np.full_like(y, 5)


@functools.cache
def missing_regression() -> tuple[Any, Any]:
    """``regression`` with missing values, among them a column that only tells whether it is missing."""
    X, y = regression()
    X = X.copy()
    X[np.random.default_rng(7).random(X.shape) < 0.1] = np.nan
    X[:, 1] = np.where(y > 0, 0.0, np.nan)
    return X, y
