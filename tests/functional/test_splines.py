"""B-spline bases against scipy."""

import numpy as np
import pytest
import torch
from scipy.interpolate import BSpline

from sk2torch.functional.splines import basis_functions, in_columns


@pytest.mark.parametrize("degree", [0, 1, 2, 3, 5, 9])
def test_basis(degree):
    generator = np.random.default_rng(degree)
    knots = np.sort(generator.normal(size=(2, 2 * degree + 5)), axis=1)
    knots[1, degree + 1] = knots[1, degree + 2]
    n_splines = knots.shape[1] - degree - 1
    x = np.concatenate([knots[:, degree:n_splines].T, generator.normal(size=(30, 2))])
    interval = np.stack(
        [np.searchsorted(t[degree + 1 : n_splines], column, "right") for t, column in zip(knots, x.T, strict=True)], 1
    )
    values = basis_functions(torch.from_numpy(x), torch.from_numpy(knots), torch.from_numpy(interval), degree)
    actual = in_columns(values, torch.from_numpy(interval), n_splines)
    for j, t in enumerate(knots):
        expected = BSpline(t, np.eye(n_splines), degree, extrapolate=True)(x[:, j])
        np.testing.assert_allclose(actual[:, j].numpy(), expected, rtol=1e-10, atol=1e-12 * np.abs(expected).max())


def test_intervals_of_length_zero_have_slopes():
    x = torch.zeros(1, 1, dtype=torch.float64, requires_grad=True)
    knots = torch.zeros(1, 8, dtype=torch.float64)
    values = basis_functions(x, knots, torch.zeros(1, 1, dtype=torch.int64), 3)
    (slope,) = torch.autograd.grad(values.sum(), x)
    assert torch.equal(values, torch.zeros_like(values))
    assert torch.equal(slope, torch.zeros_like(slope))
