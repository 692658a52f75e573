"""Unfitted models and inputs of the wrong width are refused with a clear error."""

import pytest
import torch
from sklearn.exceptions import NotFittedError

import sk2torch
from sk2torch.base import ANY_WIDTH


def test_unfitted(subject):
    if not subject.estimator.__sklearn_tags__().requires_fit:
        return
    with pytest.raises((NotFittedError, AttributeError), match=r"(?i)fit"):
        sk2torch.wrap(subject.case.make())
    subject.tick("wrap")


def test_wrong_width(subject):
    if subject.model.n_features_in == ANY_WIDTH or subject.model.encoding.n_dims == 1:
        return
    for method in subject.methods:
        if method == "inverse_transform":
            continue
        x = subject.dense_input(method)
        with pytest.raises(ValueError, match=r"features|shape"):
            getattr(subject.model, method)(torch.cat([x, x[:, :1]], dim=1))
        with pytest.raises(ValueError, match=r"dimension"):
            getattr(subject.model, method)(x[0])
        subject.tick(method)
