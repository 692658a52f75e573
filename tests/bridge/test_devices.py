"""Devices: the bridge's estimators where the data are, arrays on the host."""

import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.kernel_approximation import Nystroem
from torch import nn

import sk2torch
from tests.bridge.modules import Encoder

NUMBERS = ["sepal_length", "sepal_width", "petal_length", "petal_width"]


@pytest.mark.gpu
def test_models_are_copied_to_the_device(pipeline, iris, device):
    X, _ = iris
    model = sk2torch.wrap(pipeline)
    estimator = sk2torch.as_estimator(model, device=device)
    assert_allclose(estimator.predict_proba(X), pipeline.predict_proba(X), rtol=0, atol=1e-9)
    assert model.anchor.device.type == "cpu"
    network = nn.Linear(4, 2)
    there = sk2torch.as_estimator(network, "transformer", device=device).transform(X[NUMBERS])
    assert_allclose(there, sk2torch.as_estimator(network, "transformer").transform(X[NUMBERS]), atol=1e-4)
    assert network.weight.device.type == "cpu"


@pytest.mark.gpu
@pytest.mark.filterwarnings("ignore:Lazy modules are a new feature:UserWarning")
def test_training_on_the_device_and_a_pickle_without_it(iris, device):
    X, y = iris[0][NUMBERS], iris[1]
    transformer = sk2torch.TorchTransformer(
        Encoder, loss="log_loss", lr=0.05, device=device, early_stopping=True, random_state=0
    ).fit(X, y, sample_weight=np.ones(len(X)))
    assert transformer.history_[-1]["train_loss"] < transformer.history_[0]["train_loss"]
    assert transformer.module_.layers[0].weight.device.type == torch.device(device).type
    again = pickle.loads(pickle.dumps(transformer))
    assert again.module_.layers[0].weight.device.type == "cpu"
    assert_allclose(again.transform(X), transformer.transform(X), atol=1e-9)


@pytest.mark.gpu
def test_tuning_on_the_device_and_the_way_back(pipeline, iris, device):
    X, y = iris
    settings = {"lr": 0.01, "max_epochs": 5, "early_stopping": True, "random_state": 0}
    tuned = sk2torch.TunedClassifier(pipeline, device=device, **settings).fit(X, y)
    assert tuned.module_.anchor.device.type == torch.device(device).type
    assert tuned.history_[-1]["train_loss"] < tuned.history_[0]["train_loss"]
    assert_allclose(tuned.estimator_.predict_proba(X), tuned.predict_proba(X), atol=1e-9)
    again = pickle.loads(pickle.dumps(tuned.partial_fit(X, y)))
    assert again.module_.anchor.device.type == "cpu"
    assert_allclose(again.predict_proba(X), tuned.predict_proba(X), atol=1e-9)
    kernel = Nystroem(n_components=3, random_state=0)
    transformer = sk2torch.TunedTransformer(kernel, device=device, max_epochs=2).fit(X[NUMBERS], y)
    assert transformer.partial_fit(X[NUMBERS], y).n_iter_ == 4


@pytest.mark.skipif(torch.cuda.is_available(), reason="says what there is to do without CUDA")
def test_absent_devices_are_refused(iris):
    X = iris[0][NUMBERS]
    with pytest.raises(ValueError, match="finds no CUDA device; use 'auto' or 'cpu'"):
        sk2torch.TorchTransformer(nn.Linear(4, 2), device="cuda").fit(X)


def test_files_that_run_on_one_device_say_so(source):
    if isinstance(source, str) and not source.endswith(".safetensors"):
        with pytest.raises(ValueError, match="runs on cpu only; use device=None"):
            sk2torch.as_estimator(source, device="meta")
    assert sk2torch.as_estimator(source, device="cpu").classes_[0] == "setosa"
