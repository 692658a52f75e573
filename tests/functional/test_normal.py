"""The normal distribution function and its inverse, eager and as graphs have them, against scipy."""

import numpy as np
import pytest
import scipy.special
import torch

from sk2torch.functional import normal

SHARES = np.concatenate([np.logspace(-323, -0.31, 4000), 1 - np.logspace(-16, -0.31, 2000), [0.5, 0.5 + 1e-12]])
POINTS = np.concatenate([np.linspace(-40, 40, 4001), [1e-9, -1e-9, 1e300, -1e300]])


@pytest.fixture(params=["eager", "graph"])
def is_graph(request, monkeypatch):
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: request.param == "graph")
    return request.param == "graph"


def test_quantiles(is_graph):
    actual = normal.normal_quantile(torch.from_numpy(SHARES)).numpy()
    np.testing.assert_allclose(actual, scipy.special.ndtri(SHARES), rtol=2e-14, atol=1e-15)


def test_probabilities(is_graph):
    actual = normal.normal_probability(torch.from_numpy(POINTS)).numpy()
    np.testing.assert_allclose(actual, scipy.special.ndtr(POINTS), rtol=1e-13, atol=1e-300)


def test_ends(is_graph):
    shares = torch.tensor([0.0, 1.0, -0.1, 1.1, float("nan")], dtype=torch.float64)
    expected = torch.tensor([-np.inf, np.inf, np.nan, np.nan, np.nan], dtype=torch.float64)
    torch.testing.assert_close(normal.normal_quantile(shares), expected, equal_nan=True)
    points = torch.tensor([-np.inf, np.inf, np.nan], dtype=torch.float64)
    expected = torch.tensor([0.0, 1.0, np.nan], dtype=torch.float64)
    torch.testing.assert_close(normal.normal_probability(points), expected, equal_nan=True)


def test_gradients(is_graph):
    shares = torch.tensor([1e-300, 1e-9, 0.02, 0.3, 0.5, 0.9, 0.9999], dtype=torch.float64, requires_grad=True)
    x = normal.normal_quantile(shares)
    (slope,) = torch.autograd.grad(x.sum(), shares)
    density = torch.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)
    torch.testing.assert_close(slope * density, torch.ones_like(x), rtol=1e-9, atol=0.0)
    points = torch.tensor([-30.0, -1.0, 0.0, 0.5, 3.0], dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(normal.normal_probability(points).sum(), points)
    torch.testing.assert_close(slope, torch.exp(-(points**2) / 2) / np.sqrt(2 * np.pi), rtol=1e-9, atol=1e-300)
