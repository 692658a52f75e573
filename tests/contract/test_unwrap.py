"""After its parameters were changed, ``unwrap`` gives an estimator that answers as the module."""

import pytest
import torch

import sk2torch
from sk2torch.base import methods_of
from tests import checks
from tests.contract.test_round_trip import pickled

PRIMARY_ONLY = True
# Parameters are changed by up to a millionth.
CHANGE, TOLERANCE = 1e-6, 1e-8


def test_unwrap(subject, record_property):
    model, before = subject.model, pickled(subject.estimator)
    fixed, derived = fixed_tensors(model), derived_by_method(model)
    is_tuned = tune(model, [*fixed, *model.derived_tensors])
    methods = [method for method in subject.methods if method not in derived]
    for method, reason in derived.items():
        record_property("gap", f"{type(subject.estimator).__name__}.{method}/unwrap: {reason}")
        with pytest.raises(sk2torch.CannotUnwrap, match="does not fit"):
            sk2torch.unwrap(model)
    estimator = sk2torch.unwrap(model, methods=methods)
    assert type(estimator) is type(subject.estimator)
    # The fitted object itself stays as it is.
    assert pickled(subject.estimator) == before
    for method in methods:
        value = subject.argument(method)
        actual = checks.sklearn_call(estimator, method, value)
        expected = getattr(sk2torch.Predictor(model), method)(value)
        checks.assert_same(actual, expected, method, max(subject.case.tolerance, TOLERANCE))
        subject.tick(method)
        for name, reason in fixed.items():
            record_property("gap", f"{type(subject.estimator).__name__}.{method}/unwrap: not {name}: {reason}")
    old, new = sk2torch.wrap(subject.estimator).state_dict(), sk2torch.wrap(estimator).state_dict()
    assert is_tuned == any(not torch.equal(old[name].nan_to_num(), new[name].nan_to_num()) for name in old)


def test_fixed_tensors_are_refused(subject):
    for name in fixed_tensors(subject.model):
        model = sk2torch.wrap(subject.estimator)
        if tune(model, {}, only=name):
            with pytest.raises(sk2torch.CannotUnwrap, match="scikit-learn cannot be told"):
                sk2torch.unwrap(model)


def fixed_tensors(model):
    """Names of parameters, or what they begin with, that scikit-learn cannot be told, and why."""
    return {
        f"{name}.{tensor}".lstrip("."): reason
        for name, part in model.named_modules()
        for tensor, reason in getattr(part, "fixed_tensors", {}).items()
    }


def derived_by_method(model):
    """Methods that read tensors which have to follow from those that are tuned, and why."""
    return {
        method: f"{tensor} has to follow: {reason}"
        for tensor, reason in model.derived_tensors.items()
        for method in model.read_by[tensor]
        if method in methods_of(model)
    }


def tune(model, fixed, only=None):
    """Change parameters a little, away from zero, so that ranges do not shrink; whether any were changed."""
    generator, is_tuned = torch.Generator().manual_seed(0), False
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if begins(name, fixed) or not (only is None or begins(name, [only])) or not parameter.any():
                continue
            noise = torch.rand(parameter.shape, generator=generator, dtype=parameter.dtype)
            parameter.mul_(1 + CHANGE * noise)
            is_tuned = True
    return is_tuned


def begins(name, prefixes):
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)
