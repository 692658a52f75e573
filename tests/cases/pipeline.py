"""Pipelines, unions and column transformers."""

from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.cases import Case, data

CASES = [
    Case("Pipeline", lambda: make_pipeline(StandardScaler(), LogisticRegression()), data.words),
    Case("Pipeline-transformers", lambda: make_pipeline(StandardScaler(), "passthrough"), data.regression),
    Case(
        "FeatureUnion-weights",
        lambda: FeatureUnion(
            [("a", StandardScaler()), ("b", StandardScaler(with_mean=False)), ("c", "drop"), ("d", "passthrough")],
            transformer_weights={"b": 0.5},
        ),
        data.regression,
    ),
    Case(
        "ColumnTransformer-numbers",
        lambda: ColumnTransformer([("a", StandardScaler(), [3, 1]), ("b", "passthrough", slice(0, 1))]),
        data.regression,
    ),
]
