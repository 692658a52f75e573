"""The pairwise reduction: blocks, groups, gradients, accuracy."""

import numpy as np
import pytest
import torch

from sk2torch.blocks.kernel_expansion import KernelExpansion, PrecomputedExpansion
from sk2torch.functional.kernels import KERNELS
from sk2torch.ops.pairwise import group_sums, pairwise_kernel, weighted_sum
from sk2torch.ops.pairwise.reference import blocked_sum

FORMS = sorted({(form.statistic, form.link) for form in KERNELS.values()} | {("squared_distance", "exponential")})
SIZES = [3, 0, 7, 1]


def _rows(n):
    return torch.rand(n, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(n)) + 0.1


def _settings():
    return torch.full((), 0.4).double(), torch.full((), 0.7).double(), 2.0


@pytest.mark.parametrize(("statistic", "link"), FORMS)
@pytest.mark.parametrize("n", [0, 1, 13])
def test_blocks_and_groups(statistic, link, n):
    x, y, weights = _rows(n), _rows(11), _rows(2).new_tensor(np.random.default_rng(0).normal(size=(2, 11)))
    values = pairwise_kernel(x, y, statistic, link, *_settings())
    parts = zip(values.split(SIZES, dim=1), weights.split(SIZES, dim=1), strict=True)
    expected = torch.cat([v @ w.T for v, w in parts], dim=1)
    for block_elements in (1, 60, 10**6):
        actual = blocked_sum(x, y, weights, SIZES, statistic, link, *_settings(), block_elements=block_elements)
        torch.testing.assert_close(actual, expected, rtol=1e-13, atol=1e-13)
    actual = weighted_sum(x, y, weights, SIZES, statistic, link, *_settings())
    torch.testing.assert_close(actual, expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize(("statistic", "link"), FORMS)
def test_gradients(statistic, link):
    x, y, weights = _rows(4), _rows(6), _rows(6).T[:2].contiguous()
    gamma, coef0, degree = _settings()
    inputs = [tensor.requires_grad_() for tensor in (x, y, weights, gamma, coef0)]

    def reduce(x, y, weights, gamma, coef0):
        return weighted_sum(x, y, weights, [4, 2], statistic, link, gamma, coef0, degree)

    assert torch.autograd.gradcheck(reduce, inputs)


def test_scripted_blocks():
    x, y, weights = _rows(13), _rows(11), _rows(11).T.contiguous()
    arguments = (x, y, weights, [11], "manhattan", "exponential", *_settings())
    torch.testing.assert_close(torch.jit.script(weighted_sum)(*arguments), weighted_sum(*arguments))
    assert torch.equal(torch.jit.script(blocked_sum)(*arguments, 30), blocked_sum(*arguments, 30))


def test_unknown_names():
    with pytest.raises(ValueError, match="statistic"):
        pairwise_kernel(_rows(2), _rows(2), "mode", "identity", *_settings())
    with pytest.raises(ValueError, match="link"):
        pairwise_kernel(_rows(2), _rows(2), "dot", "cube", *_settings())


@pytest.mark.parametrize("gamma", [1e-3, 0.1, 1.0, 30.0, 1e4])
@pytest.mark.parametrize("offset", [0.0, 1e5])
def test_rbf_is_exact_for_any_gamma_and_offset(gamma, offset):
    # Multiples of a power of two: the offset costs no digits.
    grid = torch.round(_rows(40) * 2**16) / 2**16 + offset
    x, y = torch.cat([grid, grid * 3 - 2 * offset]), grid[:17]
    expansion = KernelExpansion(y.clone(), torch.eye(17).double(), "rbf", gamma=gamma)
    with torch.no_grad():
        actual = expansion(x)
    expected = torch.exp(-gamma * (x.unsqueeze(1) - y).square().sum(dim=2))
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-13)


def test_precomputed():
    x, weights = _rows(6), _rows(6)[:2, :3]
    columns = torch.tensor([4, 0, 2])
    actual = PrecomputedExpansion(columns, weights.clone(), [1, 2])(x)
    torch.testing.assert_close(actual, group_sums(x[:, columns], weights, [1, 2]))


def test_memory_is_bounded():
    # All pairs at once would take 400 MB.
    x, y = torch.zeros(4_000, 50), torch.zeros(500, 50)
    one = torch.ones(())
    result = weighted_sum(x, y, torch.ones(1, 500), [500], "chi_squared", "exponential", one, one, 1.0)
    assert torch.equal(result, torch.full((4_000, 1), 500.0))
