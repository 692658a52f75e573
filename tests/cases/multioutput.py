"""One model per output, and chains of them."""

import numpy as np
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, MultiOutputRegressor, RegressorChain
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tests.cases import Case, data

SCALED = make_pipeline(StandardScaler(), LogisticRegression())


def tree():
    """A small tree, which has probabilities but no scores."""
    return DecisionTreeClassifier(max_depth=3, random_state=0)


def multiclass_outputs():
    """120 rows and two outputs of numbers with two and three classes."""
    X, y = data.binary()
    return X, np.stack([5 * y, np.digitize(X[:, 0], np.quantile(X[:, 0], [0.3, 0.7]))], axis=1)


def words_table():
    """Two columns of ``data.mixed_table`` that hold strings, and two outputs."""
    X, y = data.mixed_table()
    return X[["grade", "owner"]], np.stack([y, X["rooms"].to_numpy()], axis=1)


CASES = [
    Case("MultiOutputClassifier", lambda: MultiOutputClassifier(SCALED), data.multi_output_words),
    Case("MultiOutputClassifier-numbers", lambda: MultiOutputClassifier(tree()), multiclass_outputs, differentiable=()),
    Case(
        "MultiOutputClassifier-no-probabilities",
        lambda: MultiOutputClassifier(SVC()),
        data.multilabel,
        differentiable=(),
    ),
    Case(
        "MultiOutputClassifier-table",
        lambda: MultiOutputClassifier(make_pipeline(OneHotEncoder(), LogisticRegression())),
        words_table,
        differentiable=(),
    ),
    Case("MultiOutputRegressor", lambda: MultiOutputRegressor(Ridge()), data.multi_regression),
    Case(
        "MultiOutputRegressor-trees",
        lambda: MultiOutputRegressor(DecisionTreeRegressor(max_depth=3)),
        data.multi_regression,
        differentiable=(),
    ),
    Case(
        "ClassifierChain",
        lambda: ClassifierChain(LogisticRegression(), order="random", random_state=1),
        data.multilabel,
        differentiable=("predict_proba", "predict_log_proba", "decision_function"),
    ),
    Case(
        "ClassifierChain-probabilities",
        lambda: ClassifierChain(LogisticRegression(), order=[2, 0, 1], cv=2, chain_method="predict_proba"),
        data.multilabel,
        differentiable=("predict_proba", "predict_log_proba", "decision_function"),
        primary=True,
    ),
    Case(
        "ClassifierChain-log-probabilities",
        lambda: ClassifierChain(LogisticRegression(), cv=2, chain_method="predict_log_proba"),
        data.multilabel,
        differentiable=("predict_proba", "predict_log_proba", "decision_function"),
    ),
    Case(
        "ClassifierChain-scores",
        lambda: ClassifierChain(RidgeClassifier(), order=(1, 2, 0), cv=2, chain_method="decision_function"),
        data.multilabel,
        differentiable=("decision_function",),
    ),
    Case(
        "ClassifierChain-list-of-methods",
        lambda: ClassifierChain(tree(), chain_method=["decision_function", "predict_proba"]),
        data.multilabel,
        differentiable=(),
    ),
    Case(
        "ClassifierChain-multiclass",
        lambda: ClassifierChain(tree(), order=[1, 0]),
        multiclass_outputs,
        differentiable=(),
    ),
    Case("RegressorChain", lambda: RegressorChain(LinearRegression()), data.multi_regression),
    Case("RegressorChain-order", lambda: RegressorChain(Ridge(), order=[2, 0, 1], cv=3), data.multi_regression),
    Case(
        "RegressorChain-trees",
        lambda: RegressorChain(DecisionTreeRegressor(max_depth=3), order="random", random_state=0),
        data.multi_regression,
        differentiable=(),
    ),
]
