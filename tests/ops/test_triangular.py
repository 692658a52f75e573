"""Blocked substitution, which graphs use, against torch's solver."""

import pytest
import torch

from sk2torch.native.library import kernel
from sk2torch.ops.triangular import diagonal_inverses, solve_rows, solved_squares
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


@pytest.mark.parametrize("instructions", ["avx512", "avx2", "portable"])
def test_squares(instructions, monkeypatch):
    monkeypatch.setenv("SK2TORCH_ISA", instructions)
    kernel.cache_clear()
    try:
        for m in (1, 5, 6, 13, 200):
            lower = _lower(m, 0.1)
            inverses = diagonal_inverses(lower)
            for n in (0, 1, 2, 3, 33, 150):
                # Neither what lies above the diagonal nor how the matrix lies in memory matters.
                right = torch.randn(m, n, dtype=torch.float64).T
                actual = solved_squares((lower + 7 * torch.ones(m, m).triu(1)).T.contiguous().T, inverses, right)
                expected = solve_rows(lower, inverses, right).square().sum(dim=1)
                torch.testing.assert_close(actual, expected, rtol=1e-11, atol=1e-12)
        strange = torch.tensor([[0.0, torch.nan], [1.0, 2.0], [torch.inf, 1.0]]).double()
        assert solved_squares(_lower(2, 0.1), diagonal_inverses(_lower(2, 0.1)), strange).isfinite().tolist() == [
            False,
            True,
            False,
        ]
    finally:
        kernel.cache_clear()


def test_gradients_of_squares():
    lower, right = _lower(20, 0.1), torch.randn(3, 20, dtype=torch.float64, requires_grad=True)
    inverses = diagonal_inverses(lower)
    assert torch.autograd.gradcheck(lambda right: solved_squares(lower, inverses, right), right)
