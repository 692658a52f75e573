"""``unwrap`` of an untouched model gives the estimator back: its answers, for use, pickle and clone."""

import warnings

import pytest
from sklearn.base import clone

import sk2torch
from sk2torch.unwrapping import fixed_parameters
from tests import checks
from tests.tuning import pickled, tune, unpickled

PRIMARY_ONLY = True


def test_round_trip(subject):
    estimator = sk2torch.unwrap(subject.model)
    assert type(estimator) is type(subject.estimator)
    assert set(vars(estimator)) == set(vars(subject.estimator))
    data = pickled(estimator)
    copies = [estimator] if data is None else [estimator, unpickled(data)]
    for method in subject.methods:
        value = subject.argument(method)
        expected = checks.sklearn_call(subject.estimator, method, value)
        for each in copies:
            checks.assert_same(checks.sklearn_call(each, method, value), expected, method, 1e-13)
        subject.tick(method)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert clone(estimator).get_params().keys() == subject.estimator.get_params().keys()


def test_needs_an_estimator_after_pickling(subject):
    model = unpickled(pickled(subject.model))
    assert not model.source.estimators
    estimator = sk2torch.unwrap(model, subject.estimator)
    assert estimator is not subject.estimator
    for method in subject.methods[:1]:
        value = subject.argument(method)
        expected = checks.sklearn_call(subject.estimator, method, value)
        checks.assert_same(checks.sklearn_call(estimator, method, value), expected, method, 1e-13)


def test_fixed_tensors_are_refused(subject):
    for name in fixed_parameters(subject.model):
        model = sk2torch.wrap(subject.estimator)
        if tune(model, {}, only=name):
            with pytest.raises(sk2torch.CannotUnwrap, match="scikit-learn cannot be told"):
                sk2torch.unwrap(model)
