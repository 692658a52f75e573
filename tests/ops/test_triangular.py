"""Blocked substitution, which graphs use, against torch's solver."""

import pytest
import torch

from sk2torch.ops.triangular import diagonal_inverses, solve_rows
from sk2torch.ops.triangular.reference import _substitute


def _lower(n, noise):
    points = torch.linspace(0, 1, n, dtype=torch.float64).unsqueeze(1)
    covariance = torch.exp(-2.0 * (points - points.T).square()) + noise * torch.eye(n, dtype=torch.float64)
    return torch.linalg.cholesky(covariance)


@pytest.mark.parametrize("n", [1, 2, 31, 32, 33, 100, 500])
@pytest.mark.parametrize("noise", [1.0, 1e-4])
def test_substitution(n, noise):
    lower, right = _lower(n, noise), torch.randn(5, n, dtype=torch.float64)
    inverses = diagonal_inverses(lower)
    expected = solve_rows(lower, inverses, right)
    torch.testing.assert_close(_substitute(lower, inverses, right), expected, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(expected @ lower.T, right, rtol=1e-9, atol=1e-9)


def test_ill_conditioned_matrix_loses_no_more_than_torch():
    lower = _lower(300, 1e-10)
    solution = torch.randn(5, 300, dtype=torch.float64)
    right, inverses = solution @ lower.T, diagonal_inverses(lower)
    # Both are compared with what was put in, whose rounding in `right` dominates.
    allowed = 10.0 * (solve_rows(lower, inverses, right) - solution).abs().max()
    assert (_substitute(lower, inverses, right) - solution).abs().max() <= allowed


def test_gradients():
    lower = _lower(40, 0.1)
    right = torch.randn(2, 40, dtype=torch.float64, requires_grad=True)
    inverses = diagonal_inverses(lower)
    slopes = [
        torch.autograd.grad(f(lower, inverses, right).square().sum(), right)[0] for f in (solve_rows, _substitute)
    ]
    torch.testing.assert_close(slopes[0], slopes[1])
