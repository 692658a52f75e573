"""Every method exports with a dynamic batch dimension and answers as in eager mode."""

import torch

import sk2torch
from tests import checks


def test_export(subject):
    for method in subject.methods:
        x = subject.input(method)
        module = sk2torch.method_module(subject.model, method)
        batch = torch.export.Dim("batch")
        program = torch.export.export(module, (x[:2],), dynamic_shapes=({0: batch},))
        with torch.no_grad():
            actual = program.module()(x)
        checks.assert_same(actual, subject.expected(method), method, max(1e-12, subject.case.tolerance))
        subject.tick(method)
