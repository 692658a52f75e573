"""Whether two modules are the same, by their settings and their tensors."""

from typing import Any

import torch
from torch import Tensor, nn

from sk2torch.base import METHODS, ArtifactError
from sk2torch.base.surface import family_of
from sk2torch.persistence.values import to_plain

# What a module holds beside settings: torch's books, and compiled methods.
_NO_SETTINGS = frozenset(nn.Module().__dict__) | {"forward", *METHODS}
# How far numbers may be from each other, relative to a tensor's largest.
_TOLERANCES = {torch.float64: 1e-10, torch.float32: 1e-5}


def settings_of(model: nn.Module) -> dict[str, Any]:
    """Classes and plain attributes of all modules, by dotted name."""
    found: dict[str, Any] = {}
    for name, part in model.named_modules(remove_duplicate=False):
        found[f"{name}.class"] = family_of(part).__name__
        for attribute, value in vars(part).items():
            if not attribute.startswith("_") and attribute not in _NO_SETTINGS:
                found[f"{name}.{attribute}"] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    try:
        return to_plain(value, "")
    except ArtifactError:
        # A function, such as a user's own weights.
        return getattr(value, "__name__", type(value).__name__)


def tensors_of(model: nn.Module) -> dict[str, Tensor]:
    """All tensors but anchors, those that are shared under each of their names."""
    named = (*model.named_parameters(remove_duplicate=False), *model.named_buffers(remove_duplicate=False))
    return {name: tensor for name, tensor in named if name.rpartition(".")[2] != "anchor"}


def equal(left: Tensor, right: Tensor) -> bool:
    """Every number is the same; NaN is NaN. The shapes have to be."""
    right = right.to(left.device)
    return bool(((left == right) | ((left != left) & (right != right))).all())


def close(left: Tensor, right: Tensor) -> bool:
    """Integers are the same, numbers to rounding."""
    if left.shape != right.shape:
        return False
    if not left.is_floating_point():
        return equal(left, right)
    tolerance = _TOLERANCES.get(left.dtype, 1e-2)
    left, right = left.detach().double(), right.detach().double().to(left.device)
    finite = right.isfinite()
    scale = float(right[finite].abs().max()) if bool(finite.any()) else 0.0
    return equal(left[~finite], right[~finite]) and bool(((left - right)[finite].abs() <= tolerance * scale).all())


def differing_settings(model: nn.Module, other: nn.Module) -> dict[str, tuple[Any, Any]]:
    """Names of settings, and of tensors with other shapes, that are not the same: what each of the modules has."""
    left, right = settings_of(model), settings_of(other)
    # What a file of an older version lacks has the class's default.
    left = {
        **{name: right[name] for name in right.keys() - left.keys() if name.rpartition(".")[0] + ".class" in left},
        **left,
    }
    for module, settings in ((model, left), (other, right)):
        settings |= {name: tuple(tensor.shape) for name, tensor in tensors_of(module).items()}
    names = [*left, *(name for name in right if name not in left)]
    pairs = {name.lstrip("."): (left.get(name), right.get(name)) for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
