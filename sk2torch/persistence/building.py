"""A module from its plain data: everything is checked before anything is built."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from sk2torch.base import METHODS, ArtifactError, TorchEstimator
from sk2torch.base.surface import has_method, rebuild
from sk2torch.persistence.classes import class_of
from sk2torch.persistence.values import from_plain

# What a module's own attributes may not be called: torch keeps its books under these names.
_RESERVED = frozenset(nn.Module().__dict__)
_KINDS = ("parameter", "buffer", "constant")
# Deeper than any pipeline of ensembles, and shallow enough for recursion.
_DEEPEST = 64


@dataclass(frozen=True)
class Declared:
    """What a structure says about a tensor."""

    dtype: str
    shape: tuple[int, ...]


def declared_tensors(structure: dict[str, Any]) -> dict[str, Declared]:
    """The tensors that a structure names, after a check of the whole structure; nothing is built.

    Raises:
        ArtifactError: the structure has not the form that ``describe_module`` writes.
    """
    found: dict[str, Declared] = {}
    try:
        _check(structure, "", found, set(), 0)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, ArtifactError):
            raise
        raise ArtifactError(f"the structure is damaged ({type(error).__name__}: {error}).") from error
    return found


def _check(data: dict[str, Any], path: str, found: dict[str, Declared], modules: set[str], depth: int) -> None:
    if depth > _DEEPEST:
        raise ArtifactError(f"the structure is damaged: modules lie more than {_DEEPEST} deep.")
    if "same_as" in data:
        if data["same_as"] not in modules:
            raise ArtifactError(f"the structure is damaged: {path!r} is said to be {data['same_as']!r}, not yet met.")
        return
    cls = class_of(data["class"])
    _check_version(cls, data)
    if issubclass(cls, TorchEstimator):
        methods = [*data["methods"], *([data["forward"]] if data["forward"] else [])]
        strange = [name for name in methods if name not in METHODS or not has_method(cls, name)]
        if strange:
            raise ArtifactError(f"{data['class']} has no methods {strange}; the file is damaged.")
    names = [*data["state"], *data["tensors"], *data["children"]]
    if len(set(names)) < len(names) or any(not _is_name(name) for name in names):
        raise ArtifactError(f"the structure is damaged: {data['class']} has parts {names[:20]}.")
    prefix = f"{path}." if path else ""
    for name, tensor in data["tensors"].items():
        if tensor is not None:
            _check_tensor(tensor, prefix + name, found)
    for name, child in data["children"].items():
        if child is not None:
            _check(child, prefix + name, found, modules, depth + 1)
    # After its children: a module is no part of itself.
    modules.add(path)


def _check_version(cls: type[nn.Module], data: dict[str, Any]) -> None:
    """Refuse parts of a layout that is not known yet; see ``TorchEstimator.upgrade``."""
    version = data.get("version", 1)
    if type(version) is not int or version < 1:
        raise ArtifactError(f"the structure is damaged: {data['class']} is of version {str(version)[:20]!r}.")
    if version > cls._version:
        raise ArtifactError(
            f"its {data['class']} is of version {version}, this sk2torch reads up to {cls._version}; upgrade sk2torch."
        )


def _is_name(name: str) -> bool:
    # Lists number their parts.
    return name not in _RESERVED and not name.startswith("__") and (name.isidentifier() or name.isdecimal())


def _check_tensor(data: dict[str, Any], path: str, found: dict[str, Declared]) -> None:
    if data["kind"] not in _KINDS:
        raise ArtifactError(f"the structure is damaged: {path!r} is {data}.")
    if "same_as" in data:
        if data["same_as"] not in found:
            raise ArtifactError(f"the structure is damaged: {path!r} is said to be {data['same_as']!r}, not yet met.")
        return
    if not all(type(n) is int and n >= 0 for n in data["shape"]):
        raise ArtifactError(f"the structure is damaged: {path!r} has the shape {str(data['shape'])[:80]}.")
    found[path] = Declared(str(data["dtype"]), tuple(data["shape"]))


def build(structure: dict[str, Any], tensor: Callable[[str], Tensor]) -> nn.Module:
    """The module of a structure that ``declared_tensors`` has checked.

    Args:
        structure: as ``describe_module`` writes it.
        tensor: gives a tensor by name.

    Raises:
        ArtifactError: an attribute has not the form that ``describe_module`` writes.
    """
    return _build(structure, "", tensor, {}, {})


def _build(
    data: dict[str, Any],
    path: str,
    tensor: Callable[[str], Tensor],
    modules: dict[str, nn.Module],
    tensors: dict[str, Tensor],
) -> nn.Module:
    if "same_as" in data:
        return modules[data["same_as"]]
    cls = class_of(data["class"])
    if issubclass(cls, TorchEstimator):
        module = rebuild(cls, frozenset(data["methods"]), data["forward"])
    else:
        module = cls.__new__(cls)
    nn.Module.__init__(module)
    state = {name: from_plain(value, f"{data['class']}.{name}") for name, value in data["state"].items()}
    module.__setstate__({**module.__dict__, **state})
    modules[path] = module
    prefix = f"{path}." if path else ""
    for name, declared in data["tensors"].items():
        _attach(module, name, declared, prefix + name, tensor, tensors)
    for name, child in data["children"].items():
        module._modules[name] = None if child is None else _build(child, prefix + name, tensor, modules, tensors)
    if data.get("version", 1) < cls._version:
        module.upgrade(data.get("version", 1))
    return module


def _attach(
    module: nn.Module,
    name: str,
    declared: dict[str, Any] | None,
    path: str,
    tensor: Callable[[str], Tensor],
    tensors: dict[str, Tensor],
) -> None:
    """Register a parameter or buffer."""
    if declared is None:
        module.register_buffer(name, None)
        return
    value = tensors[declared["same_as"]] if "same_as" in declared else tensor(path)
    if declared["kind"] == "parameter":
        if not isinstance(value, nn.Parameter):
            value = nn.Parameter(value, requires_grad=bool(declared["requires_grad"]))
        module.register_parameter(name, value)
    else:
        module.register_buffer(name, value, persistent=declared["kind"] == "buffer")
    tensors[path] = value
