"""Weighted sums of covariance functions against products with the covariances."""

import numpy as np
import pytest
import torch
from sklearn.gaussian_process import GaussianProcessRegressor, kernels

import sk2torch
from sk2torch import native
from sk2torch.blocks.covariance_sums import covariance_sums, few_covariance_means
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


FEW = [
    kernels.RBF(0.8),
    kernels.WhiteKernel(0.3) + kernels.ConstantKernel(0.5) * kernels.RBF(0.8),
    MATERN * kernels.ConstantKernel(2.0) * kernels.ConstantKernel(0.5) + kernels.WhiteKernel(0.3),
    *[kernels.Matern(0.7, nu=nu) for nu in (0.5, 2.5)],
]


@pytest.mark.skipif(native.kernel("positive_index") is None, reason="no compiled kernels here")
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("kernel", FEW, ids=str)
def test_means_of_few_rows(kernel, dtype):
    module = read_kernel(kernel, 3).to(dtype)
    y, weights, scale, center = (torch.randn(*shape, dtype=dtype) for shape in ((301, 3), (301, 1), (1,), (1,)))
    for n in (0, 1, 4, 5):
        given = (module, torch.rand(n, 3, dtype=dtype), y, weights, scale, center)
        assert few_covariance_means(*given) is None, "gradients are recorded"
        with torch.no_grad():
            found, expected = few_covariance_means(*given), module(given[1], y) @ (weights * scale) + center
        if n > 4:
            assert found is None
        else:
            margin = 1e-12 if dtype == torch.float64 else 1e-3
            torch.testing.assert_close(found, expected[:, 0], rtol=margin, atol=margin)


@pytest.mark.parametrize(
    "kernel", [RBF, *OTHERS, kernels.RBF(0.8) + kernels.Matern(0.7), kernels.DotProduct()], ids=str
)
def test_means_that_are_not_of_one_form(kernel):
    x, y, one = torch.rand(2, 3).double(), torch.rand(4, 3).double(), torch.ones(1).double()
    with torch.no_grad():
        module = read_kernel(kernel, 3)
        assert few_covariance_means(module, x, y, torch.ones(4, 1).double(), one, one) is None
        # Without a length there is no number for it.
        module = read_kernel(kernels.RBF(0.8), 3)
        module.length_scale.zero_()
        assert few_covariance_means(module, x, y, torch.ones(4, 1).double(), one, one) is None


def test_parameters_that_are_written_to_are_noticed():
    X = np.random.default_rng(0).random((30, 2))
    kernel = kernels.ConstantKernel(2.0) * kernels.RBF(0.3) + kernels.WhiteKernel(0.1)
    process = GaussianProcessRegressor(kernel, optimizer=None, normalize_y=True).fit(X, 5 + X[:, 0])
    module, x = sk2torch.wrap(process), torch.from_numpy(X[:3] + 0.1)
    with torch.no_grad():
        np.testing.assert_allclose(module.predict(x).numpy(), process.predict(X[:3] + 0.1), rtol=1e-12)
        for parameter in module.parameters():
            parameter.data *= 1.1
            found = module.predict(x)
            torch.testing.assert_close(found, module.moments(x, True)[0][:, 0], rtol=1e-11, atol=0)


def test_transforms_see_the_parameters():
    X = np.random.default_rng(0).random((30, 2))
    module, x = sk2torch.wrap(GaussianProcessRegressor(optimizer=None).fit(X, X[:, 0])), torch.from_numpy(X[:3] + 0.1)
    scales = torch.tensor([[1.0], [2.0]]).double()
    with torch.no_grad():
        expected = module.predict(x)
        function = sk2torch.method_module(module, "predict")
        name = next(name for name, _ in function.named_parameters() if name.endswith("scale"))
        found = torch.func.vmap(lambda scale: torch.func.functional_call(function, {name: scale}, x))(scales)
    torch.testing.assert_close(found, torch.stack([expected, 2 * expected]))


def test_large_weights_lose_nothing():
    # Without noise weights are large, and their terms cancel.
    X = np.random.default_rng(0).random((40, 1))
    process = GaussianProcessRegressor(kernels.RBF(0.3), alpha=1e-10, optimizer=None).fit(X, np.sin(9 * X[:, 0]))
    assert np.abs(process.alpha_).max() > 1e3
    queries = np.random.default_rng(1).random((300, 1))
    with torch.no_grad():
        answer = sk2torch.wrap(process).predict(torch.from_numpy(queries)).numpy()
    np.testing.assert_allclose(answer, process.predict(queries), rtol=0, atol=1e-15 * np.abs(process.alpha_).sum())
