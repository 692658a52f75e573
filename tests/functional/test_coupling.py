"""The coupling of pair probabilities against a transcription of libsvm's loop."""

import numpy as np
import pytest
import torch

from sk2torch.functional.coupling import coupled_probabilities


def _libsvm(r):
    k = len(r)
    q = -r.T * r
    np.fill_diagonal(q, (r**2).sum(axis=0) - np.diag(r) ** 2)
    p = np.full(k, 1.0 / k)
    for _ in range(max(100, k)):
        gradient = q @ p
        value = p @ gradient
        if np.abs(gradient - value).max() < 0.005 / k:
            break
        for t in range(k):
            change = (value - gradient[t]) / q[t, t]
            p[t] += change
            value = (value + change * (change * q[t, t] + 2 * gradient[t])) / (1 + change) ** 2
            gradient = (gradient + change * q[t]) / (1 + change)
            p /= 1 + change
    return p


def _pairwise(n, k, spread):
    generator = np.random.default_rng(k)
    upper = np.triu(1 / (1 + np.exp(-spread * generator.normal(size=(n, k, k)))).clip(1e-7, 1 - 1e-7), 1)
    return upper + np.tril(1 - np.swapaxes(upper, 1, 2), -1)


@pytest.mark.parametrize("k", [2, 3, 5, 12, 30])
@pytest.mark.parametrize("spread", [0.1, 1.0, 10.0])
def test_iterates_are_those_of_libsvm(k, spread):
    r = _pairwise(60, k, spread)
    expected = np.stack([_libsvm(row) for row in r])
    actual = coupled_probabilities(torch.from_numpy(r))
    np.testing.assert_allclose(actual, expected, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("k", [2, 4])
def test_compiled_loop_has_the_same_answers_and_gradients(k):
    r = torch.from_numpy(_pairwise(9, k, 2.0)).requires_grad_()
    compiled = torch.compile(coupled_probabilities, fullgraph=True, backend="aot_eager")
    results = [function(r) for function in (coupled_probabilities, compiled)]
    torch.testing.assert_close(*results, rtol=1e-12, atol=1e-14)
    gradients = [torch.autograd.grad(result[:, 0].sum(), r)[0] for result in results]
    assert gradients[0].any()
    torch.testing.assert_close(*gradients, rtol=1e-10, atol=1e-12)


def test_no_rows():
    assert coupled_probabilities(torch.zeros(0, 3, 3)).shape == (0, 3)
