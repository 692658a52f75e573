"""Tiles of trees and rows against the level-by-level reference: the same leaves, and sums with the same bits."""

import numpy as np
import pytest
import torch

from sk2torch.blocks.forest import Forest
from sk2torch.blocks.leaf_sum import LeafSum
from sk2torch.blocks.tree_packing import TreeNodes, pack_forest
from sk2torch.ops.forest import reference
from sk2torch.ops.forest.reference import MAX_UNROLLED_STEPS
from sk2torch.ops.forest.tiles import rows_of_tiles, takes_tiles, tiled_leaves, tiled_sums
from tests.ops.test_forest import random_tree, rows

# Trees that end in the levels that compare every row, or below; rows of one tile, of several, of an uneven last one.
SIZES = [(300, 0, 5), (40, 1, 50), (11, 3, 4097), (9, 4, 8195), (30, 7, 700), (40, 13, 5001)]


def with_categories(tree: TreeNodes, generator: np.random.Generator) -> TreeNodes:
    """Half of the nodes look at lists of categories."""
    n = len(tree.feature)
    row = np.where(generator.random(n) < 0.5, np.arange(n), -1)
    return tree._replace(
        category_row=row,
        left_categories=generator.random((n, 256)) < 0.5,
        known_categories=generator.random((n, 256)) < 0.7,
    )


def grown(n_trees: int, depth: int, single: bool, categories: bool = False) -> Forest:
    generator = np.random.default_rng(n_trees + depth)
    trees = [random_tree(generator, 3, depth) for _ in range(n_trees)]
    return pack_forest([with_categories(t, generator) if categories else t for t in trees], 3, single)


@pytest.mark.parametrize("kind", ["single", "double", "categories"])
@pytest.mark.parametrize(("n_trees", "depth", "n_rows"), SIZES)
def test_tiles_agree_with_the_reference(n_trees, depth, n_rows, kind):
    forest = grown(n_trees, depth, kind == "single", kind == "categories" and depth > 0)
    x = torch.from_numpy(rows(np.random.default_rng(1), n_rows, 3))
    assert takes_tiles(x, forest.n_trees, forest.n_nodes)
    leaves = tiled_leaves(x, forest.arrays(), forest.depth, forest.copies_columns)
    assert torch.equal(leaves, forest.block(x))
    assert torch.equal(torch.jit.script(forest)(x), leaves)


@pytest.mark.parametrize(("n_values", "n_groups"), [(1, 1), (3, 1), (1, 4), (2, 20)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_sums_have_the_same_bits(n_values, n_groups, dtype):
    forest = grown(40, 9, True)
    generator = torch.Generator().manual_seed(0)
    values = torch.randn(forest.n_nodes, n_values, dtype=dtype, generator=generator)
    start = torch.randn(4500, n_values * n_groups, dtype=dtype, generator=generator)
    x = torch.from_numpy(rows(np.random.default_rng(1), 4500, 3)).to(dtype)
    model = LeafSum(forest, values, n_groups)
    expected = model.block(x, start)
    trees = forest.arrays()
    sums = tiled_sums(x, trees, forest.depth, forest.copies_columns, values, start, n_groups)
    assert torch.equal(sums, expected)
    assert torch.equal(torch.jit.script(model)(x, start), expected)


def test_leaf_values_have_gradients_in_scripts():
    model = LeafSum(grown(40, 9, True), torch.randn(grown(40, 9, True).n_nodes, 2, dtype=torch.float64))
    x = torch.from_numpy(rows(np.random.default_rng(1), 4500, 3))
    start = torch.zeros(4500, 2, dtype=torch.float64)
    weight = torch.randn(4500, 2, dtype=torch.float64)
    (expected,) = torch.autograd.grad((model.block(x, start) * weight).sum(), [model.values])
    (got,) = torch.autograd.grad((torch.jit.script(model)(x) * weight).sum(), [model.values])
    torch.testing.assert_close(got, expected, rtol=1e-12, atol=1e-12)


def test_a_script_sees_thresholds_that_change():
    forest = grown(40, 9, False)
    x = torch.from_numpy(rows(np.random.default_rng(1), 500, 3))
    scripted = torch.jit.script(forest)
    before = scripted(x)
    forest.threshold.add_(0.75)
    assert not torch.equal(scripted(x), before)
    assert torch.equal(scripted(x), forest.block(x))


def test_tiles_are_bounded():
    # Columns and rows of a tile together, whatever their number.
    for n_columns in (1, 100, 10**5, 10**8):
        n = rows_of_tiles(10**6, n_columns)
        assert 1 <= n <= 4096
        assert n == 1 or n * n_columns <= 2**22
    assert rows_of_tiles(0, 3) == 1
    assert not takes_tiles(torch.zeros(1, 3), 100, 10**5)


def everywhere(n_nodes: int) -> bool:
    return True


@pytest.mark.parametrize("kind", ["single", "double", "categories"])
@pytest.mark.parametrize("depth", [1, 5, MAX_UNROLLED_STEPS + 2])
def test_many_nodes_go_tree_by_tree(depth, kind, monkeypatch):
    forest = grown(7, depth, kind == "single", kind == "categories")
    x = torch.from_numpy(rows(np.random.default_rng(1), 33, 3))
    expected = forest.block(x)
    monkeypatch.setattr(reference, "is_turned", everywhere)
    turned = forest.block(x)
    # Its memory goes tree by tree.
    assert turned.stride() == (1, 33)
    assert torch.equal(turned, expected)
    assert torch.equal(torch.jit.script(forest)(x[:2]), expected[:2])
    program = torch.export.export(forest, (x,), dynamic_shapes=({0: torch.export.Dim("batch")},))
    assert torch.equal(program.module()(x[:9]), expected[:9])
