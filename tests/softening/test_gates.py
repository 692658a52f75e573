"""The formula of soft trees, its gradients and its edges."""

import numpy as np
import pytest
import torch
from sklearn.ensemble import (
    AdaBoostRegressor,
    GradientBoostingRegressor,
    HistGradientBoostingRegressor,
    RandomTreesEmbedding,
)
from sklearn.tree import DecisionTreeRegressor

import sk2torch
from sk2torch.blocks import soft_forest
from sk2torch.blocks.soft_forest import SoftForest
from sk2torch.ops.forest import threshold_spreads
from tests.cases import data
from tests.softening.models import histogram, small_forest, soft

TEMPERATURE = 0.3


def expected_value(tree, x, scale, node=0):
    """By the definition, one row and one node at a time."""
    left, right = tree.children_left[node], tree.children_right[node]
    if left < 0:
        return tree.value[node, 0, 0]
    distance = tree.threshold[node] - x[tree.feature[node]]
    gate = 1 / (1 + np.exp(-distance / (TEMPERATURE * scale[tree.feature[node]])))
    return gate * expected_value(tree, x, scale, left) + (1 - gate) * expected_value(tree, x, scale, right)


def test_formula():
    forest, X = small_forest()
    model = soft(forest, TEMPERATURE)
    thresholds = np.concatenate([t.tree_.threshold[t.tree_.feature >= 0] for t in forest.estimators_])
    features = np.concatenate([t.tree_.feature[t.tree_.feature >= 0] for t in forest.estimators_])
    scale = [thresholds[features == j].std() for j in range(2)]
    expected = [np.mean([expected_value(tree.tree_, x, scale) for tree in forest.estimators_]) for x in X]
    np.testing.assert_allclose(model.predict(torch.from_numpy(X)).detach().numpy(), expected, rtol=1e-6)


def test_scale_has_the_unit_of_the_feature():
    forest, X = small_forest()
    doubled = type(forest)(**forest.get_params()).fit(X * [1.0, 4.0], forest.predict(X))
    other = type(forest)(**forest.get_params()).fit(X, forest.predict(X))
    left = soft(doubled).predict(torch.from_numpy(X * [1.0, 4.0]))
    torch.testing.assert_close(left, soft(other).predict(torch.from_numpy(X)), rtol=1e-6, atol=0)


def test_spreads():
    column = torch.tensor([0, 0, 0, 1, 2, 2, 3, 4])
    threshold = torch.tensor([1.0, 2.0, 3.0, 0.1, 7.0, 7.0, 0.0, 5.0]).double()
    spread = threshold_spreads(column, threshold, 6)
    # Of column 0; columns 2 to 4 have one threshold, column 5 none.
    usual = np.std([1.0, 2.0, 3.0])
    torch.testing.assert_close(spread, torch.tensor([usual, 0.1, usual, usual, usual, usual], dtype=torch.float64))
    alone = threshold_spreads(torch.tensor([0, 1]), torch.tensor([0.0, 3.0]).double(), 2)
    torch.testing.assert_close(alone, torch.tensor([1.0, 3.0], dtype=torch.float64))


MODELS = {
    "boosting": lambda X, y: GradientBoostingRegressor(n_estimators=3, max_depth=2).fit(X, y),
    "stump": lambda X, y: DecisionTreeRegressor(max_depth=1).fit(X, y),
    "leaf": lambda X, y: DecisionTreeRegressor(max_depth=1).fit(X, np.ones(len(X))),
    "median": lambda X, y: AdaBoostRegressor(DecisionTreeRegressor(max_depth=2), n_estimators=3).fit(X, y),
    "embedding": lambda X, y: RandomTreesEmbedding(2, max_depth=2, random_state=0).fit(X),
}


def gradients_are_right(model, x, method):
    """In inputs and in each parameter."""
    names = [name for name, p in model.named_parameters() if p.requires_grad]
    held = [dict(model.named_parameters())[name].detach().clone().requires_grad_() for name in names]

    class Called(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = model

        def forward(self, x):
            return getattr(self.model, method)(x)

    def function(x, *values):
        state = {f"model.{name}": value for name, value in zip(names, values, strict=True)}
        return torch.func.functional_call(Called(), state, (x,))

    # Thresholds of leaves play no part.
    return torch.autograd.gradcheck(function, (x.clone().requires_grad_(), *held), eps=1e-6, atol=1e-5, rtol=1e-3)


@pytest.mark.parametrize("name", MODELS)
def test_gradients(name):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(40, 3))
    model = soft(MODELS[name](X, X[:, 0] + X[:, 1] ** 2))
    assert {key.rpartition(".")[2] for key, p in model.named_parameters() if p.requires_grad} >= {"threshold"}
    method = "transform" if name == "embedding" else "predict"
    assert gradients_are_right(model, torch.from_numpy(X[:3]), method)


def test_gradients_with_categories_and_missing_values():
    estimator, X = histogram()
    model = soft(estimator)
    x = torch.from_numpy(X[3:7]).requires_grad_()
    assert x.isnan().any()
    (slope,) = torch.autograd.grad(model.predict_proba(x)[:, 0].sum(), x)
    # Categories and missing values take a side for certain.
    assert not slope[:, 0].any()
    assert not slope[x.isnan()].any()
    assert slope[:, 1:].any()
    numbers = X[1:3, 1:]
    assert not np.isnan(numbers).any()

    def of_numbers(numbers):
        return model.predict_proba(torch.cat([torch.from_numpy(X[1:3, :1]), numbers], dim=1))

    assert torch.autograd.gradcheck(of_numbers, torch.from_numpy(numbers).requires_grad_(), eps=1e-6, atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("temperature", [1e-300, 1e-30, 1.0, 1e30])
def test_edges_have_no_nan(dtype, temperature):
    estimator, X = histogram()
    forest, _ = small_forest()
    for each, width in ((estimator, X.shape[1]), (forest, 2)):
        model = soft(each, temperature, dtype=dtype)
        hard = sk2torch.wrap(each, dtype=dtype)
        pool = torch.tensor([np.nan, np.inf, -np.inf, 0.0, 1e300, -1e300, 1e-320, 2.0], dtype=dtype)
        pool = torch.cat([pool, *[b.threshold.detach() for b in model.modules() if isinstance(b, SoftForest)]])
        x = pool[torch.randint(len(pool), (200, width), generator=torch.Generator().manual_seed(0))].requires_grad_()
        method = "predict_proba" if hasattr(model, "predict_proba") else "predict"
        answer = getattr(model, method)(x)
        answer.square().sum().backward()
        assert answer.isfinite().all()
        assert not x.grad.isnan().any()
        assert not any(p.grad.isnan().any() for p in model.parameters())
        certain = x.detach().isinf() | x.detach().isnan()
        rows = certain.all(dim=1)
        torch.testing.assert_close(answer.detach()[rows], getattr(hard, method)(x.detach()[rows]).detach())


def test_splits_of_what_is_missing_survive_weight_decay():
    X, y = data.missing_regression()
    estimator = HistGradientBoostingRegressor(max_iter=3, random_state=0).fit(X, y)
    model = soft(estimator)
    assert torch.isinf(sk2torch.wrap(estimator).boosting.trees.forest.threshold).any()
    model.predict(torch.from_numpy(X)).square().sum().backward()
    torch.optim.SGD(model.parameters(), lr=1e-3, weight_decay=0.1).step()
    assert all(parameter.isfinite().all() for parameter in model.parameters())
    hard = sk2torch.harden(model)
    assert torch.isinf(hard.boosting.trees.forest.threshold).any()
    np.testing.assert_allclose(sk2torch.unwrap(hard).predict(X), sk2torch.Predictor(hard).predict(X), rtol=1e-9)


def test_small_probabilities_are_not_lost():
    tree = DecisionTreeRegressor(max_depth=1).fit([[0.0], [1.0]], [1.0, 0.0])
    # One threshold, 0.5, which is its scale.
    model = soft(tree, 0.01)
    right = model.predict(torch.tensor([[1.5]], dtype=torch.float64))
    # To the right lies 0: what is left is the probability of the left.
    assert right.item() == pytest.approx(np.exp(-200.0), rel=1e-6)


def test_blocks_of_rows(monkeypatch):
    forest, X = small_forest()
    model, x = soft(forest), torch.from_numpy(X).requires_grad_()
    whole = model.predict(x)
    whole.square().sum().backward()
    expected = [x.grad.clone(), *[p.grad.clone() for p in model.parameters()]]
    monkeypatch.setattr(SoftForest, "rows_at_a_time", lambda self, x: 7)
    # Kept for gradients, and computed again.
    for n_bytes in (2**30, 0):
        monkeypatch.setattr(soft_forest, "workspace_bytes", lambda n_bytes=n_bytes: n_bytes)
        x.grad = None
        model.zero_grad()
        parts = model.predict(x)
        torch.testing.assert_close(parts, whole, rtol=1e-14, atol=0)
        parts.square().sum().backward()
        for actual, value in zip([x.grad, *[p.grad for p in model.parameters()]], expected, strict=True):
            torch.testing.assert_close(actual, value, rtol=1e-12, atol=1e-12)
    with torch.no_grad():
        torch.testing.assert_close(model.predict(x), whole.detach(), rtol=1e-14, atol=0)
    assert model.predict(x[:0]).shape == (0,)


def test_transforms_of_torch():
    forest, X = small_forest()
    model = soft(forest)
    x = torch.from_numpy(X[:5])
    by_rows = torch.func.vmap(torch.func.grad(lambda row: model.predict(row.unsqueeze(0))[0]))(x)
    given = x.clone().requires_grad_()
    (expected,) = torch.autograd.grad(model.predict(given).sum(), given)
    torch.testing.assert_close(by_rows, expected)
