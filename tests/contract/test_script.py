"""Scripts, saves, and loads where scikit-learn and sk2torch cannot be imported."""

import torch

from tests import checks


def test_script(subject, tmp_path, fresh_interpreter):
    path = tmp_path / "model.pt"
    torch.jit.save(torch.jit.script(subject.model), path)
    inputs = {method: subject.input(method) for method in subject.methods}
    results = fresh_interpreter.run(path, inputs)
    for method in subject.methods:
        checks.assert_same(results[method], subject.expected(method), method, max(1e-12, subject.case.tolerance))
        subject.tick(method)
