"""Models of one class with different methods, side by side in one process."""

import copy
import pickle

import numpy as np
import pytest
import torch
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import sk2torch
from sk2torch.base import METHODS, methods_of
from sk2torch.base.surface import family_of
from tests.cases import data

CLASSIFIES = ["predict", "predict_proba", "predict_log_proba", "decision_function"]
SCORES = ["predict", "decision_function"]
TRANSFORMS = ["transform", "inverse_transform"]


def pairs():
    """Fitted estimators of one class with different methods, and those methods."""
    steps = [StandardScaler(), LogisticRegression()]
    return {
        "estimator": [
            (SGDClassifier(random_state=0), SCORES),
            (SGDClassifier(loss="log_loss", random_state=0), CLASSIFIES),
        ],
        "pipeline": [
            (make_pipeline(*steps), CLASSIFIES),
            (make_pipeline(StandardScaler(), SGDClassifier(random_state=0)), SCORES),
            (make_pipeline(StandardScaler(), StandardScaler()), TRANSFORMS),
        ],
        "pipeline of pipelines": [
            (make_pipeline("passthrough", make_pipeline(*steps)), CLASSIFIES),
            (make_pipeline("passthrough", make_pipeline(StandardScaler(), SGDClassifier(random_state=0))), SCORES),
        ],
        "voters": [
            (VotingClassifier([("a", LogisticRegression())], voting="soft"), ["predict", "transform", "predict_proba"]),
            (VotingClassifier([("a", SGDClassifier(random_state=0))]), ["predict", "transform"]),
        ],
    }


@pytest.fixture(params=["estimator", "pipeline", "pipeline of pipelines", "voters"])
def models(request):
    X, y = data.binary()
    fitted = [(estimator.fit(X, y), methods) for estimator, methods in pairs()[request.param]]
    return [(estimator, sk2torch.wrap(estimator), methods) for estimator, methods in fitted]


def assert_surface(model, estimator, methods):
    """``model`` has the methods, no others, and they answer as the estimator's."""
    X, _ = data.binary()
    for name in METHODS:
        if name != "apply":
            assert hasattr(model, name) == (name in methods), name
    for name in methods:
        argument = estimator.transform(X) if name == "inverse_transform" else X
        with torch.no_grad():
            actual = getattr(model, name)(torch.from_numpy(argument))
        np.testing.assert_allclose(actual, getattr(estimator, name)(argument), atol=1e-10)


def test_eager(models):
    for estimator, model, methods in models:
        assert methods_of(model) == methods
        assert_surface(model, estimator, methods)


@pytest.mark.parametrize("order", [1, -1])
def test_scripted(models, order):
    # TorchScript shares the compiled type of modules that look alike: whichever comes first.
    scripted = [(estimator, torch.jit.script(model), methods) for estimator, model, methods in models[::order]]
    for estimator, script, methods in scripted:
        assert_surface(script, estimator, methods)


def test_pickled(models):
    blob = pickle.dumps([model for _, model, _ in models])
    for (estimator, _, methods), model in zip(models, pickle.loads(blob), strict=True):
        assert_surface(model, estimator, methods)
        assert_surface(torch.jit.script(model), estimator, methods)
    for (estimator, _, methods), model in zip(models, copy.deepcopy([m for _, m, _ in models]), strict=True):
        assert_surface(model, estimator, methods)


def test_compiled(models):
    for _, model, methods in models:
        compiled = sk2torch.compile(model, backend="eager")
        assert methods_of(compiled) == methods
        for name in METHODS:
            if name != "apply":
                assert hasattr(compiled, name) == (name in methods)


def test_compiled_model_answers_and_shares_parameters():
    X, y = data.binary()
    x = torch.from_numpy(X)
    model = sk2torch.wrap(LogisticRegression().fit(X, y))
    compiled = sk2torch.compile(model, backend="eager")
    assert torch.equal(compiled.predict(x), model.predict(x))
    assert torch.equal(compiled(x), model(x))
    with torch.no_grad():
        model.linear.weight.zero_()
    torch.testing.assert_close(compiled.decision_function(x), model.decision_function(x))


def test_method_module_is_a_view(models):
    X, _ = data.binary()
    x = torch.from_numpy(X)
    for _, model, methods in models:
        default = methods_of(model)[0]
        for name in methods:
            view = sk2torch.method_module(model, name)
            assert {id(p) for p in view.parameters()} == {id(p) for p in model.parameters()}
            assert methods_of(view) == methods
            assert family_of(view) is family_of(model)
            assert torch.equal(view(x), getattr(model, name)(x))
            scripted = torch.jit.script(view)
            torch.testing.assert_close(scripted(x), getattr(model, name)(x))
            restored = pickle.loads(pickle.dumps(view))
            assert torch.equal(restored(x), view(x))
            assert torch.equal(model(x), getattr(model, default)(x))


def test_method_module_of_a_method_module():
    X, y = data.binary()
    x = torch.from_numpy(X)
    model = sk2torch.wrap(LogisticRegression().fit(X, y))
    view = sk2torch.method_module(sk2torch.method_module(model, "predict_proba"), "decision_function")
    assert torch.equal(view(x), model.decision_function(x))


def test_missing_method():
    X, y = data.binary()
    model = sk2torch.wrap(SGDClassifier(random_state=0).fit(X, y))
    with pytest.raises(AttributeError, match="has no method 'predict_proba'; it has predict, decision_function"):
        sk2torch.method_module(model, "predict_proba")
    with pytest.raises(AttributeError, match="has no method 'fit'"):
        sk2torch.method_module(model, "fit")
    with pytest.raises(AttributeError, match="predict_proba"):
        model.predict_proba(torch.from_numpy(X))
    # Torch's own apply is not a tree's.
    assert "apply" not in methods_of(model)


def test_narrowed_classes_keep_their_name():
    X, y = data.binary()
    one, other = (sk2torch.wrap(SGDClassifier(loss=loss, random_state=0).fit(X, y)) for loss in ("hinge", "log_loss"))
    assert type(one) is not type(other)
    assert type(one).__qualname__ == type(other).__qualname__ == family_of(one).__qualname__
    assert isinstance(one, family_of(other))


def test_facade_has_the_same_surface(models):
    for _, model, methods in models:
        predictor = sk2torch.Predictor(model)
        assert predictor.methods == methods
        for name in METHODS:
            assert hasattr(predictor, name) == (name in methods)
            assert (name in dir(predictor)) == (name in methods)


def test_copies_and_views_of_a_compiled_model_are_eager():
    X, y = data.multiclass()
    model = sk2torch.wrap(LogisticRegression().fit(X, y))
    compiled = sk2torch.compile(model, backend="eager")
    x = model.encode(X)
    view = sk2torch.method_module(compiled, "predict_proba")
    assert torch.equal(view(x), model.predict_proba(x))
    clone = copy.deepcopy(compiled)
    torch.nn.init.zeros_(clone.linear.weight)
    assert not torch.equal(clone.predict_proba(x), model.predict_proba(x))
    assert torch.equal(pickle.loads(pickle.dumps(compiled)).predict_proba(x), model.predict_proba(x))
