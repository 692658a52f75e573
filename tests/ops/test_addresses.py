"""Kernels read memory by its address: never that of another device, nor under what follows torch's operators."""

import pytest
import torch
from sklearn.cluster import KMeans
from sklearn.covariance import EmpiricalCovariance
from sklearn.ensemble import RandomForestRegressor
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity, KNeighborsRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.preprocessing import QuantileTransformer, SplineTransformer
from sklearn.svm import SVR
from torch._subclasses import FakeTensor, FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx

import sk2torch
from tests.cases import data

MODELS = {
    "pairs": (SVR(), "predict"),
    "log sums": (KernelDensity(), "score_samples"),
    "centres": (KMeans(3, n_init=1, random_state=0), "predict"),
    "gaussians": (GaussianMixture(2, random_state=0), "score_samples"),
    "mahalanobis": (EmpiricalCovariance(), "mahalanobis"),
    "networks": (MLPRegressor(hidden_layer_sizes=5, max_iter=200, tol=1.0, random_state=0), "predict"),
    "splines": (SplineTransformer(extrapolation="continue"), "transform"),
    "quantiles": (QuantileTransformer(n_quantiles=20), "transform"),
    "trees": (RandomForestRegressor(5, random_state=0), "predict"),
}
NEIGHBORS = {"neighbours": (KNeighborsRegressor(), "predict")}


def view(model, **options):
    estimator, method = model
    return sk2torch.method_module(sk2torch.wrap(estimator.fit(*data.regression()), **options), method)


@pytest.mark.parametrize("model", (MODELS | NEIGHBORS).values(), ids=(MODELS | NEIGHBORS).keys())
def test_rows_of_another_device_are_refused(model):
    x = torch.from_numpy(data.regression()[0])
    with pytest.raises(RuntimeError, match="device"):
        view(model, device="meta")(x)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())
def test_traced_operators_answer_for_other_rows(model):
    x = torch.from_numpy(data.regression()[0])
    module = view(model)
    with torch.no_grad():
        traced = make_fx(module)(x[:40])
        torch.testing.assert_close(traced(x[50:90] + 0.3), module(x[50:90] + 0.3), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())
def test_tensors_without_numbers(model):
    x = torch.from_numpy(data.regression()[0])
    module = view(model)
    with FakeTensorMode(allow_non_fake_inputs=True) as mode, torch.no_grad():
        assert isinstance(module(mode.from_tensor(x)), FakeTensor)
