"""NMF and topic models: what is refused, odd rows, and batches."""

import numpy as np
import pytest
import scipy.sparse
import torch
from sklearn.decomposition import NMF, LatentDirichletAllocation, MiniBatchNMF
from sklearn.decomposition._online_lda_fast import _dirichlet_expectation_2d
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

import sk2torch
from sk2torch.functional.dirichlet import expected_log_exponential
from tests.cases.nonnegative import counts, positive

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def answers(estimator, X):
    return sk2torch.wrap(estimator).transform(torch.from_numpy(X)).detach().numpy()


def test_random_order_is_refused():
    estimator = NMF(2, shuffle=True, random_state=0).fit(positive()[0])
    with pytest.raises(sk2torch.UnsupportedParameter, match="set shuffle=False"):
        sk2torch.wrap(estimator)
    # The updates never shuffle.
    sk2torch.wrap(NMF(2, shuffle=True, solver="mu", random_state=0).fit(positive()[0]))


def test_components_of_zeros_are_refused():
    estimator = NMF(2, random_state=0).fit(positive()[0])
    estimator.components_[:] = 0.0
    with pytest.raises(ValueError, match="full of zeros"):
        estimator.transform(positive()[0])
    with pytest.raises(sk2torch.UnsupportedParameter, match="not all zero"):
        sk2torch.wrap(estimator)


@pytest.mark.parametrize("solver", ["cd", "mu"])
def test_negative_rows_are_nan(solver):
    X = positive()[0].copy()
    estimator = NMF(2, solver=solver, random_state=0).fit(X)
    X[3, 1] = -1e-3
    result = answers(estimator, X)
    assert np.isnan(result[3]).all()
    assert np.isfinite(np.delete(result, 3, axis=0)).all()


def test_zeros_are_nan_where_the_divergence_is_not_defined():
    X = positive()[0].copy()
    estimator = NMF(2, solver="mu", beta_loss="itakura-saito", random_state=0, max_iter=20).fit(X)
    X[3, 1] = 0.0
    assert np.isnan(answers(estimator, X)[3]).all()


def test_negative_values_in_minibatch_are_computed_with_as_scikit_learn_does():
    X = positive()[0].copy()
    estimator = MiniBatchNMF(2, random_state=0, max_iter=20).fit(X)
    X[3, 1] = -0.5
    np.testing.assert_allclose(answers(estimator, X), estimator.transform(X), rtol=1e-9)


@pytest.mark.parametrize("estimator", [NMF(3), NMF(3, solver="mu"), MiniBatchNMF(3)])
def test_rows_of_zeros(estimator):
    estimator.set_params(random_state=0).fit(counts()[0])
    zeros = np.zeros((4, counts()[0].shape[1]))
    with np.errstate(all="ignore"):
        expected = estimator.transform(zeros)
    np.testing.assert_allclose(answers(estimator, zeros), expected, atol=1e-12)


@pytest.mark.parametrize("cls", [NMF, MiniBatchNMF])
def test_sparse_queries_and_a_fit_on_sparse_data(cls):
    X = scipy.sparse.csr_matrix(counts()[0])
    estimator = cls(3, random_state=0, max_iter=20).fit(X)
    predictor = sk2torch.Predictor(sk2torch.wrap(estimator))
    np.testing.assert_allclose(predictor.transform(X), estimator.transform(X), rtol=1e-8, atol=1e-10)


def test_rows_are_given_together(tmp_path):
    X = positive()[0]
    estimator = make_pipeline(MinMaxScaler(), NMF(3, solver="mu", random_state=0)).fit(X)
    model = sk2torch.wrap(estimator)
    expected = estimator.transform(X)
    for source in (model, sk2torch.export(model, tmp_path / "model.pt")):
        actual = sk2torch.Predictor(source, batch_size=10).transform(X)
        np.testing.assert_allclose(actual, expected, rtol=1e-9, atol=1e-12)
    # In parts the iterations stop elsewhere, in scikit-learn too.
    apart = np.concatenate([estimator.transform(part) for part in np.split(X, 15)])
    assert np.abs(apart - expected).max() > 1e-9


def test_topics_of_negative_rows_are_nan():
    X = counts()[0].copy()
    estimator = LatentDirichletAllocation(3, random_state=0, max_iter=3).fit(X)
    X[2, 0] = -1.0
    result = answers(estimator, X)
    assert np.isnan(result[2]).all()
    np.testing.assert_allclose(np.delete(result, 2, 0), estimator.transform(np.delete(X, 2, 0)), rtol=1e-9)


def test_topics_fitted_in_single_precision():
    X = counts()[0].astype(np.float32)
    estimator = LatentDirichletAllocation(3, random_state=0, max_iter=3).fit(X)
    # scikit-learn computes in single precision, whatever it is asked.
    np.testing.assert_allclose(answers(estimator, X), estimator.transform(X.astype(np.float64)), rtol=1e-4)


def test_expectations_are_those_of_scikit_learn():
    grid = np.geomspace(1e-9, 1e6, 400).reshape(100, 4)
    expected = np.exp(_dirichlet_expectation_2d(grid))
    np.testing.assert_allclose(expected_log_exponential(torch.from_numpy(grid)).numpy(), expected, rtol=1e-12)
