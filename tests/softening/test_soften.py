"""``soften``, ``harden`` and ``set_temperature`` around training, files and the way back to scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.ensemble import AdaBoostClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeRegressor

import sk2torch
from sk2torch.base import UnsupportedParameter, methods_of
from sk2torch.unwrapping import fixed_parameters
from tests import checks
from tests.cases import data, fitted, query
from tests.softening.models import AROUND, TREES, answers, histogram, small_forest, soft
from tests.tuning import derived_by_method


def move(model):
    """Change thresholds and leaf values, as training does."""
    fixed, generator = fixed_parameters(model), torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name not in fixed:
                noise = 0.1 * torch.randn(parameter.shape, generator=generator).to(parameter)
                parameter.add_(noise * parameter.abs().clamp(max=1.0))
    return model


@pytest.mark.parametrize("name", TREES + AROUND)
def test_unwrap_of_what_was_tuned(name):
    estimator = fitted(name)
    hard = sk2torch.harden(move(sk2torch.soften(sk2torch.wrap(estimator), 0.2)))
    methods = [method for method in methods_of(hard) if method not in derived_by_method(hard)]
    result = sk2torch.unwrap(hard, methods=methods)
    assert type(result) is type(estimator)
    changed = False
    for method in methods:
        rows = checks.argument(result, method, query(name))
        actual = checks.sklearn_call(result, method, rows)
        checks.assert_same(actual, getattr(sk2torch.Predictor(hard), method)(rows), method, 1e-9)
        before = checks.sklearn_call(estimator, method, rows)
        pairs = zip(checks.parts(before), checks.parts(actual), strict=True)
        changed |= any(a.dtype.kind == "f" and not np.allclose(a, b, atol=1e-3) for a, b in pairs)
    assert changed


def test_training_follows_data_and_comes_back():
    generator = np.random.default_rng(0)
    X = generator.uniform(-1, 1, size=(300, 2))
    y = np.where((X[:, 0] > 0.2) ^ (X[:, 1] > -0.1), "odd", "even")
    forest = RandomForestClassifier(5, max_depth=4, random_state=0).fit(X, y)
    # The instrument has drifted.
    X = X + np.array([0.3, -0.3])
    model = soft(forest, 0.3)
    x, target = torch.from_numpy(X), torch.from_numpy((y == "odd").astype(np.int64))
    assert all(parameter.requires_grad for parameter in model.parameters())
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for step in range(60):
        sk2torch.set_temperature(model, 0.3 * 0.93**step)
        optimizer.zero_grad()
        torch.nn.functional.nll_loss(model.predict_proba(x).clamp(min=1e-6).log(), target).backward()
        optimizer.step()
    tuned = sk2torch.unwrap(sk2torch.harden(model))
    assert forest.score(X, y) < 0.75
    assert tuned.score(X, y) > 0.9
    assert list(tuned.classes_) == ["even", "odd"]


def test_pipelines_and_copies():
    X, y = data.multiclass()
    pipeline = make_pipeline(StandardScaler(), RandomForestClassifier(3, random_state=0)).fit(X, y)
    model = sk2torch.wrap(pipeline)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    softened = sk2torch.soften(model, 0.2)
    x = model.encode(X).requires_grad_()
    softened.predict_proba(x)[:, 0].sum().backward()
    assert x.grad.any()
    assert all(p.grad is not None for n, p in softened.named_parameters() if "forest" in n)
    move(softened)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    hard = sk2torch.harden(softened)
    moved, held = dict(softened.named_parameters()), dict(hard.named_parameters())
    assert any("mean" in name for name in held)
    assert all(torch.equal(value, moved[name]) for name, value in held.items())
    assert not {value.data_ptr() for value in held.values()} & {value.data_ptr() for value in moved.values()}


def test_one_dtype_at_a_time():
    estimator, X = histogram()
    model = move(soft(estimator))
    single = sk2torch.harden(model.float())
    x = torch.from_numpy(X).float()
    assert single.predict_proba(x).dtype == torch.float32
    other = sk2torch.harden(move(soft(estimator))).float()
    torch.testing.assert_close(single.predict_proba(x), other.predict_proba(x), rtol=0, atol=0)


def test_files(tmp_path, interpreter_without_sklearn):
    estimator, X = histogram()
    model = move(soft(estimator))
    x = torch.from_numpy(X)
    path = sk2torch.save(model, tmp_path / "model.safetensors")
    answer = interpreter_without_sklearn.run(path, {"predict_proba": x})["predict_proba"]
    torch.testing.assert_close(answer, model.predict_proba(x), rtol=1e-12, atol=0)
    again = sk2torch.load(path)
    hard = sk2torch.harden(model).predict_proba(x)
    assert torch.equal(sk2torch.harden(again).predict_proba(x), hard)
    result = sk2torch.unwrap(sk2torch.harden(again), estimator)
    np.testing.assert_allclose(result.predict_proba(X), hard.detach(), rtol=1e-9)
    sk2torch.set_temperature(again, 1e-16)
    torch.testing.assert_close(again.predict_proba(x), hard, rtol=0, atol=1e-12)


@pytest.fixture(scope="module")
def tree():
    X, _ = data.regression()
    return DecisionTreeRegressor(max_depth=2).fit(X, X[:, 0] * X[:, 1]), X


@pytest.mark.parametrize("suffix", [".pt", ".pt2", ".onnx"])
def test_exports(tree, suffix, tmp_path):
    model, X = soft(tree[0]), tree[1]
    predictor = sk2torch.Predictor(sk2torch.export(model, tmp_path / f"model{suffix}", methods=["predict"]))
    np.testing.assert_allclose(predictor.predict(X), model.predict(torch.from_numpy(X)).detach(), rtol=1e-12)


def test_compiles(tree):
    model, x = soft(tree[0]), torch.from_numpy(tree[1]).requires_grad_()
    expected = model.predict(x)
    (slope,) = torch.autograd.grad(expected.sum(), x)
    # The whole graph with its gradients, without the time of Inductor.
    actual = sk2torch.compile(model, backend="aot_eager").predict(x)
    torch.testing.assert_close(actual, expected)
    torch.testing.assert_close(torch.autograd.grad(actual.sum(), x)[0], slope)


def test_scripts_of_every_way_to_ask():
    for name in ("AdaBoostRegressor", "GradientBoostingClassifier", "RandomTreesEmbedding-dense"):
        model = soft(fitted(name))
        script = torch.jit.script(model)
        for method, expected in answers(model, name).items():
            x = model.encode(query(name))
            for a, b in zip(checks.parts(getattr(script, method)(x)), expected, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


def test_refusals():
    forest, _ = small_forest()
    model = soft(forest)
    linear = sk2torch.wrap(LogisticRegression().fit([[0.0], [1.0]], [0, 1]))
    for temperature in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(UnsupportedParameter, match="above 0"):
            sk2torch.soften(sk2torch.wrap(forest), temperature)
        with pytest.raises(UnsupportedParameter, match="above 0"):
            sk2torch.set_temperature(model, temperature)
    with pytest.raises(UnsupportedParameter, match="has no trees"):
        sk2torch.soften(linear)
    with pytest.raises(UnsupportedParameter, match="set_temperature"):
        sk2torch.soften(model)
    for verb in (sk2torch.harden, lambda each: sk2torch.set_temperature(each, 1.0)):
        with pytest.raises(UnsupportedParameter, match="has no soft trees"):
            verb(linear)
    for verb in (sk2torch.soften, sk2torch.harden):
        with pytest.raises(TypeError, match="wrap"):
            verb(torch.nn.Linear(1, 1))
    with pytest.raises(sk2torch.CannotUnwrap, match=r"harden\(model\)"):
        sk2torch.unwrap(model)
    with torch.no_grad():
        next(p for n, p in model.named_parameters() if n.endswith("threshold"))[0] = float("nan")
    with pytest.raises(UnsupportedParameter, match="NaN"):
        sk2torch.harden(model)


def test_votes_are_frozen():
    X, y = data.words()
    model = soft(AdaBoostClassifier(n_estimators=3, random_state=0).fit(X, y))
    assert list(fixed_parameters(model)) == ["votes.trees.values"]
    with torch.no_grad():
        model.votes.trees.values.mul_(2.0)
    with pytest.raises(sk2torch.CannotUnwrap, match="vote is for one class"):
        sk2torch.unwrap(sk2torch.harden(model))
