"""The same answers on a CUDA device."""

import pytest
import torch

import sk2torch
from tests import checks

pytestmark = pytest.mark.gpu


def test_device(subject):
    model = sk2torch.wrap(subject.estimator, device="cuda")
    for method in subject.methods:
        result = getattr(model, method)(subject.input(method).cuda())
        for tensor in checks.tensors(result):
            assert tensor.is_cuda
        with torch.no_grad():
            checks.assert_same(result, subject.expected(method), method, 1e-9)
        subject.tick(method)
