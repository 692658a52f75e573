"""Batches of 0, 1 and many rows, and inputs that are not contiguous."""

import torch

from sk2torch.export.runtime import couples_rows, runtime_of
from tests import checks


def test_batch(subject):
    for method in subject.methods:
        x = subject.input(method)
        function = getattr(subject.model, method)
        whole = checks.parts(subject.expected(method))
        # Other batch sizes may take other matrix kernels: equal to rounding.
        for rows in (0, 1, 7):
            expected = checks.first_rows(whole, rows, method)
            actual = function(checks.head(x, rows))
            if rows > 0 and couples_rows(subject.model):
                expected = checks.parts(checks.sklearn_call(subject.estimator, method, subject.argument(method)[:rows]))
                actual = runtime_of(subject.model).decoding.decode(method, actual)
            for a, e in zip(checks.parts(actual), expected, strict=True):
                checks.assert_same(a, e, method, 1e-9)
        if x.is_sparse_csr:
            subject.tick(method)
            continue
        apart = torch.stack([x, x], dim=-1)[..., 0]
        assert x.numel() <= 1 or not apart.is_contiguous()
        before = apart.clone()
        checks.assert_same(function(apart), whole, method, 1e-9)
        assert torch.equal(apart, before) or bool(before.isnan().any()), "the input was changed"
        subject.tick(method)
