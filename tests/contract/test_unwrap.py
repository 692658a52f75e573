"""After its parameters were changed, ``unwrap`` gives an estimator that answers as the module."""

import pytest

import sk2torch
from sk2torch.unwrapping import fixed_parameters
from tests import checks
from tests.tuning import derived_by_method, pickled, tune

PRIMARY_ONLY = True
# Parameters are changed by up to a millionth, a hundred times as much.
TOLERANCE = 1e-8


def test_unwrap(subject, record_property):
    model, before = subject.model, pickled(subject.estimator)
    fixed, derived = fixed_parameters(model), derived_by_method(model)
    tune(model, [*fixed, *model.derived_tensors])
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
