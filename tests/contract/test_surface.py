"""A model has the methods of the fitted object, and only those; ``hasattr`` tells the truth."""

import torch

from sk2torch.base import METHODS, sklearn_has


def test_surface(subject):
    refused = subject.model.refused_methods
    present = [name for name in METHODS if sklearn_has(subject.estimator, name) and name not in refused]
    assert subject.methods == present
    scripted = torch.jit.script(subject.model)
    for name in METHODS:
        # Every nn.Module has a method `apply` of another meaning.
        if name == "apply" and name not in present:
            continue
        assert hasattr(subject.model, name) == (name in present)
        assert hasattr(scripted, name) == (name in present)
        subject.tick(name)
