"""Dummy models."""

import functools
from typing import Any

import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor

from tests.cases import Case, data
from tests.cases.linear_model import one_column_regression


@functools.cache
def multi_output_numbers() -> tuple[Any, Any]:
    """Two targets: integers in {0, 1} and in {-2, 5, 9}."""
    X, y = data.multi_output_words()
    third = np.unique(y[:, 1], return_inverse=True)[1]
    return X, np.stack([(y[:, 0] == y[0, 0]).astype(int), np.array([-2, 5, 9])[third]], axis=1)


def dummy(name: str, make: Any, of: Any, primary: bool = False) -> Case:
    """The same answer everywhere: nothing to differentiate."""
    return Case(name, make, of, primary=primary, differentiable=())


CASES = [
    dummy("DummyClassifier", DummyClassifier, data.words),
    dummy("DummyClassifier-numbers", DummyClassifier, data.multiclass),
    dummy("DummyClassifier-booleans", DummyClassifier, data.booleans),
    dummy("DummyClassifier-most-frequent", lambda: DummyClassifier(strategy="most_frequent"), data.multiclass),
    dummy("DummyClassifier-constant", lambda: DummyClassifier(strategy="constant", constant=7), data.multiclass),
    dummy(
        "DummyClassifier-constant-word", lambda: DummyClassifier(strategy="constant", constant="versicolor"), data.words
    ),
    dummy("DummyClassifier-multi", DummyClassifier, data.multi_output_words, primary=True),
    dummy("DummyClassifier-multi-numbers", lambda: DummyClassifier(strategy="most_frequent"), multi_output_numbers),
    dummy(
        "DummyClassifier-multi-constant",
        lambda: DummyClassifier(strategy="constant", constant=["versicolor", "setosa"]),
        data.multi_output_words,
    ),
    dummy("DummyClassifier-multilabel", DummyClassifier, data.multilabel),
    dummy("DummyRegressor", DummyRegressor, data.regression),
    dummy("DummyRegressor-median", lambda: DummyRegressor(strategy="median"), one_column_regression),
    dummy("DummyRegressor-quantile", lambda: DummyRegressor(strategy="quantile", quantile=0.8), data.multi_regression),
    dummy("DummyRegressor-constant", lambda: DummyRegressor(strategy="constant", constant=3), data.regression),
    dummy(
        "DummyRegressor-constants",
        lambda: DummyRegressor(strategy="constant", constant=[1, -2, 3]),
        data.multi_regression,
        primary=True,
    ),
]
