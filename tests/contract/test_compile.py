"""Every method compiles without graph breaks and answers as in eager mode; the first one's graph takes any rows."""

import torch
from torch._dynamo.utils import counters

import sk2torch
from tests import checks

PRIMARY_ONLY = True


def test_compile(subject):
    torch._dynamo.reset()
    first, *others = subject.methods
    with torch.no_grad():
        x = subject.dense_input(first)
        call = getattr(sk2torch.compile(subject.model, dynamic=True), first)
        counters.clear()
        call(x[:1].clone())
        answers = {first: call(x)}
        # What was compiled for a single row is not compiled again for all of them.
        assert counters["stats"]["unique_graphs"] == 1
        compiled = sk2torch.compile(subject.model)
        answers |= {method: getattr(compiled, method)(subject.dense_input(method)) for method in others}
    for method, actual in answers.items():
        checks.assert_same(actual, subject.expected(method), method, max(1e-9, subject.case.tolerance))
        subject.tick(method)
