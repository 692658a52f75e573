"""Kernel functions against ``sklearn.metrics.pairwise``."""

import numpy as np
import pytest
import torch
from sklearn.metrics import pairwise

from sk2torch.functional import kernels

GENERATOR = np.random.default_rng(0)
X, Y = GENERATOR.normal(size=(30, 7)), GENERATOR.normal(size=(23, 7))
SETTINGS = {"gamma": 0.3, "coef0": -0.4, "degree": 3.0}
FUNCTIONS = {
    "linear": kernels.linear_kernel,
    "poly": kernels.polynomial_kernel,
    "sigmoid": kernels.sigmoid_kernel,
    "rbf": kernels.rbf_kernel,
    "laplacian": kernels.laplacian_kernel,
    "cosine": kernels.cosine_kernel,
    "chi2": kernels.chi2_kernel,
    "additive_chi2": kernels.additive_chi2_kernel,
}


def _parameters(name):
    return {key: SETTINGS[key] for key in kernels.KERNELS[name].parameters}


def _evaluate(function, name, x, y):
    settings = {k: v if k == "degree" else torch.tensor(v, dtype=x.dtype) for k, v in _parameters(name).items()}
    return function(x, y, **settings)


def _tensors(name):
    pair = (np.abs(X), np.abs(Y)) if "chi2" in name else (X, Y)
    return [torch.from_numpy(rows.copy()) for rows in pair]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_values(name):
    x, y = _tensors(name)
    x[2], y[3] = 0.0, 0.0
    expected = pairwise.pairwise_kernels(x.numpy(), y.numpy(), metric=name, **_parameters(name))
    np.testing.assert_allclose(_evaluate(FUNCTIONS[name], name, x, y), expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients(name):
    x, y = (rows[:4].requires_grad_() for rows in _tensors(name))
    assert torch.autograd.gradcheck(lambda *pair: _evaluate(FUNCTIONS[name], name, *pair), (x, y))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_scripts(name):
    x, y = _tensors(name)
    scripted = torch.jit.script(FUNCTIONS[name])
    # Another order of sums than that of compiled code.
    np.testing.assert_allclose(
        _evaluate(scripted, name, x, y), _evaluate(FUNCTIONS[name], name, x, y), rtol=1e-12, atol=1e-14
    )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_compiled_formula(name):
    x, y = _tensors(name)
    compiled = torch.compile(FUNCTIONS[name], fullgraph=True, backend="eager")
    np.testing.assert_allclose(
        _evaluate(compiled, name, x, y), _evaluate(FUNCTIONS[name], name, x, y), rtol=1e-13, atol=1e-14
    )


def test_every_kernel_of_scikit_learn_has_a_form():
    assert set(kernels.KERNELS) == set(pairwise.PAIRWISE_KERNEL_FUNCTIONS)
    for name, form in kernels.KERNELS.items():
        assert set(form.parameters) == set(pairwise.KERNEL_PARAMS[name])


def test_rows_too_short_to_normalise_are_left_alone():
    x, y = torch.from_numpy(X.copy()), torch.from_numpy(Y.copy())
    x[0] *= 1e-16
    np.testing.assert_allclose(
        kernels.cosine_kernel(x, y), pairwise.cosine_similarity(x.numpy(), y.numpy()), rtol=1e-13, atol=0
    )


def test_negative_values_show_in_the_chi2_kernels():
    x, y = _tensors("chi2")
    x[4, 2] = -0.1
    for name in ("chi2", "additive_chi2"):
        missing = _evaluate(FUNCTIONS[name], name, x, y).isnan()
        assert missing[4].all()
        assert missing.sum() == y.shape[0]


@pytest.mark.parametrize(("offset", "scale"), [(0.0, 1.0), (1e6, 1.0), (0.0, 1e4), (1e8, 100.0)])
def test_squared_distances_far_from_the_origin(offset, scale):
    x, y = X * scale + offset, Y * scale + offset
    expected = np.square(x[:, None] - y).sum(axis=2)
    actual = kernels.squared_distances(torch.from_numpy(x), torch.from_numpy(y))
    np.testing.assert_allclose(actual, expected, rtol=1e-14)


def test_square_is_expanded_only_where_that_is_exact():
    y = torch.from_numpy(Y)
    assert kernels.kernel_form("rbf", y + 1e6, 0.1).statistic == "squared_distance"
    assert kernels.kernel_form("rbf", y, 100.0).statistic == "direct_squared_distance"
    assert kernels.kernel_form("laplacian", y, 0.1) is kernels.KERNELS["laplacian"]
