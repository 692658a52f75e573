"""What neighbour searches refuse, and states that are not in the table of cases."""

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.neighbors import (
    BallTree,
    KDTree,
    KernelDensity,
    KNeighborsClassifier,
    KNeighborsRegressor,
    KNeighborsTransformer,
    LocalOutlierFactor,
    NearestCentroid,
    NearestNeighbors,
    RadiusNeighborsClassifier,
    RadiusNeighborsRegressor,
)
from sklearn.semi_supervised import LabelPropagation, LabelSpreading
from torch import nn

import sk2torch
from tests import checks
from tests.cases import data

X, Y = data.binary()


def _taxicab(u, v):
    return np.abs(u - v).sum()


def _same(estimator, rows, method, tolerance=1e-10):
    expected = checks.sklearn_call(estimator, method, rows)
    actual = getattr(sk2torch.Predictor(sk2torch.wrap(estimator)), method)(rows)
    checks.assert_same(actual, expected, method, tolerance)


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (NearestNeighbors(metric=_taxicab), "pass one of scikit-learn's names"),
        (NearestNeighbors(metric=_taxicab, algorithm="brute"), "pass one of scikit-learn's names"),
        (KNeighborsClassifier(weights=np.exp), "does not run on tensors as it does on arrays"),
        (KNeighborsRegressor(weights=np.exp), "does not run on tensors as it does on arrays"),
        (RadiusNeighborsClassifier(5.0, weights=np.exp), "'uniform', 'distance' or None"),
        (RadiusNeighborsRegressor(weights=np.exp), "'uniform', 'distance' or None"),
        (KNeighborsClassifier(n_neighbors=500), "n_neighbors from 1 to 120"),
        (KNeighborsTransformer(n_neighbors=120), "n_neighbors from 1 to 119"),
        (KNeighborsClassifier(metric="mahalanobis", algorithm="brute"), "metric_params"),
        (
            NearestNeighbors(metric="hamming", algorithm="brute", metric_params={"w": np.arange(5.0)}),
            "metric_params",
        ),
        (LocalOutlierFactor(metric=_taxicab), "pass one of scikit-learn's names"),
        (KernelDensity(rtol=1e-4), r"set_params\(atol=0, rtol=0\)"),
        (KernelDensity(atol=1e-4), r"set_params\(atol=0, rtol=0\)"),
        (LabelPropagation(kernel=lambda a, b: np.exp(-((a[:, None] - b) ** 2).sum(2))), "'rbf' or 'knn'"),
        (LabelSpreading(kernel=lambda a, b: np.exp(-((a[:, None] - b) ** 2).sum(2))), "'rbf' or 'knn'"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
@pytest.mark.filterwarnings("ignore")
def test_refused(estimator, message):
    estimator.fit(X, Y)
    with pytest.raises(sk2torch.UnsupportedParameter, match=message):
        sk2torch.wrap(estimator)


def test_sparse_precomputed_distances_are_refused():
    graph = KNeighborsTransformer(n_neighbors=20).fit_transform(X)
    estimator = KNeighborsClassifier(metric="precomputed").fit(graph, Y)
    with pytest.raises(sk2torch.UnsupportedParameter, match="dense matrix"):
        sk2torch.wrap(estimator)


def test_sparse_rows_of_precomputed_distances_are_refused():
    square = np.abs(X[:, :1] - X[:, 0])
    model = sk2torch.wrap(KNeighborsClassifier(metric="precomputed").fit(square, Y))
    with pytest.raises(ValueError, match="dense"):
        sk2torch.Predictor(model).predict(sparse.csr_matrix(square))


@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_single_precision_targets_within_a_radius_are_refused(weights):
    estimator = RadiusNeighborsRegressor(weights=weights).fit(X, Y.astype(np.float32))
    with pytest.raises(sk2torch.UnsupportedParameter, match="float64"):
        sk2torch.wrap(estimator)


@pytest.mark.parametrize("n_neighbors", [1, 4, 11])
def test_several_targets_in_single_precision(n_neighbors):
    targets = np.stack([X[:, 0], X[:, 1] * 100.0], axis=1).astype(np.float32)
    _same(KNeighborsRegressor(n_neighbors).fit(X, targets), X[:40] + 0.1, "predict")


def test_haversine_of_other_than_two_features_is_refused():
    estimator = NearestNeighbors(metric="haversine", algorithm="brute").fit(X)
    with pytest.raises(sk2torch.UnsupportedParameter, match="latitude and longitude"):
        sk2torch.wrap(estimator)


@pytest.mark.filterwarnings("ignore")
def test_centroids_that_are_not_finite_are_refused():
    # No row is left to estimate the spread from.
    estimator = NearestCentroid(shrink_threshold=0.1).fit(X[:2], [0, 1])
    with pytest.raises(sk2torch.UnsupportedParameter, match="finite centroids"):
        sk2torch.wrap(estimator)


def test_priors_of_other_than_the_classes_are_refused():
    estimator = NearestCentroid(priors=[0.2, 0.3, 0.5]).fit(X, Y)
    with pytest.raises(sk2torch.UnsupportedParameter, match="one prior for each of the 2 classes"):
        sk2torch.wrap(estimator)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("n_features", [1, 2, 3, 4])
def test_cosine_density_of_any_width(n_features):
    # scikit-learn's integral is below zero for four features, and the density NaN.
    rows = X[:, :n_features]
    _same(KernelDensity(kernel="cosine", bandwidth=2.0, leaf_size=200).fit(rows), rows[:30] + 0.1, "score_samples")


def test_ambiguous_outlier_label_is_refused():
    estimator = RadiusNeighborsClassifier(p=1, algorithm="brute", outlier_label=7).fit(X, np.where(Y == 1, 7, 3))
    with pytest.raises(sk2torch.UnsupportedParameter, match="set algorithm to 'kd_tree'"):
        sk2torch.wrap(estimator)


def test_rows_without_neighbors_raise():
    model = sk2torch.wrap(RadiusNeighborsClassifier(0.1).fit(X, Y))
    with pytest.raises(ValueError, match="no neighbors within the radius"):
        model.predict(torch.full((1, 5), 1e6, dtype=torch.float64))


@pytest.mark.parametrize("tree", [KDTree(X, leaf_size=9, metric="manhattan"), BallTree(X, metric="euclidean")])
def test_fitted_on_a_tree(tree):
    # The metric is that of the tree, whatever the estimator says.
    _same(NearestNeighbors(n_neighbors=4).fit(tree), X[:30] + 0.1, "kneighbors")


def test_methods_follow_the_parameters():
    few = sk2torch.wrap(NearestNeighbors(n_neighbors=5).fit(X[:3]))
    assert not hasattr(few, "kneighbors")
    assert hasattr(few, "radius_neighbors")
    assert not hasattr(sk2torch.wrap(NearestNeighbors(radius=None).fit(X)), "radius_neighbors")
    assert not hasattr(sk2torch.wrap(LocalOutlierFactor().fit(X)), "predict")


@pytest.mark.parametrize("weights", ["uniform", "distance", None])
@pytest.mark.parametrize("rows", [1, 2, 7])
def test_few_rows(rows, weights):
    estimator = KNeighborsClassifier(n_neighbors=rows, weights=weights).fit(X[:rows], Y[:rows])
    for method in ("predict", "predict_proba"):
        _same(estimator, X[:20] + 0.1, method)


@pytest.mark.parametrize("kernel", ["gaussian", "tophat", "epanechnikov", "exponential", "linear", "cosine"])
def test_density_of_one_leaf_far_away(kernel):
    # With one leaf scikit-learn adds up as we do, to minus infinity even.
    estimator = KernelDensity(kernel=kernel, bandwidth=0.3, leaf_size=200).fit(X)
    _same(estimator, np.concatenate([X[:20] + 0.2, X[:20] * 9, X[:3]]), "score_samples")


def test_zero_weights_in_a_density():
    estimator = KernelDensity(kernel="linear", leaf_size=200).fit(X, sample_weight=(X[:, 0] > 0).astype(float))
    _same(estimator, X, "score_samples")


@pytest.mark.parametrize("dtype", [np.float32, np.int64])
@pytest.mark.parametrize("algorithm", ["auto", "brute"])
def test_rows_fitted_in_another_dtype(dtype, algorithm):
    stored = np.round(X * 100).astype(dtype)
    rows = X[:40] * 100 + 0.37
    _same(KNeighborsRegressor(weights="distance", algorithm=algorithm).fit(stored, X[:, 0]), rows, "predict")


def test_radius_without_regard_to_order():
    grid = np.random.default_rng(0).integers(0, 4, size=(200, 2)).astype(np.float64)
    estimator = NearestNeighbors(radius=np.sqrt(2.0)).fit(grid)
    distance, index, counts = sk2torch.wrap(estimator).radius_neighbors(torch.from_numpy(grid[:50]))
    expected = estimator.radius_neighbors(grid[:50], sort_results=True)
    assert counts.tolist() == [len(found) for found in expected[1]]
    np.testing.assert_allclose(distance.detach(), np.concatenate(expected[0]), atol=1e-12)
    parts = torch.split(index, counts.tolist())
    assert [set(a.tolist()) for a in parts] == [set(b.tolist()) for b in expected[1]]


class GaussianWeights(nn.Module):
    """``exp(-d^2 / width^2)`` for tensors and arrays."""

    def __init__(self, width):
        super().__init__()
        self.register_buffer("width", torch.tensor(width, dtype=torch.float64))

    def forward(self, distance: torch.Tensor) -> torch.Tensor:
        return torch.exp(-((torch.as_tensor(distance) / self.width) ** 2))


def test_module_as_weights():
    X, y = data.regression()
    weights = GaussianWeights(2.0)
    estimator = KNeighborsRegressor(weights=lambda d: weights(d).numpy()).fit(X, y)
    expected = estimator.predict(X + 0.1)
    estimator.weights = weights
    model = sk2torch.wrap(estimator)
    assert_allclose(model.predict(torch.from_numpy(X + 0.1)).detach().numpy(), expected, rtol=1e-12)


def signed(distance):
    return 1.0 - distance


def test_weights_below_zero():
    X, y = data.multiclass()
    estimator = KNeighborsClassifier(4, weights=signed).fit(X, y)
    model = sk2torch.wrap(estimator)
    assert_array_equal(model.predict(torch.from_numpy(X + 0.2)).numpy(), estimator.predict(X + 0.2))


def test_weights_that_vanish():
    X, y = data.multiclass()
    estimator = KNeighborsClassifier(4, weights=near_only).fit(X, y)
    far = torch.from_numpy(X + 50.0)
    model = sk2torch.wrap(estimator)
    for method in ("predict", "predict_proba"):
        with pytest.raises(ValueError, match="zero weights"):
            getattr(estimator, method)(far.numpy())
        with pytest.raises(ValueError, match="weight zero"):
            getattr(model, method)(far)
    graph = torch.export.export(sk2torch.method_module(model, "predict"), (far,)).module()
    with pytest.raises((IndexError, RuntimeError), match=r"range|bounds"):
        graph(far)


def near_only(distance):
    return 1.0 * (distance < 1.0)


def by_type(distance):
    return 1.0 / (1.0 + distance) if isinstance(distance, np.ndarray) else distance


def test_weights_that_differ_for_tensors_are_refused():
    X, y = data.multiclass()
    with pytest.raises(sk2torch.UnsupportedParameter, match="does not run on tensors"):
        sk2torch.wrap(KNeighborsClassifier(weights=by_type).fit(X, y))
