"""Cases of sklearn.kernel_approximation."""

import functools

import numpy as np
from sklearn.kernel_approximation import Nystroem

from tests.cases import Case, data
from tests.cases.data import gram, plain, sparse_rows


@functools.cache
def positive():
    """Features above zero."""
    return np.exp(data.multiclass()[0]), None


@functools.cache
def counts():
    """Whole numbers from zero, with a column of zeros."""
    X = np.floor(np.exp(data.multiclass()[0]))
    return np.concatenate([X, np.zeros_like(X[:, :1])], axis=1), None


def _positive_rows(X):
    return np.concatenate([X[:30], 1.3 * X[30:40]])


def _case(special, data=plain, n_components=8, **parameters):
    settings = {key: parameters.pop(key) for key in ("query", "primary", "xfail") if key in parameters}
    return Case(
        f"Nystroem-{special}",
        lambda: Nystroem(n_components=n_components, random_state=0, **parameters),
        data,
        # The inverse square root of the kernel's small eigenvalues enlarges the rounding of float32.
        float32_tolerance=0.5,
        **settings,
    )


EDGE = {"gradient": "zeros are at the edge of what the chi2 kernels are defined on"}

CASES = [
    _case("rbf"),
    _case("rbf-gamma", gamma=0.3),
    _case("rbf-steep", gamma=50.0),
    _case("kernel-params", kernel_params={"gamma": 0.7, "unused": 1}),
    _case("both-params", gamma=0.1, kernel_params={"gamma": 0.7}),
    # Not more components than features: the normalisation of a singular kernel is rounding.
    _case("linear", n_components=4, kernel="linear"),
    _case("poly", kernel="poly", degree=2, coef0=0.5, gamma=0.2),
    _case("polynomial", kernel="polynomial"),
    _case("polynomial-fractional", positive, query=_positive_rows, kernel="polynomial", degree=1.5),
    _case("sigmoid", kernel="sigmoid", gamma=0.1, coef0=-0.3),
    _case("cosine", n_components=4, kernel="cosine", primary=True),
    _case("cosine-sparse", sparse_rows, n_components=4, kernel="cosine"),
    _case("laplacian", kernel="laplacian", primary=True),
    _case("laplacian-sparse", sparse_rows, kernel="laplacian", gamma=0.4),
    _case("chi2", positive, query=_positive_rows, kernel="chi2", primary=True),
    _case("chi2-zeros", counts, query=_positive_rows, kernel="chi2", gamma=0.1, xfail=EDGE),
    _case("additive-chi2", positive, query=_positive_rows, kernel="additive_chi2"),
    _case("additive-chi2-zeros", counts, query=_positive_rows, kernel="additive_chi2", xfail=EDGE),
    _case("more-components-than-rows", gram, n_components=100, kernel="rbf", gamma=10.0),
    Case(
        "Nystroem-precomputed",
        lambda: Nystroem(kernel="precomputed", n_components=30, random_state=0),
        gram,
        query=lambda X: X[:20],
        float32_tolerance=None,
    ),
]
