"""Workloads: trees in numbers."""

from sklearn.ensemble import (
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
)

from .data import classes, drawn, gaps, responses
from .workloads import Fitted, Scale, fitted, workload

N_FEATURES = 20


def _random_forest(scale: Scale, max_depth: int | None) -> Fitted:
    X, y = classes(scale.rows(10_000), N_FEATURES, n_classes=3)
    forest = RandomForestClassifier(scale.parts(100), max_depth=max_depth, random_state=0)
    return fitted(forest, (X, y), drawn(scale.n_query, N_FEATURES))


@workload("random forest, 100 trees of depth 3", "predict_proba", ("predict",))
def random_forest_depth_3(scale: Scale) -> Fitted:
    return _random_forest(scale, 3)


@workload("random forest, 100 trees of depth 10", "predict_proba", ("predict",))
def random_forest_depth_10(scale: Scale) -> Fitted:
    return _random_forest(scale, 10)


@workload("random forest, 100 trees of unbounded depth", "predict_proba", ("predict",))
def random_forest_unbounded(scale: Scale) -> Fitted:
    return _random_forest(scale, None)


@workload("extra trees regressor, 100 trees of unbounded depth", "predict")
def extra_trees(scale: Scale) -> Fitted:
    X, y = responses(scale.rows(10_000), N_FEATURES)
    forest = ExtraTreesRegressor(scale.parts(100), min_samples_leaf=3, random_state=0)
    return fitted(forest, (X, y), drawn(scale.n_query, N_FEATURES))


@workload("histogram boosting, 100 trees of 31 leaves, missing values, categories", "predict_proba", ("predict",))
def hist_gradient_boosting(scale: Scale) -> Fitted:
    X, y = gaps(scale.rows(10_000), N_FEATURES, 4)
    boosting = HistGradientBoostingClassifier(
        max_iter=scale.parts(100), categorical_features=[0, 1, 2, 3], early_stopping=False, random_state=0
    )
    return fitted(boosting, (X, y), gaps(scale.n_query, N_FEATURES, 4, seed=1)[0])


@workload("histogram boosting, 200 trees of 31 leaves, numbers only", "predict_proba", ("predict",))
def hist_gradient_boosting_numbers(scale: Scale) -> Fitted:
    X, y = classes(scale.rows(10_000), N_FEATURES)
    boosting = HistGradientBoostingClassifier(max_iter=scale.parts(200), early_stopping=False, random_state=0)
    return fitted(boosting, (X, y), drawn(scale.n_query, N_FEATURES))


@workload("gradient boosting, 200 trees of depth 3", "predict_proba", ("predict",))
def gradient_boosting(scale: Scale) -> Fitted:
    X, y = classes(scale.rows(5000), N_FEATURES)
    boosting = GradientBoostingClassifier(n_estimators=scale.parts(200), random_state=0)
    return fitted(boosting, (X, y), drawn(scale.n_query, N_FEATURES))


@workload("isolation forest, 100 trees", "decision_function", ("predict",))
def isolation_forest(scale: Scale) -> Fitted:
    X = drawn(scale.rows(10_000), N_FEATURES, seed=0)
    forest = IsolationForest(n_estimators=scale.parts(100), random_state=0)
    return fitted(forest, (X,), drawn(scale.n_query, N_FEATURES))
