"""A model has the methods of the fitted object, and only those, and shares nothing with it."""

import copy
import warnings

import numpy as np
import torch

import sk2torch
from sk2torch.base import METHODS, sklearn_has
from tests import checks


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


def test_changes_to_the_estimator_do_not_reach_the_module(subject):
    with warnings.catch_warnings():
        # Classes that scikit-learn deprecates warn whenever an object is made.
        warnings.simplefilter("ignore")
        estimator = copy.deepcopy(subject.estimator)
    model = sk2torch.wrap(estimator)
    before = {m: getattr(model, m)(subject.input(m)) for m in subject.methods}
    _overwrite(estimator, set())
    for method, expected in before.items():
        checks.assert_same(getattr(model, method)(subject.input(method)), expected, method, 0.0)


def _overwrite(value, seen):
    """Fill every writable array that is reachable from an estimator with garbage."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, np.ndarray):
        if value.dtype.kind in "iuf" and value.flags.writeable:
            value[...] = 77
        elif value.dtype == object:
            for item in value.ravel():
                _overwrite(item, seen)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _overwrite(item, seen)
    elif isinstance(value, dict):
        _overwrite(list(value.values()), seen)
    elif hasattr(value, "__dict__") and type(value).__module__.startswith(("sklearn", "scipy")):
        _overwrite(list(vars(value).values()), seen)
