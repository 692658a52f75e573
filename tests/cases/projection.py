"""Cases of random features: projections, sampled kernels, random trees."""

import functools

import numpy as np
from sklearn.ensemble import RandomTreesEmbedding
from sklearn.kernel_approximation import AdditiveChi2Sampler, PolynomialCountSketch, RBFSampler, SkewedChi2Sampler
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.random_projection import GaussianRandomProjection, SparseRandomProjection

from tests.cases import Case, data
from tests.cases.data import plain, sparse_rows
from tests.cases.tree import PATH_GAPS


@functools.cache
def single_precision():
    """``plain`` as float32."""
    return plain()[0].astype(np.float32), None


@functools.cache
def positive():
    """Features above zero."""
    return np.exp(plain()[0]), None


@functools.cache
def counts():
    """Whole numbers from zero as floating point."""
    return np.floor(positive()[0]), None


@functools.cache
def sparse_positive():
    """Sparse features, none below zero."""
    return abs(sparse_rows()[0]), None


@functools.cache
def wide():
    """12 rows, 70 features."""
    return np.random.default_rng(0).normal(size=(12, 70)), None


@functools.cache
def missing():
    """``missing_binary`` without its target."""
    return data.missing_binary()[0], None


def as_double(X):
    return X[:40].astype(np.float64)


def first_rows(X):
    return X[:40]


def rbf(name="", source=plain, query=None, primary=False, **parameters):
    return Case(f"RBFSampler{name}", lambda: RBFSampler(random_state=0, **parameters), source, query, primary)


def skewed(name="", source=positive, **parameters):
    return Case(
        f"SkewedChi2Sampler{name}", lambda: SkewedChi2Sampler(random_state=0, **parameters), source, query=first_rows
    )


def additive(name="", source=positive, query=first_rows, **parameters):
    return Case(f"AdditiveChi2Sampler{name}", lambda: AdditiveChi2Sampler(**parameters), source, query)


def sketch(name="", source=plain, primary=False, **parameters):
    # Few components: one that no feature is added to is scikit-learn's rounding instead of zero.
    return Case(
        f"PolynomialCountSketch{name}",
        lambda: PolynomialCountSketch(**({"n_components": 5, "random_state": 0} | parameters)),
        source,
        primary=primary,
    )


def trees(name="", source=plain, primary=False, xfail=(), **parameters):
    return Case(
        f"RandomTreesEmbedding{name}",
        lambda: RandomTreesEmbedding(**({"n_estimators": 5, "random_state": 0} | parameters)),
        source,
        primary=primary,
        differentiable=(),
        # Thresholds are compared in single precision either way.
        float32_tolerance=None,
        xfail=dict(xfail),
    )


def projection(cls, name="", source=plain, query=None, **parameters):
    parameters = {"n_components": 3, "random_state": 0} | parameters
    return Case(f"{cls.__name__}{name}", lambda: cls(**parameters), source, query)


EDGE = {"gradient": "the root has an infinite slope at zero"}

CASES = [
    rbf(n_components=12),
    rbf("-gamma", gamma=0.2, n_components=7),
    rbf("-scale", gamma="scale", n_components=7),
    rbf("-sparse", sparse_rows, n_components=7),
    rbf("-float32", single_precision, as_double, n_components=7),
    skewed(n_components=12),
    skewed("-skewedness", skewedness=0.3, n_components=7),
    skewed("-below-zero", plain, skewedness=5.0, n_components=7),
    additive(),
    additive("-one-step", sample_steps=1),
    additive("-three-steps", sample_steps=3),
    additive("-interval", sample_steps=4, sample_interval=0.3),
    Case("AdditiveChi2Sampler-zeros", AdditiveChi2Sampler, counts, first_rows, xfail=EDGE),
    Case("AdditiveChi2Sampler-sparse", AdditiveChi2Sampler, sparse_positive, xfail=EDGE),
    sketch(),
    sketch("-degree-one", degree=1, n_components=2),
    sketch("-coef0", primary=True, n_components=17, gamma=0.3, degree=4, coef0=2.0),
    sketch("-even", n_components=8, degree=3),
    sketch("-one-component", n_components=1, degree=3),
    sketch("-sparse", sparse_rows, coef0=1.0),
    projection(GaussianRandomProjection),
    projection(GaussianRandomProjection, "-inverse", compute_inverse_components=True),
    projection(GaussianRandomProjection, "-auto", wide, n_components="auto", eps=0.99),
    projection(GaussianRandomProjection, "-more-components", n_components=8),
    projection(GaussianRandomProjection, "-float32", single_precision, as_double),
    projection(SparseRandomProjection),
    projection(SparseRandomProjection, "-dense", density=0.9, compute_inverse_components=True, dense_output=True),
    projection(SparseRandomProjection, "-full", density=1.0),
    projection(SparseRandomProjection, "-sparse", sparse_rows),
    projection(SparseRandomProjection, "-sparse-dense-output", sparse_rows, dense_output=True),
    trees(),
    trees("-dense", sparse_output=False, max_depth=2, max_leaf_nodes=3),
    trees("-deep", primary=True, max_depth=None, min_samples_leaf=2),
    trees("-missing", missing, xfail=PATH_GAPS),
    trees("-sparse", sparse_rows),
    Case(
        "Pipeline-RandomTreesEmbedding",
        lambda: make_pipeline(RandomTreesEmbedding(5, random_state=0), LogisticRegression()),
        data.words,
        differentiable=(),
    ),
]
