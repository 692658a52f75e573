"""A model that was used before answers as a new one with the same tensors, in whatever way these were changed."""

import copy
import functools
import pickle

import numpy as np
import pytest
import torch
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity, KNeighborsRegressor
from sklearn.neural_network import MLPRegressor
from sklearn.svm import SVR
from torch import nn
from torch.optim.swa_utils import AveragedModel

import sk2torch
from sk2torch.native import library
from sk2torch.ops.pairwise.distances import Metric
from sk2torch.ops.pairwise.search_tree import SearchOrder, holds_rows
from tests.cases import data

MODELS = {
    "kernel": (SVR(), "predict"),
    "forest": (RandomForestClassifier(5, random_state=0), "predict_proba"),
    "histogram": (HistGradientBoostingRegressor(max_iter=5), "predict"),
    "ranks": (RandomForestClassifier(5, random_state=0), "predict_proba"),
    "neighbours": (KNeighborsRegressor(weights="distance", algorithm="kd_tree", leaf_size=4), "predict"),
    "process": (GaussianProcessRegressor(random_state=0), "predict_with_std"),
    "mixture": (GaussianMixture(2, random_state=0), "score_samples"),
    "density": (KernelDensity(kernel="tophat", bandwidth=3.0), "score_samples"),
    "network": (MLPRegressor(hidden_layer_sizes=5, max_iter=200, tol=1.0, random_state=0), "predict"),
}


@functools.cache
def fitted(name):
    estimator, method = MODELS[name]
    X, y = data.regression()
    model = sk2torch.wrap(estimator.fit(X, y > 0 if method == "predict_proba" else y))
    return sk2torch.quantize(model, "forest_ranks", leaf_dtype=torch.float32).model if name == "ranks" else model


def numbers(model):
    tensors = {id(t): t for t in [*model.parameters(), *model.buffers()]}
    return [t for t in tensors.values() if t.is_floating_point() and t.numel() > 0]


def stepped(model, optimizer, **options):
    parameters = [p for p in model.parameters() if p.requires_grad]
    for parameter in parameters:
        parameter.grad = torch.ones_like(parameter)
    if parameters:
        optimizer(parameters, lr=0.05, **options).step()
    return model


@torch.no_grad()
def written(model):
    for tensor in numbers(model):
        tensor.mul_(1.05)
    return model


def written_through_data(model):
    for tensor in numbers(model):
        tensor.data.copy_(tensor.data * 1.05)
    return model


def replaced_twice(model):
    for factor in (1.3, 1.25):
        for tensor in numbers(model):
            tensor.data = tensor.data * factor
    return model


def loaded(model, assign):
    state = {name: t * 1.05 if t.is_floating_point() else t.clone() for name, t in model.state_dict().items()}
    model.load_state_dict(state, assign=assign)
    return model


def from_vector(model):
    if list(model.parameters()):
        vector = nn.utils.parameters_to_vector(model.parameters()).detach()
        nn.utils.vector_to_parameters(vector * 1.05, model.parameters())
    return model


def swapped(model):
    for module in model.modules():
        for held in (module._parameters, module._buffers):
            for tensor in held.values():
                if tensor is not None and tensor.is_floating_point():
                    new = tensor.detach() * 1.05
                    is_parameter = isinstance(tensor, nn.Parameter)
                    torch.utils.swap_tensors(tensor, nn.Parameter(new, tensor.requires_grad) if is_parameter else new)
    return model


def averaged(model):
    if not list(model.parameters()):
        return model
    average = AveragedModel(model, avg_fn=lambda mean, new, n: 0.5 * mean + 0.55 * new, use_buffers=False)
    for _ in range(2):
        average.update_parameters(model)
    return average.module


CHANGES = {
    "sgd": lambda model: stepped(model, torch.optim.SGD, foreach=True),
    "adam": lambda model: stepped(model, torch.optim.Adam, fused=True),
    "written": written,
    "data": written_through_data,
    "replaced": replaced_twice,
    "loaded": lambda model: loaded(model, False),
    "assigned": lambda model: loaded(model, True),
    "vector": from_vector,
    "swapped": swapped,
    "averaged": averaged,
    "converted": lambda model: model.float().double(),
    "copied": lambda model: written(copy.deepcopy(model)),
    "pickled": lambda model: written(pickle.loads(pickle.dumps(model))),
}


def answers(model, method, x):
    with torch.no_grad():
        result = getattr(model, method)(x)
    return result if isinstance(result, tuple) else (result,)


@pytest.fixture
def without_kernels(monkeypatch):
    """Turns the kernels off for what follows."""

    def turn_off():
        monkeypatch.setenv("SK2TORCH_NATIVE", "0")
        library.library.cache_clear()
        library.kernel.cache_clear()

    yield turn_off
    monkeypatch.undo()
    library.library.cache_clear()
    library.kernel.cache_clear()


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", MODELS)
def test_answers_with_the_tensors_that_it_has(name, change, without_kernels):
    method = MODELS[name][1]
    model = copy.deepcopy(fitted(name))
    inputs = [torch.from_numpy(data.regression()[0][:n] + 0.1) for n in (1, 3, 40)]
    for x in inputs:
        answers(model, method, x)
    model = CHANGES[change](model)
    found = [answers(model, method, x) for x in inputs]
    without_kernels()
    plain = copy.deepcopy(model)
    for x, got in zip(inputs, found, strict=True):
        torch.testing.assert_close(got, answers(plain, method, x), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", MODELS)
def test_functional_calls_answer_with_what_they_are_given(name):
    view = sk2torch.method_module(copy.deepcopy(fitted(name)), MODELS[name][1])
    x = torch.from_numpy(data.regression()[0][:3])
    with torch.no_grad():
        view(x)
        other = {key: t * 1.05 if t.is_floating_point() else t for key, t in view.state_dict().items()}
        got = torch.func.functional_call(view, other, (x,))
        expected = written(copy.deepcopy(view))(x)
    torch.testing.assert_close(got, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("algorithm", ["kd_tree", "ball_tree", "brute"])
@pytest.mark.parametrize("n", [1, 3, 60])
def test_rows_that_moved_are_found(algorithm, n):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(600, 3))
    model = sk2torch.wrap(KNeighborsRegressor(algorithm=algorithm, leaf_size=5).fit(X, X.sum(axis=1)))
    x = torch.from_numpy(rng.normal(size=(n, 3)))
    model.kneighbors(x)
    (rows,) = [p for p in model.parameters() if p.shape == X.shape]
    rows.data.copy_(rows[torch.randperm(600)])
    expected = torch.cdist(x, rows).topk(5, largest=False)
    distance, index = model.kneighbors(x)
    assert torch.equal(index, expected.indices)
    torch.testing.assert_close(distance, expected.values, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(
    ("algorithm", "settings"),
    [
        ("kd_tree", {}),
        ("kd_tree", {"metric": "manhattan"}),
        ("ball_tree", {}),
        ("ball_tree", {"p": 3}),
        ("ball_tree", {"metric": "canberra"}),
        ("ball_tree", {"metric": "seuclidean", "metric_params": {"V": [1.0, 2.0, 3.0]}}),
        ("ball_tree", {"metric": "jaccard"}),
    ],
)
def test_trees_of_the_fit_hold_their_rows(algorithm, settings, dtype):
    X = np.random.default_rng(1).normal(size=(500, 3)) * [1, 10, 100]
    X = X > 0 if settings.get("metric") == "jaccard" else X
    estimator = KNeighborsRegressor(algorithm=algorithm, leaf_size=3, **settings).fit(X, X[:, 0])
    search = sk2torch.wrap(estimator).to(dtype).search
    tree = SearchOrder(search.order, search.leaves, search.lower, search.upper)
    metric = Metric(search.metric, search.power, search.weights)
    with torch.no_grad():
        assert holds_rows(search.rows, metric, tree)
        moved = 1 - search.rows if settings.get("metric") == "jaccard" else search.rows + 50
        assert not holds_rows(moved, metric, tree)
