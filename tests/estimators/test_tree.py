"""What the contract does not ask of trees and forests."""

import numpy as np
import pytest
import torch
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier, RandomForestRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import sk2torch
from tests.cases import data, tree


def numpy_of(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().numpy()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("family", [DecisionTreeClassifier, RandomForestClassifier])
def test_leaves_are_exact_beside_every_threshold(family, dtype):
    X, y = tree.adjacent_floats()
    estimator = family(random_state=0).fit(X, y)
    query = tree.at_thresholds(X)
    model = sk2torch.wrap(estimator, dtype=dtype)
    np.testing.assert_array_equal(numpy_of(model.apply(torch.from_numpy(query))), estimator.apply(query))


def test_probabilities_are_equal_to_the_last_bit():
    X, y = tree.whole_numbers()
    estimator = RandomForestClassifier(50, random_state=0).fit(X, y)
    probabilities = estimator.predict_proba(X)
    model = sk2torch.wrap(estimator)
    np.testing.assert_array_equal(numpy_of(model.predict_proba(torch.from_numpy(X))), probabilities)
    scripted = torch.jit.script(model)
    np.testing.assert_array_equal(numpy_of(scripted.predict_proba(torch.from_numpy(X))), probabilities)


@pytest.mark.parametrize("family", [RandomForestClassifier, ExtraTreesClassifier, RandomForestRegressor])
def test_nan_follows_the_larger_child_where_the_fit_saw_none(family):
    X, y = data.binary()
    estimator = family(5, random_state=0).fit(X, y)
    query = data.missing_binary()[0]
    np.testing.assert_array_equal(
        numpy_of(sk2torch.wrap(estimator).apply(torch.from_numpy(query))), estimator.apply(query)
    )


def test_infinite_inputs_take_a_side():
    X, y = data.binary()
    model = sk2torch.wrap(DecisionTreeClassifier(random_state=0).fit(X, y))
    x = torch.tensor([[np.inf] * 5, [1e300] * 5, [-np.inf] * 5, [-1e300] * 5], dtype=torch.float64)
    leaves = model.apply(x)
    assert leaves[0] == leaves[1]
    assert leaves[2] == leaves[3]
    assert leaves[0] != leaves[2]


def test_compiled_code_keeps_the_rounding_to_float32():
    X, y = tree.adjacent_floats()
    estimator = DecisionTreeClassifier(random_state=0).fit(X, y)
    query = tree.at_thresholds(X)
    compiled = sk2torch.compile(sk2torch.wrap(estimator))
    with torch.no_grad():
        leaves = compiled.apply(torch.from_numpy(query))
    np.testing.assert_array_equal(leaves.numpy(), estimator.apply(query))


def test_leaf_values_can_be_trained():
    X, y = data.regression()
    model = sk2torch.wrap(DecisionTreeRegressor(max_depth=3, random_state=0).fit(X, y))
    x, target = torch.from_numpy(X), torch.from_numpy(y) + 1.0
    assert [name for name, _ in model.named_parameters()] == ["trees.trees.values"]
    optimizer = torch.optim.SGD(model.parameters(), lr=2.0)
    before = (model.predict(x) - target).square().mean()
    for _ in range(20):
        optimizer.zero_grad()
        loss = (model.predict(x) - target).square().mean()
        loss.backward()
        optimizer.step()
    assert loss < 0.5 * before


def test_apply_is_that_of_trees_and_modules_still_convert():
    X, y = data.multiclass()
    estimator = RandomForestClassifier(3, random_state=0).fit(X, y)
    model = sk2torch.wrap(estimator).float().double().train().eval()
    leaves = model.apply(torch.from_numpy(X))
    assert leaves.dtype == torch.int64
    np.testing.assert_array_equal(leaves.numpy(), estimator.apply(X))


def test_pickled_model_keeps_single_precision_thresholds(tmp_path):
    X, y = tree.adjacent_floats()
    model = sk2torch.wrap(DecisionTreeClassifier(random_state=0).fit(X, y))
    torch.save(model, tmp_path / "model.bin")
    loaded = torch.load(tmp_path / "model.bin", weights_only=False)
    x = torch.from_numpy(tree.at_thresholds(X))
    assert torch.equal(loaded.apply(x), model.apply(x))


def test_wide_targets():
    generator = np.random.default_rng(0)
    X, Y = generator.normal(size=(60, 3)), generator.normal(size=(60, 40))
    estimator = RandomForestRegressor(4, random_state=0).fit(X, Y)
    model = sk2torch.wrap(estimator)
    np.testing.assert_array_equal(numpy_of(model.predict(torch.from_numpy(X))), estimator.predict(X))
    program = torch.export.export(model, (torch.from_numpy(X[:2]),), dynamic_shapes=({0: torch.export.Dim("batch")},))
    np.testing.assert_array_equal(numpy_of(program.module()(torch.from_numpy(X))), estimator.predict(X))
