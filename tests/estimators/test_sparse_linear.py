"""Linear models take sparse rows as they are."""

import numpy as np
import pytest
import scipy.sparse
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import (
    BayesianRidge,
    Lasso,
    LogisticRegression,
    Perceptron,
    PoissonRegressor,
    RANSACRegressor,
    RidgeClassifier,
    SGDClassifier,
    SGDOneClassSVM,
)

import sk2torch
from sk2torch.base import methods_of
from tests import checks
from tests.cases import data


@pytest.mark.parametrize(
    "estimator",
    [
        Lasso(alpha=0.01),
        LogisticRegression(max_iter=20),
        Perceptron(),
        PoissonRegressor(),
        RANSACRegressor(random_state=0),
        RidgeClassifier(),
        SGDClassifier(loss="log_loss", random_state=0),
        SGDOneClassSVM(random_state=0),
        # These make them dense.
        LinearDiscriminantAnalysis(),
        BayesianRidge(),
        KernelRidge(kernel="rbf"),
    ],
    ids=lambda e: type(e).__name__,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:Sparse")
def test_sparse_rows(estimator):
    X, y = data.multiclass()
    X = np.where(np.abs(X) < 0.7, 0.0, X)
    model = sk2torch.wrap(estimator.fit(X, np.searchsorted([-1, 3, 7], y)))
    x = torch.from_numpy(X)
    for method in methods_of(model):
        actual = getattr(model, method)(x.to_sparse_csr())
        checks.assert_same(actual, getattr(model, method)(x), method, 1e-12)
    predictor = sk2torch.Predictor(model)
    np.testing.assert_allclose(predictor.predict(scipy.sparse.csr_matrix(X)), estimator.predict(X), rtol=1e-9)
