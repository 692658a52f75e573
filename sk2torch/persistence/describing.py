"""A module as plain data: classes, attributes and children as JSON, tensors by their dotted names."""

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from sk2torch.base import TorchEstimator, methods_of
from sk2torch.base.surface import family_of
from sk2torch.persistence.classes import name_of
from sk2torch.persistence.values import to_plain

# What every module has, and what the file says elsewhere.
_OF_EVERY_MODULE = frozenset(nn.Module().__dict__) | {"_encoding", "_source"}


@dataclass
class Described:
    """A module in two parts.

    Args:
        structure: JSON-ready; a module or tensor that was met before is ``{"same_as": its name}``.
        tensors: the tensors that the structure names, on the CPU.
    """

    structure: dict[str, Any]
    tensors: dict[str, Tensor] = field(default_factory=dict)


def describe_module(module: nn.Module) -> Described:
    """``module`` as structure and tensors; ``building.build`` reads it back.

    Raises:
        ArtifactError: it holds a class or a value that only code can make.
    """
    described = Described({})
    described.structure.update(_module(module, "", described.tensors, {}))
    return described


def _module(module: nn.Module, path: str, tensors: dict[str, Tensor], met: dict[int, str]) -> dict[str, Any]:
    if id(module) in met:
        return {"same_as": met[id(module)]}
    met[id(module)] = path
    family = family_of(module)
    state = module.__getstate__() if "__getstate__" in vars(family) else module.__dict__
    result: dict[str, Any] = {"class": name_of(family)}
    if family._version > 1:
        result["version"] = family._version
    if isinstance(module, TorchEstimator):
        result["methods"] = methods_of(module)
        result["forward"] = _forward_of(module)
    result["state"] = {
        name: to_plain(value, f"{family.__name__}.{name}")
        for name, value in state.items()
        # TorchScript leaves names of its own, such as __overloads__, in the module that it compiled.
        if name not in _OF_EVERY_MODULE and not name.startswith("__") and value is not module.__dict__.get("forward")
    }
    prefix = f"{path}." if path else ""
    result["tensors"] = {
        name: None if tensor is None else _tensor(tensor, name, module, prefix + name, tensors, met)
        for name, tensor in (*module._parameters.items(), *module._buffers.items())
    }
    result["children"] = {
        name: None if child is None else _module(child, prefix + name, tensors, met)
        for name, child in module._modules.items()
    }
    return result


def _forward_of(module: TorchEstimator) -> str | None:
    """The method that ``forward`` is."""
    specialisation = getattr(type(module), "_specialisation", None)
    return specialisation[2] if specialisation is not None else None


def _tensor(
    tensor: Tensor, name: str, module: nn.Module, path: str, tensors: dict[str, Tensor], met: dict[int, str]
) -> dict[str, Any]:
    kind = "parameter" if name in module._parameters else "buffer"
    if name in module._non_persistent_buffers_set:
        kind = "constant"
    if id(tensor) in met:
        return {"kind": kind, "same_as": met[id(tensor)]}
    met[id(tensor)] = path
    tensors[path] = tensor.detach().cpu().contiguous()
    return {
        "kind": kind,
        "dtype": str(tensor.dtype).removeprefix("torch."),
        "shape": list(tensor.shape),
        "requires_grad": tensor.requires_grad,
    }
