"""Gaussian processes with kernels of any composition answer as scikit-learn does."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.gaussian_process.kernels import (
    RBF,
    ConstantKernel,
    DotProduct,
    Matern,
    PairwiseKernel,
    RationalQuadratic,
    WhiteKernel,
)

from tests.properties import strategies

POSITIVE = st.floats(0.3, 3.0)
LEAVES = st.one_of(
    st.builds(RBF, POSITIVE),
    st.builds(Matern, POSITIVE, nu=st.sampled_from([0.5, 1.5, 2.5, np.inf, 0.8, 3.0])),
    st.builds(RationalQuadratic, POSITIVE, POSITIVE),
    st.builds(DotProduct, POSITIVE),
    st.builds(ConstantKernel, POSITIVE),
    st.builds(WhiteKernel, POSITIVE),
    st.builds(PairwiseKernel, POSITIVE, metric=st.sampled_from(["rbf", "laplacian", "linear", "poly", "cosine"])),
)
KERNELS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(lambda pair: pair[0] + pair[1]),
        st.tuples(inner, inner).map(lambda pair: pair[0] * pair[1]),
        st.tuples(inner, st.sampled_from([1, 2])).map(lambda pair: pair[0] ** pair[1]),
    ),
    max_leaves=4,
)


@given(
    X=strategies.tables(rows=(2, 16), features=(1, 3), kinds=strategies.ORDINARY),
    kernel=KERNELS,
    normalize=st.booleans(),
    n_targets=st.sampled_from([None, 1, 2]),
)
def test_regressor(X, kernel, normalize, n_targets):
    # Noise keeps the matrix well conditioned: otherwise scikit-learn's own digits are rounding.
    kernel = kernel + WhiteKernel(10.0)
    model = GaussianProcessRegressor(kernel, alpha=1.0, optimizer=None, normalize_y=normalize)
    queries = X + 0.3 * np.random.default_rng(0).normal(size=X.shape)
    strategies.compare(strategies.fit(model, X, strategies.targets(X, n_targets)), queries)


@given(
    X=strategies.tables(rows=(6, 16), features=(1, 3), kinds=strategies.ORDINARY),
    kernel=KERNELS,
    mode=st.sampled_from(["one_vs_rest", "one_vs_one"]),
    data=st.data(),
)
def test_classifier(X, kernel, mode, data):
    y = data.draw(strategies.labels(len(X)))
    model = strategies.fit(GaussianProcessClassifier(kernel + WhiteKernel(1.0), optimizer=None, multi_class=mode), X, y)
    queries = X + 0.3 * np.random.default_rng(0).normal(size=X.shape)
    methods = ["predict_proba"] if mode == "one_vs_rest" else ["predict"]
    strategies.compare(model, queries, methods=methods)
