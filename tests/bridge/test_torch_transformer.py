"""`TorchTransformer`: a module as a step of a pipeline, frozen or trained."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
import torch
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder, StandardScaler
from torch import nn

import sk2torch
from sk2torch import TorchTransformer
from tests.bridge.modules import Encoder

pytestmark = pytest.mark.filterwarnings("ignore:Lazy modules are a new feature:UserWarning")
NUMBERS = ["sepal_length", "sepal_width", "petal_length", "petal_width"]


@pytest.fixture(scope="module")
def table(iris):
    return iris[0][NUMBERS], iris[1]


def encoder(**settings):
    usual = {"module": Encoder, "loss": "log_loss", "lr": 0.05, "max_epochs": 15, "random_state": 0}
    return TorchTransformer(**{**usual, **settings})


def test_frozen_module_is_copied_and_gives_its_outputs(table):
    X, _ = table
    network = nn.Linear(4, 2).double()
    transformer = TorchTransformer(network).fit(X)
    with torch.no_grad():
        assert_array_equal(transformer.transform(X), network(torch.tensor(X.to_numpy())).numpy())
    assert transformer.module_ is not network
    assert transformer.history_ == []
    with pytest.raises(AttributeError, match="has not been trained"):
        transformer.plot_history()


def test_instance_is_trained_as_a_copy(table):
    X, y = table
    network = nn.Linear(4, 2)
    before = network.weight.detach().clone()
    transformer = TorchTransformer(network, loss="log_loss", lr=0.1, random_state=0).fit(X, y)
    assert torch.equal(network.weight, before)
    assert not torch.equal(transformer.module_.weight.float(), before)
    assert transformer.history_[-1]["train_loss"] < transformer.history_[0]["train_loss"]


def test_training_makes_features_that_tell_classes_apart(table):
    X, y = table
    frozen = make_pipeline(StandardScaler(), encoder(loss=None, module__width=1), LogisticRegression())
    trained = make_pipeline(StandardScaler(), encoder(module__width=1, max_epochs=60), LogisticRegression())
    assert trained.fit(X, y).score(X, y) > max(0.9, frozen.fit(X, y).score(X, y))
    assert_array_equal(trained[1].classes_, np.unique(y))


def test_same_seed_same_features_and_callers_generator_untouched(table):
    X, y = table
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    first, second = (encoder(max_epochs=2, module__dropout=0.5).fit_transform(X, y) for _ in range(2))
    assert_array_equal(first, second)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_stay_as_wide_as_they_are(table, dtype):
    X, y = table
    transformer = encoder(max_epochs=1).fit(X.astype(dtype), y)
    assert transformer.transform(X.astype(dtype)).dtype == dtype
    assert transformer.module_.layers[0].weight.dtype == getattr(torch, np.dtype(dtype).name)
    single = encoder(max_epochs=1, dtype="float32").fit(X.astype(dtype), y)
    assert single.module_.layers[0].weight.dtype == torch.float32
    assert single.transform(X.astype(dtype)).dtype == dtype


def test_parameters_of_parts_are_set_cloned_and_searched(table):
    X, y = table
    transformer = clone(encoder(module__hidden=8).set_params(module__width=2, optimizer__weight_decay=0.5))
    assert transformer.get_params()["module__width"] == 2
    transformer.fit(X, y)
    assert [layer.out_features for layer in transformer.module_.layers if isinstance(layer, nn.Linear)] == [8, 2]
    pipeline = make_pipeline(StandardScaler(), encoder(max_epochs=3), LogisticRegression())
    grid = {
        "torchtransformer__module__hidden": [2, 6],
        "torchtransformer__lr": [0.01, 0.1],
        "logisticregression__C": [0.1, 10.0],
    }
    search = GridSearchCV(pipeline, grid, cv=2, n_jobs=2).fit(X, y)
    assert len(search.cv_results_["params"]) == 8
    chosen = search.best_params_["torchtransformer__module__hidden"]
    assert search.best_estimator_[1].module_.layers[0].out_features == chosen


def test_names_of_columns_and_pickles(table):
    X, y = table
    transformer = encoder(max_epochs=1).set_output(transform="pandas").fit(X, y)
    assert_array_equal(transformer.feature_names_in_, NUMBERS)
    frame = pickle.loads(pickle.dumps(transformer)).transform(X)
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == ["torchtransformer0", "torchtransformer1", "torchtransformer2"]
    with pytest.raises(ValueError, match="feature names"):
        transformer.transform(X.rename(columns={"petal_width": "width"}))


def test_weights_of_rows_are_routed_and_count(table):
    X, y = table
    doubled = np.where(y == "setosa", 2.0, 1.0)
    often = pd.concat([X, X[y == "setosa"]]), np.concatenate([y, y[y == "setosa"]])
    settings = {"max_epochs": 5, "batch_size": 300}
    with sklearn.config_context(enable_metadata_routing=True):
        step = encoder(**settings).set_fit_request(sample_weight=True)
        pipeline = make_pipeline(step, LogisticRegression().set_fit_request(sample_weight=False))
        weighted = pipeline.fit(X, y, sample_weight=doubled)[0]
    repeated = encoder(**settings).fit(*often)
    assert_allclose(weighted.transform(X), repeated.transform(X), rtol=1e-7)
    assert not np.allclose(weighted.transform(X), encoder(**settings).fit(X, y).transform(X))


def test_training_stops_early_with_the_best_weights(table):
    X, y = table
    transformer = encoder(early_stopping=True, n_iter_no_change=3, lr=0.5, max_epochs=200, validation_fraction=0.3)
    transformer.fit(X, y)
    losses = [epoch["valid_loss"] for epoch in transformer.history_]
    assert transformer.n_iter_ == len(losses) < 200
    assert min(losses) < losses[-1]
    assert transformer.plot_history().get_legend_handles_labels()[1] == ["training", "validation"]


@pytest.mark.parametrize(
    ("loss", "settings"),
    [
        ("focal", {"loss__gamma": 1.0}),
        ("label_smoothing", {}),
        ("hinge", {}),
        (nn.CrossEntropyLoss, {"loss__label_smoothing": 0.1}),
        (nn.CrossEntropyLoss(), {"module__width": 3, "head": None}),
        (nn.MultiMarginLoss(), {"head": nn.Linear, "head__in_features": 3, "head__out_features": 3}),
    ],
)
def test_losses_of_classes(table, loss, settings):
    history = encoder(loss=loss, **settings).fit(*table).history_
    assert history[-1]["train_loss"] < history[0]["train_loss"]


@pytest.mark.parametrize(
    ("loss", "settings"),
    [
        ("squared_error", {}),
        ("quantile", {"loss__quantile": 0.9}),
        ("poisson", {}),
        ("smooth_l1", {"target": "X"}),
        (nn.HuberLoss(delta=0.5), {}),
        (lambda output, target: (output[:, 0] - target).abs(), {"head": nn.LazyLinear(1)}),
    ],
)
def test_losses_of_numbers(table, loss, settings):
    X, _ = table
    history = encoder(loss=loss, **settings).fit(X, X["petal_width"]).history_
    assert history[-1]["train_loss"] < history[0]["train_loss"]


def test_embedding_of_codes_and_convolution_of_pictures(iris):
    X, y = iris
    embedding = TorchTransformer(
        nn.Embedding,
        module__num_embeddings=2,
        module__embedding_dim=3,
        loss="log_loss",
        input_dtype=torch.int64,
        lr=0.1,
    )
    codes = make_pipeline(OrdinalEncoder(), embedding).fit(X[["size"]], y)
    assert len(np.unique(codes.transform(X[["size"]]), axis=0)) == 2
    assert codes[1].history_[-1]["train_loss"] < codes[1].history_[0]["train_loss"]
    pictures = X[NUMBERS].to_numpy().reshape(-1, 1, 2, 2)
    convolution = TorchTransformer(nn.Conv2d(1, 3, 2), loss="log_loss", max_epochs=1).fit(pictures, y)
    flat = clone(convolution).set_params(input_shape=(1, 2, 2)).fit(X[NUMBERS], y)
    assert convolution.transform(pictures).shape == flat.transform(X[NUMBERS]).shape == (len(X), 3)


def test_wrapped_models_are_modules_too(table):
    X, y = table
    pca = PCA(2).fit(X)
    model = sk2torch.wrap(pca)
    assert_allclose(TorchTransformer(model).fit_transform(X), pca.transform(X), atol=1e-12)
    tuned = TorchTransformer(model, loss="log_loss", lr=0.05, random_state=0).fit(X, y)
    assert tuned.history_[-1]["train_loss"] < tuned.history_[0]["train_loss"]
    assert_allclose(sk2torch.Predictor(model).transform(X), pca.transform(X), atol=1e-12)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"loss": "likelihood"}, ValueError, "expected one of log_loss"),
        ({"loss": nn.MSELoss()}, ValueError, "could not convert string to float"),
        ({"loss": nn.BCEWithLogitsLoss()}, ValueError, "needs two classes, but y has 3"),
        ({"loss__delta": 1.0}, TypeError, "the loss 'log_loss' takes label_smoothing"),
        ({"lr": 1e200}, ValueError, "the loss is nan in epoch .*: lower lr"),
        ({"module": nn.Tanh(), "head": None, "loss": "hinge"}, ValueError, "no parameters to train"),
        ({"module": nn.Tanh(), "module__hidden": 2}, TypeError, "is an instance already; give its class"),
        ({"hidden": 2}, TypeError, "takes no argument 'hidden'; those of its parts begin with module__"),
        ({"module": 3}, TypeError, "expected an nn.Module, its class or a function"),
        ({"target": "Z"}, ValueError, "expected 'y' or 'X'"),
        ({"head": "deep"}, ValueError, "expected 'linear', a module or None"),
        ({"dtype": "float16"}, ValueError, "expected float32 or float64, got float16"),
        ({"early_stopping": True, "validation_fraction": 2.0}, ValueError, "between 0 and 1, got 2.0"),
    ],
)
def test_what_does_not_fit_is_refused(table, settings, error, message):
    with pytest.raises(error, match=message):
        encoder(**settings).fit(*table)
