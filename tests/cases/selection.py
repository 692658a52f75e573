"""Cases of sklearn.feature_selection."""

import functools

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_selection import (
    RFE,
    RFECV,
    GenericUnivariateSelect,
    SelectFdr,
    SelectFpr,
    SelectFromModel,
    SelectFwe,
    SelectKBest,
    SelectPercentile,
    SequentialFeatureSelector,
    VarianceThreshold,
    chi2,
    f_regression,
    mutual_info_regression,
)
from sklearn.linear_model import Lasso, LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tests.cases import Case, data


@functools.cache
def positive():
    """``multiclass`` with features above zero."""
    X, y = data.multiclass()
    return np.exp(X), y


@functools.cache
def noise():
    """Features that have nothing to do with the target."""
    X = np.random.default_rng(0).normal(size=(40, 3))
    return X, np.arange(40) % 2


@functools.cache
def holes():
    """Missing values in a column, a constant one, and one that is constant or missing."""
    X = data.binary()[0].copy()
    X[:10, 0] = np.nan
    X[:, 1] = 3.0
    X[:, 2] = np.where(X[:, 2] > 0, 1.0, np.nan)
    return X, None


def complete(X):
    """Rows without missing values: scikit-learn's ``inverse_transform`` refuses them."""
    return X[~np.isnan(X).any(axis=1)][:40]


@functools.cache
def sparse_positive():
    """Sparse counts."""
    X, y = positive()
    return sparse.csr_matrix(np.where(X < 1.0, 0.0, X)), y


@functools.cache
def frame():
    """``regression`` as a DataFrame."""
    X, y = data.regression()
    return pd.DataFrame(X, columns=list("abcde")), y


@functools.cache
def number_categories():
    """Whole numbers that stand for categories."""
    generator = np.random.default_rng(1)
    X = generator.integers(0, 4, (80, 4)).astype(np.float64)
    return X, (X[:, 1] > 1).astype(int)


@functools.cache
def words_and_numbers():
    """A DataFrame of words and numbers; the target hangs on ``city`` and ``age``."""
    generator = np.random.default_rng(2)
    X = pd.DataFrame(
        {
            "noise": generator.choice(["u", "v"], 80),
            "city": generator.choice(["Oslo", "Paris", "Rome"], 80),
            "age": generator.integers(20, 60, 80).astype(np.float64),
            "more": generator.choice(["x", "y", "z"], 80),
        }
    )
    return X, (2.0 * (X["city"] == "Rome") + 0.1 * X["age"]).to_numpy()


def by_name(estimator):
    """Importances of a pipeline's last step."""
    return estimator[-1].feature_importances_


def coefficients(estimator):
    """Those of a pipeline's last step."""
    return estimator[-1].coef_


def prefit(**parameters):
    def make():
        X, y = data.regression()
        return SelectFromModel(LinearRegression().fit(X, y), prefit=True, **parameters)

    return make


def word_pipeline():
    inner = make_pipeline(OrdinalEncoder(), DecisionTreeRegressor(random_state=0))
    return make_pipeline(
        SelectFromModel(inner, importance_getter=by_name, max_features=2, threshold=-np.inf),
        OneHotEncoder(handle_unknown="ignore"),
        LinearRegression(),
    )


CASES = [
    Case("SelectKBest", lambda: SelectKBest(k=2), data.binary),
    Case("SelectKBest-all", lambda: SelectKBest(k="all"), data.binary),
    Case("SelectKBest-none", lambda: SelectKBest(k=0), data.binary, primary=True),
    Case("SelectKBest-chi2-sparse", lambda: SelectKBest(chi2, k=3), sparse_positive),
    Case("SelectKBest-frame", lambda: SelectKBest(f_regression, k=2), frame),
    Case(
        "SelectKBest-mutual-information",
        lambda: SelectKBest(functools.partial(mutual_info_regression, random_state=0), k=2),
        data.regression,
    ),
    Case("SelectPercentile", lambda: SelectPercentile(percentile=40), data.binary),
    Case("SelectPercentile-100", lambda: SelectPercentile(percentile=100), data.binary),
    Case("SelectFpr", lambda: SelectFpr(alpha=0.01), data.binary),
    Case("SelectFdr", lambda: SelectFdr(alpha=0.01), data.binary),
    Case("SelectFdr-none", lambda: SelectFdr(alpha=1e-6), noise),
    Case("SelectFwe", lambda: SelectFwe(f_regression, alpha=0.01), data.regression),
    Case("GenericUnivariateSelect", lambda: GenericUnivariateSelect(mode="percentile", param=50), data.binary),
    Case("GenericUnivariateSelect-k", lambda: GenericUnivariateSelect(chi2, mode="k_best", param=2), positive),
    Case("GenericUnivariateSelect-fpr", lambda: GenericUnivariateSelect(mode="fpr", param=0.02), data.binary),
    Case("VarianceThreshold", lambda: VarianceThreshold(), holes, complete),
    Case("VarianceThreshold-threshold", lambda: VarianceThreshold(1.2), data.binary),
    Case("SelectFromModel", lambda: SelectFromModel(LogisticRegression()), data.words),
    Case("SelectFromModel-lasso", lambda: SelectFromModel(Lasso(alpha=0.1)), data.regression),
    Case("SelectFromModel-median", lambda: SelectFromModel(LinearRegression(), threshold="median"), frame),
    Case("SelectFromModel-scaled", lambda: SelectFromModel(LinearRegression(), threshold="1.25*mean"), frame),
    Case("SelectFromModel-number", lambda: SelectFromModel(LinearRegression(), threshold=0.2), data.regression),
    Case(
        "SelectFromModel-max-features",
        lambda: SelectFromModel(LinearRegression(), threshold=-np.inf, max_features=2),
        data.regression,
    ),
    Case(
        "SelectFromModel-max-features-function",
        lambda: SelectFromModel(LinearRegression(), threshold=-np.inf, max_features=lambda X: X.shape[1] // 2),
        data.regression,
    ),
    Case("SelectFromModel-prefit", prefit(), data.regression),
    Case("SelectFromModel-multi-target", lambda: SelectFromModel(LinearRegression()), data.multi_regression),
    Case("SelectFromModel-norm", lambda: SelectFromModel(LogisticRegression(), norm_order=np.inf), data.multiclass),
    Case(
        "SelectFromModel-trees",
        lambda: SelectFromModel(RandomForestClassifier(5, random_state=0)),
        data.missing_binary,
        complete,
        differentiable=("transform", "inverse_transform"),
    ),
    Case("Pipeline-SelectFromModel-words", word_pipeline, words_and_numbers),
    Case(
        "Pipeline-SelectKBest-categories",
        lambda: make_pipeline(SelectKBest(k=2), OneHotEncoder(sparse_output=False)),
        number_categories,
        lambda X: X,
        differentiable=(),
    ),
    Case(
        "SequentialFeatureSelector",
        lambda: SequentialFeatureSelector(LinearRegression(), n_features_to_select=2, cv=2),
        data.regression,
    ),
    Case(
        "SequentialFeatureSelector-backward",
        lambda: SequentialFeatureSelector(LinearRegression(), direction="backward", tol=-0.05, cv=2),
        data.regression,
    ),
    Case("RFE", lambda: RFE(LogisticRegression(), n_features_to_select=2), data.words),
    Case("RFE-regressor", lambda: RFE(LinearRegression(), n_features_to_select=0.6, step=2), frame),
    Case("RFE-multi-target", lambda: RFE(LinearRegression()), data.multi_regression),
    Case("RFE-decision-only", lambda: RFE(RidgeClassifier()), data.binary),
    Case("RFE-svm", lambda: RFE(SVC(kernel="linear")), data.multiclass),
    Case(
        "RFE-trees",
        lambda: RFE(DecisionTreeClassifier(max_depth=3, random_state=0)),
        data.missing_binary,
        complete,
        differentiable=("transform", "inverse_transform"),
    ),
    Case(
        "RFE-multi-output",
        lambda: RFE(DecisionTreeClassifier(max_depth=3, random_state=0)),
        data.multilabel,
        differentiable=("transform", "inverse_transform"),
    ),
    Case(
        "RFE-pipeline",
        lambda: RFE(
            make_pipeline(StandardScaler(), LinearRegression()), importance_getter="named_steps.linearregression.coef_"
        ),
        data.regression,
    ),
    Case("RFE-all", lambda: RFE(LinearRegression(), n_features_to_select=5), data.regression),
    Case("Pipeline-RFE-in-the-middle", lambda: make_pipeline(RFE(LinearRegression()), SVR()), data.regression),
    Case("RFECV", lambda: RFECV(LogisticRegression(), cv=2), data.multiclass),
    Case("RFECV-regressor", lambda: RFECV(LinearRegression(), cv=2, min_features_to_select=2), data.regression),
]
