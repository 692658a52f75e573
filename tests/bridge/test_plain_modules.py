"""Modules that are none of ours as fitted estimators, and what memory their answers share."""

import io
import pickle

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.ensemble import VotingClassifier
from torch import nn

import sk2torch
from sk2torch.bridge import progress
from sk2torch.bridge.batches import Batches
from sk2torch.bridge.conversion import rows_tensor
from tests.bridge.modules import Writes

X = np.random.default_rng(0).normal(size=(50, 4))


@pytest.fixture
def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.5)).train()


@pytest.fixture
def scores(network):
    with torch.no_grad():
        return network[0](torch.from_numpy(X).float()).numpy()


def test_classifier_of_logits(network, scores):
    estimator = sk2torch.as_estimator(network, "classifier", classes=["a", "b", "c"], batch_size=7)
    expected = torch.from_numpy(scores).softmax(1).numpy()
    assert_allclose(estimator.predict_proba(X), expected, rtol=1e-5)
    assert_allclose(estimator.predict_log_proba(X), np.log(expected), rtol=1e-4)
    assert_allclose(estimator.decision_function(X), scores, rtol=1e-5, atol=1e-6)
    assert_array_equal(estimator.predict(X), np.array(["a", "b", "c"])[scores.argmax(1)])
    assert estimator.predict_proba(X).dtype == np.float32
    assert network.training, "the caller's module stays in its mode"


@pytest.mark.parametrize("output", ["logits", "probabilities", "log_probabilities"])
def test_one_output_is_that_of_the_second_class(output):
    of_logits = {"logits": nn.Identity(), "probabilities": nn.Sigmoid(), "log_probabilities": nn.LogSigmoid()}
    network = nn.Sequential(nn.Linear(4, 1), of_logits[output]).double()
    estimator = sk2torch.as_estimator(network, "classifier", classes=["no", "yes"], output=output)
    with torch.no_grad():
        second = network[0](torch.from_numpy(X)).sigmoid()[:, 0].numpy()
    assert_allclose(estimator.predict_proba(X), np.stack([1 - second, second], axis=1), atol=1e-12)
    assert_array_equal(estimator.predict(X), np.where(second > 0.5, "yes", "no"))
    assert hasattr(estimator, "decision_function") == (output == "logits")
    if output == "logits":
        assert_array_equal(estimator.decision_function(X) > 0, second > 0.5)


def test_votes_as_the_network_alone(network):
    estimator = sk2torch.as_estimator(network, "classifier", classes=["x", "y", "z"])
    labels = np.array(["x", "y", "z"])[np.arange(50) % 3]
    voting = VotingClassifier([("a", estimator)], voting="hard").fit(X, labels)
    assert_array_equal(voting.predict(X), estimator.predict(X))


def test_regressor_gives_numbers_and_transformer_vectors():
    assert sk2torch.as_estimator(nn.Linear(4, 1), "regressor").predict(X).shape == (50,)
    assert sk2torch.as_estimator(nn.Linear(4, 2), "regressor").predict(X).shape == (50, 2)
    images = sk2torch.as_estimator(nn.Conv2d(1, 3, 2), "transformer", input_shape=(1, 2, 2))
    frame = images.set_output(transform="pandas").fit_transform(X)
    assert list(frame.columns) == ["conv2d0", "conv2d1", "conv2d2"]


def test_indices_for_embeddings():
    table = nn.Embedding(5, 2)
    estimator = sk2torch.as_estimator(table, "transformer", input_dtype=torch.int64)
    codes = np.array([[0], [4], [2]])
    assert_array_equal(estimator.transform(codes), table.weight.detach().numpy()[codes[:, 0]])
    with pytest.raises(ValueError, match="numbers that are not whole"):
        estimator.transform(codes + 0.5)


@pytest.mark.parametrize(
    ("module", "settings", "error", "message"),
    [
        (nn.Linear(4, 3), {}, TypeError, "a plain module is a 'classifier'"),
        (nn.Linear(4, 3), {"kind": "classifier"}, TypeError, "give the labels"),
        (nn.Linear(4, 3), {"kind": "classifier", "classes": [0, 1]}, ValueError, r"3 output\(s\), but there are 2"),
        (nn.Linear(4, 3), {"kind": "classifier", "classes": [0, 1, 2], "output": "odds"}, ValueError, "got 'odds'"),
        (nn.Linear(4, 3), {"kind": "regressor", "batch_size": 0}, ValueError, "expected 1 or more"),
        (nn.Linear(4, 3), {"kind": "regressor", "device": "gpu"}, ValueError, "got 'gpu'"),
        (nn.GRU(4, 3), {"kind": "transformer"}, TypeError, "gives a tuple, not a tensor"),
        (nn.Flatten(0), {"kind": "transformer"}, ValueError, "expected a row for each"),
        (nn.Linear(4, 3), {"kind": "transformer", "input_shape": (2, 3)}, ValueError, "6 values a row, but X has 4"),
    ],
)
def test_what_does_not_fit_is_refused(module, settings, error, message):
    with pytest.raises(error, match=message):
        sk2torch.as_estimator(module, **settings)._answer(_method(settings), X, {})


def _method(settings):
    return "transform" if settings["kind"] == "transformer" else "predict"


def test_batches_share_the_memory_of_arrays():
    batches = Batches(torch.float64, "cpu", 8)
    assert batches.tensor(X[8:16]).data_ptr() == X[8:16].__array_interface__["data"][0]
    narrow = X.astype(np.float32)
    assert rows_tensor(narrow, torch.float32).data_ptr() == narrow.__array_interface__["data"][0]


def test_read_only_arrays_and_reversed_ones_are_copied():
    fixed = X.copy()
    fixed.flags.writeable = False
    for rows in (fixed, X[::-1]):
        assert_array_equal(rows_tensor(rows, torch.float64).numpy(), rows)


def test_answers_are_the_callers_own():
    kept = X.copy()
    for module in (nn.Identity(), Writes(), nn.Flatten()):
        result = sk2torch.as_estimator(module, "transformer", batch_size=20).transform(X)
        result[:] = 0
        assert_array_equal(X, kept)


def test_answers_carry_no_graph(network):
    inputs = torch.from_numpy(X).float()
    found = Batches(torch.float32, "cpu", 8).evaluate(network, inputs.numpy())
    assert not found.requires_grad
    assert found.grad_fn is None
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_is_pickled_with_the_module(network):
    estimator = sk2torch.as_estimator(network, "regressor").fit(X)
    estimator.predict(X)
    again = pickle.loads(pickle.dumps(estimator))
    assert_array_equal(again.predict(X), estimator.predict(X))
    assert again.n_features_in_ == 4


def test_bar_where_work_is_long(monkeypatch, capsys):
    monkeypatch.setattr(progress, "_PATIENCE", -1.0)
    sk2torch.as_estimator(nn.Linear(4, 1), "regressor", batch_size=5, progress=False).predict(X)
    sk2torch.as_estimator(nn.Linear(4, 1), "regressor", batch_size=5).predict(X)
    assert capsys.readouterr().err == "", "a file is no terminal"
    sk2torch.as_estimator(nn.Linear(4, 1), "regressor", batch_size=5, progress=True).predict(X)
    assert "10/10" in capsys.readouterr().err
    terminal = io.StringIO()
    monkeypatch.setattr(progress, "Console", lambda **_: progress_console(terminal))
    sk2torch.as_estimator(nn.Linear(4, 1), "regressor", batch_size=5).predict(X)
    assert "rows" in terminal.getvalue()


def progress_console(file):
    from rich.console import Console

    return Console(file=file, force_terminal=True, width=100)
