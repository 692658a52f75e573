"""Soft trees tend to the hard ones, which ``harden`` gives back exactly."""

import numpy as np
import pytest
import torch

import sk2torch
from sk2torch.base import METHODS
from sk2torch.persistence.comparing import differing_settings, equal, tensors_of
from tests.cases import fitted
from tests.softening.models import AROUND, TREES, answers

COLD = 1e-16
# What names leaves and nodes, which soft trees do not change.
HARD = ("indices", "graph")


def largest_difference(model, other, name):
    """Of continuous answers, logarithms as their probabilities; of labels and leaves how many differ."""
    left, right, found = answers(model, name), answers(other, name), 0.0
    for method in left:
        for a, b in zip(left[method], right[method], strict=True):
            if a.dtype.kind != "f":
                found = max(found, float((a != b).sum()))
                continue
            a, b = (np.exp(a), np.exp(b)) if method == "predict_log_proba" else (a, b)
            found = max(found, float(np.abs(a - b).max(initial=0.0)) / max(1.0, np.abs(a).max(initial=0.0)))
    return found


@pytest.mark.parametrize("name", TREES + AROUND)
def test_limit(name):
    model = sk2torch.wrap(fitted(name))
    soft = sk2torch.soften(model, 0.5)
    assert largest_difference(model, soft, name) > 1e-3
    sk2torch.set_temperature(soft, COLD)
    assert largest_difference(model, soft, name) < 1e-9


@pytest.mark.parametrize("name", TREES + AROUND)
def test_harden_is_the_inverse(name):
    model = sk2torch.wrap(fitted(name))
    back = sk2torch.harden(sk2torch.soften(model, 0.5))
    assert differing_settings(back, model) == {}
    expected = tensors_of(model)
    for key, tensor in tensors_of(back).items():
        assert equal(tensor, expected[key]), key
        assert tensor.dtype == expected[key].dtype
    for method, values in answers(model, name).items():
        for value, again in zip(values, answers(back, name)[method], strict=True):
            np.testing.assert_array_equal(value, again)


@pytest.mark.parametrize("name", ["RandomForestClassifier", "BaggingRegressor", "RandomTreesEmbedding-dense"])
def test_leaves_stay_those_of_the_hard_trees(name):
    model = sk2torch.wrap(fitted(name))
    soft = sk2torch.soften(model, 0.5)
    with torch.no_grad():
        for parameter in soft.parameters():
            parameter.mul_(1.05)
    expected, actual = answers(sk2torch.harden(soft), name), answers(soft, name)
    methods = [method for method in actual if METHODS[method].kind in HARD]
    for method in methods:
        for a, b in zip(expected[method], actual[method], strict=True):
            np.testing.assert_array_equal(a, b)
    assert methods or name == "BaggingRegressor"
