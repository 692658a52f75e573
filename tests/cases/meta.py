"""Estimators of estimators: stacking, voting, transformed targets, searches."""

import numpy as np
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.ensemble import (
    RandomForestClassifier,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeClassifier
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from tests.cases import Case, data

SCALED = make_pipeline(StandardScaler(), LogisticRegression(C=0.1))
SCALED_RIDGE = make_pipeline(StandardScaler(), Ridge(50.0))
LOGISTICS = [("a", LogisticRegression()), ("b", SCALED)]
THREE_LOGISTICS = [*LOGISTICS, ("c", LogisticRegression(C=1e-3))]


def one_column_target():
    """``data.regression`` with a target of shape ``(120, 1)``."""
    X, y = data.regression()
    return X, y[:, None]


def tree():
    """A small tree."""
    return DecisionTreeClassifier(max_depth=3, random_state=0)


def table(final):
    """A pipeline over ``data.mixed_table``."""
    encode = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), ["grade", "city"]), (StandardScaler(), ["rooms", "income"])
    )
    return make_pipeline(encode, final)


TABLES = [("a", table(LogisticRegression())), ("b", table(RidgeClassifier()))]

CASES = [
    Case("StackingClassifier", lambda: StackingClassifier(LOGISTICS, cv=2), data.words),
    Case("StackingClassifier-binary", lambda: StackingClassifier(LOGISTICS, SCALED, cv=2), data.booleans),
    Case(
        "StackingClassifier-passthrough-scores-drop",
        lambda: StackingClassifier(
            [*LOGISTICS, ("c", "drop")], cv=2, stack_method="decision_function", passthrough=True
        ),
        data.multiclass,
    ),
    Case(
        "StackingClassifier-binary-scores",
        lambda: StackingClassifier(LOGISTICS, cv=2, stack_method="decision_function"),
        data.binary_words,
    ),
    Case(
        "StackingClassifier-labels",
        lambda: StackingClassifier(LOGISTICS, cv=2, stack_method="predict"),
        data.words,
        differentiable=(),
    ),
    Case(
        "VotingClassifier-soft",
        lambda: VotingClassifier(THREE_LOGISTICS, voting="soft", weights=[1, 0.3, 2]),
        data.words,
        primary=True,
    ),
    Case(
        "VotingClassifier-soft-drop",
        lambda: VotingClassifier([*LOGISTICS, ("c", "drop")], voting="soft", weights=[3, 1, 9]),
        data.booleans,
    ),
    Case(
        "VotingClassifier-hard", lambda: VotingClassifier(THREE_LOGISTICS), data.words, differentiable=(), primary=True
    ),
    Case(
        "VotingClassifier-hard-weights",
        lambda: VotingClassifier(THREE_LOGISTICS, weights=[0.1, 0.2, 0.3]),
        data.multiclass,
        differentiable=(),
        # The weights tie in the rounding of float64: 0.1 + 0.2 > 0.3.
        float32_tolerance=None,
    ),
    Case("StackingClassifier-table", lambda: StackingClassifier(TABLES, cv=2), data.mixed_table),
    Case("VotingClassifier-hard-table", lambda: VotingClassifier(TABLES), data.mixed_table, differentiable=()),
    Case("VotingRegressor", lambda: VotingRegressor([("a", Ridge()), ("b", SCALED_RIDGE)]), data.regression),
    Case(
        "VotingRegressor-weights-drop",
        lambda: VotingRegressor([("a", Ridge()), ("b", "drop"), ("c", SCALED_RIDGE)], weights=[0.3, 5, 1]),
        data.regression,
    ),
    Case("StackingRegressor", lambda: StackingRegressor([("a", Ridge()), ("b", SCALED_RIDGE)], cv=2), data.regression),
    Case(
        "StackingRegressor-passthrough-drop",
        lambda: StackingRegressor(
            [("a", "drop"), ("b", LinearRegression()), ("c", SCALED_RIDGE)], SCALED_RIDGE, cv=2, passthrough=True
        ),
        data.regression,
    ),
    Case(
        "StackingClassifier-multilabel",
        lambda: StackingClassifier([("a", RidgeClassifier()), ("b", RidgeClassifier(10.0))], RidgeClassifier(), cv=2),
        data.multilabel,
        primary=True,
    ),
    Case(
        "StackingClassifier-multilabel-tables",
        lambda: StackingClassifier(
            [("a", tree()), ("b", DecisionTreeClassifier(max_depth=2))],
            RandomForestClassifier(3, max_depth=3, random_state=0),
            cv=2,
        ),
        data.multilabel,
        primary=True,
        differentiable=(),
    ),
    Case(
        "StackingClassifier-trees",
        lambda: StackingClassifier([("a", tree()), ("b", LogisticRegression())], tree(), cv=2, passthrough=True),
        data.words,
        differentiable=("transform",),
    ),
    Case(
        "VotingClassifier-hard-trees",
        lambda: VotingClassifier([("a", tree()), ("b", LogisticRegression()), ("c", SVC())], weights=[1, 1, 2]),
        data.booleans,
        differentiable=(),
    ),
    Case(
        "TransformedTargetRegressor",
        lambda: TransformedTargetRegressor(Ridge(), transformer=StandardScaler()),
        data.regression,
    ),
    Case(
        "TransformedTargetRegressor-functions",
        lambda: TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1),
        data.positive_regression,
        primary=True,
    ),
    Case("TransformedTargetRegressor-default", TransformedTargetRegressor, data.multi_regression),
    Case(
        "TransformedTargetRegressor-one-column",
        lambda: TransformedTargetRegressor(Ridge(), transformer=StandardScaler(with_mean=False)),
        one_column_target,
    ),
    Case("GridSearchCV", lambda: GridSearchCV(SCALED, {"logisticregression__C": [0.1, 1.0]}, cv=2), data.words),
    Case(
        "GridSearchCV-transformer",
        lambda: GridSearchCV(StandardScaler(), {"with_mean": [False]}, cv=2, scoring=lambda e, X, y=None: 0.0),
        data.regression,
    ),
    Case(
        "RandomizedSearchCV",
        lambda: RandomizedSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}, n_iter=1, cv=2, random_state=0),
        data.binary,
    ),
]
