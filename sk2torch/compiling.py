"""``torch.compile`` over a model's methods."""

import copy
import functools
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch.fx.experimental import _config as shapes

from sk2torch.base import TorchEstimator, methods_of

T = TypeVar("T", bound=TorchEstimator)


def compile(model: T, **torch_compile_kwargs: Any) -> T:
    """A view of ``model`` whose every method is compiled, without graph breaks.

    Parameters are shared with ``model``; each method compiles at its first call. With ``dynamic=True`` that is one
    graph for any number of rows, a single one included; otherwise torch compiles anew for the second number of rows
    that it sees, and for one row.

    Args:
        model: a wrapped model.
        **torch_compile_kwargs: passed to ``torch.compile``; ``fullgraph`` defaults to True.
    """
    options = {"fullgraph": True, **torch_compile_kwargs}
    compiled = copy.copy(model)
    for name in methods_of(model):
        compiled.__dict__[name] = _compiled(getattr(model, name), options)
    compiled.__dict__["forward"] = _compiled(model.forward, options)
    return compiled


def _compiled(method: Callable[..., Any], options: dict[str, Any]) -> Callable[..., Any]:
    compiled = torch.compile(method, **options)
    if options.get("dynamic") is not True:
        return compiled
    compiled_for: set[tuple[Any, ...]] = set()

    @functools.wraps(method)
    def call(*inputs: Any) -> Any:
        kind = (torch.is_grad_enabled(), *((x.dtype, x.device, x.requires_grad) for x in inputs))
        if kind in compiled_for:
            return compiled(*inputs)
        # A graph that torch makes in these modes holds for sizes of 0 and 1 as well, and for other numbers of rows if
        # the first was that of columns. Settings are constants: as inputs of the graph, which `dynamic` would make of
        # them, Inductor refuses them in loops.
        modes = shapes.patch(backed_size_oblivious=True, use_duck_shape=False)
        with modes, torch._dynamo.config.patch(specialize_float=True):
            answer = compiled(*inputs)
        compiled_for.add(kind)
        return answer

    return call
