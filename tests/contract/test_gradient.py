"""Gradients with respect to the input are those of the mathematics."""

import torch

from sk2torch.base import METHODS
from tests import checks


def test_gradient(subject):
    for method in subject.methods:
        wanted = subject.case.differentiable
        x = subject.dense_input(method)[:3]
        if not x.is_floating_point():
            continue
        x = x.clone().requires_grad_()
        result = getattr(subject.model, method)(x)
        outputs = [output for output in checks.tensors(result) if output.is_floating_point()]
        continuous = METHODS[method].kind in checks.CONTINUOUS or method in ("predict", "staged_predict")
        expected = (method in wanted) if wanted is not None else continuous and bool(outputs)
        if not expected and METHODS[method].kind in ("neighbors", "graph"):
            # Distances have slopes, but none at a stored row, where they are zero.
            continue
        if not expected:
            # Nothing that is piecewise constant may claim a gradient other than zero.
            for output in outputs:
                if output.requires_grad:
                    (slope,) = torch.autograd.grad(output.sum(), x, allow_unused=True)
                    assert slope is None or not slope.any()
            continue
        assert torch.autograd.gradcheck(
            getattr(subject.model, method), (x,), eps=1e-6, atol=1e-4, rtol=1e-3, nondet_tol=1e-12
        )
        subject.tick(method)
