"""The inference methods a model can have, declared once.

Pipelines, scripting, export, verification and the contract tests read the list from here.
"""

import copy
import functools
import inspect
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from torch import nn

Kind = Literal["labels", "probabilities", "scores", "features", "input", "indices", "neighbors", "graph"]


@dataclass(frozen=True)
class Method:
    """One inference method.

    Args:
        name: scikit-learn's name of the method, or ours where scikit-learn has an argument for it.
        kind: what its result holds; ``labels`` are compared exactly and decoded,
            ``indices`` compared exactly, the others compared as continuous values.
        output: name of its result in an ONNX graph of a classifier or transformer, the names
            that users of skl2onnx expect.
        results: names of the tensors of a result that is a tuple; empty where it is one tensor.
        dtype: numpy dtype of scikit-learn's result, where it is not that of the tensor.
        rows: dimension of the result that runs over the rows of the input.
        is_joint: the result relates rows to each other, so that batches cannot be put together.
        call: scikit-learn's method, where it has another name.
        arguments: what scikit-learn's method is called with.
    """

    name: str
    kind: Kind
    output: str
    results: tuple[str, ...] = ()
    dtype: str | None = None
    rows: int = 0
    is_joint: bool = False
    call: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


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
        Method("decision_path", "graph", "decision_path", dtype="int64"),
        Method("mahalanobis", "scores", "mahalanobis"),
        Method("kneighbors", "neighbors", "neighbors", ("distances", "indices")),
        # Neighbours come sorted by distance: scikit-learn's default order is that of its search tree.
        Method(
            "radius_neighbors",
            "neighbors",
            "radius_neighbors",
            ("distances", "indices", "counts"),
            arguments={"sort_results": True},
        ),
        Method("kneighbors_graph", "graph", "neighbors_graph"),
        Method("radius_neighbors_graph", "graph", "radius_neighbors_graph"),
        Method("predict_joint_log_proba", "scores", "joint_log_probabilities"),
        # Generators in scikit-learn; here the stages are stacked, shape (n_stages, n_samples, ...).
        Method("staged_predict", "labels", "staged_label", rows=1),
        Method("staged_predict_proba", "probabilities", "staged_probabilities", rows=1),
        Method("staged_decision_function", "scores", "staged_scores", rows=1),
        Method(
            "predict_with_std",
            "scores",
            "prediction",
            ("mean", "std"),
            call="predict",
            arguments={"return_std": True},
        ),
        Method(
            "predict_with_cov",
            "scores",
            "joint_prediction",
            ("mean", "cov"),
            is_joint=True,
            call="predict",
            arguments={"return_cov": True},
        ),
    )
}


def sklearn_has(estimator: Any, name: str) -> bool:
    """Whether a scikit-learn object has the inference method."""
    method = METHODS[name]
    if method.call is None:
        return hasattr(estimator, name)
    # A pipeline's predict hands its arguments on to the last step.
    while hasattr(estimator, "predict") and hasattr(estimator, "steps"):
        estimator = estimator.steps[-1][1]
    function = getattr(estimator, method.call, None)
    return function is not None and set(method.arguments) <= set(inspect.signature(function).parameters)


def sklearn_result(estimator: Any, name: str, X: Any) -> Any:
    """What a scikit-learn object answers, as ``Predictor`` gives it: stages are stacked."""
    method = METHODS[name]
    result = getattr(estimator, method.call or name)(X, **method.arguments)
    return np.stack(list(result)) if inspect.isgenerator(result) else result


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
