"""Pipelines and feature unions."""

import numpy as np
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import BayesianRidge, LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler

from tests.cases import Case, data

NUMBERS = ["age", "rooms", "income"]


def preprocessing(**options):
    numeric = make_pipeline(SimpleImputer(), StandardScaler())
    words = make_pipeline(SimpleImputer(strategy="constant", fill_value="?"), OneHotEncoder(**options))
    return ColumnTransformer([("n", numeric, NUMBERS), ("w", words, ["city", "grade"])], remainder="passthrough")


def words_only():
    """The columns of strings of ``data.mixed_table``."""
    return data.mixed_table()[0][["city", "grade"]], None


def with_new_city(X):
    return X.assign(city=X["city"].where(X.index > 5, "Atlantis"))


def complete_first(X):
    """Rows without missing values, which have a gradient, first."""
    return X[np.argsort(np.isnan(X).any(axis=1), kind="stable")]


CASES = [
    Case("Pipeline", lambda: make_pipeline(StandardScaler(), LogisticRegression()), data.words),
    Case("Pipeline-std", lambda: make_pipeline(StandardScaler(), BayesianRidge()), data.regression, primary=True),
    Case(
        "Pipeline-transformers",
        lambda: make_pipeline(StandardScaler(), "passthrough"),
        data.regression,
        primary=True,
    ),
    Case("Pipeline-passthrough-first", lambda: Pipeline([("a", None), ("b", MinMaxScaler())]), data.regression),
    Case(
        "Pipeline-table",
        lambda: make_pipeline(preprocessing(), LogisticRegression()),
        data.mixed_table,
        differentiable=(),
        query=lambda X: X.iloc[::-1, ::-1],
        primary=True,
        xfail={"gradient": "passed-through numbers have a gradient, but missing values have no finite differences"},
    ),
    Case(
        "Pipeline-table-unknown",
        lambda: make_pipeline(preprocessing(handle_unknown="ignore", sparse_output=False), LogisticRegression()),
        data.mixed_table,
        differentiable=(),
        query=with_new_city,
        xfail={"gradient": "passed-through numbers have a gradient, but missing values have no finite differences"},
    ),
    Case(
        "Pipeline-without-inverse",
        lambda: make_pipeline(SimpleImputer(), MinMaxScaler()),
        data.missing_binary,
        query=complete_first,
    ),
    Case("Pipeline-words", lambda: make_pipeline(OneHotEncoder(), "passthrough"), words_only, differentiable=()),
    Case(
        "Pipeline-words-inverse",
        lambda: make_pipeline("passthrough", OrdinalEncoder(encoded_missing_value=-1), MinMaxScaler()),
        words_only,
        differentiable=(),
    ),
    Case(
        "Pipeline-unknown-inverse",
        lambda: make_pipeline(FunctionTransformer(), OneHotEncoder(handle_unknown="ignore", max_categories=2)),
        words_only,
        query=with_new_city,
        differentiable=(),
    ),
    Case(
        "Pipeline-impute-then-encode",
        lambda: make_pipeline(SimpleImputer(strategy="most_frequent", add_indicator=True), OneHotEncoder()),
        words_only,
        differentiable=(),
    ),
    Case(
        "FeatureUnion-weights",
        lambda: FeatureUnion(
            [("a", StandardScaler()), ("b", StandardScaler(with_mean=False)), ("c", "drop"), ("d", "passthrough")],
            transformer_weights={"b": 0.5, "d": 2},
        ),
        data.regression,
    ),
    Case(
        "FeatureUnion-imputed",
        lambda: FeatureUnion([("a", SimpleImputer()), ("b", SimpleImputer(strategy="median", add_indicator=True))]),
        data.missing_binary,
        query=complete_first,
    ),
    Case(
        "ColumnTransformer-numbers",
        lambda: ColumnTransformer([("a", StandardScaler(), [3, 1]), ("b", "passthrough", slice(0, 1))]),
        data.regression,
    ),
]
