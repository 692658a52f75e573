"""Cases of every class that has trees, and what is around trees."""

import numpy as np
import torch
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestRegressor

import sk2torch
from sk2torch.base import methods_of
from tests import checks
from tests.cases import data, fitted, query

# Of the contract's cases.
TREES = [
    "DecisionTreeClassifier",
    "DecisionTreeClassifier-ties",
    "DecisionTreeClassifier-multi-output-words",
    "DecisionTreeRegressor-chain",
    "DecisionTreeRegressor-missing",
    "ExtraTreeClassifier-missing",
    "ExtraTreeRegressor-multi",
    "RandomForestClassifier",
    "RandomForestClassifier-multilabel",
    "RandomForestRegressor-multi",
    "ExtraTreesClassifier",
    "ExtraTreesRegressor-multi-missing",
    "GradientBoostingClassifier",
    "GradientBoostingClassifier-exponential",
    "GradientBoostingRegressor-linear",
    "HistGradientBoostingClassifier-categories",
    "HistGradientBoostingRegressor-mask",
    "BaggingClassifier-feature-subsets",
    "BaggingRegressor",
    "AdaBoostClassifier",
    "AdaBoostRegressor",
    "IsolationForest-missing",
    "RandomTreesEmbedding-missing",
    "RandomTreesEmbedding-dense",
]
AROUND = ["CalibratedClassifierCV-trees", "Pipeline-RandomTreesEmbedding", "OneVsRestClassifier-trees"]


def answers(model, name):
    """What each method gives for the query of a case: lists of arrays by method."""
    result = {}
    for method in methods_of(model):
        x = checks.module_input(model, method, checks.argument(fitted(name), method, query(name)))
        with torch.no_grad():
            result[method] = checks.parts(getattr(model, method)(x))
    return result


def small_forest():
    """A regression forest of two features in different units, and rows."""
    generator = np.random.default_rng(0)
    X = generator.normal(size=(60, 2)) * [1.0, 1000.0]
    return RandomForestRegressor(4, max_depth=3, random_state=0).fit(X, X[:, 0] + (X[:, 1] > 0)), X


def histogram():
    """Histogram boosting of three classes, with categories and missing values, and rows."""
    X, y = data.multiclass()
    X = np.asarray(X, dtype=np.float64).copy()
    X[:, 0] = np.random.default_rng(1).integers(0, 7, len(X))
    X[::5, 1] = np.nan
    model = HistGradientBoostingClassifier(max_iter=3, max_leaf_nodes=5, categorical_features=[0], random_state=0)
    return model.fit(X, y), X


def soft(estimator, temperature=0.3, **options):
    return sk2torch.soften(sk2torch.wrap(estimator, **options), temperature)
