"""The inference methods a model can have, declared once.

Pipelines, scripting, export, verification and the contract tests read the list from here.
"""

import copy
import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from torch import nn

Kind = Literal["labels", "probabilities", "scores", "features", "input", "indices"]


@dataclass(frozen=True)
class Method:
    """One inference method.

    Args:
        name: scikit-learn's name of the method.
        kind: what its result holds; ``labels`` are compared exactly and decoded,
            ``indices`` compared exactly, the others compared as continuous values.
        output: name of its result in an ONNX graph of a classifier or transformer, the names
            that users of skl2onnx expect.
    """

    name: str
    kind: Kind
    output: str


# In the order in which a model's default method (its ``forward``) is chosen.
METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method("predict", "labels", "label"),
        Method("transform", "features", "variable"),
        Method("score_samples", "scores", "score_samples"),
        Method("predict_proba", "probabilities", "probabilities"),
        Method("predict_log_proba", "probabilities", "log_probabilities"),
        Method("decision_function", "scores", "scores"),
        Method("inverse_transform", "input", "inverse"),
        Method("apply", "indices", "leaves"),
    )
}


def has_method(model: nn.Module | type, name: str) -> bool:
    """Whether ``model`` has the inference method; ``nn.Module.apply`` is not trees' ``apply``."""
    cls = model if isinstance(model, type) else type(model)
    return callable(getattr(cls, name, None)) and getattr(cls, name) is not getattr(nn.Module, name, None)


class _Absent:
    """Descriptor that makes ``hasattr`` false for a method that the fitted object lacks."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        raise AttributeError(f"this fitted model has no method {self.name!r}")


@functools.cache
def _specialised(family: type, methods: frozenset[str], forward: str | None) -> type:
    # A class per set of methods: TorchScript shares one compiled type among modules of a class,
    # so two models of one class with different methods would otherwise get each other's.
    body: dict[str, Any] = {name: _Absent(name) for name in METHODS if has_method(family, name) and name not in methods}
    if forward is not None:
        body["forward"] = getattr(family, forward)
    body.update(__module__=family.__module__, __qualname__=family.__qualname__, __doc__=family.__doc__)
    body["_specialisation"] = (family, methods, forward)
    return type(family.__name__, (family,), body)


def family_of(module: nn.Module) -> type:
    """The class as written in the source, without the narrowing of its methods."""
    return getattr(type(module), "_specialisation", (type(module),))[0]


def with_methods(module: nn.Module, methods: Iterable[str], forward: str | None = None) -> None:
    """Narrow ``module`` in place to ``methods``; ``forward`` becomes the named one or the first."""
    family = family_of(module)
    present = frozenset(name for name in methods if has_method(family, name))
    first = next((name for name in METHODS if name in present), None)
    module.__class__ = _specialised(family, present, forward or first)


def rebuild(family: type, methods: frozenset[str], forward: str | None) -> nn.Module:
    """An empty instance of a narrowed class, for pickle and deepcopy."""
    cls = _specialised(family, methods, forward)
    return cls.__new__(cls)


def methods_of(model: nn.Module) -> list[str]:
    """Names of the inference methods that this model has, in the order of ``METHODS``."""
    return [name for name in METHODS if has_method(model, name)]


def method_module(model: nn.Module, method: str) -> nn.Module:
    """An ``nn.Module`` whose ``forward`` is ``model.method``; parameters are shared with ``model``.

    For ``torch.compile``, ``torch.export``, ``nn.Sequential``, explainers.

    Raises:
        AttributeError: the model has no such method; the message lists those it has.
    """
    available = methods_of(model)
    if method not in available:
        raise AttributeError(f"{type(model).__name__} has no method {method!r}; it has {', '.join(available)}.")
    view = copy.copy(model)
    with_methods(view, available, forward=method)
    return view
