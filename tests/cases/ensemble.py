"""AdaBoost, bagging and isolation forests."""

from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    IsolationForest,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tests.cases import Case, data

SCALED = make_pipeline(StandardScaler(), LogisticRegression())


def features_only():
    """``data.regression`` without a target."""
    return data.regression()[0], None


def missing_features():
    """``data.missing_binary`` without a target."""
    return data.missing_binary()[0], None


def rare_class():
    """``data.words`` with three rows of a fourth class."""
    X, y = data.words()
    y = y.astype(object).astype(str).copy()
    y[[0, 50, 100]] = "aardvark"
    return X, y


def ada(**options):
    return AdaBoostClassifier(**{"n_estimators": 6, "random_state": 0, **options})


def ada_regressor(**options):
    return AdaBoostRegressor(**{"n_estimators": 7, "random_state": 0, **options})


def bagging(estimator=None, **options):
    return BaggingClassifier(estimator, **{"n_estimators": 4, "random_state": 0, **options})


def bagging_regressor(estimator=None, **options):
    return BaggingRegressor(estimator, **{"n_estimators": 4, "random_state": 0, **options})


CASES = [
    Case("AdaBoostClassifier", ada, data.words, differentiable=()),
    Case("AdaBoostClassifier-binary", lambda: ada(learning_rate=0.5), data.booleans, differentiable=()),
    Case("AdaBoostClassifier-one-class", ada, data.one_class, differentiable=()),
    Case(
        "AdaBoostClassifier-deep",
        lambda: ada(estimator=DecisionTreeClassifier(max_depth=3)),
        data.multiclass,
        differentiable=(),
    ),
    Case(
        "AdaBoostClassifier-svc",
        lambda: ada(estimator=SVC(), n_estimators=2),
        data.words,
        differentiable=(),
        primary=True,
    ),
    Case(
        "AdaBoostClassifier-linear-binary",
        lambda: ada(estimator=LogisticRegression()),
        data.binary_words,
        differentiable=(),
    ),
    Case("AdaBoostRegressor", ada_regressor, data.regression, differentiable=()),
    Case(
        "AdaBoostRegressor-square",
        lambda: ada_regressor(loss="square", learning_rate=0.3),
        data.regression,
        differentiable=(),
    ),
    Case(
        "AdaBoostRegressor-exponential", lambda: ada_regressor(loss="exponential"), data.regression, differentiable=()
    ),
    Case(
        "AdaBoostRegressor-linear", lambda: ada_regressor(estimator=LinearRegression()), data.regression, primary=True
    ),
    Case("BaggingClassifier", bagging, data.words, differentiable=()),
    Case(
        "BaggingClassifier-feature-subsets",
        lambda: bagging(max_features=0.5, bootstrap_features=True, max_samples=40, bootstrap=False),
        data.booleans,
        differentiable=(),
    ),
    Case(
        "BaggingClassifier-logistic",
        lambda: bagging(LogisticRegression(), max_features=3, max_samples=0.5),
        data.words,
        primary=True,
    ),
    Case("BaggingClassifier-pipeline", lambda: bagging(SCALED, max_samples=12), rare_class),
    Case(
        "BaggingClassifier-votes",
        lambda: bagging(RidgeClassifier()),
        data.binary_words,
        differentiable=("decision_function",),
        primary=True,
    ),
    Case(
        "BaggingClassifier-impossible",
        lambda: bagging(make_pipeline(StandardScaler(), DecisionTreeClassifier()), max_features=1),
        data.multiclass,
        differentiable=(),
    ),
    Case("BaggingClassifier-missing", lambda: bagging(max_features=3), data.missing_binary, differentiable=()),
    Case("BaggingRegressor", bagging_regressor, data.regression, differentiable=()),
    Case(
        "BaggingRegressor-feature-subsets",
        lambda: bagging_regressor(DecisionTreeRegressor(max_depth=4), max_features=2, bootstrap_features=True),
        data.multi_regression,
        differentiable=(),
    ),
    Case(
        "BaggingRegressor-linear", lambda: bagging_regressor(Ridge(), max_features=0.5), data.regression, primary=True
    ),
    Case("BaggingRegressor-linear-outputs", lambda: bagging_regressor(Ridge()), data.multi_regression),
    Case("IsolationForest", lambda: IsolationForest(n_estimators=12, random_state=0), features_only, differentiable=()),
    Case(
        "IsolationForest-contamination",
        lambda: IsolationForest(
            n_estimators=12, contamination=0.25, max_samples=0.3, max_features=2, bootstrap=True, random_state=0
        ),
        features_only,
        differentiable=(),
    ),
    Case(
        "IsolationForest-missing",
        lambda: IsolationForest(n_estimators=5, random_state=0),
        missing_features,
        differentiable=(),
    ),
    Case(
        "IsolationForest-one-row",
        lambda: IsolationForest(n_estimators=3, max_samples=1),
        features_only,
        differentiable=(),
    ),
]
