"""Multi-layer perceptrons."""

from typing import Any

from sklearn.neural_network import MLPClassifier, MLPRegressor

from tests.cases import Case, data
from tests.cases.linear_model import one_column_regression


def classifier(**parameters: Any) -> Any:
    return lambda: MLPClassifier(**{"hidden_layer_sizes": (6,), "max_iter": 20, "random_state": 0, **parameters})


def regressor(**parameters: Any) -> Any:
    return lambda: MLPRegressor(**{"hidden_layer_sizes": (6,), "max_iter": 20, "random_state": 0, **parameters})


CASES = [
    Case("MLPClassifier", classifier(), data.words),
    Case("MLPClassifier-binary", classifier(hidden_layer_sizes=(6, 4)), data.binary_words, primary=True),
    Case("MLPClassifier-multilabel", classifier(solver="lbfgs"), data.multilabel, primary=True),
    Case("MLPClassifier-logistic", classifier(activation="logistic", early_stopping=True), data.multiclass),
    Case("MLPClassifier-tanh", classifier(activation="tanh", hidden_layer_sizes=(5, 4, 3)), data.booleans),
    Case("MLPClassifier-identity", classifier(activation="identity", solver="sgd"), data.multiclass),
    Case("MLPClassifier-no-hidden", classifier(hidden_layer_sizes=()), data.multiclass),
    Case("MLPRegressor", regressor(), data.regression),
    Case("MLPRegressor-multi", regressor(activation="tanh"), data.multi_regression),
    Case("MLPRegressor-column", regressor(activation="logistic"), one_column_regression),
    Case("MLPRegressor-identity", regressor(activation="identity", hidden_layer_sizes=(4, 3)), data.regression),
]

if "loss" in MLPRegressor().get_params():
    CASES.append(Case("MLPRegressor-poisson", regressor(loss="poisson"), data.positive_regression, primary=True))
