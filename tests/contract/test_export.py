"""Exports every method with a dynamic batch; runs where scikit-learn and sk2torch cannot be imported."""

import sk2torch
from tests import checks

PRIMARY_ONLY = True


def test_export(subject, tmp_path, fresh_interpreter):
    path = sk2torch.export(subject.model, tmp_path / "model.pt2")
    inputs = {method: subject.dense_input(method) for method in subject.methods}
    results = fresh_interpreter.run(path, inputs)
    for method in subject.methods:
        checks.assert_same(results[method], subject.expected(method), method, max(1e-12, subject.case.tolerance))
        subject.tick(method)
