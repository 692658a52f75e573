"""Weighted sums of covariance functions against products with the covariances."""

import numpy as np
import pytest
import torch
from sklearn.gaussian_process import GaussianProcessRegressor, kernels

import sk2torch
from sk2torch.blocks.covariance_sums import covariance_sums
from sk2torch.estimators.gaussian_process.kernels import read_kernel

RBF, MATERN = kernels.RBF([0.5, 1.0, 2.0]), kernels.Matern(0.7, nu=1.5)
SUMS = [
    RBF,
    MATERN,
    kernels.Matern([0.5, 1.0, 2.0], nu=0.5) + kernels.WhiteKernel(0.3),
    kernels.WhiteKernel(0.3),
    kernels.ConstantKernel(2.0),
    kernels.WhiteKernel(0.3) + kernels.ConstantKernel(0.5) * RBF,
    MATERN * kernels.ConstantKernel(0.5) + kernels.DotProduct(0.3) + kernels.ConstantKernel(0.2),
    kernels.PairwiseKernel(metric="laplacian", gamma=0.4) + kernels.PairwiseKernel(metric="polynomial", gamma=0.2),
]
OTHERS = [RBF * MATERN, RBF**2.0, kernels.RationalQuadratic() + RBF, kernels.Matern(0.7, nu=1.0)]


@pytest.mark.parametrize("kernel", SUMS, ids=str)
@pytest.mark.parametrize("n", [0, 1, 150])
def test_sums(kernel, n):
    module = read_kernel(kernel, 3)
    x, y, weights = torch.rand(n, 3).double(), torch.rand(21, 3).double(), torch.randn(21, 2).double()
    actual = covariance_sums(module, x, y, weights)
    assert actual is not None
    torch.testing.assert_close(actual, module(x, y) @ weights, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kernel", SUMS, ids=str)
def test_gradients(kernel):
    module = read_kernel(kernel, 3)
    x, y, weights = torch.rand(4, 3).double(), torch.rand(6, 3).double(), torch.randn(6, 1).double()
    inputs = [tensor.requires_grad_() for tensor in (x, y, weights)] + list(module.parameters())
    slopes = [
        torch.autograd.grad(f.sum() + 0 * sum(i.sum() for i in inputs), inputs)
        for f in (covariance_sums(module, x, y, weights), module(x, y) @ weights)
    ]
    for actual, expected in zip(*slopes, strict=True):
        torch.testing.assert_close(actual, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("kernel", OTHERS, ids=str)
def test_other_kernels(kernel):
    assert covariance_sums(read_kernel(kernel, 3), torch.rand(2, 3), torch.rand(4, 3), torch.rand(4, 1)) is None


def test_large_weights_lose_nothing():
    # Without noise weights are large, and their terms cancel.
    X = np.random.default_rng(0).random((40, 1))
    process = GaussianProcessRegressor(kernels.RBF(0.3), alpha=1e-10, optimizer=None).fit(X, np.sin(9 * X[:, 0]))
    assert np.abs(process.alpha_).max() > 1e3
    queries = np.random.default_rng(1).random((300, 1))
    with torch.no_grad():
        answer = sk2torch.wrap(process).predict(torch.from_numpy(queries)).numpy()
    np.testing.assert_allclose(answer, process.predict(queries), rtol=0, atol=1e-15 * np.abs(process.alpha_).sum())
