"""``torch.compile`` over a model's methods."""

import copy
from typing import Any, TypeVar

import torch

from sk2torch.base import TorchEstimator, methods_of

T = TypeVar("T", bound=TorchEstimator)


def compile(model: T, **torch_compile_kwargs: Any) -> T:
    """A view of ``model`` whose every method is compiled, without graph breaks.

    Parameters are shared with ``model``; each method compiles at its first call.

    Args:
        model: a wrapped model.
        **torch_compile_kwargs: passed to ``torch.compile``; ``fullgraph`` defaults to True.
    """
    options = {"fullgraph": True, **torch_compile_kwargs}
    compiled = copy.copy(model)
    for name in methods_of(model):
        compiled.__dict__[name] = torch.compile(getattr(model, name), **options)
    compiled.__dict__["forward"] = torch.compile(model.forward, **options)
    return compiled
