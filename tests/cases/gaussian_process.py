"""Cases for Gaussian processes."""

import functools

import numpy as np
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.gaussian_process.kernels import (
    RBF,
    ConstantKernel,
    DotProduct,
    ExpSineSquared,
    Matern,
    PairwiseKernel,
    RationalQuadratic,
    WhiteKernel,
)

from tests.cases import Case, data


def _near(X):
    """Rows that are not stored: at those, the variance is a difference of equal numbers."""
    return X[:30] + 0.2 * np.random.default_rng(0).normal(size=X[:30].shape)


def _first(make, n):
    @functools.cache
    def rows():
        X, y = make()
        return X[:n], y[:n]

    return rows


@functools.cache
def positive_rows():
    X, y = data.regression()
    return np.abs(X[:60]), y[:60]


@functools.cache
def gram():
    X, y = data.regression()
    return X[:40] @ X[:40].T, y[:40]


@functools.cache
def single_precision():
    X, y = data.multi_regression()
    return X[:60].astype(np.float32), y[:60].astype(np.float32)


REGRESSION = _first(data.regression, 60)
MULTI_REGRESSION = _first(data.multi_regression, 60)
BINARY = _first(data.binary, 60)
WORDS = _first(data.words, 60)
MULTICLASS = _first(data.multiclass, 60)


def _regressor(name, kernel, rows=REGRESSION, **parameters):
    parameters = {"alpha": 1e-2, "optimizer": None, **parameters}
    case = {key: parameters.pop(key) for key in ("primary", "query", "fit", "float32_tolerance") if key in parameters}
    return Case(
        f"GaussianProcessRegressor-{name}",
        lambda: GaussianProcessRegressor(kernel, **parameters),
        rows,
        **{"query": _near, **case},
    )


def _classifier(name, rows, kernel=None, **parameters):
    return Case(
        f"GaussianProcessClassifier-{name}",
        lambda: GaussianProcessClassifier(kernel, **parameters),
        rows,
        query=_near,
        # Weights of thousands cancel in the sum of error functions.
        float32_tolerance=5e-3,
    )


CASES = [
    Case(
        "GaussianProcessRegressor",
        lambda: GaussianProcessRegressor(alpha=1e-6),
        REGRESSION,
        query=_near,
        # Off-diagonal covariances are differences that float32 rounds.
        float32_tolerance=0.05,
    ),
    _regressor(
        "optimized",
        1.0 * RBF() + WhiteKernel(1.0, "fixed"),
        optimizer="fmin_l_bfgs_b",
        n_restarts_optimizer=1,
        random_state=0,
    ),
    _regressor("anisotropic", 2.0 * RBF([1.0, 2.0, 3.0, 4.0, 5.0]), normalize_y=True),
    _regressor("matern-0.5", Matern(nu=0.5)),
    _regressor("matern-1.5", Matern([1.0, 2.0, 3.0, 4.0, 5.0], nu=1.5)),
    _regressor("matern-2.5", Matern(nu=2.5)),
    _regressor("matern-inf", Matern(nu=np.inf)),
    _regressor("matern-0.3", Matern(nu=0.3)),
    _regressor("matern-0.7-stored-rows", Matern(nu=0.7), query=lambda X: X[:40]),
    _regressor("matern-2", Matern(2.0, nu=2), primary=True),
    _regressor("matern-3.5", Matern(nu=3.5)),
    _regressor("rational-quadratic", RationalQuadratic(1.5, 0.7)),
    _regressor("periodic", ExpSineSquared(1.5, 9.0), alpha=1.0, primary=True),
    # Variances are small differences of numbers of the order 10.
    _regressor("dot-product", DotProduct(2.0), float32_tolerance=0.05),
    _regressor("constant", ConstantKernel(2.0) + WhiteKernel(0.5)),
    _regressor("white", WhiteKernel(0.5)),
    _regressor("compound", RBF() * Matern(nu=1.5) + (RationalQuadratic() + DotProduct()) ** 2 + WhiteKernel(0.1)),
    *(
        _regressor(f"pairwise-{metric}", 0.5 * PairwiseKernel(0.1, metric=metric) + WhiteKernel(1.0))
        for metric in ("linear", "polynomial", "rbf", "laplacian", "sigmoid", "cosine")
    ),
    _regressor(
        "pairwise-poly",
        PairwiseKernel(0.1, metric="poly", pairwise_kernels_kwargs={"degree": 2, "coef0": 0.5}),
        alpha=1.0,
    ),
    *(
        _regressor(
            f"pairwise-{metric}",
            PairwiseKernel(0.5, metric=metric) + WhiteKernel(1.0) + ConstantKernel(30.0),
            positive_rows,
            query=lambda X: X[:20] * 1.1,
        )
        for metric in ("additive_chi2", "chi2")
    ),
    _regressor("precomputed", PairwiseKernel(metric="precomputed"), gram, query=lambda X: X[:20], alpha=1.0),
    _regressor("alphas", RBF(), alpha=np.linspace(0.01, 1.0, 60)),
    _regressor("multi-output", RBF(2.0), MULTI_REGRESSION, normalize_y=True, primary=True),
    _regressor("column", RBF(2.0), lambda: (REGRESSION()[0], REGRESSION()[1].reshape(-1, 1)), normalize_y=True),
    _regressor("float32", 1.5 * Matern(2.0), single_precision, normalize_y=True),
    _regressor("prior", None, fit=lambda estimator, X, y: estimator, primary=True),
    _regressor(
        "prior-targets", 2.0 * RBF([1.0] * 5) + DotProduct(), fit=lambda estimator, X, y: estimator, n_targets=3
    ),
    _classifier("binary", BINARY, 1.0 * RBF()),
    _classifier("words", lambda: (BINARY()[0], data.binary_words()[1][:60])),
    _classifier("matern", BINARY, 2.0 * Matern([1.0, 2.0, 1.0, 2.0, 1.0], nu=2.5), optimizer=None, max_iter_predict=3),
    _classifier("white", BINARY, DotProduct() + RBF() + WhiteKernel(0.5), optimizer=None),
    Case(
        "GaussianProcessClassifier-one-vs-rest",
        lambda: GaussianProcessClassifier(2.0 * RBF(), optimizer=None),
        MULTICLASS,
        # Far from all rows the probabilities are equal.
        query=lambda X: np.concatenate([_near(X), X[:5] + 1e3]),
        primary=True,
        float32_tolerance=5e-3,
    ),
    _classifier("one-vs-rest-words", WORDS, optimizer=None),
    Case(
        "GaussianProcessClassifier-one-vs-one",
        lambda: GaussianProcessClassifier(2.0 * RBF(), multi_class="one_vs_one", optimizer=None),
        MULTICLASS,
        query=lambda X: np.concatenate([_near(X), X[:5] + 1e3]),
        primary=True,
    ),
]
