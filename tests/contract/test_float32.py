"""A float32 module takes any floating input, computes in float32 and stays close; how many labels agree is reported."""

import numpy as np
import torch

import sk2torch
from sk2torch.base import METHODS
from tests import checks
from tests.cases import class_name


def test_float32(subject, record_property):
    model = sk2torch.wrap(subject.estimator, dtype=torch.float32)
    for method in subject.methods:
        actual = getattr(model, method)(subject.input(method))
        expected = subject.expected(method)
        for a, e in zip(checks.parts(actual), checks.parts(expected), strict=True):
            assert a.dtype == (np.float32 if e.dtype == np.float64 else e.dtype)
            assert a.shape == e.shape
            if METHODS[method].kind == "labels" and e.dtype.kind != "f":
                record_property("agreement", f"{class_name(subject.case)}.{method}: {(a == e).mean()}")
            if subject.case.float32_tolerance is None:
                continue
            if METHODS[method].kind in checks.CONTINUOUS or e.dtype.kind == "f":
                error = checks.relative_error(a, e)
                assert error <= subject.case.float32_tolerance, f"{method}: error {error:.3g}"
            else:
                assert (a == e).mean() > 0.95
        subject.tick(method)
