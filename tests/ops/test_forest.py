"""The forest op and its packing, on trees made by hand."""

import numpy as np
import pytest
import torch

from sk2torch.blocks.forest import Forest
from sk2torch.blocks.leaf_sum import LeafSum
from sk2torch.blocks.tree_packing import TreeNodes, bitset_table, pack_forest
from sk2torch.ops.forest import reached_nodes, rounded_down, sequential_sum
from sk2torch.ops.forest.reference import MAX_UNROLLED_STEPS, category_code


def random_tree(generator: np.random.Generator, n_features: int, depth: int) -> TreeNodes:
    """A tree that ends at random, with thresholds that are also values."""
    feature, threshold, left, right, missing = [], [], [], [], []

    def grow(level: int) -> int:
        node = len(feature)
        feature.append(int(generator.integers(n_features)))
        threshold.append(float(generator.integers(-3, 4)) / 2)
        missing.append(bool(generator.integers(2)))
        left.append(-1)
        right.append(-1)
        if level < depth and (level == 0 or generator.random() < 0.8):
            left[node], right[node] = grow(level + 1), grow(level + 1)
        return node

    grow(0)
    columns = (feature, threshold, left, right, missing)
    return TreeNodes(*(np.array(c) for c in columns))


def walk(tree: TreeNodes, row: np.ndarray) -> int:
    """The definition, one row and node at a time."""
    node = 0
    while tree.left[node] >= 0:
        value = row[tree.feature[node]]
        goes_left = tree.missing_left[node] if np.isnan(value) else value <= tree.threshold[node]
        node = tree.left[node] if goes_left else tree.right[node]
    return node


def rows(generator: np.random.Generator, n: int, n_features: int) -> np.ndarray:
    values = np.array([-np.inf, -2.0, -0.5, -0.0, 0.0, 0.5, 1.0, 1.5 + 1e-12, np.inf, np.nan])
    return generator.choice(values, (n, n_features))


@pytest.mark.parametrize("single_precision", [True, False])
@pytest.mark.parametrize(("n_trees", "depth", "n_rows"), [(1, 0, 5), (1, 3, 7), (7, 5, 33), (3, 11, 129), (5, 4, 0)])
def test_reaches_the_leaves_of_the_definition(n_trees, depth, n_rows, single_precision):
    generator = np.random.default_rng(n_trees + depth)
    trees = [random_tree(generator, 3, depth) for _ in range(n_trees)]
    forest = pack_forest(trees, 3, single_precision)
    X = rows(generator, n_rows, 3)
    seen = X.astype(np.float32) if single_precision else X
    expected = np.array([[walk(tree, row) for tree in trees] for row in seen]).reshape(n_rows, n_trees)
    x = torch.from_numpy(X)
    np.testing.assert_array_equal((forest(x) - forest.roots).numpy(), expected)
    np.testing.assert_array_equal((torch.jit.script(forest)(x) - forest.roots).numpy(), expected)


def test_blocks_of_rows_change_nothing():
    generator = np.random.default_rng(0)
    forest = pack_forest([random_tree(generator, 3, 6) for _ in range(300)], 3, True)
    sums = LeafSum(forest, torch.from_numpy(generator.normal(size=(forest.feature.shape[0], 2))))
    x = torch.from_numpy(rows(generator, 1000, 3))
    assert torch.equal(forest(x), forest.block(x))
    start = torch.from_numpy(generator.normal(size=(1000, 2)))
    assert torch.equal(sums(x, start), sums.block(x, start))
    assert torch.equal(sums(x, start)[500:501], sums(x[500:501], start[500:501]))


@pytest.mark.parametrize("depth", [MAX_UNROLLED_STEPS, MAX_UNROLLED_STEPS + 1])
def test_graph_holds_a_loop_for_deep_trees_only(depth):
    forest = pack_forest([random_tree(np.random.default_rng(depth), 3, depth)], 3, True).eval()
    assert forest.depth == depth
    program = torch.export.export(forest, (torch.zeros(2, 3),), dynamic_shapes=({0: torch.export.Dim("batch")},))
    assert any("while_loop" in str(node.target) for node in program.graph.nodes) == (depth > MAX_UNROLLED_STEPS)


def test_single_precision_thresholds_survive_conversions():
    tree = TreeNodes(*(np.array(c) for c in ([0, 0, 0], [0.1, 0, 0], [1, -1, -1], [2, -1, -1], [False] * 3)))
    forest = pack_forest([tree], 1, True)
    below = float(np.nextafter(np.float32(0.1), np.float32(0)))
    x = torch.tensor([[below], [0.1], [np.float32(0.1)]], dtype=torch.float64)
    # float32(0.1) is above 0.1.
    for convert in (Forest.double, Forest.float, Forest.double):
        forest = convert(forest)
        assert forest(x).flatten().tolist() == [1, 2, 2]


def test_rounded_down_agrees_with_double_thresholds():
    generator = np.random.default_rng(1)
    singles = np.array(
        [0.0, -0.0, 1e-45, -1e-45, 1.2e-38, 0.1, 3.4028235e38, -3.4028235e38, np.inf, -np.inf], np.float32
    )
    singles = np.concatenate([singles, generator.normal(size=200).astype(np.float32)])
    near = singles[np.isfinite(singles)].astype(np.float64)
    thresholds = np.concatenate([near, np.nextafter(near, np.inf), np.nextafter(near, -np.inf), near * (1 + 1e-9)])
    thresholds = np.concatenate([thresholds, [np.inf, -np.inf, 1e300, -1e300, 1e-300, -1e-300]])
    rounded = rounded_down(thresholds)
    assert rounded.dtype == np.float32
    np.testing.assert_array_equal(singles[:, None] <= rounded, singles[:, None].astype(np.float64) <= thresholds)


@pytest.mark.parametrize("missing_left", [True, False])
def test_categories(missing_left):
    left, known = np.zeros((1, 256), dtype=bool), np.zeros((1, 256), dtype=bool)
    left[0, [0, 3, 255]], known[0, [0, 1, 3, 255]] = True, True
    tree = TreeNodes(
        np.array([0, 0, 0]),
        np.array([0.5, 0, 0]),
        np.array([1, -1, -1]),
        np.array([2, -1, -1]),
        np.array([missing_left, False, False]),
        np.array([0, -1, -1]),
        left,
        known,
    )
    # A tree that compares beside it.
    other = tree._replace(category_row=None, left_categories=None, known_categories=None)
    forest = pack_forest([other, tree], 1, False)
    unsure = 1 if missing_left else 2
    expected = {0.0: 1, 0.9: 1, 3.0: 1, 255.0: 1, 259.0: 1, 1.0: 2, 257.5: 2, 2.0: unsure, 300.0: unsure}
    expected |= {-0.5: unsure, -7.0: unsure, -np.inf: unsure, np.nan: unsure, 1e300: 1, np.inf: 1}
    x = torch.tensor(list(expected), dtype=torch.float64)[:, None]
    for model in (forest, torch.jit.script(forest)):
        assert (model(x) - forest.roots)[:, 1].tolist() == list(expected.values())
        compared = torch.where(x[:, 0].isnan(), unsure, torch.where(x[:, 0] <= 0.5, 1, 2))
        assert torch.equal((model(x) - forest.roots)[:, 0], compared)


def test_category_code():
    value = torch.tensor(
        [0.0, 255.9, 256.0, 2.0**31 - 1, 2.0**31, float("inf"), float("nan"), -0.1, -0.0], dtype=torch.float64
    )
    assert category_code(value).tolist() == [0, 255, 0, 255, 0, 0, 256, 256, 0]


def test_bitset_table():
    bitset = np.zeros((2, 8), dtype=np.uint32)
    bitset[1, 0], bitset[1, 7] = 1 | 1 << 31, 1 << 31
    assert [tuple(place) for place in np.argwhere(bitset_table(bitset))] == [(1, 0), (1, 31), (1, 255)]


def test_sum_is_in_the_order_of_the_trees():
    values = torch.tensor([[1e16], [1.0], [-1e16], [3.0]], dtype=torch.float64)
    leaf = torch.tensor([[0, 1, 2, 3], [0, 2, 1, 3]])
    start = torch.zeros(2, 1, dtype=torch.float64)
    assert sequential_sum(values, leaf, start).flatten().tolist() == [3.0, 4.0]
    program = torch.export.export(_Sum(), (values, leaf, start))
    assert program.module()(values, leaf, start).flatten().tolist() == [3.0, 4.0]


@pytest.mark.parametrize("n_values", [1, 40])
def test_sum_of_wide_values_in_graphs(n_values):
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(50, n_values, generator=generator, dtype=torch.float64)
    leaf = torch.randint(0, 50, (9, 7), generator=generator)
    start = torch.randn(9, n_values, generator=generator, dtype=torch.float64)
    program = torch.export.export(_Sum(), (values, leaf, start))
    assert torch.equal(program.module()(values, leaf, start), sequential_sum(values, leaf, start))


def test_groups_have_their_own_sums():
    generator = np.random.default_rng(2)
    trees = [random_tree(generator, 3, 3) for _ in range(6)]
    forest = pack_forest(trees, 3, False)
    values = torch.from_numpy(generator.normal(size=(forest.feature.shape[0], 1)))
    x = torch.from_numpy(rows(generator, 11, 3))
    start = torch.tensor([[1.0, 2.0, 3.0]], dtype=torch.float64)
    terms = values[forest(x)][:, :, 0]
    expected = start + terms[:, :3] + terms[:, 3:]
    assert torch.equal(LeafSum(forest, values, n_groups=3)(x, start), expected)


def test_gradient_reaches_the_leaf_values():
    generator = np.random.default_rng(3)
    forest = pack_forest([random_tree(generator, 3, 3) for _ in range(4)], 3, True)
    sums = LeafSum(forest, torch.zeros(forest.feature.shape[0], 1, dtype=torch.float64))
    x = torch.from_numpy(rows(generator, 20, 3)).requires_grad_()
    sums(x, x.new_zeros(1)).sum().backward()
    counts = torch.bincount(forest(x).flatten(), minlength=forest.feature.shape[0])
    assert torch.equal(sums.values.grad[:, 0], counts.double())
    assert x.grad is None


def test_op_takes_rows_that_are_not_contiguous():
    forest = pack_forest([random_tree(np.random.default_rng(4), 3, 4)], 3, False)
    x = torch.randn(3, 9, dtype=torch.float64).T
    arrays = (forest.feature % 3, forest.threshold, forest.child, forest.category_row, forest.category_left)
    result = reached_nodes(x, *arrays, forest.roots, forest.depth, False)
    assert torch.equal(result, reached_nodes(x.contiguous(), *arrays, forest.roots, forest.depth, False))


class _Sum(torch.nn.Module):
    def forward(self, values: torch.Tensor, leaf: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
        return sequential_sum(values, leaf, start)
