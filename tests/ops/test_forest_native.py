"""The compiled forest kernels agree with the plain torch code, on odd sizes and odd values."""

import copy
import os
import pickle
import subprocess
import sys
import threading

import numpy as np
import pytest
import torch

from sk2torch.blocks.forest import Forest
from sk2torch.blocks.leaf_sum import LeafSum
from sk2torch.blocks.tree_packing import TreeNodes, pack_forest
from sk2torch.native import library
from sk2torch.ops.forest import forest_leaves, packed
from tests.ops.test_forest import random_tree, rows

pytestmark = pytest.mark.skipif(library.library() is None, reason="the kernels are not compiled here")


@pytest.fixture(params=list(library.INSTRUCTION_SETS))
def instruction_set(request, monkeypatch):
    if library.INSTRUCTION_SETS[request.param] > library.library().sk2torch_isa():
        pytest.skip("this processor does not have it")
    monkeypatch.setenv("SK2TORCH_ISA", request.param)
    library.kernel.cache_clear()
    yield request.param
    library.kernel.cache_clear()


def with_categories(tree: TreeNodes, generator: np.random.Generator, n_features: int) -> TreeNodes:
    """The same tree, where the nodes of feature 0 split by category."""
    categorical = np.flatnonzero((tree.feature == 0) & (tree.left >= 0))
    row = np.full(len(tree.feature), -1)
    row[categorical] = np.arange(categorical.size)
    listed, known = generator.random((2, max(1, categorical.size), 256)) < 0.5
    return tree._replace(category_row=row, left_categories=listed & known, known_categories=known)


def forest_of(
    generator: np.random.Generator, sizes: list[int], n_features: int, single: bool, categories: bool
) -> Forest:
    trees = [random_tree(generator, n_features, depth) for depth in sizes]
    if categories:
        trees = [with_categories(tree, generator, n_features) for tree in trees]
    return pack_forest(trees, n_features, single)


def table(generator: np.random.Generator, n: int, n_features: int) -> torch.Tensor:
    X = rows(generator, n, n_features)
    codes = np.array([0.0, 1.0, 7.0, 31.0, 32.5, 127.0, 128.0, 255.0, 256.0, 300.0, 3e9, 1e20, -1.0, np.nan, np.inf])
    X[:, 0] = generator.choice(codes, n)
    return torch.from_numpy(X)


def agrees(sums: LeafSum, x: torch.Tensor, start: torch.Tensor) -> None:
    forest = sums.forest
    with torch.no_grad():
        assert torch.equal(forest(x), forest.block(x))
        assert torch.equal(
            sums(x, start), sums.block(x, start.expand(x.shape[0], sums.n_groups * sums.values.shape[1]))
        )


@pytest.mark.parametrize("n_rows", [0, 1, 2, 7, 8, 9, 63, 64, 65, 200, 300])
@pytest.mark.parametrize("sizes", [[0], [1], [3] * 7, [6, 0, 9, 1, 12, 4]])
@pytest.mark.parametrize(("single", "categories"), [(True, False), (False, False), (False, True)])
def test_agrees_with_torch(instruction_set, n_rows, sizes, single, categories):
    generator = np.random.default_rng(n_rows)
    forest = forest_of(generator, sizes, 4, single, categories)
    for n_groups in {1, len(sizes)}:
        n_values = 1 + n_rows % 3
        values = torch.from_numpy(generator.normal(size=(forest.n_nodes, n_values)))
        sums = LeafSum(forest, values, n_groups)
        x, start = table(generator, n_rows, 4), torch.from_numpy(generator.normal(size=(1, n_groups * n_values)))
        agrees(sums, x, start)
        agrees(sums.float(), x.float(), start.float())
        sums.double()


@pytest.mark.parametrize("n_values", [1, 2, 3, 4, 5, 6, 7, 8, 9, 17, 65])
@pytest.mark.parametrize("sizes", [[4, 8, 2], [2, 3]])
def test_any_number_of_values(n_values, sizes):
    generator = np.random.default_rng(n_values)
    forest = forest_of(generator, sizes, 3, True, False)
    sums = LeafSum(forest, torch.from_numpy(generator.normal(size=(forest.n_nodes, n_values))))
    agrees(sums, table(generator, 77, 3), torch.zeros(1, dtype=torch.float64))


def balanced_tree(generator: np.random.Generator, n_features: int, depth: int) -> TreeNodes:
    """A tree of ``2**depth`` leaves."""
    n = 2 ** (depth + 1) - 1
    node = np.arange(n)
    inner = node < n // 2
    threshold = generator.integers(-3, 4, n) / 2
    left, right = np.where(inner, 2 * node + 1, -1), np.where(inner, 2 * node + 2, -1)
    return TreeNodes(generator.integers(n_features, size=n), threshold, left, right, generator.random(n) < 0.5)


@pytest.mark.parametrize("depths", [[0, 1], [3, 3, 2], [4, 3], [5, 4, 5], [6, 6], [7, 5]])
@pytest.mark.parametrize(("single", "categories"), [(True, False), (False, True)])
@pytest.mark.parametrize("n_rows", [9, 64, 201])
def test_tables_of_leaves(instruction_set, depths, single, categories, n_rows):
    generator = np.random.default_rng(n_rows)
    trees = [balanced_tree(generator, 4, depth) for depth in depths]
    if categories:
        trees = [with_categories(tree, generator, 4) for tree in trees]
    forest = pack_forest(trees, 4, single)
    x = table(generator, n_rows, 4)
    for n_groups in {1, len(depths)}:
        sums = LeafSum(forest, torch.from_numpy(generator.normal(size=(forest.n_nodes, 3))), n_groups)
        start = torch.from_numpy(generator.normal(size=(n_rows, 3 * n_groups)))
        agrees(sums, x, start)
        agrees(sums.float(), x.float(), start.float())
        sums.double()


@pytest.mark.parametrize("sizes", [[2, 3, 2], [12, 11]])
def test_missing_values_in_some_blocks(instruction_set, sizes):
    generator = np.random.default_rng(20)
    forest = forest_of(generator, sizes, 400, True, False)
    sums = LeafSum(forest, torch.from_numpy(generator.normal(size=(forest.n_nodes, 1))))
    x = torch.from_numpy(generator.normal(size=(2500, 400)))
    start = torch.zeros(1, dtype=torch.float64)
    for missing in ([2400], [0, 1100], []):
        x[missing] = float("nan")
        agrees(sums, x, start)
        agrees(sums, x[:1201], start)


@pytest.mark.parametrize("sizes", [[2, 3, 2], [12, 2, 11]])
@pytest.mark.parametrize("n_rows", [3, 70])
def test_start_of_any_strides_and_divisor(instruction_set, sizes, n_rows):
    generator = np.random.default_rng(21)
    forest = forest_of(generator, sizes, 3, True, False)
    sums = LeafSum(forest, torch.from_numpy(generator.normal(size=(forest.n_nodes, 2))), n_groups=3, divisor=7)
    x = table(generator, n_rows, 3)
    full = torch.from_numpy(generator.normal(size=(n_rows, 12)))
    for start in (full[:, :6], full[:, ::2], full.T.contiguous().T[:, 6:], full[:1, :6], full[0, 3:4], full[:, :1]):
        expected = sums.block(x, start.expand(n_rows, 6)).detach() / 7
        assert torch.equal(sums(x, start).detach(), expected)
        with torch.no_grad():
            assert torch.equal(sums(x, start), expected)
    with torch.no_grad():
        expected = sums.block(x, torch.zeros(n_rows, 6, dtype=torch.float64)) / 7
        assert torch.equal(sums(x), expected)
        assert torch.equal(torch.jit.script(sums)(x), expected)
        single = copy.deepcopy(sums).float()(x.float())
        torch.testing.assert_close(single, expected.float(), rtol=1e-5, atol=1e-5)


def test_missing_memory_is_an_error(monkeypatch):
    generator = np.random.default_rng(22)
    forest = forest_of(generator, [12] * 3, 3, True, False)
    sums = LeafSum(forest, torch.from_numpy(generator.normal(size=(forest.n_nodes, 1))))
    x = table(generator, 20000, 3)
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2**31 - 1)
    with torch.no_grad(), pytest.raises(MemoryError, match="workspace"):
        sums(x)
    with pytest.raises(MemoryError, match="workspace"):
        forest(x)


def test_deep_chain():
    n = 4001
    node = np.arange(n)
    inner = node % 2 == 0
    inner[-1] = False
    left, right = np.where(inner, node + 1, -1), np.where(inner, node + 2, -1)
    threshold = node / n
    forest = pack_forest([TreeNodes(np.zeros(n, int), threshold, left, right, np.zeros(n, bool))], 1, True)
    assert forest.depth == n // 2
    x = torch.rand(50, 1, dtype=torch.float64)
    assert torch.equal(forest(x), forest.block(x))


def test_wide_input_needs_wide_nodes():
    generator = np.random.default_rng(0)
    n_features = 2**20
    trees = [random_tree(generator, 3, 12) for _ in range(2)]
    trees = [tree._replace(feature=tree.feature * (n_features // 3)) for tree in trees]
    forest = pack_forest(trees, n_features, True)
    x = torch.from_numpy(rows(generator, 9, n_features))
    assert packed.packed_forest(n_features, forest.arrays()).structure.is_double
    assert torch.equal(forest(x), forest.block(x))


def test_threads_share_the_work():
    generator = np.random.default_rng(5)
    forest = forest_of(generator, [10, 3] * 20, 5, True, False)
    sums = LeafSum(forest, torch.from_numpy(generator.normal(size=(forest.n_nodes, 2))))
    x, start = table(generator, 5003, 5), torch.zeros(1, dtype=torch.float64)
    before = torch.get_num_threads()
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            agrees(sums, x, start)
    finally:
        torch.set_num_threads(before)


def test_callers_in_threads_do_not_meet():
    generator = np.random.default_rng(6)
    forest = forest_of(generator, [9] * 10, 5, True, False)
    x = table(generator, 700, 5)
    expected, results = forest.block(x), {}
    threads = [threading.Thread(target=lambda i=i: results.update({i: forest(x)})) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4
    assert all(torch.equal(result, expected) for result in results.values())


def test_rows_that_are_not_contiguous():
    generator = np.random.default_rng(7)
    forest = forest_of(generator, [5] * 4, 6, False, True)
    x = table(generator, 60, 12)
    for view in (x[:, ::2], x[::3, :6], x[:6].T[:, :6]):
        assert torch.equal(forest(view), forest.block(view.contiguous()))


def test_copies_and_conversions_evaluate_their_own_trees():
    generator = np.random.default_rng(8)
    forest = forest_of(generator, [7] * 5, 4, False, True)
    sums = LeafSum(forest, torch.from_numpy(generator.normal(size=(forest.n_nodes, 2))))
    x, start = table(generator, 50, 4), torch.zeros(1, dtype=torch.float64)
    agrees(sums, x, start)
    for other in (copy.deepcopy(sums), pickle.loads(pickle.dumps(sums)), copy.deepcopy(sums).float().double()):
        with torch.no_grad():
            other.forest.threshold.add_(0.5)
        agrees(other, x, start)
        assert not torch.equal(other.forest(x), sums.forest(x))
    agrees(sums, x, start)


@pytest.mark.parametrize("inference", [False, True])
def test_loaded_state_is_evaluated(inference):
    with torch.inference_mode(inference):
        first, second = (forest_of(np.random.default_rng(9), [6, 6, 6], 4, True, False) for _ in range(2))
        second.threshold.neg_()
        x = table(np.random.default_rng(10), 40, 4)
        assert not torch.equal(first(x), second(x))
        first.load_state_dict(second.state_dict())
        assert torch.equal(first(x), second(x))
        assert torch.equal(first(x), first.block(x))


def test_changed_values_are_summed():
    generator = np.random.default_rng(11)
    forest = forest_of(generator, [5] * 3, 3, True, False)
    sums = LeafSum(forest, torch.from_numpy(generator.normal(size=(forest.n_nodes, 1))))
    x, start = table(generator, 20, 3), torch.zeros(1, dtype=torch.float64)
    agrees(sums, x, start)
    sums.values.data.mul_(2)
    agrees(sums, x, start)


def test_replaced_arrays_are_evaluated():
    generator = np.random.default_rng(23)
    forest = forest_of(generator, [6] * 4, 3, True, False)
    x = table(generator, 30, 3)
    for shift in (0.5, 1.0, -0.5, 0.5):
        # The new tensor may get the memory of the last, and the same count of writes.
        forest.threshold = forest.threshold + shift
        assert torch.equal(forest(x), forest.block(x))
        forest.threshold.data = forest.threshold.data - 0.25
        assert torch.equal(forest(x), forest.block(x))


def test_gradients_of_values_and_start():
    generator = np.random.default_rng(12)
    forest = forest_of(generator, [4] * 6, 3, False, True)
    x = table(generator, 17, 3)
    values = torch.from_numpy(generator.normal(size=(forest.n_nodes, 2))).requires_grad_()
    start = torch.zeros(1, 6, dtype=torch.float64, requires_grad=True)

    def total(values: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
        module = LeafSum(forest, torch.empty(0), n_groups=3)
        return torch.func.functional_call(_with(module, values), {"values": values}, (x, start))

    assert torch.autograd.gradcheck(total, (values, start))
    assert torch.autograd.gradgradcheck(total, (values, start))


def _with(module: LeafSum, values: torch.Tensor) -> LeafSum:
    module.values = torch.nn.Parameter(values.detach().clone())
    return module


def test_compiled_and_transformed_calls_agree():
    generator = np.random.default_rng(13)
    forest = forest_of(generator, [12] * 4, 3, True, False)
    sums = LeafSum(forest, torch.from_numpy(generator.normal(size=(forest.n_nodes, 2))), n_groups=2)
    x, start = table(generator, 33, 3), torch.zeros(1, 4, dtype=torch.float64)
    expected = sums(x, start)
    expected.sum().backward()
    gradient = sums.values.grad.clone()
    sums.values.grad = None
    compiled = torch.compile(sums, fullgraph=True)
    result = compiled(x, start)
    assert torch.equal(result, expected)
    result.sum().backward()
    assert torch.equal(sums.values.grad, gradient)
    for n in (5, 1, 65):
        assert torch.equal(compiled(x.repeat(2, 1)[:n], start), sums(x.repeat(2, 1)[:n], start))
    traced = torch.jit.trace(sums, (x, start), check_trace=False)
    assert torch.equal(traced(x[:5], start), sums(x[:5], start))
    with torch.no_grad():
        singly = torch.func.vmap(lambda row: sums(row.unsqueeze(0), start)[0])(x)
    assert torch.equal(singly, expected)


def test_forward_derivatives_are_kept():
    generator = np.random.default_rng(14)
    forest = forest_of(generator, [3] * 2, 3, True, False)
    sums = LeafSum(forest, torch.from_numpy(generator.normal(size=(forest.n_nodes, 1))))
    x, start = table(generator, 4, 3), torch.zeros(1, 1, dtype=torch.float64)
    with torch.no_grad(), torch.autograd.forward_ad.dual_level():
        dual = torch.autograd.forward_ad.make_dual(start, torch.ones_like(start))
        tangent = torch.autograd.forward_ad.unpack_dual(sums(x, dual)).tangent
    assert torch.equal(tangent, torch.ones(4, 1, dtype=torch.float64))


def test_without_the_library_torch_answers_and_says_so_once():
    script = """
import pathlib, warnings
import numpy as np, torch
from sk2torch.native import library
library.LIBRARY_NAME = "missing.so"
from sk2torch.blocks.tree_packing import pack_forest
from tests.ops.test_forest import random_tree, rows
generator = np.random.default_rng(0)
forest = pack_forest([random_tree(generator, 3, 5) for _ in range(3)], 3, True)
x = torch.from_numpy(rows(generator, 20, 3))
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    results = [forest(x) for _ in range(3)]
assert all(torch.equal(result, forest.block(x)) for result in results)
print([str(w.message)[:40] for w in caught if "compiled kernels" in str(w.message)])
"""
    for environment, expected in (({}, 1), ({"SK2TORCH_NATIVE": "0"}, 0)):
        done = subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, **environment},
        )
        assert len(eval(done.stdout)) == expected


def test_half_precision_takes_the_torch_code():
    generator = np.random.default_rng(15)
    forest = forest_of(generator, [4] * 3, 3, False, False).half()
    x = table(generator, 10, 3).half()
    assert torch.equal(forest_leaves(x, forest.arrays(), forest.depth, forest.copies_columns), forest.block(x))
