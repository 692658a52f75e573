"""Thresholds, searches by successive halving, and frozen estimators."""

from sklearn.base import clone
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.metrics import f1_score, make_scorer
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    TunedThresholdClassifierCV,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC, OneClassSVM

from tests.cases import Case, data
from tests.cases.calibration import words_table
from tests.cases.multiclass import tree

SCALED = make_pipeline(StandardScaler(), LogisticRegression())
YES = make_scorer(f1_score, pos_label="yes")
NO = make_scorer(f1_score, pos_label="no")


def words_only():
    """The columns of strings of ``data.mixed_table``."""
    return data.mixed_table()[0][["city", "grade"]].fillna("?"), None


def freeze(estimator, X, y):
    """Fits what a frozen estimator holds."""
    inner = clone(estimator.estimator)
    return FrozenEstimator(inner.fit(X) if y is None else inner.fit(X, y))


CASES = [
    Case("FixedThresholdClassifier", lambda: FixedThresholdClassifier(SCALED, threshold=0.3), data.binary_words),
    Case("FixedThresholdClassifier-auto", lambda: FixedThresholdClassifier(tree()), data.booleans, differentiable=()),
    Case("FixedThresholdClassifier-auto-scores", lambda: FixedThresholdClassifier(LinearSVC()), data.binary),
    Case(
        "FixedThresholdClassifier-first-label",
        lambda: FixedThresholdClassifier(LogisticRegression(), threshold=0.7, pos_label="no"),
        data.binary_words,
    ),
    Case(
        "FixedThresholdClassifier-first-label-scores",
        lambda: FixedThresholdClassifier(
            LogisticRegression(), threshold=0.2, pos_label=0, response_method="decision_function"
        ),
        data.binary,
    ),
    Case(
        "FixedThresholdClassifier-table",
        lambda: FixedThresholdClassifier(make_pipeline(OneHotEncoder(), LogisticRegression()), threshold=0.6),
        words_table,
        differentiable=(),
    ),
    Case("TunedThresholdClassifierCV", lambda: TunedThresholdClassifierCV(SCALED, cv=2), data.booleans),
    Case(
        "TunedThresholdClassifierCV-first-label",
        lambda: TunedThresholdClassifierCV(LogisticRegression(), scoring=NO, cv=2, thresholds=[0.2, 0.4, 0.6]),
        data.binary_words,
    ),
    Case(
        "TunedThresholdClassifierCV-scores",
        lambda: TunedThresholdClassifierCV(SVC(), scoring=YES, cv=0.5, refit=False, random_state=0),
        data.binary_words,
    ),
    Case(
        "TunedThresholdClassifierCV-first-label-scores",
        lambda: TunedThresholdClassifierCV(RidgeClassifier(), scoring=NO, cv=2),
        data.binary_words,
    ),
    Case(
        "TunedThresholdClassifierCV-prefit",
        lambda: TunedThresholdClassifierCV(
            LogisticRegression().fit(*data.binary()), cv="prefit", refit=False, response_method="decision_function"
        ),
        data.binary,
    ),
    Case(
        "HalvingGridSearchCV",
        lambda: HalvingGridSearchCV(SCALED, {"logisticregression__C": [0.1, 1.0]}, cv=2, random_state=0),
        data.words,
    ),
    Case(
        "HalvingRandomSearchCV",
        lambda: HalvingRandomSearchCV(SVC(), {"C": [0.1, 1.0, 10.0]}, cv=2, random_state=0),
        data.binary_words,
    ),
    Case(
        "GridSearchCV-two-metrics",
        lambda: GridSearchCV(
            LogisticRegression(), {"C": [0.1, 1.0]}, cv=2, scoring=["accuracy", "roc_auc"], refit="roc_auc"
        ),
        data.booleans,
    ),
    Case(
        "GridSearchCV-chosen-by-function",
        lambda: GridSearchCV(LinearSVC(), {"C": [0.1, 1.0]}, cv=2, refit=lambda results: 1),
        data.words,
    ),
    Case(
        "GridSearchCV-outliers",
        lambda: GridSearchCV(OneClassSVM(), {"nu": [0.2]}, cv=2, scoring=lambda e, X, y=None: 0.0),
        lambda: (data.regression()[0], None),
        primary=True,
    ),
    Case(
        "GridSearchCV-encoder",
        lambda: GridSearchCV(OrdinalEncoder(), {}, cv=2, scoring=lambda e, X, y=None: 0.0),
        words_only,
        differentiable=(),
        primary=True,
    ),
    Case("FrozenEstimator", lambda: FrozenEstimator(SCALED), data.words, fit=freeze),
    Case(
        "FrozenEstimator-encoder",
        lambda: FrozenEstimator(OrdinalEncoder()),
        words_only,
        differentiable=(),
        fit=freeze,
        primary=True,
    ),
    Case(
        "FrozenEstimator-trees",
        lambda: FrozenEstimator(tree()),
        data.binary,
        differentiable=(),
        fit=freeze,
        primary=True,
    ),
    Case(
        "FrozenEstimator-stages",
        lambda: FrozenEstimator(GradientBoostingClassifier(n_estimators=3)),
        data.words,
        differentiable=(),
        fit=freeze,
        primary=True,
    ),
]
