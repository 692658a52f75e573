"""Linear models that penalise, select or weigh: sparse, Bayesian, robust and generalised regressors."""

import functools
from typing import Any

import numpy as np
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import (
    ARDRegression,
    BayesianRidge,
    ElasticNet,
    ElasticNetCV,
    GammaRegressor,
    HuberRegressor,
    Lars,
    LarsCV,
    Lasso,
    LassoCV,
    LassoLars,
    LassoLarsCV,
    LassoLarsIC,
    LinearRegression,
    MultiTaskElasticNet,
    MultiTaskElasticNetCV,
    MultiTaskLasso,
    MultiTaskLassoCV,
    OrthogonalMatchingPursuit,
    OrthogonalMatchingPursuitCV,
    PoissonRegressor,
    QuantileRegressor,
    RANSACRegressor,
    TheilSenRegressor,
    TweedieRegressor,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR

from tests.cases import Case, data
from tests.cases.linear_model import in_double, one_column_regression


@functools.cache
def single_regression() -> tuple[Any, Any]:
    """``regression`` in float32."""
    X, y = data.regression()
    return X.astype(np.float32), y.astype(np.float32)


@functools.cache
def single_positive_regression() -> tuple[Any, Any]:
    """``positive_regression`` in float32."""
    X, y = data.positive_regression()
    return X.astype(np.float32), y.astype(np.float32)


@functools.cache
def wide_regression() -> tuple[Any, Any]:
    """20 rows, 30 features far from the origin, of which three matter."""
    generator = np.random.default_rng(0)
    X = generator.normal(size=(20, 30)) + 5.0
    return X, X[:, :3] @ np.array([1.0, -2.0, 0.5]) + generator.normal(size=20) * 0.1


@functools.cache
def noise() -> tuple[Any, Any]:
    """Features that say nothing about the target."""
    generator = np.random.default_rng(0)
    return generator.normal(size=(40, 3)), generator.normal(size=40)


@functools.cache
def outliers() -> tuple[Any, Any]:
    """``regression`` with a tenth of the targets far off."""
    X, y = data.regression()
    y = y.copy()
    y[::10] += 20.0
    return X, y


SINGLE = (ElasticNet, Lasso, BayesianRidge, ARDRegression, Lars, LassoLars, OrthogonalMatchingPursuit, LinearRegression)
COLUMN = (ElasticNet, Lasso, LassoLars, OrthogonalMatchingPursuit, Lars)

CASES = [
    Case("ElasticNet", lambda: ElasticNet(alpha=0.1), data.regression),
    Case("ElasticNet-multi", lambda: ElasticNet(alpha=0.1, l1_ratio=0.9), data.multi_regression),
    Case("ElasticNet-precomputed", lambda: ElasticNet(alpha=0.1, precompute=True, fit_intercept=False), outliers),
    Case("ElasticNetCV", lambda: ElasticNetCV(alphas=[0.01, 0.1], l1_ratio=[0.5, 0.9], cv=3), data.regression),
    Case("Lasso", lambda: Lasso(alpha=0.05), data.regression),
    Case("Lasso-positive", lambda: Lasso(alpha=0.05, positive=True, selection="random", random_state=0), outliers),
    Case("Lasso-multi", lambda: Lasso(alpha=0.05, fit_intercept=False), data.multi_regression),
    # Nothing is left but the intercept.
    Case("Lasso-empty", lambda: Lasso(alpha=100.0), data.regression),
    Case("LassoCV", lambda: LassoCV(alphas=[0.01, 0.1], cv=3), data.regression),
    Case("MultiTaskElasticNet", lambda: MultiTaskElasticNet(alpha=0.1), data.multi_regression),
    Case("MultiTaskElasticNet-column", lambda: MultiTaskElasticNet(alpha=0.1), one_column_regression),
    Case("MultiTaskElasticNetCV", lambda: MultiTaskElasticNetCV(alphas=[0.01, 0.1], cv=3), data.multi_regression),
    Case("MultiTaskLasso", lambda: MultiTaskLasso(alpha=0.1, fit_intercept=False), data.multi_regression),
    Case("MultiTaskLassoCV", lambda: MultiTaskLassoCV(alphas=[0.01, 0.1], cv=3), data.multi_regression),
    Case("MultiTaskLassoCV-column", lambda: MultiTaskLassoCV(alphas=[0.01, 0.1], cv=3), one_column_regression),
    Case("Lars", lambda: Lars(n_nonzero_coefs=3), data.regression),
    Case("Lars-multi", lambda: Lars(n_nonzero_coefs=4), data.multi_regression),
    Case("Lars-no-intercept", lambda: Lars(fit_intercept=False, fit_path=False), data.multi_regression),
    Case("LarsCV", lambda: LarsCV(cv=3), data.regression),
    Case("LassoLars", lambda: LassoLars(alpha=0.01), data.regression),
    Case("LassoLars-multi", lambda: LassoLars(alpha=0.01, positive=True), data.multi_regression),
    Case("LassoLarsCV", lambda: LassoLarsCV(cv=3), data.regression),
    Case("LassoLarsIC", LassoLarsIC, data.regression),
    Case("LassoLarsIC-bic", lambda: LassoLarsIC(criterion="bic", fit_intercept=False), data.regression),
    Case("OrthogonalMatchingPursuit", lambda: OrthogonalMatchingPursuit(n_nonzero_coefs=2), data.regression),
    Case("OrthogonalMatchingPursuit-multi", lambda: OrthogonalMatchingPursuit(tol=1.0), data.multi_regression),
    Case("OrthogonalMatchingPursuitCV", lambda: OrthogonalMatchingPursuitCV(cv=3), data.regression),
    Case("HuberRegressor", HuberRegressor, outliers),
    Case("HuberRegressor-no-intercept", lambda: HuberRegressor(epsilon=1.1, fit_intercept=False), outliers),
    Case("QuantileRegressor", lambda: QuantileRegressor(alpha=0.01), outliers),
    Case("QuantileRegressor-high", lambda: QuantileRegressor(quantile=0.9, alpha=0.1, fit_intercept=False), outliers),
    Case("TheilSenRegressor", lambda: TheilSenRegressor(max_subpopulation=50, max_iter=20, random_state=0), outliers),
    Case(
        "TheilSenRegressor-no-intercept",
        lambda: TheilSenRegressor(fit_intercept=False, n_subsamples=60, max_subpopulation=20, random_state=0),
        outliers,
    ),
    Case("BayesianRidge", BayesianRidge, data.regression),
    Case("BayesianRidge-wide", lambda: BayesianRidge(compute_score=True), wide_regression),
    Case("BayesianRidge-no-intercept", lambda: BayesianRidge(fit_intercept=False, alpha_init=1.0), wide_regression),
    Case("ARDRegression", ARDRegression, data.regression),
    Case("ARDRegression-wide", lambda: ARDRegression(threshold_lambda=100.0), wide_regression),
    Case("ARDRegression-no-intercept", lambda: ARDRegression(fit_intercept=False), wide_regression),
    Case(
        "ARDRegression-empty",
        lambda: ARDRegression(threshold_lambda=1e-3),
        noise,
        # Nothing is left but the intercept and the noise.
        differentiable=(),
    ),
    Case("PoissonRegressor", PoissonRegressor, data.positive_regression),
    Case("PoissonRegressor-cholesky", lambda: PoissonRegressor(solver="newton-cholesky"), data.positive_regression),
    Case("GammaRegressor", GammaRegressor, data.positive_regression),
    Case("GammaRegressor-no-intercept", lambda: GammaRegressor(fit_intercept=False), data.positive_regression),
    Case("TweedieRegressor", TweedieRegressor, data.regression),
    *(
        Case(
            f"TweedieRegressor-{power}-{link}",
            lambda power=power, link=link: TweedieRegressor(power=power, link=link),
            data.positive_regression,
            primary=(power, link) == (1.5, "auto"),
        )
        for power in (-1.0, 0, 1, 1.5, 2, 3.0)
        for link in ("auto", "identity", "log")
    ),
    Case("RANSACRegressor", lambda: RANSACRegressor(random_state=0), outliers),
    Case("RANSACRegressor-multi", lambda: RANSACRegressor(random_state=0), data.multi_regression),
    Case("RANSACRegressor-column", lambda: RANSACRegressor(random_state=0), one_column_regression),
    Case(
        "RANSACRegressor-pipeline",
        lambda: RANSACRegressor(
            make_pipeline(StandardScaler(), SVR()), min_samples=50, loss="squared_error", random_state=0
        ),
        outliers,
        primary=True,
    ),
    Case(
        "RANSACRegressor-forest",
        lambda: RANSACRegressor(RandomForestRegressor(3, max_depth=3), min_samples=60, max_trials=3, random_state=0),
        data.multi_regression,
        differentiable=(),
    ),
    *(Case(f"{family.__name__}-single", family, single_regression, in_double) for family in SINGLE),
    *(Case(f"{family.__name__}-column", family, one_column_regression) for family in COLUMN),
    *(
        Case(f"{family.__name__}-single", family, single_positive_regression, in_double)
        for family in (PoissonRegressor, GammaRegressor, TweedieRegressor)
    ),
]
