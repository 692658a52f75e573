"""Which parts of models have smaller forms: projections, what follows a kernel map, and none with a reason."""

import numpy as np
import pytest
import torch
from sklearn.cross_decomposition import PLSSVD, PLSRegression
from sklearn.decomposition import FactorAnalysis, FastICA, SparsePCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

import sk2torch
from sk2torch.base import UnsupportedParameter
from sk2torch.blocks.quantized.linear import DynamicMap, StaticMap, TrainedMap, WeightOnlyMap


def table():
    """Rows with some structure, two targets, three classes."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 4)) @ rng.normal(size=(4, 9)) + 2.0 * rng.normal(size=(120, 9))
    return X, X[:, :2] ** 2, np.digitize(X[:, 0], [-1.0, 1.0])


X, TARGETS, CLASSES = table()
PROJECTIONS = {
    "ica": (FastICA(3, random_state=0, max_iter=1000, tol=1e-2), None),
    "factors": (FactorAnalysis(2), None),
    "sparse": (SparsePCA(2, random_state=0, max_iter=20), None),
    "pls": (PLSRegression(2), TARGETS),
    "pls_svd": (PLSSVD(2), TARGETS),
    "discriminant": (LinearDiscriminantAnalysis(), CLASSES),
}


@pytest.mark.parametrize("name", PROJECTIONS)
@pytest.mark.parametrize(("mode", "form"), [("weight_only", WeightOnlyMap), ("dynamic", DynamicMap)])
def test_projections_have_smaller_forms(name, mode, form):
    estimator, target = PROJECTIONS[name]
    model = sk2torch.wrap(estimator.fit(X, target))
    small, report = sk2torch.quantize(model, mode, X)
    assert report.bytes_after < report.bytes_before
    assert any(isinstance(module, form) for module in small.modules())
    with torch.no_grad():
        expected, actual = (m.transform(torch.from_numpy(X)) for m in (model, small))
    error = (actual - expected).abs().amax(0) / expected.abs().amax(0)
    assert 0.0 < error.max() < 0.05


@pytest.mark.parametrize(("mode", "form"), [("static", StaticMap), ("qat", TrainedMap)])
def test_what_follows_a_kernel_map_is_calibrated_and_trained(mode, form):
    estimator = make_pipeline(Nystroem(n_components=20, random_state=0), LogisticRegression(C=10.0)).fit(X, CLASSES)
    small, report = sk2torch.quantize(sk2torch.wrap(estimator), mode, X)
    assert sum(isinstance(module, form) for module in small.modules()) == report.n_blocks == 1
    assert next(m for m in report.methods if m.method == "predict").agreement > 0.95


@pytest.mark.parametrize(
    ("estimator", "mode", "reason"),
    [
        (KNeighborsClassifier(3), "dynamic", "which rows are nearest"),
        (GaussianProcessRegressor(), "weight_only", "nearly singular covariances"),
        (SVC(), "static", "each row needs a scale of its own.*modes that apply are bfloat16, dynamic"),
    ],
)
def test_a_refusal_says_why(estimator, mode, reason):
    model = sk2torch.wrap(estimator.fit(X, CLASSES))
    with pytest.raises(UnsupportedParameter, match=reason):
        sk2torch.quantize(model, mode, X)
