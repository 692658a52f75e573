"""Cases of sklearn.kernel_ridge."""

import functools
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.kernel_ridge import KernelRidge

from tests.cases import Case, data
from tests.cases.linear_model import in_double, one_column_regression
from tests.cases.linear_regressors import single_regression


@functools.cache
def nonnegative() -> tuple[Any, Any]:
    """``multi_regression`` with absolute features, some of them zero."""
    X, y = data.multi_regression()
    return np.where(np.abs(X) < 0.3, 0.0, np.abs(X)), y


@functools.cache
def sparse_regression() -> tuple[Any, Any]:
    """``regression`` as a sparse matrix."""
    X, y = data.regression()
    return sparse.csr_matrix(np.where(np.abs(X) < 0.7, 0.0, X)), y


@functools.cache
def gram() -> tuple[Any, Any]:
    """A kernel matrix of ``regression`` with itself."""
    X, y = data.multi_regression()
    return np.exp(-0.2 * np.abs(X[:, None] - X).sum(2)), y


@functools.cache
def whole() -> tuple[Any, Any]:
    """``regression`` with features that are integers."""
    X, y = data.regression()
    return np.round(2 * X).astype(np.int64), y


def rows(X: Any) -> Any:
    return X[:40]


def above_zero(X: Any) -> Any:
    """Where the kernels for histograms have a slope."""
    return X[:40] + 0.05


def _ridge(**parameters: Any) -> Any:
    return lambda: KernelRidge(**parameters)


CASES = [
    Case("KernelRidge", _ridge(kernel="rbf"), data.multi_regression),
    Case("KernelRidge-linear", KernelRidge, data.regression),
    Case("KernelRidge-linear-multi", _ridge(alpha=[0.1, 1.0, 3.0]), data.multi_regression),
    Case("KernelRidge-column", _ridge(kernel="rbf", gamma=0.3), one_column_regression),
    Case("KernelRidge-steep", _ridge(kernel="rbf", gamma=40.0), data.regression),
    Case("KernelRidge-poly", _ridge(kernel="poly", degree=2, coef0=0.5), data.regression),
    Case("KernelRidge-polynomial", _ridge(kernel="polynomial", gamma=0.1), data.regression),
    Case("KernelRidge-constant", _ridge(kernel="poly", degree=0), data.regression, differentiable=()),
    Case("KernelRidge-fraction", _ridge(kernel="poly", degree=1.5, coef0=0.1), nonnegative),
    Case("KernelRidge-sigmoid", _ridge(kernel="sigmoid", gamma=0.05, coef0=-0.2), data.regression),
    Case("KernelRidge-laplacian", _ridge(kernel="laplacian", kernel_params={"gamma": 9.0}), data.regression),
    Case("KernelRidge-cosine", _ridge(kernel="cosine"), data.regression),
    Case("KernelRidge-chi2", _ridge(kernel="chi2", gamma=0.5), nonnegative, above_zero),
    Case("KernelRidge-additive-chi2", _ridge(kernel="additive_chi2", alpha=10.0), nonnegative, above_zero),
    Case("KernelRidge-precomputed", _ridge(kernel="precomputed"), gram, rows, primary=True),
    Case("KernelRidge-sparse", _ridge(kernel="rbf"), sparse_regression),
    Case("KernelRidge-sparse-laplacian", _ridge(kernel="laplacian"), sparse_regression),
    Case("KernelRidge-single", _ridge(kernel="rbf"), single_regression, in_double),
    Case("KernelRidge-whole", _ridge(kernel="sigmoid", gamma=0.01), whole),
]
