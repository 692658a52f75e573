"""The table of Matern covariances against scipy's Bessel functions."""

import numpy as np
import pytest
import torch
from scipy.special import gammaln, kv, kve

from sk2torch.functional.bessel import matern_of_table, matern_table


def _table(nu):
    table, lowest, density = matern_table(nu)
    return table, torch.tensor(lowest).double(), torch.tensor(density).double()


def _exact(nu, z):
    return np.exp((1 - nu) * np.log(2) - gammaln(nu) + nu * np.log(z) - z) * kve(nu, z)


@pytest.mark.parametrize("nu", [0.05, 0.3, 0.5, 1.0, 1.7, 2.0, 3.5, 7.3, 12.0, 19.0])
def test_values_and_slopes(nu):
    arguments = _table(nu)
    z = np.exp(np.linspace(np.log(1e-15 * np.sqrt(nu)), np.log(690.0), 4001))
    x = torch.from_numpy(z).requires_grad_()
    value = matern_of_table(x, *arguments)
    np.testing.assert_allclose(value.detach().numpy(), _exact(nu, z), rtol=1e-12)
    (slope,) = torch.autograd.grad(value.sum(), x)
    expected = -np.exp((1 - nu) * np.log(2) - gammaln(nu) + nu * np.log(z)) * kv(nu - 1, z)
    kept = z > 1e-2
    np.testing.assert_allclose(slope.numpy()[kept], expected[kept], rtol=1e-8, atol=5e-9)


def test_beyond_the_table():
    z = torch.tensor([1e-300, 1e-30, 800.0, 1e6, torch.inf]).double()
    assert matern_of_table(z, *_table(2.0)).tolist() == pytest.approx([1.0, 1.0, 0.0, 0.0, 0.0], abs=1e-13)
    assert torch.isnan(matern_of_table(torch.tensor([torch.nan]).double(), *_table(2.0))).all()
