"""Calibrated classifiers."""

from sklearn.calibration import CalibratedClassifierCV
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC

from tests.cases import Case, data
from tests.cases.multiclass import tree

SCALED = make_pipeline(StandardScaler(), LogisticRegression())
HAS_TEMPERATURE = "temperature" in CalibratedClassifierCV._parameter_constraints["method"][0].options


def words_table():
    """Two columns of ``data.mixed_table`` that hold strings, and two classes."""
    X, y = data.mixed_table()
    return X[["grade", "owner"]], y


CASES = [
    Case("CalibratedClassifierCV", lambda: CalibratedClassifierCV(cv=2), data.words),
    Case("CalibratedClassifierCV-binary", lambda: CalibratedClassifierCV(SCALED, cv=3), data.booleans),
    Case(
        "CalibratedClassifierCV-isotonic",
        lambda: CalibratedClassifierCV(SVC(), method="isotonic", cv=2),
        data.words,
        # The rows of the fit are corners, where there is no derivative.
        query=lambda X: X[::-1] + 0.05,
        primary=True,
    ),
    Case(
        "CalibratedClassifierCV-isotonic-binary",
        lambda: CalibratedClassifierCV(tree(), method="isotonic", cv=2, ensemble=False),
        data.binary_words,
        differentiable=(),
    ),
    Case(
        "CalibratedClassifierCV-trees", lambda: CalibratedClassifierCV(tree(), cv=2), data.multiclass, differentiable=()
    ),
    Case(
        "CalibratedClassifierCV-one",
        lambda: CalibratedClassifierCV(RidgeClassifier(), cv=3, ensemble=False),
        data.multiclass,
    ),
    Case(
        "CalibratedClassifierCV-frozen",
        lambda: CalibratedClassifierCV(FrozenEstimator(LogisticRegression().fit(*data.binary_words())), cv=2),
        data.binary_words,
    ),
    Case(
        "CalibratedClassifierCV-table",
        lambda: CalibratedClassifierCV(make_pipeline(OneHotEncoder(), LogisticRegression()), cv=2),
        words_table,
        differentiable=(),
    ),
]

if HAS_TEMPERATURE:
    CASES += [
        Case(
            "CalibratedClassifierCV-temperature",
            lambda: CalibratedClassifierCV(LinearSVC(), method="temperature", cv=2),
            data.words,
            primary=True,
        ),
        Case(
            "CalibratedClassifierCV-temperature-binary",
            lambda: CalibratedClassifierCV(LinearSVC(), method="temperature", cv=2),
            data.binary_words,
        ),
        Case(
            "CalibratedClassifierCV-temperature-probabilities",
            lambda: CalibratedClassifierCV(tree(), method="temperature", cv=2),
            # scikit-learn takes integer labels for indices of columns; strings it numbers.
            data.words,
            differentiable=(),
            primary=True,
        ),
        Case(
            "CalibratedClassifierCV-temperature-trees",
            lambda: CalibratedClassifierCV(tree(), method="temperature", cv=2, ensemble=False),
            data.booleans,
            differentiable=(),
        ),
    ]
