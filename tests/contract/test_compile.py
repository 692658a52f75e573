"""Every method compiles without graph breaks and answers as in eager mode."""

import torch

import sk2torch
from tests import checks

PRIMARY_ONLY = True


def test_compile(subject):
    torch._dynamo.reset()
    compiled = sk2torch.compile(subject.model)
    for method in subject.methods:
        with torch.no_grad():
            actual = getattr(compiled, method)(subject.dense_input(method))
        checks.assert_same(actual, subject.expected(method), method, max(1e-9, subject.case.tolerance))
        subject.tick(method)
