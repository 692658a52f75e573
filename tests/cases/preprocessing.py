"""Scalers and other numeric preprocessing."""

from sklearn.preprocessing import FunctionTransformer, StandardScaler

from tests.cases import Case, data

CASES = [
    Case("FunctionTransformer", FunctionTransformer, data.regression),
    Case("StandardScaler", StandardScaler, data.regression),
    Case("StandardScaler-no-mean", lambda: StandardScaler(with_mean=False), data.regression),
    Case("StandardScaler-no-std", lambda: StandardScaler(with_std=False), data.regression),
]
