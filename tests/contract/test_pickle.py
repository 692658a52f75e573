"""Models survive pickle, deepcopy and state_dict, methods included."""

import copy
import pickle

import torch

from sk2torch.base import methods_of
from tests import checks


def test_pickle(subject):
    for clone in (pickle.loads(pickle.dumps(subject.model)), copy.deepcopy(subject.model)):
        assert type(clone) is type(subject.model)
        assert methods_of(clone) == subject.methods
        clone.load_state_dict(subject.model.state_dict())
        for method in subject.methods:
            value = subject.argument(method)
            x = checks.module_input(clone, method, value)
            with torch.no_grad():
                checks.assert_same(getattr(clone, method)(x), subject.expected(method), method, 0.0)
            subject.tick(method)
