"""Which classes a file may name: those of this package, what is registered, and a few containers of torch."""

import functools
import sys

from torch import nn

from sk2torch.base import ArtifactError, TorchEstimator
from sk2torch.base.registry import registry
from sk2torch.blocks.quantized import discover_forms

_CONTAINERS = (nn.Identity, nn.ModuleDict, nn.ModuleList, nn.ParameterList, nn.Sequential)
_PACKAGE = "sk2torch."


def _subclasses(cls: type) -> list[type]:
    return [found for child in cls.__subclasses__() for found in (child, *_subclasses(child))]


@functools.cache
def _own_classes() -> dict[str, type[nn.Module]]:
    # The registry imports every estimator, and with them all blocks.
    registry()
    discover_forms()
    # What a module does not hold by that name was made on the way: narrowed classes, or the proxies of torch's tracer.
    found = [c for c in _subclasses(nn.Module) if c.__module__.startswith(_PACKAGE)]
    own = [c for c in found if getattr(sys.modules.get(c.__module__), c.__name__, None) is c]
    return {cls.__name__: cls for cls in (*_CONTAINERS, *own)}


def _registered_names() -> dict[str, type[TorchEstimator]]:
    """Classes that users have registered, by full name; not cached, as more may come."""
    return {f"{c.__module__}.{c.__qualname__}": c for c in registry().values() if not c.__module__.startswith(_PACKAGE)}


def name_of(cls: type) -> str:
    """The name that stands for a module class in files.

    Raises:
        ArtifactError: it is neither ours nor registered.
    """
    if _own_classes().get(cls.__name__) is cls:
        return cls.__name__
    name = f"{cls.__module__}.{cls.__qualname__}"
    if _registered_names().get(name) is cls:
        return name
    raise ArtifactError(
        f"the model holds a module of the class {name}, whose code a .safetensors file cannot carry; "
        "export it to .pt, .pt2 or .onnx, which hold the computation itself."
    )


def class_of(name: str) -> type[nn.Module]:
    """The class that a file names; nothing is imported for it.

    Raises:
        ArtifactError: no such class is known.
    """
    cls = _own_classes().get(name) or _registered_names().get(name)
    if cls is None:
        raise ArtifactError(
            f"the file names the class {name!r}, which this sk2torch does not know; upgrade sk2torch, or import the "
            "module that registers it first."
        )
    return cls
