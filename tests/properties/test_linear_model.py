"""Linear models, discriminant analysis, isotonic and kernel ridge regression on whatever data hypothesis draws."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.isotonic import IsotonicRegression
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import (
    ARDRegression,
    BayesianRidge,
    ElasticNet,
    Lasso,
    LogisticRegression,
    OrthogonalMatchingPursuit,
    Perceptron,
    RidgeClassifier,
    SGDOneClassSVM,
    TweedieRegressor,
)

import sk2torch
from tests.properties import strategies

ROWS = (6, 24)
DTYPES = st.sampled_from([np.float64, np.float32])


def cast(X: np.ndarray, dtype: type) -> np.ndarray:
    """``X`` as ``dtype``; what overflows scikit-learn refuses."""
    with np.errstate(over="ignore"):
        return X.astype(dtype)


@settings(max_examples=40)
@given(
    X=strategies.tables(("normal", "grid", "constant", "tiny"), rows=ROWS),
    family=st.sampled_from([ElasticNet, Lasso, OrthogonalMatchingPursuit]),
    n_targets=st.sampled_from([None, 1, 2]),
    fit_intercept=st.booleans(),
    dtype=DTYPES,
)
def test_regressors(X, family, n_targets, fit_intercept, dtype):
    y = strategies.targets(X, n_targets)
    strategies.compare(strategies.fit(family(fit_intercept=fit_intercept), cast(X, dtype), y), X)


@settings(max_examples=30)
@given(
    X=strategies.tables(("normal", "grid", "constant"), rows=ROWS),
    family=st.sampled_from([ARDRegression, BayesianRidge]),
    fit_intercept=st.booleans(),
    dtype=DTYPES,
)
def test_deviations(X, family, fit_intercept, dtype):
    estimator = strategies.fit(family(fit_intercept=fit_intercept), cast(X, dtype), strategies.targets(X))
    strategies.compare(estimator, X)


@settings(max_examples=30)
@given(
    X=strategies.tables(("normal", "grid", "constant"), rows=ROWS),
    power=st.sampled_from([0, 1, 1.5, 2, 3]),
    link=st.sampled_from(["auto", "identity", "log"]),
)
def test_generalized_regressors(X, power, link):
    estimator = TweedieRegressor(power=power, link=link, max_iter=20)
    strategies.compare(strategies.fit(estimator, X, np.exp(strategies.targets(X))), X)


@settings(max_examples=40)
@given(
    X=strategies.tables(("normal", "constant", "huge", "tiny"), rows=ROWS),
    family=st.sampled_from([LogisticRegression, RidgeClassifier, Perceptron]),
    fit_intercept=st.booleans(),
    dtype=DTYPES,
    data=st.data(),
)
def test_classifiers(X, family, fit_intercept, dtype, data):
    y = data.draw(strategies.labels(len(X)))
    assume(fit_intercept or len(set(y.tolist())) > 1)
    estimator = family(fit_intercept=fit_intercept, **({"max_iter": 20} if family is LogisticRegression else {}))
    strategies.compare(strategies.fit(estimator, cast(X, dtype), y), X)


@settings(max_examples=30)
@given(X=strategies.tables(("normal", "constant"), rows=ROWS), average=st.booleans(), dtype=DTYPES)
def test_one_class(X, average, dtype):
    strategies.compare(strategies.fit(SGDOneClassSVM(average=average, random_state=0), cast(X, dtype)), X)


@settings(max_examples=50)
@given(
    X=strategies.tables(("normal", "constant"), rows=(8, 24)),
    solver=st.sampled_from(["svd", "lsqr", "eigen"]),
    shrinkage=st.sampled_from([None, 0.3, "auto"]),
    dtype=DTYPES,
    data=st.data(),
)
def test_linear_discriminants(X, solver, shrinkage, dtype, data):
    # Fewer rows than this leave covariances singular, and coefficients beyond every scale.
    assume(solver == "svd" or shrinkage is not None)
    y = data.draw(strategies.labels(len(X)))
    assume(solver == "svd" or len(set(y.tolist())) > 1)
    estimator = LinearDiscriminantAnalysis(solver=solver, shrinkage=None if solver == "svd" else shrinkage)
    try:
        fitted = strategies.fit(estimator, cast(X, dtype), y)
    except IndexError:
        # scikit-learn's own, for features that are all constant.
        assume(False)
    strategies.compare(fitted, X)


@settings(max_examples=40)
@given(
    X=strategies.tables(("normal", "constant"), rows=(12, 24), features=(1, 3)),
    reg_param=st.sampled_from([0.0, 0.2]),
    dtype=DTYPES,
    data=st.data(),
)
def test_quadratic_discriminants(X, reg_param, dtype, data):
    y = data.draw(strategies.labels(len(X)))
    estimator = strategies.fit(QuadraticDiscriminantAnalysis(reg_param=reg_param), cast(X, dtype), y)
    try:
        strategies.compare(estimator, X)
    except sk2torch.UnsupportedParameter as error:
        # Older versions of scikit-learn only warn.
        assert "singular" in str(error)  # noqa: PT017


@settings(max_examples=60)
@given(
    X=strategies.tables(("normal", "grid", "tiny", "huge", "near_zero"), rows=(1, 24), features=(1, 1)),
    increasing=st.sampled_from([True, False]),
    out_of_bounds=st.sampled_from(["nan", "clip", "raise"]),
    bounds=st.sampled_from([(None, None), (-0.5, None), (None, 0.2)]),
    dtype=DTYPES,
    stretch=st.sampled_from([1.0, 0.99, 2.0]),
)
def test_isotonic(X, increasing, out_of_bounds, bounds, dtype, stretch):
    low, high = bounds
    estimator = IsotonicRegression(y_min=low, y_max=high, increasing=increasing, out_of_bounds=out_of_bounds)
    fitted = strategies.fit(estimator, cast(X[:, 0], dtype), strategies.targets(X))
    strategies.compare(fitted, X[:, 0] * stretch)


@settings(max_examples=40)
@given(
    X=strategies.tables(("normal", "grid", "constant"), rows=ROWS, nonnegative=True),
    kernel=st.sampled_from(["linear", "poly", "rbf", "laplacian", "sigmoid", "cosine", "chi2", "additive_chi2"]),
    gamma=st.sampled_from([0.1, 2.0]),
    n_targets=st.sampled_from([None, 1, 3]),
    dtype=DTYPES,
)
def test_kernel_ridge(X, kernel, gamma, n_targets, dtype):
    estimator = KernelRidge(kernel=kernel, gamma=gamma, degree=2, alpha=10.0)
    strategies.compare(strategies.fit(estimator, cast(X, dtype), strategies.targets(X, n_targets)), X)
