"""Cases for mixture models."""

import functools

import numpy as np
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture

from tests.cases import Case, data


@functools.cache
def rows():
    return data.multiclass()[0], None


@functools.cache
def single_precision():
    return data.multiclass()[0].astype(np.float32) + np.float32(5.0), None


@functools.cache
def constant_column():
    X = data.multiclass()[0].copy()
    X[:, 2] = 3.0
    return X, None


@functools.cache
def one_feature():
    return data.multiclass()[0][:, :1], None


def _in_double(X):
    return X[:40].astype(np.float64) + 0.1


def _mixture(cls, name, make_rows=rows, **parameters):
    case = {key: parameters.pop(key) for key in ("primary", "query", "tolerance") if key in parameters}
    parameters = {"n_components": 3, "random_state": 0, **parameters}
    return Case(f"{cls.__name__}-{name}", lambda: cls(**parameters), make_rows, **case)


CASES = [
    _mixture(cls, name, **parameters)
    for cls in (GaussianMixture, BayesianGaussianMixture)
    for name, parameters in {
        "full": {},
        "one": {"n_components": 1},
        "tied": {"covariance_type": "tied"},
        "diag": {"covariance_type": "diag", "primary": True},
        "spherical": {"covariance_type": "spherical"},
        "one-feature": {"make_rows": one_feature},
        # scikit-learn expands a square whose terms, of the order 1e7 there, cancel.
        "constant-column": {"make_rows": constant_column, "covariance_type": "diag", "tolerance": 1e-8},
        **{
            f"float32-{kind}": {"make_rows": single_precision, "covariance_type": kind, "query": _in_double}
            for kind in ("full", "tied", "diag", "spherical")
        },
    }.items()
] + [
    _mixture(GaussianMixture, "given", means_init=np.zeros((2, 5)), n_components=2, max_iter=1, reg_covar=0.1),
    _mixture(
        BayesianGaussianMixture,
        "distribution",
        weight_concentration_prior_type="dirichlet_distribution",
        n_components=5,
    ),
    _mixture(BayesianGaussianMixture, "priors", mean_precision_prior=0.1, degrees_of_freedom_prior=9.0, n_components=2),
]
