"""Compiled code for single rows agrees with the formulas in torch, and leaves to them what it does not take."""

import itertools

import numpy as np
import pytest
import torch

from sk2torch.blocks.linear import LinearMap
from sk2torch.functional import centers, decisions, links, neighbor_votes
from sk2torch.functional.held_tensors import held_tensors
from sk2torch.native import kernel
from sk2torch.ops.layers import dense_layers
from sk2torch.ops.pairwise import nearest_of_few, weighted_sum
from sk2torch.ops.pairwise.native_few import few_sums
from sk2torch.ops.pairwise.reference import blocked_sum
from sk2torch.ops.quadratic import log_densities, squared_forms

pytestmark = pytest.mark.skipif(kernel("positive_index") is None, reason="no compiled kernels here")
STRANGE = [-np.inf, -800.0, -1.0, -0.0, 0.0, 1e-30, 2.5, 40.0, 800.0, np.inf, np.nan]


def drawn(*shape, dtype=torch.float64):
    return torch.from_numpy(np.random.default_rng(sum(shape)).standard_normal(shape)).to(dtype)


@pytest.mark.parametrize("is_negated", [False, True])
def test_decisions(is_negated):
    scores = torch.tensor(STRANGE, dtype=torch.float64)
    expected = scores.gt(0).logical_xor(torch.tensor(is_negated)).long()
    for given in (scores, scores.float(), scores.requires_grad_()):
        assert torch.equal(decisions.positive_index(given, is_negated), expected)
        assert torch.equal(decisions.positive_index(given.unsqueeze(1), is_negated), expected)
    with pytest.raises(ValueError, match="one score for each row"):
        decisions.positive_index(scores.detach().expand(2, -1).T.contiguous(), is_negated)


def test_probabilities_of_two_classes():
    scores = torch.cat([torch.tensor(STRANGE, dtype=torch.float64), 20 * drawn(1000)])
    positive = torch.sigmoid(scores)
    expected = torch.stack([1 - positive, positive], dim=1)
    for given in (scores, scores.unsqueeze(1)):
        found = links.binary_sigmoid(given)
        torch.testing.assert_close(found, expected, rtol=1e-14, atol=0, equal_nan=True)
        torch.testing.assert_close(torch.jit.script(links.binary_sigmoid)(given), expected, equal_nan=True)
        recorded = links.binary_sigmoid(given.clone().requires_grad_())
        assert recorded.requires_grad
        torch.testing.assert_close(recorded, expected, rtol=1e-14, atol=0, equal_nan=True)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("n", [0, 1, 4, 5])
def test_sums_with_constants(n, dtype):
    x, y, weights, constants = (drawn(*shape, dtype=dtype) for shape in ((n, 5), (23, 5), (2, 23), (6,)))
    gamma, coef0 = torch.tensor(0.3, dtype=dtype), torch.tensor(0.7, dtype=dtype)
    forms = (("dot", "power"), ("dot", "tanh"), ("dot", "identity"), ("direct_squared_distance", "exponential"))
    for statistic, link in (*forms, ("manhattan", "negation"), ("chi_squared", "exponential"), ("cosine", "identity")):
        given = (x.abs(), y.abs(), weights, [10, 0, 13], statistic, link, gamma, coef0, 3.0)
        expected = blocked_sum(*given) + constants
        torch.testing.assert_close(weighted_sum(*given, constants), expected, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(torch.jit.script(weighted_sum)(*given, constants), expected, rtol=1e-4, atol=1e-5)
        assert (few_sums(*given, constants) is None) == (n > 4 or statistic in ("cosine", "chi_squared"))


def test_constants_have_gradients():
    x, y, weights = drawn(1, 5), drawn(23, 5), drawn(1, 23)
    constants, one = torch.zeros(1, dtype=torch.float64, requires_grad=True), torch.ones((), dtype=torch.float64)
    weighted_sum(x, y, weights, [23], "dot", "power", one, one, 2.0, constants).sum().backward()
    assert constants.grad.item() == 1.0
    # Shapes that do not fit are for the way of many rows to refuse.
    with pytest.raises(ValueError, match="shape"):
        weighted_sum(x, y, weights[:, 1:], [23], "dot", "power", one, one, 2.0)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("is_clipped", [False, True])
def test_nearest_centers(is_clipped, dtype):
    x, stored = drawn(40, 7, dtype=dtype), drawn(37, 7, dtype=dtype)
    # Equal ones in other lanes of a vector.
    stored = torch.cat([stored, stored])
    expected = torch.cdist(x, stored).argmin(dim=1) % 37
    found = torch.cat([nearest_of_few(rows, stored, is_clipped) for rows in x.split(3)])
    assert torch.equal(found, expected)
    assert torch.equal(centers.nearest_center(x, stored, centers.first_of_equals(stored), is_clipped), expected)
    assert nearest_of_few(torch.full((2, 7), torch.nan, dtype=dtype), stored, is_clipped).tolist() == [0, 0]


def test_log_densities():
    x, means, factors, first, second = drawn(3, 4), drawn(5, 4), drawn(5, 4, 4), drawn(5), drawn(5)
    for rows in (x, drawn(70, 4)):
        expected = first + (-0.5 * second - 0.5 * squared_forms(rows, means, factors, None, False))
        found = log_densities(rows, means, factors, None, False, first, second, -0.5)
        torch.testing.assert_close(found, expected, rtol=1e-13, atol=1e-13)
    assert log_densities(x, means, factors, None, False, first, second.requires_grad_(), 1.0) is None


def test_votes_and_means_of_neighbors():
    index, weights = torch.tensor([[3, 0, 3], [1, 2, 0]]), drawn(2, 3).abs()
    labels, targets = torch.tensor([2, 0, 1, 1]), drawn(4, 2)
    for is_share in (False, True):
        votes = (index, weights, labels, 3, is_share)
        expected = torch.jit.script(neighbor_votes.class_votes)(*votes)
        torch.testing.assert_close(neighbor_votes.class_votes(*votes), expected, rtol=1e-15, atol=0)
    means = (index, weights, targets, True)
    expected = torch.jit.script(neighbor_votes.target_means)(*means)
    torch.testing.assert_close(neighbor_votes.target_means(*means), expected, rtol=1e-13, atol=0)
    with pytest.raises((RuntimeError, IndexError)):
        neighbor_votes.class_votes(index + 1, weights, labels, 3, True)
    with pytest.raises((RuntimeError, IndexError)):
        neighbor_votes.class_votes(index, weights, labels, 2, True)
    with pytest.raises((RuntimeError, IndexError)):
        neighbor_votes.target_means(index + 1, weights, targets, True)


@pytest.mark.parametrize("widths", [(3, 1), (20, 17, 8, 3), (8, 9, 1), (513, 2)], ids=str)
def test_networks_of_any_width(widths):
    weights = [drawn(*shape) for shape in itertools.pairwise(widths)]
    biases = [drawn(width) for width in widths[1:]]
    x = drawn(5, widths[0])
    expected = x
    for weight, bias in zip(weights, biases, strict=True):
        expected = torch.tanh(expected @ weight + bias)
    for form in (torch.Tensor.contiguous, lambda weight: weight):
        # The weights of the second form lie by columns.
        arrays = [part for weight, bias in zip(weights, biases, strict=True) for part in (form(weight.T), bias)]
        for rows in (x, x[:1], x[:0]):
            found = dense_layers(rows, arrays, "tanh", "tanh")
            torch.testing.assert_close(found, expected[: len(rows)], rtol=1e-12, atol=1e-14)


def test_held_tensors_follow_parametrizations():
    linear = LinearMap(drawn(3, 4), drawn(3))
    assert held_tensors(linear, "weight")[0] is linear.weight
    torch.nn.utils.parametrize.register_parametrization(linear, "weight", torch.nn.Tanh())
    torch.testing.assert_close(held_tensors(linear, "weight")[0], linear.weight)
    torch.testing.assert_close(linear(drawn(1, 4)), drawn(1, 4) @ linear.weight.T + linear.bias)


def test_negative_values_have_no_chi_squared():
    one = torch.ones((), dtype=torch.float64)
    x, y, weights = torch.tensor([[-1.0, 2.0], [1.0, 2.0]]).double(), drawn(9, 2).abs(), drawn(1, 9)
    sums = weighted_sum(x, y, weights, [9], "chi_squared", "exponential", one, one, 1.0)
    assert sums.isnan().tolist() == [[True], [False]]
