"""Power transforms, eager and as graphs have them, against scipy."""

import numpy as np
import pytest
import scipy.special
import scipy.stats
import torch
from sklearn.preprocessing import PowerTransformer

from sk2torch.functional import power

POWERS = [-3.0, -0.5, 0.0, 1e-20, 1e-17, 1e-8, 1e-3, 0.5, 1.0, 2.0 - 1e-9, 2.0, 2.0 + 1e-15, 2.5, 7.0]
X = np.array([-1e8, -30.0, -1.0, -1e-3, -1e-12, 0.0, 1e-12, 1e-3, 0.4, 1.0, 30.0, 1e8])


@pytest.fixture(params=["eager", "graph"], autouse=True)
def mode(request, monkeypatch):
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: request.param == "graph")


def both(function, values, lam, *options):
    x = torch.from_numpy(values).reshape(-1, 1).requires_grad_()
    result = function(x, torch.tensor([lam], dtype=torch.float64), *options)
    (slope,) = torch.autograd.grad(result.sum(), x)
    return result[:, 0].detach().numpy(), slope[:, 0].numpy()


@pytest.mark.parametrize("lam", POWERS)
def test_yeo_johnson(lam):
    value, slope = both(power.yeo_johnson, X, lam, False)
    np.testing.assert_allclose(value, scipy.stats.yeojohnson(X, lam), rtol=1e-13)
    exponent = np.where(X >= 0, lam - 1, 1 - lam)
    np.testing.assert_allclose(slope, (1 + np.abs(X)) ** exponent, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("lam", POWERS)
def test_box_cox(lam):
    values = np.abs(X[X != 0])
    value, slope = both(power.box_cox, values, lam)
    np.testing.assert_allclose(value, scipy.special.boxcox(values, lam), rtol=1e-13)
    # The slope of exp(x) - 1 is taken from its value, which may be next to -1.
    np.testing.assert_allclose(slope, values ** (lam - 1), rtol=1e-4, atol=1e-10)
    back, slope = both(power.inverse_box_cox, value, lam)
    np.testing.assert_allclose(back, scipy.special.inv_boxcox(value, lam), rtol=1e-7 if abs(lam) < 1e-7 else 1e-13)
    assert np.isfinite(slope[np.isfinite(back) & (back > 0)]).all()


def test_large_results_of_box_cox_are_finite():
    value, _ = both(power.box_cox, np.array([2e102]), 3.0)
    np.testing.assert_allclose(value, scipy.special.boxcox(2e102, 3.0), rtol=1e-12)
    value, _ = both(power.box_cox, np.array([5.7e102]), 3.0)
    assert np.isfinite(value).all()
    np.testing.assert_allclose(value, scipy.special.boxcox(5.7e102, 3.0), rtol=1e-12)


@pytest.mark.parametrize("lam", [lam for lam in POWERS if not 0 < lam < 1e-15])
def test_inverse_yeo_johnson(lam):
    x = X[np.abs(X) < 100]
    value = scipy.stats.yeojohnson(x, lam)
    back, slope = both(power.inverse_yeo_johnson, value, lam, False)
    expected = PowerTransformer()._yeo_johnson_inverse_transform(value.copy(), lam)
    np.testing.assert_allclose(back, expected, rtol=1e-13, atol=1e-15)
    assert np.isfinite(slope).all()


def test_missing_values_stay():
    x = torch.tensor([[float("nan")]], dtype=torch.float64)
    for lam in (0.0, 0.5, 2.0):
        lams = torch.tensor([lam], dtype=torch.float64)
        for function in (power.yeo_johnson, power.inverse_yeo_johnson):
            assert function(x, lams, False).isnan().all()
        for function in (power.box_cox, power.inverse_box_cox):
            assert function(x, lams).isnan().all()
