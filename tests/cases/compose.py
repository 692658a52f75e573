"""Column transformers over DataFrames and arrays of mixed columns."""

import functools

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.impute import SimpleImputer
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler

from tests.cases import Case, data

NUMBERS = ["age", "rooms", "income"]
WORDS = ["city", "grade"]


def mixed():
    """``data.mixed_table`` without its target."""
    return data.mixed_table()[0], None


@functools.cache
def as_array():
    """``data.mixed_table`` as an array of objects."""
    return mixed()[0].to_numpy(dtype=object), None


@functools.cache
def without_numbers():
    """The columns of ``data.mixed_table`` that hold words, numbers and booleans without missing values, as objects."""
    return mixed()[0][["grade", "rooms", "owner"]].to_numpy(dtype=object), None


def shuffled(X):
    """Columns in another order, with one more."""
    return X[["income", "owner", "grade", "age", "rooms", "city"]].assign(extra="x")


def without(*names):
    return lambda X: X.drop(columns=list(names))


def numeric():
    return make_pipeline(SimpleImputer(strategy="median"), StandardScaler())


def categorical(**options):
    return make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(**options))


def complete_first(X):
    """The rows in another order: those without missing values, which have a gradient, first."""
    order = np.argsort(pd.isna(X).to_numpy().any(axis=1), kind="stable")
    return X.iloc[order]


# A table of numbers and categories has a gradient that finite differences do not show.
CATEGORIES = {"gradient": "between categories there are no finite differences"}


def columns(name, source, parts, query=complete_first, xfail=(), differentiable=None, **options):
    return Case(
        f"ColumnTransformer-{name}",
        lambda: ColumnTransformer(parts(), **options),
        source,
        query=query,
        differentiable=differentiable,
        xfail=dict(xfail),
    )


CASES = [
    columns(
        "mixed",
        mixed,
        lambda: [("n", numeric(), NUMBERS), ("w", categorical(), WORDS), ("f", "passthrough", ["owner"])],
        xfail=CATEGORIES,
    ),
    columns(
        "shuffled",
        mixed,
        lambda: [("n", numeric(), NUMBERS), ("w", categorical(), WORDS)],
        shuffled,
        xfail=CATEGORIES,
    ),
    columns(
        "dropped-columns-absent",
        mixed,
        lambda: [("n", numeric(), ["income", "age"]), ("d", "drop", ["rooms"]), ("w", categorical(), ["grade"])],
        without("rooms", "city", "owner"),
        xfail=CATEGORIES,
    ),
    columns(
        "selectors",
        mixed,
        lambda: [
            ("w", categorical(), make_column_selector(dtype_include=["object", "string"])),
            ("n", numeric(), make_column_selector(pattern="age|income")),
            ("none", StandardScaler(), make_column_selector(pattern="nothing")),
            ("b", "drop", make_column_selector(dtype_include=bool)),
        ],
        remainder="passthrough",
        xfail=CATEGORIES,
    ),
    columns(
        "callable-remainder-estimator",
        mixed,
        lambda: [("w", OrdinalEncoder(encoded_missing_value=-1), lambda X: ["grade", "city"])],
        remainder=numeric(),
        xfail=CATEGORIES,
    ),
    columns("slices", mixed, lambda: [("n", numeric(), slice(5, 6)), ("m", MinMaxScaler(), slice("rooms", "owner"))]),
    columns("mask", mixed, lambda: [("n", numeric(), [True, False, True, False, False, True])], remainder="drop"),
    columns(
        "negative-positions", mixed, lambda: [("n", numeric(), [-1, 0]), ("w", OneHotEncoder(), [-2])], xfail=CATEGORIES
    ),
    columns(
        "array-of-objects",
        as_array,
        lambda: [("n", numeric(), [0, 2, 5]), ("w", categorical(), [1, 4])],
        query=lambda X: X,
        xfail=CATEGORIES,
    ),
    columns(
        "array-dropped-words",
        as_array,
        lambda: [("n", numeric(), [5, 2]), ("again", numeric(), [2])],
        query=lambda X: X,
    ),
    columns(
        "dense",
        mixed,
        lambda: [("w", OneHotEncoder(handle_unknown="ignore"), ["grade"]), ("n", numeric(), ["age"])],
        sparse_threshold=0.0,
    ),
    columns(
        "sparse",
        mixed,
        lambda: [("w", OneHotEncoder(), ["city", "grade", "rooms", "owner"])],
        sparse_threshold=1.0,
        differentiable=(),
        verbose_feature_names_out=False,
    ),
    columns(
        "weights",
        mixed,
        lambda: [("n", numeric(), NUMBERS), ("w", categorical(), WORDS), ("p", "passthrough", ["rooms"])],
        transformer_weights={"n": 0.1, "w": 3, "p": -1.5},
        xfail=CATEGORIES,
    ),
    columns(
        "passthrough-words",
        mixed,
        lambda: [("w", OneHotEncoder(sparse_output=False), ["grade"]), ("p", "passthrough", ["grade"])],
        xfail=CATEGORIES,
    ),
    columns(
        "mixture-in-one-imputer",
        mixed,
        lambda: [("w", categorical(handle_unknown="ignore"), ["city", "rooms", "owner"])],
        lambda X: X.assign(city=X["city"].where(X.index > 3, "Atlantis")),
        differentiable=(),
    ),
    columns(
        "constant-word-for-numbers",
        mixed,
        lambda: [("w", make_pipeline(SimpleImputer(strategy="constant"), OneHotEncoder()), ["city", "rooms"])],
        differentiable=(),
    ),
    columns(
        "union-of-same-columns",
        mixed,
        lambda: [
            ("one", OneHotEncoder(), ["grade"]),
            ("two", OrdinalEncoder(categories=[["high", "mid", "low", "none"]]), ["grade"]),
            ("three", OneHotEncoder(categories=[["mid"]], handle_unknown="ignore"), ["grade"]),
        ],
        differentiable=(),
    ),
    columns("nothing", mixed, lambda: [("d", "drop", NUMBERS)], differentiable=()),
    columns(
        "nested",
        mixed,
        lambda: [
            (
                "inner",
                ColumnTransformer([("w", categorical(), ["city"]), ("n", numeric(), ["age"])], remainder="passthrough"),
                ["age", "income", "city"],
            ),
            ("u", FeatureUnion([("a", StandardScaler()), ("b", FunctionTransformer(np.log1p))]), ["income", "rooms"]),
        ],
        xfail=CATEGORIES,
    ),
    columns(
        "pandas-output",
        mixed,
        lambda: [("n", numeric(), NUMBERS), ("w", categorical(sparse_output=False), WORDS)],
        lambda X: X.astype({"city": "category", "rooms": "Int64", "grade": object}),
        xfail=CATEGORIES,
    ),
    Case(
        "FeatureUnion-of-column-transformers",
        lambda: FeatureUnion(
            [
                ("a", ColumnTransformer([("w", categorical(), ["city"])])),
                ("b", ColumnTransformer([("n", numeric(), ["age"]), ("w", OrdinalEncoder(), ["grade"])])),
            ],
            transformer_weights={"a": 2.0},
        ),
        mixed,
        query=without("rooms"),
        xfail=CATEGORIES,
    ),
    Case(
        "FeatureUnion-passes-words",
        lambda: make_pipeline(FeatureUnion([("a", OrdinalEncoder()), ("b", "passthrough")]), OneHotEncoder()),
        without_numbers,
        differentiable=(),
    ),
    Case(
        "FeatureUnion-words-out",
        lambda: FeatureUnion([("a", OrdinalEncoder()), ("b", SimpleImputer(strategy="most_frequent"))]),
        lambda: (pd.DataFrame({"a": ["x", "y", np.nan, "x"], "b": ["u", "u", "v", "w"]}), None),
        xfail=CATEGORIES,
    ),
]
