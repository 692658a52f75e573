"""The module and the facade answer as scikit-learn does, in float64."""

import warnings

import numpy as np
import torch

import sk2torch
from sk2torch.base import METHODS
from tests import checks


def test_parity(subject):
    predictor = sk2torch.Predictor(subject.model, batch_size=37)
    for method in subject.methods:
        value = subject.argument(method)
        expected = checks.sklearn_call(subject.estimator, method, value)
        actual = getattr(predictor, method)(value)
        checks.assert_same(actual, expected, method, subject.case.tolerance)
        assert type(actual) is type(expected) or not isinstance(expected, np.ndarray)
        # Integers where scikit-learn has integers, floats where it has floats.
        for a, e in zip(checks.parts(actual), checks.parts(expected), strict=True):
            assert a.dtype.kind == e.dtype.kind
        result = getattr(subject.model, method)(subject.input(method))
        for tensor in checks.tensors(result):
            assert isinstance(tensor, torch.Tensor)
            # A regressor of integers predicts integers, with a standard deviation too.
            if METHODS[method].kind in checks.CONTINUOUS and METHODS[method].call is None:
                assert tensor.dtype == torch.float64
        subject.tick(method)


def test_changes_to_the_estimator_do_not_reach_the_module(subject):
    import copy

    with warnings.catch_warnings():
        # Classes that scikit-learn deprecates warn whenever an object is made.
        warnings.simplefilter("ignore")
        estimator = copy.deepcopy(subject.estimator)
    model = sk2torch.wrap(estimator)
    before = {m: getattr(model, m)(subject.input(m)) for m in subject.methods}
    _overwrite(estimator, set())
    for method, expected in before.items():
        checks.assert_same(getattr(model, method)(subject.input(method)), expected, method, 0.0)


def _overwrite(value, seen):
    """Fill every writable array that is reachable from an estimator with garbage."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "iuf" and value.flags.writeable:
            value[...] = 77
        elif value.dtype == object:
            for item in value.ravel():
                _overwrite(item, seen)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _overwrite(item, seen)
    elif isinstance(value, dict):
        _overwrite(list(value.values()), seen)
    elif hasattr(value, "__dict__") and type(value).__module__.startswith(("sklearn", "scipy")):
        _overwrite(list(vars(value).values()), seen)
