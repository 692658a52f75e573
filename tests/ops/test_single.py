"""Kernels of float64 that answer float32."""

import numpy as np
import pytest
import torch
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.mixture import GaussianMixture
from sklearn.naive_bayes import CategoricalNB, GaussianNB
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import PolynomialFeatures, QuantileTransformer, SplineTransformer

import sk2torch
from sk2torch.ops import single
from tests.cases import data

ESTIMATORS = {
    "categories": CategoricalNB(),
    "discriminant": QuadraticDiscriminantAnalysis(reg_param=0.1),
    "layers": MLPClassifier((8,), max_iter=20, tol=1.0, random_state=0),
    "mixture": GaussianMixture(2, random_state=0),
    "naive_bayes": GaussianNB(),
    "products": PolynomialFeatures(2),
    "quantiles": QuantileTransformer(n_quantiles=20),
    "splines": SplineTransformer(4),
}


@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize("n_rows", [0, 1, 50])
def test_answers_are_those_of_float64_rounded(name, n_rows, monkeypatch):
    X, y = data.binary()
    X = np.abs(X).round() if name == "categories" else X
    module = sk2torch.wrap(ESTIMATORS[name].fit(X, y)).float().requires_grad_(False)
    method = "transform" if hasattr(module, "transform") else "predict_proba"
    # Parameters are rounded, the computation is not.
    rounded = sk2torch.wrap(ESTIMATORS[name]).requires_grad_(False)
    rounded.load_state_dict({key: tensor.double() for key, tensor in module.state_dict().items()})
    rows = torch.from_numpy(X[:n_rows]).float()
    monkeypatch.setattr(single, "_CELLS", 16 * X.shape[1])
    answer = getattr(module, method)(rows)
    assert answer.dtype == torch.float32
    torch.testing.assert_close(answer, getattr(rounded, method)(rows.double()).float(), rtol=3e-7, atol=1e-7)


def test_recorded_gradients_take_the_formula():
    X, y = data.binary()
    module = sk2torch.wrap(GaussianNB().fit(X, y)).float()
    rows = torch.from_numpy(X[:5]).float().requires_grad_()
    module.predict_proba(rows)[:, 0].sum().backward()
    assert rows.grad.dtype == torch.float32
    assert rows.grad.abs().sum() > 0
