"""Decompositions of non-negative tables."""

import functools

import numpy as np
from sklearn.decomposition import NMF, LatentDirichletAllocation, MiniBatchNMF

from tests.cases import Case, data


@functools.cache
def positive():
    """Features above zero."""
    return np.exp(0.5 * data.multiclass()[0]), None


@functools.cache
def counts():
    """Whole numbers from zero, with a row of zeros."""
    X = np.floor(np.exp(data.multiclass()[0])).clip(max=30.0)
    X[5] = 0.0
    return X, None


def _positive_rows(X):
    return np.concatenate([X[:30], 1.3 * X[30:40]])


# Differences there would go below zero.
EDGE = {"gradient": "zeros are at the edge of what is answered, and each of them has a slope on one side only"}


def _nmf(special, data=positive, n_components=3, cls=NMF, **parameters):
    settings = {key: parameters.pop(key) for key in ("primary",) if key in parameters}
    name = f"{cls.__name__}-{special}" if special else cls.__name__
    parameters = {"random_state": 0, "init": "nndsvda", "max_iter": 100, **parameters}
    return Case(
        name,
        lambda: cls(n_components, **parameters),
        data,
        query=_positive_rows,
        # Single precision may stop the iterations at another step.
        float32_tolerance=0.05,
        xfail=EDGE if data is counts else {},
        **settings,
    )


def _topics(special, data, n_components=3, **parameters):
    name = f"LatentDirichletAllocation-{special}" if special else "LatentDirichletAllocation"
    return Case(
        name,
        lambda: LatentDirichletAllocation(n_components, random_state=0, max_iter=5, **parameters),
        data,
        query=_positive_rows,
        # Single precision may stop the iterations at another step.
        float32_tolerance=0.05,
        xfail=EDGE if data is counts else {},
    )


CASES = [
    _nmf(""),
    _nmf("zeros", counts, n_components=4),
    _nmf("fixed-steps", tol=0, max_iter=25),
    _nmf("penalties", alpha_W=0.01, l1_ratio=0.3),
    _nmf("lasso", counts, alpha_W=0.05, alpha_H=0.0, l1_ratio=1.0),
    _nmf("updates", solver="mu", primary=True),
    _nmf("updates-zeros", counts, solver="mu", alpha_W=0.01, l1_ratio=0.5, tol=1e-6),
    _nmf("kullback-leibler", counts, solver="mu", beta_loss="kullback-leibler"),
    _nmf("kullback-leibler-penalties", solver="mu", beta_loss="kullback-leibler", alpha_W=0.02, l1_ratio=0.5),
    _nmf("itakura-saito", solver="mu", beta_loss="itakura-saito"),
    _nmf("beta-half", counts, solver="mu", beta_loss=0.5, max_iter=40),
    _nmf("beta-between", counts, solver="mu", beta_loss=1.5, tol=1e-3),
    _nmf("beta-three", solver="mu", beta_loss=3.0, alpha_W=1e-3),
    _nmf("beta-negative", solver="mu", beta_loss=-0.5, max_iter=40),
    _nmf("", cls=MiniBatchNMF, batch_size=50),
    _nmf("kullback-leibler", counts, cls=MiniBatchNMF, beta_loss="kullback-leibler", batch_size=50),
    _nmf("itakura-saito", cls=MiniBatchNMF, beta_loss="itakura-saito", transform_max_iter=30, max_iter=10),
    _nmf("penalties", cls=MiniBatchNMF, alpha_W=0.01, l1_ratio=0.5, tol=0, transform_max_iter=20, max_iter=10),
    _topics("", counts),
    _topics("online", counts, n_components=5, learning_method="online", doc_topic_prior=0.9, mean_change_tol=1e-5),
    _topics("few-steps", positive, n_components=2, max_doc_update_iter=3),
    _topics("many-steps", counts, n_components=4, doc_topic_prior=1e-7, mean_change_tol=1e-9),
]
