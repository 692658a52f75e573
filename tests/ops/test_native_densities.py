"""Compiled sums of kernels with a bound on their reach against the formula in torch."""

import pytest
import torch

import sk2torch
from sk2torch.functional.densities import log_kernel
from sk2torch.functional.distances import pairwise_distance
from sk2torch.native.library import kernel, library
from sk2torch.ops import workspace
from sk2torch.ops.pairwise import density_sums

pytestmark = pytest.mark.skipif(library() is None, reason="no compiled kernels")
KERNELS = ("tophat", "epanechnikov", "linear", "cosine")


@pytest.fixture(params=["avx512", "avx2", "portable"], autouse=True)
def instructions(request, monkeypatch):
    monkeypatch.setenv("SK2TORCH_ISA", request.param)
    kernel.cache_clear()
    yield
    kernel.cache_clear()


def _rows(n, width, seed=0):
    return torch.rand(n, width, dtype=torch.float64, generator=torch.Generator().manual_seed(n + seed))


def _formula(x, rows, masses, name, bandwidth, metric, power, weights):
    distance = pairwise_distance(x, rows, metric, power, weights)
    return log_kernel(distance, bandwidth, name).exp() @ masses


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "chebyshev", "minkowski", "seuclidean", "canberra"])
def test_formula(name, metric):
    for n, m, width, bandwidth in ((1, 1, 1, 0.6), (5, 31, 3, 0.4), (70, 333, 2, 0.1), (9, 64, 7, 3.0), (0, 5, 2, 1.0)):
        x, rows, masses = _rows(n, width, 1), _rows(m, width), _rows(m, 1)[:, 0]
        settings = (name, torch.tensor(bandwidth).double(), metric, 3.0, torch.linspace(0.5, 1.5, width).double())
        # Sorted, blocks of rows are out of reach.
        for stored in (rows, rows[rows[:, 0].argsort()]):
            actual = density_sums(x, stored, masses, *settings)
            torch.testing.assert_close(actual, _formula(x, stored, masses, *settings), rtol=1e-13, atol=1e-14)


def test_rows_at_the_bandwidth_are_beyond_it():
    grid = torch.cartesian_prod(torch.arange(9), torch.arange(9)).double()
    masses, ones = torch.ones(81).double(), torch.ones(2).double()
    for scale, bandwidth in ((1.0, 1.0), (0.1, 0.3), (1.0, 5.0), (0.1, 0.5)):
        settings = ("tophat", torch.tensor(bandwidth).double(), "euclidean", 2.0, ones)
        actual = density_sums(grid * scale, grid * scale, masses, *settings)
        assert torch.equal(actual, _formula(grid * scale, grid * scale, masses, *settings))


def test_rows_that_are_no_numbers_or_lie_otherwise():
    rows, masses, ones = _rows(40, 3), torch.ones(40).double(), torch.ones(3).double()
    settings = ("linear", torch.tensor(0.7).double(), "euclidean", 2.0, ones)
    x = _rows(6, 3, 1)
    expected = _formula(x, rows, masses, *settings)
    across = density_sums(x.T.contiguous().T, rows.T.contiguous().T, masses.repeat(2)[::2], *settings)
    torch.testing.assert_close(across, expected, rtol=1e-13, atol=0)
    strange = torch.tensor([[torch.nan, 0, 0], [torch.inf, 0, 0], [1e200, 0, 0]]).double()
    assert torch.equal(density_sums(strange, rows, masses, *settings), torch.zeros(3).double())


def test_what_is_left_to_torch():
    x, rows, masses = _rows(4, 2), _rows(7, 2), torch.ones(7).double()
    settings = ("tophat", torch.tensor(0.5).double(), "euclidean", 2.0, torch.ones(2).double())
    assert density_sums(x, rows, masses, *settings) is not None
    assert density_sums(x, rows.clone().requires_grad_(), masses, *settings) is None
    assert density_sums(x.float(), rows.float(), masses.float(), *settings) is None
    assert density_sums(x, rows, masses, "gaussian", *settings[1:]) is None
    assert density_sums(x, rows, masses, *settings[:2], "haversine", *settings[3:]) is None
    limit = workspace.workspace_bytes()
    sk2torch.set_workspace(2**20)
    try:
        assert density_sums(x, _rows(90_000, 2), torch.ones(90_000).double(), *settings) is None
    finally:
        sk2torch.set_workspace(limit)
