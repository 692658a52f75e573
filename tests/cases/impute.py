"""Cases of sklearn.impute."""

import functools

import numpy as np
import pandas as pd
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer, MissingIndicator, SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

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


def impute(name, source, query=complete_first, xfail=(), primary=False, **parameters):
    make = functools.partial(SimpleImputer, **parameters)
    return Case(f"SimpleImputer-{name}", make, source, query=query, xfail=dict(xfail), primary=primary)


@functools.cache
def stored():
    """Numbers with missing values in most columns, one of which is missing throughout."""
    X = data.missing_binary()[0].copy()
    X[:, 3] = np.where(np.arange(len(X)) % 3 == 0, X[:, 3], np.nan)
    return np.concatenate([X, np.full_like(X[:, :1], np.nan)], axis=1), None


def unlike(X):
    """Complete rows, rows with one to all values missing, and stored rows."""
    generator = np.random.default_rng(3)
    new = generator.normal(size=(40, X.shape[1]))
    new[10:][generator.random((30, X.shape[1])) < 0.5] = np.nan
    new[38] = np.nan
    return np.concatenate([new, X[:20]])


@functools.cache
def apart():
    """Whole numbers with -1 for missing; no two rows have a value in common."""
    generator = np.random.default_rng(4)
    X = np.stack([generator.permutation(30) for _ in range(3)], axis=1).astype(np.float64)
    X[generator.random(X.shape) < 0.2] = -1
    return X, None


def between(X):
    """Points of which each has different distances to all rows of ``apart``."""
    generator = np.random.default_rng(5)
    new = generator.uniform(0, 30, X.shape)
    new[generator.random(X.shape) < 0.3] = -1
    return complete_first(new)


@functools.cache
def wide():
    """20 columns, each with missing values of its own."""
    generator = np.random.default_rng(6)
    X = generator.normal(size=(40, 20)) + generator.normal(size=(40, 1))
    X[generator.random(X.shape) < 0.2] = np.nan
    return X, None


@functools.cache
def single_precision():
    """``missing`` as float32."""
    return missing()[0].astype(np.float32), None


def as_double(X):
    return complete_first(X.astype(np.float64))


@functools.cache
def related():
    """60 rows of 4 columns that depend on each other, a fifth of the values missing."""
    generator = np.random.default_rng(7)
    X = generator.normal(size=(60, 2)) @ generator.normal(size=(2, 4)) + 0.1 * generator.normal(size=(60, 4))
    X[generator.random(X.shape) < 0.2] = np.nan
    return X, None


@functools.cache
def related_empty():
    """``related`` with a column that is missing throughout."""
    X = related()[0]
    return np.concatenate([X[:, :1], np.full_like(X[:, :1], np.nan), X[:, 1:]], axis=1), None


def refilled(X):
    """Rows in which some values of the empty column are there, complete ones first."""
    X = X.copy()
    X[::2, 1] = 1.5
    return complete_first(X)


def codes():
    """``marked`` as floating point."""
    return marked()[0].astype(np.float64), None


def knn(name, source, query=unlike, primary=False, **parameters):
    return Case(
        f"KNNImputer{name}",
        lambda: KNNImputer(**parameters),
        source,
        query=query,
        primary=primary,
        # In float32 other rows may be nearest.
        float32_tolerance=None,
    )


def indicate(name, source, query=None, **parameters):
    return Case(
        f"MissingIndicator{name}", lambda: MissingIndicator(**parameters), source, query=query, differentiable=()
    )


def iterate(name, source=related, query=complete_first, primary=False, **parameters):
    parameters = {"random_state": 0, "max_iter": 3} | parameters
    return Case(f"IterativeImputer{name}", lambda: IterativeImputer(**parameters), source, query=query, primary=primary)


CASES = [
    impute("mean", missing),
    impute("median", missing, strategy="median"),
    impute("most-frequent", marked, strategy="most_frequent", missing_values=-1),
    impute("constant", missing, strategy="constant", fill_value=-3.25),
    impute("constant-default", missing, strategy="constant"),
    impute("callable", missing, strategy=upper_quartile),
    impute("marker", marked, missing_values=-1),
    impute("indicator", missing, xfail=JUMPS, primary=True, add_indicator=True),
    impute("indicator-of-some", empty_column, xfail=JUMPS, add_indicator=True),
    impute("indicator-marker", marked, add_indicator=True, missing_values=-1, strategy="median"),
    impute("float32", single_precision, as_double),
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
    knn("", stored, n_neighbors=3),
    knn("-distance", stored, weights="distance"),
    knn("-one-group", lambda: (data.binary()[0], None), weights="distance", n_neighbors=4),
    knn("-wide", wide, primary=True, weights="distance", add_indicator=True),
    knn("-empty-kept", stored, keep_empty_features=True, add_indicator=True),
    knn("-all-donors", stored, n_neighbors=500),
    knn("-marker", apart, between, missing_values=-1, n_neighbors=2),
    knn("-float32", single_precision, as_double),
    indicate("", missing, error_on_new=False),
    indicate("-error-on-new", missing),
    indicate("-of-some", empty_column, complete_first),
    indicate("-all", empty_column, complete_first, features="all"),
    indicate("-sparse", missing, sparse=True),
    indicate("-marker", marked, missing_values=-1),
    indicate("-none", replaced(None), missing_values=None),
    indicate("-word", replaced("?"), missing_values="?"),
    Case(
        "FeatureUnion-indicator-and-imputer",
        lambda: make_union(SimpleImputer(), MissingIndicator()),
        missing,
        query=complete_first,
    ),
    iterate("", max_iter=10, tol=1e-12),
    iterate("-short", primary=True, max_iter=1),
    iterate("-median-roman", initial_strategy="median", imputation_order="roman"),
    iterate(
        "-most-frequent-arabic", codes, initial_strategy="most_frequent", imputation_order="arabic", missing_values=-1
    ),
    iterate("-constant-descending", initial_strategy="constant", fill_value=0.5, imputation_order="descending"),
    iterate("-random-nearest", imputation_order="random", n_nearest_features=2),
    iterate("-limits", min_value=-0.5, max_value=[0.5, 1.0, 0.2, 0.1]),
    iterate("-indicator", add_indicator=True),
    iterate("-skip-complete", empty_column, skip_complete=True),
    iterate("-empty", related_empty, refilled, min_value=[-0.3, 0.0, -1.0, -1.0, -1.0]),
    iterate("-empty-kept", related_empty, refilled, keep_empty_features=True, add_indicator=True),
    iterate("-empty-constant", related_empty, refilled, initial_strategy="constant", fill_value=2.5),
    iterate("-no-rounds", max_iter=0),
    iterate("-one-column", lambda: (related()[0][:, :1], None)),
    iterate("-all-missing", query=lambda X: np.full_like(X[:3], np.nan)),
    iterate("-ridge", estimator=Ridge(0.1)),
    iterate("-trees", primary=True, max_iter=1, estimator=DecisionTreeRegressor(max_depth=3, random_state=0)),
    iterate("-pipeline", estimator=make_pipeline(StandardScaler(), Ridge(0.5))),
    iterate("-classifier", codes, missing_values=-1, estimator=LogisticRegression(), initial_strategy="most_frequent"),
    iterate("-float32", single_precision, as_double),
]
