"""Random features: refusals and values outside of what scikit-learn takes."""

import numpy as np
import pytest
import torch
from scipy import sparse
from sklearn.ensemble import RandomTreesEmbedding
from sklearn.kernel_approximation import AdditiveChi2Sampler, PolynomialCountSketch, RBFSampler, SkewedChi2Sampler
from sklearn.random_projection import SparseRandomProjection

import sk2torch
from tests import checks
from tests.cases import data, projection


def test_interval_without_default_is_refused():
    with pytest.raises(sk2torch.UnsupportedParameter, match="give sample_interval"):
        sk2torch.wrap(AdditiveChi2Sampler(sample_steps=4))


def test_unfitted_sampler_takes_any_width():
    X = projection.positive()[0]
    model = sk2torch.wrap(AdditiveChi2Sampler())
    expected = AdditiveChi2Sampler().fit(X).transform(X)
    np.testing.assert_allclose(model.transform(torch.from_numpy(X)).numpy(), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    ("estimator", "bound"),
    [(AdditiveChi2Sampler(), 0.0), (SkewedChi2Sampler(skewedness=0.5, n_components=3), -0.5)],
    ids=["additive", "skewed"],
)
def test_values_below_the_bound_are_nan_where_scikit_learn_raises(estimator, bound):
    X = projection.positive()[0][:4].copy()
    estimator.fit(X)
    X[1, 2] = bound - 0.1
    with pytest.raises(ValueError, match=r"(?i)negative|skewedness"):
        estimator.transform(X)
    result = sk2torch.Predictor(sk2torch.wrap(estimator)).transform(X)
    assert np.isnan(result[1]).any()
    assert np.isfinite(result[[0, 2, 3]]).all()


def test_smallest_value_of_the_skewed_sampler_is_excluded():
    X = projection.positive()[0][:4]
    estimator = SkewedChi2Sampler(skewedness=0.5, n_components=3).fit(X)
    x = torch.full((1, 5), -0.5, dtype=torch.float64)
    assert sk2torch.wrap(estimator).transform(x).isnan().all()


def test_sketch_of_a_graph_agrees_with_that_of_transforms():
    X = torch.from_numpy(data.multiclass()[0])
    for degree, n_components in ((1, 1), (2, 7), (3, 8), (5, 11)):
        estimator = PolynomialCountSketch(degree=degree, n_components=n_components, coef0=0.5, random_state=0)
        model = sk2torch.wrap(estimator.fit(X.numpy()))
        program = torch.export.export(model, (X,))
        torch.testing.assert_close(program.module()(X), model.transform(X), rtol=1e-11, atol=1e-11)


def test_negative_constant_of_a_sketch_is_nan_as_in_scikit_learn():
    X = data.multiclass()[0]
    estimator = PolynomialCountSketch(coef0=-1.0, n_components=4, random_state=0).fit(X)
    with np.errstate(invalid="ignore"):
        assert np.isnan(estimator.transform(X)).all()
    assert np.isnan(sk2torch.Predictor(sk2torch.wrap(estimator)).transform(X)).all()


@pytest.mark.parametrize("make", [lambda: RBFSampler(n_components=4), lambda: SparseRandomProjection(3)])
def test_sparse_rows_are_not_made_dense(make):
    X = projection.sparse_rows()[0]
    estimator = make().set_params(random_state=0).fit(X)
    model = sk2torch.wrap(estimator)
    assert model.encode(X).is_sparse_csr
    expected = estimator.transform(X)
    expected = expected.toarray() if sparse.issparse(expected) else expected
    np.testing.assert_allclose(model.transform(model.encode(X)).detach().numpy(), expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("is_sparse", [True, False])
def test_embedding_is_sparse_where_scikit_learn_has_it(is_sparse):
    X = data.multiclass()[0]
    estimator = RandomTreesEmbedding(3, sparse_output=is_sparse, random_state=0).fit(X)
    result = sk2torch.Predictor(sk2torch.wrap(estimator)).transform(X)
    expected = estimator.transform(X)
    assert sparse.issparse(result) == sparse.issparse(expected) == is_sparse
    np.testing.assert_array_equal(checks.dense(result), checks.dense(expected))


def test_random_trees_compare_in_single_precision():
    X = data.multiclass()[0]
    estimator = RandomTreesEmbedding(3, max_depth=None, random_state=0).fit(X)
    thresholds = np.concatenate([t.tree_.threshold[t.tree_.feature >= 0] for t in estimator.estimators_])
    query = np.repeat(thresholds[:40, None], 5, axis=1)
    query = np.concatenate([query, np.nextafter(query, np.inf), np.nextafter(query, -np.inf)])
    actual = sk2torch.Predictor(sk2torch.wrap(estimator)).apply(query)
    np.testing.assert_array_equal(actual, estimator.apply(query))
