"""The module and the facade answer as scikit-learn does, in float64."""

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
