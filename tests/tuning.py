"""Changing the parameters of a model, for tests of the way back to scikit-learn."""

import pickle
import warnings

import torch

from sk2torch.base import methods_of

CHANGE = 1e-6


def derived_by_method(model):
    """Methods that read tensors which have to follow from those that are tuned, and why."""
    return {
        method: f"{tensor} has to follow: {reason}"
        for tensor, reason in model.derived_tensors.items()
        for method in model.read_by[tensor]
        if method in methods_of(model)
    }


def tune(model, fixed, only=None):
    """Change parameters a little, away from zero, so that ranges do not shrink; whether any were changed."""
    generator, is_tuned = torch.Generator().manual_seed(0), False
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in fixed or only not in (None, name) or not parameter.any():
                continue
            noise = torch.rand(parameter.shape, generator=generator, dtype=parameter.dtype)
            parameter.mul_(1 + CHANGE * noise)
            is_tuned = True
    return is_tuned


def pickled(estimator):
    """A pickle; None of what has no pickle in scikit-learn either, such as a search over functions."""
    try:
        with warnings.catch_warnings():
            # Of numpy's functions, in whatever module they are found.
            warnings.simplefilter("ignore", DeprecationWarning)
            return pickle.dumps(estimator)
    except (AttributeError, pickle.PicklingError):
        return None


def unpickled(data):
    with warnings.catch_warnings():
        # Of classes that scikit-learn will remove.
        warnings.simplefilter("ignore")
        return pickle.loads(data)
