"""The CUDA kernels of the forest op, run by Triton's interpreter on the CPU, against the plain torch code."""

import numpy as np
import pytest
import torch

from sk2torch.blocks.leaf_sum import LeafSum
from sk2torch.ops.forest import evaluation
from tests.ops.test_forest_native import forest_of, table

pytest.importorskip("triton", reason="triton is not installed")
kernels = pytest.importorskip("sk2torch.ops.forest.triton_kernel")
interpreted = pytest.mark.skipif(torch.cuda.is_available(), reason="the kernels are compiled for the device here")


@interpreted
@pytest.mark.parametrize("n_rows", [0, 1, 5, 131])
@pytest.mark.parametrize(("sizes", "n_groups", "n_values"), [([0], 1, 1), ([3, 0, 7, 2], 2, 3), ([5, 5], 1, 33)])
@pytest.mark.parametrize(("single", "categories"), [(True, False), (False, True)])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_agrees_with_torch(n_rows, sizes, n_groups, n_values, single, categories, dtype):
    generator = np.random.default_rng(n_rows)
    forest = forest_of(generator, sizes, 4, single, categories)
    sums = LeafSum(forest, torch.from_numpy(generator.normal(size=(forest.n_nodes, n_values))), n_groups).to(dtype)
    x = table(generator, n_rows, 4).to(dtype)
    start = torch.from_numpy(generator.normal(size=(n_rows, n_groups * n_values))).to(dtype)
    with torch.no_grad():
        assert torch.equal(kernels.triton_leaves(x, forest.arrays(), forest.copies_columns), forest.block(x))
        result = kernels.triton_sums(x, forest.arrays(), forest.copies_columns, sums.values, start, n_groups)
        assert torch.equal(result, sums.block(x, start))


@interpreted
def test_gradient_of_values(monkeypatch):
    generator = np.random.default_rng(1)
    forest = forest_of(generator, [3, 4], 3, True, False)
    sums = LeafSum(forest, torch.zeros(forest.n_nodes, 2, dtype=torch.float64))
    x, start = table(generator, 9, 3), torch.zeros(9, 2, dtype=torch.float64)
    weights = torch.from_numpy(generator.normal(size=(9, 2)))
    (sums.block(x, start) * weights).sum().backward()
    expected = sums.values.grad.clone()
    monkeypatch.setattr(
        evaluation, "forest_leaves", lambda x, trees, depth, copies: kernels.triton_leaves(x, trees, copies)
    )
    trees, depth, copies = forest.arrays(), forest.depth, forest.copies_columns
    gradient = evaluation.values_gradient(x, trees, depth, copies, weights, 1)
    torch.testing.assert_close(gradient, expected, rtol=1e-14, atol=1e-14)


@pytest.mark.gpu
@pytest.mark.parametrize("categories", [False, True])
def test_agrees_with_torch_on_a_device(categories):
    generator = np.random.default_rng(2)
    forest = forest_of(generator, [9, 4, 12, 0], 5, not categories, categories).cuda()
    sums = LeafSum(forest, torch.from_numpy(generator.normal(size=(forest.n_nodes, 3)))).cuda()
    x, start = table(generator, 1001, 5).cuda(), torch.zeros(1001, 3, dtype=torch.float64, device="cuda")
    assert torch.equal(forest(x), forest.block(x))
    assert torch.equal(sums(x, start), sums.block(x, start))
