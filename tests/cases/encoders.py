"""Encoders of categories and labels."""

import functools

import numpy as np
import pandas as pd
from sklearn.preprocessing import LabelBinarizer, LabelEncoder, MultiLabelBinarizer, OneHotEncoder, OrdinalEncoder

from tests.cases import Case, data

NAN = float("nan")


@functools.cache
def numbers():
    """60 rows of 3 numeric categorical columns, not whole numbers, unevenly frequent."""
    generator = np.random.default_rng(0)
    return generator.choice([-2.5, 0.1, 0.3, 4.0, 1e6], (60, 3), p=[0.5, 0.2, 0.15, 0.1, 0.05]), None


@functools.cache
def missing_numbers():
    """``numbers`` with a fifth missing."""
    X = numbers()[0].copy()
    X[np.random.default_rng(1).random(X.shape) < 0.2] = np.nan
    return X, None


@functools.cache
def flags():
    """60 rows of 2 booleans."""
    return np.random.default_rng(2).random((60, 2)) < 0.4, None


@functools.cache
def words():
    """60 rows of 2 columns of numpy strings."""
    return np.random.default_rng(3).choice(["aa", "b", "cccc", "Łódź"], (60, 2), p=[0.6, 0.2, 0.15, 0.05]), None


@functools.cache
def objects():
    """60 rows: words with None and NaN, whole numbers with None, booleans with NaN."""
    generator = np.random.default_rng(4)
    columns = [["x", "y", None, np.nan], [1, 2, 3, None], [True, False, np.nan]]
    return np.stack([generator.choice(np.array(c, dtype=object), 60) for c in columns], axis=1), None


@functools.cache
def pairs():
    """60 rows of 2 columns of objects: two words, three whole numbers."""
    generator = np.random.default_rng(5)
    return np.stack(
        [
            generator.choice(np.array(["no", "yes"], dtype=object), 60),
            generator.choice(np.array([7, 9, 11], dtype=object), 60, p=[0.9, 0.05, 0.05]),
        ],
        axis=1,
    ), None


@functools.cache
def table():
    """A DataFrame of categories: strings, whole numbers, booleans, pandas categories, nullable numbers."""
    generator = np.random.default_rng(6)
    return pd.DataFrame(
        {
            "word": generator.choice(["u", "v", "w"], 60, p=[0.8, 0.1, 0.1]),
            "count": generator.integers(0, 3, 60),
            "flag": generator.random(60) < 0.3,
            "level": pd.Categorical(generator.choice(["p", "q"], 60)),
            "share": generator.choice([0.1, 0.3, np.nan], 60),
            "nullable": pd.array(generator.choice(np.array([1, 2, None], dtype=object), 60), dtype="Int64"),
        }
    ), None


@functools.cache
def many():
    """300 rows: 150 words of falling frequency, and 90 whole numbers."""
    generator = np.random.default_rng(7)
    ranks = np.minimum(generator.zipf(1.5, 300), 150)
    return pd.DataFrame({"word": [f"w{rank}" for rank in ranks], "number": generator.integers(0, 90, 300)}), None


def strange(X):
    """The table with unknown categories, missing values and other types in its first rows."""
    if isinstance(X, pd.DataFrame):
        X = X.copy()
        X.loc[0, "word"] = "never seen"
        X.loc[1, "word"] = np.nan
        return X
    X = X.astype(object) if X.dtype.kind in "UO" else X.copy()
    X[0, 0] = "never seen" if X.dtype.kind == "O" else 99
    return X


def one_hot(name, source, query=None, **parameters):
    return Case(
        f"OneHotEncoder-{name}", lambda: OneHotEncoder(**parameters), source, query=query or as_it_is, differentiable=()
    )


def ordinal(name, source, query=None, **parameters):
    return Case(
        f"OrdinalEncoder-{name}",
        lambda: OrdinalEncoder(**parameters),
        source,
        query=query or as_it_is,
        differentiable=(),
    )


def labels(name, source, **parameters):
    return Case(
        f"LabelBinarizer-{name}", lambda: LabelBinarizer(**parameters), lambda: (source, None), differentiable=()
    )


def places(name, source):
    return Case(f"LabelEncoder-{name}", LabelEncoder, lambda: (source, None), differentiable=())


def label_sets(name, source, query=None, **parameters):
    return Case(
        f"MultiLabelBinarizer-{name}",
        lambda: MultiLabelBinarizer(**parameters),
        lambda: (source, None),
        query=None if query is None else lambda _: query,
        differentiable=(),
    )


def as_it_is(X):
    return X


LENIENT = {"handle_unknown": "use_encoded_value", "unknown_value": -1}

CASES = [
    one_hot("table", table),
    one_hot("numbers", numbers, sparse_output=False),
    one_hot("missing", missing_numbers),
    one_hot("booleans", flags),
    one_hot("words", words),
    one_hot("objects", objects),
    one_hot("ignore", words, strange, handle_unknown="ignore"),
    one_hot("ignore-numbers", missing_numbers, strange, handle_unknown="ignore"),
    one_hot("ignore-table", table, strange, handle_unknown="ignore", drop="first"),
    one_hot("first", pairs, drop="first"),
    one_hot("if-binary", pairs, drop="if_binary"),
    one_hot("if-binary-ignore", pairs, strange, drop="if_binary", handle_unknown="ignore"),
    one_hot("drop-array", objects, drop=["x", 2, np.nan]),
    one_hot(
        "drop-only-category", lambda: (np.array([["k", 2.5]] * 5 + [["k", 3.5]], dtype=object), None), drop="first"
    ),
    one_hot("categories", pairs, categories=[["yes", "maybe", "no"], [11, 7, 9, 10]]),
    one_hot("categories-unknown", pairs, categories=[["yes"], [11, 7]], handle_unknown="ignore"),
    one_hot("min-frequency", words, min_frequency=10),
    one_hot("min-frequency-share", missing_numbers, min_frequency=0.15),
    one_hot("max-categories", table, strange, max_categories=2, handle_unknown="infrequent_if_exist"),
    one_hot("all-infrequent", words, strange, max_categories=1, handle_unknown="infrequent_if_exist"),
    one_hot("infrequent-first", words, strange, min_frequency=10, handle_unknown="infrequent_if_exist", drop="first"),
    one_hot("infrequent-if-binary", words, max_categories=2, drop="if_binary"),
    one_hot("infrequent-ignore", words, strange, min_frequency=10, handle_unknown="ignore"),
    one_hot("infrequent-drop-array", words, min_frequency=10, drop=["b", "aa"]),
    one_hot("warn", words, strange, min_frequency=10, handle_unknown="warn", drop="first"),
    one_hot("warn-without-infrequent", numbers, strange, handle_unknown="warn"),
    one_hot("int8", numbers, dtype=np.int8),
    one_hot("float32", numbers, dtype=np.float32, sparse_output=False),
    one_hot("bool", numbers, dtype=bool, sparse_output=False),
    one_hot("many", many, strange, min_frequency=3, handle_unknown="infrequent_if_exist"),
    ordinal("table", table),
    ordinal("numbers", numbers),
    ordinal("booleans", flags),
    ordinal("words", words),
    ordinal("objects", objects),
    ordinal("unknown", words, strange, **LENIENT),
    ordinal("unknown-nan", missing_numbers, strange, handle_unknown="use_encoded_value", unknown_value=NAN),
    ordinal("missing-value", missing_numbers, encoded_missing_value=-2),
    ordinal("missing-and-unknown", objects, strange, encoded_missing_value=-2, **LENIENT),
    ordinal("categories", pairs, categories=[["yes", "maybe", "no"], [11, 7, 9, 10]]),
    ordinal("min-frequency", words, min_frequency=10),
    ordinal("min-frequency-share", table, strange, min_frequency=0.2, **LENIENT),
    ordinal("max-categories", numbers, strange, max_categories=3, **LENIENT),
    ordinal("all-infrequent", words, max_categories=1),
    ordinal("int32", words, dtype=np.int32),
    ordinal("many", many, strange, **LENIENT),
    labels("words", np.array(["yes", "no", "maybe", "no", "yes"])),
    labels("binary", np.array([0, 1, 1, 0])),
    labels("binary-words", np.array(["spam", "ham", "ham"])),
    labels("booleans", np.array([True, False, True])),
    labels("single", np.array([5, 5, 5])),
    labels("numbers", np.array([-1, 7, 3, 3, 7])),
    labels("floats", np.array([1.0, 2.0, 4.0, 2.0])),
    labels("values", np.array([-1, 7, 3, 3, 7]), neg_label=-2, pos_label=3),
    labels("positive-zero", np.array(["a", "b", "a"]), neg_label=-1, pos_label=0),
    labels("sparse", np.array(["a", "b", "c"]), sparse_output=True, pos_label=4),
    labels("multilabel", data.multilabel()[1]),
    labels("multilabel-values", data.multilabel()[1], neg_label=-1, pos_label=2),
    labels("multilabel-positive-zero", data.multilabel()[1], neg_label=-1, pos_label=0),
    places("words", np.array(["yes", "no", "maybe", "no", "yes"])),
    places("numbers", np.array([-1, 7, 3, 3, 7])),
    places("floats", np.array([0.1, 2.5, NAN, 0.1])),
    places("float32", np.array([0.1, 2.5, 0.3], dtype=np.float32)),
    places("booleans", np.array([True, False, True])),
    places("objects", np.array(["b", "a", "c", "a"], dtype=object)),
    places("single", np.array([5, 5])),
    label_sets("words", [{"sci-fi", "thriller"}, set(), ["comedy"], ("thriller", "thriller")]),
    label_sets("numbers", [(1, 2), (3,), (7,)], [(2, 3), (), (7, 7, 1)]),
    label_sets("unknown", [("a", "b"), ("c",)], [("b", "zz"), ("q",), ("a", "c")]),
    label_sets("sparse", [("a", "b"), ("c",)], sparse_output=True),
    label_sets("classes", [("a",), (2,)], [("a", 2), (None,), (3,)], classes=[None, "a", 2]),
]
