"""Kernel ridge regression: refusals."""

import numpy as np
import pytest
import scipy.sparse
import torch
from sklearn.gaussian_process.kernels import RBF
from sklearn.kernel_ridge import KernelRidge

import sk2torch
from tests.cases import data
from tests.cases.kernel_ridge import nonnegative


@pytest.mark.parametrize("kernel", [np.dot, RBF(2.0)], ids=["function", "object"])
def test_callable_kernels_are_refused(kernel):
    X, y = data.regression()
    estimator = KernelRidge(kernel=kernel).fit(X, y)
    with pytest.raises(sk2torch.UnsupportedParameter, match="kernel='precomputed'"):
        sk2torch.wrap(estimator)


@pytest.mark.parametrize("kernel", ["chi2", "additive_chi2"])
@pytest.mark.filterwarnings("ignore:Singular matrix")
def test_negative_values_show_where_scikit_learn_raises(kernel):
    X, y = nonnegative()
    estimator = KernelRidge(kernel=kernel, gamma=1.0).fit(X, y)
    query = X[:3].copy()
    query[1, 0] = -0.5
    with pytest.raises(ValueError, match="negative"):
        estimator.predict(query)
    answer = sk2torch.wrap(estimator).predict(torch.from_numpy(query)).detach()
    assert answer[1].isnan().all()
    np.testing.assert_allclose(answer[[0, 2]].numpy(), estimator.predict(query[[0, 2]]), rtol=1e-9)


def test_repeated_entries_of_sparse_rows_are_refused():
    X, y = data.regression()
    repeated = scipy.sparse.csr_matrix(X)
    repeated.indices[1] = repeated.indices[0]
    with pytest.raises(sk2torch.UnsupportedParameter, match="sum_duplicates"):
        sk2torch.wrap(KernelRidge(kernel="rbf").fit(repeated, y))


def test_unsorted_entries_of_sparse_rows():
    X, y = data.regression()
    unsorted = scipy.sparse.csr_matrix(X)[:, [4, 0, 2, 1, 3]]
    unsorted.has_sorted_indices = False
    estimator = KernelRidge(kernel="rbf").fit(unsorted, y)
    query = unsorted.toarray()
    actual = sk2torch.wrap(estimator).predict(torch.from_numpy(query)).detach().numpy()
    np.testing.assert_allclose(actual, estimator.predict(query), rtol=1e-9)
