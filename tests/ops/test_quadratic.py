"""Squared lengths of affine maps: compiled code against the formula, few rows against many."""

import numpy as np
import pytest
import torch

from sk2torch.native import kernel
from sk2torch.ops.quadratic import squared_forms

pytestmark = pytest.mark.skipif(kernel("squared_forms") is None, reason="no compiled kernels here")


def drawn(*shape):
    return torch.from_numpy(np.random.default_rng(len(shape)).standard_normal(shape))


def formula(x, means, factors, residuals):
    difference = x - means.unsqueeze(1)
    mapped = difference @ factors if factors.dim() == 3 else difference * factors.unsqueeze(1)
    mapped = mapped if residuals is None else mapped + residuals.unsqueeze(1)
    return mapped.square().sum(dim=2).T


@pytest.mark.parametrize("width", [1, 3, 4, 7])
@pytest.mark.parametrize("n_factors", [1, 5])
@pytest.mark.parametrize("has_residuals", [False, True])
@pytest.mark.parametrize("n", [0, 1, 2, 8, 9, 70])
def test_forms(n, has_residuals, n_factors, width):
    x, means, factors = drawn(n, 4), drawn(5, 4), drawn(n_factors, 4, width)
    residuals = drawn(5, width) if has_residuals else None
    found = squared_forms(x, means, factors, residuals, False)
    torch.testing.assert_close(found, formula(x, means, factors, residuals), rtol=1e-12, atol=0)


@pytest.mark.parametrize("n", [1, 70])
def test_diagonals_and_triangles(n):
    x, means = drawn(n, 4), drawn(5, 4)
    diagonals, triangles = drawn(5, 4), drawn(5, 4, 4).triu()
    for factors in (diagonals, triangles):
        found = squared_forms(x, means, factors, None, True)
        torch.testing.assert_close(found, formula(x, means, factors, None), rtol=1e-12, atol=0)


@pytest.mark.parametrize("factors", [drawn(5, 6), drawn(5, 6, 6), drawn(1, 6, 3)], ids=["diagonals", "full", "tied"])
def test_a_row_has_one_answer_whatever_is_beside_it(factors):
    x, means = drawn(70, 6), drawn(5, 6)
    residuals = drawn(5, factors.shape[2]) if factors.dim() == 3 else None
    together = squared_forms(x, means, factors, residuals, False)
    alone = torch.cat([squared_forms(row, means, factors, residuals, False) for row in x.split(1)])
    torch.testing.assert_close(alone, together, rtol=0, atol=0)


@pytest.mark.parametrize("n", [1, 70])
def test_nan_stays_in_its_row_and_views_are_read_right(n):
    x, means, factors = drawn(4, n).T, drawn(5, 1, 4), drawn(4, 3, 5).permute(2, 0, 1)
    found = squared_forms(x, means, factors, None, False)
    torch.testing.assert_close(found, formula(x, means.squeeze(1), factors, None), rtol=1e-12, atol=0)
    x = x.clone()
    x[0, 1] = float("nan")
    found = squared_forms(x, means, factors, None, False)
    assert found is not None
    assert found[0].isnan().all()
    assert not found[1:].isnan().any()


def test_gradients_and_other_precisions_are_left_to_torch():
    x, means, factors = drawn(1, 4), drawn(5, 4), drawn(5, 4, 3)
    assert squared_forms(x.clone().requires_grad_(), means, factors, None, False) is None
    assert squared_forms(x, means, factors, drawn(5, 3).requires_grad_(), False) is None
    assert squared_forms(x.half(), means.half(), factors.half(), None, False) is None
    assert squared_forms(x.float(), means.float(), factors.float().requires_grad_(), None, False) is None
