"""Imputers of one column at a time."""

import functools

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer

from tests.cases import Case, data


def missing():
    """``data.missing_binary`` without its target."""
    return data.missing_binary()[0], None


@functools.cache
def empty_column():
    """60 rows; the second of four columns is missing throughout, the third never."""
    X = data.missing_binary()[0][:60, :4].copy()
    X[:, 1] = np.nan
    X[:, 2] = np.arange(60.0)
    return X, None


@functools.cache
def marked():
    """Whole numbers with -1 for missing."""
    generator = np.random.default_rng(0)
    return np.where(generator.random((40, 3)) < 0.2, -1, generator.integers(0, 5, (40, 3))), None


@functools.cache
def words():
    """Objects: words and numbers, both with NaN."""
    generator = np.random.default_rng(1)
    columns = [["x", "y", "z", np.nan], [1, 2, 3.5, np.nan]]
    return np.stack([generator.choice(np.array(c, dtype=object), 40) for c in columns], axis=1), None


def replaced(value):
    """``words`` with ``value`` for NaN."""

    @functools.cache
    def source():
        X = words()[0].copy()
        X[pd.isna(X)] = value
        return X, None

    return source


@functools.cache
def table():
    """A DataFrame of strings, pandas categories and numpy objects."""
    X, _ = data.mixed_table()
    return X[["city", "grade"]].assign(level=pd.Categorical(X["grade"]), rooms=X["rooms"].astype(object)), None


@functools.cache
def nullable_numbers():
    """pandas' nullable numbers, with ``pandas.NA``."""
    generator = np.random.default_rng(2)
    values = generator.choice(np.array([1, 2, 7, None], dtype=object), 40)
    return pd.DataFrame(
        {"whole": pd.array(values, dtype="Int64"), "real": pd.array(values[::-1], dtype="Float64")}
    ), None


@functools.cache
def nullable_words():
    """pandas' nullable strings, with ``pandas.NA``."""
    values = np.random.default_rng(3).choice(np.array(["u", "v", None], dtype=object), 40)
    return pd.DataFrame({"word": pd.array(values, dtype="string")}), None


def upper_quartile(values):
    return np.quantile(values, 0.75)


def complete_first(X):
    """The rows in another order: those without missing values, which have a gradient, first."""
    if isinstance(X, pd.DataFrame):
        return X.iloc[complete_order(X)]
    return X[complete_order(X)]


def complete_order(X):
    missing = pd.isna(X) | (X == -1) | (X == "?")
    return np.argsort(np.asarray(missing).any(axis=1), kind="stable")


def new_words(X):
    """``complete_first`` with words that were not there when fitted."""
    X = complete_first(X).copy()
    if isinstance(X, pd.DataFrame):
        X.iloc[0, 0] = "Atlantis"
    else:
        X[0, 0] = "Atlantis"
    return X


JUMPS = {"gradient": "inverse_transform jumps where an indicator leaves zero"}


def impute(name, source, query=complete_first, xfail=(), **parameters):
    return Case(f"SimpleImputer-{name}", lambda: SimpleImputer(**parameters), source, query=query, xfail=dict(xfail))


CASES = [
    impute("mean", missing),
    impute("median", missing, strategy="median"),
    impute("most-frequent", marked, strategy="most_frequent", missing_values=-1),
    impute("constant", missing, strategy="constant", fill_value=-3.25),
    impute("constant-default", missing, strategy="constant"),
    impute("callable", missing, strategy=upper_quartile),
    impute("marker", marked, missing_values=-1),
    impute("indicator", missing, xfail=JUMPS, add_indicator=True),
    impute("indicator-of-some", empty_column, xfail=JUMPS, add_indicator=True),
    impute("indicator-marker", marked, add_indicator=True, missing_values=-1, strategy="median"),
    impute("empty-dropped", empty_column),
    impute("empty-kept", empty_column, keep_empty_features=True),
    impute("empty-constant", empty_column, strategy="constant", fill_value=5.5),
    impute("empty-constant-kept", empty_column, strategy="constant", fill_value=5.5, keep_empty_features=True),
    impute("words", words, new_words, strategy="most_frequent"),
    impute("words-constant", words, new_words, strategy="constant", fill_value="none"),
    impute("words-constant-default", words, strategy="constant"),
    impute("words-indicator", words, strategy="most_frequent", add_indicator=True),
    impute("words-none", replaced(None), strategy="most_frequent", missing_values=None),
    impute("words-marker", replaced("?"), new_words, strategy="most_frequent", missing_values="?"),
    impute("words-number", replaced(-1), new_words, strategy="most_frequent", missing_values=-1),
    impute("table", table, new_words, strategy="most_frequent"),
    impute("nullable-numbers", nullable_numbers, strategy="most_frequent", missing_values=pd.NA),
    impute("nullable-words", nullable_words, new_words, strategy="most_frequent", missing_values=pd.NA),
]
