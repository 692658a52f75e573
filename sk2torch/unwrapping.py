"""The way back: a module's current parameters as a fitted scikit-learn estimator."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from sk2torch.base import METHODS, ArtifactError, CannotUnwrap, TorchEstimator, methods_of, wrap, write
from sk2torch.base.surface import family_of
from sk2torch.persistence.values import to_plain

# How far the new estimator's numbers may be from the module's, relative to a tensor's largest.
_TOLERANCES = {torch.float64: 1e-10, torch.float32: 1e-5}
# What a module holds beside settings: torch's books, and compiled methods.
_UNCOMPARED = frozenset(nn.Module().__dict__) | {"forward", *METHODS}
_ADVICE = "unwrap takes the numbers of a model, whose other settings have to stay as wrap made them."
_OTHER = "give unwrap the estimator that the model was made of."


def unwrap(model: TorchEstimator, estimator: Any = None) -> Any:
    """A fitted scikit-learn estimator that answers as ``model`` does now.

    It has the class, the parameters and the attributes of the estimator that the model was made of, with the numbers
    that the model has by now; what they do not determine, such as losses and scores of the fit, is as it was. The
    estimator itself is not touched. The result is read again, and compared with the model.

    Args:
        model: what ``wrap`` gave, before or after training, on any device.
        estimator: the fitted estimator to start from. Needed for a model out of a pickle or file, which remembers none.

    Raises:
        CannotUnwrap: no estimator is remembered; ``estimator`` is another one; numbers were changed that no fitted
            attribute of scikit-learn holds.
    """
    if not isinstance(model, TorchEstimator):
        raise TypeError(f"unwrap: expected a model that sk2torch.wrap gave, got {type(model).__name__}.")
    owned = _restored(model) if estimator is None else copy.deepcopy(estimator)
    template = wrap(owned)
    _require_one_structure(model, template, _ADVICE if estimator is None else _OTHER)
    current = _tensors(model)
    before = _tensors(_like(template, model))
    changed = {name for name, tensor in current.items() if not _equal(tensor, before[name])}
    free = _free(template)
    _refuse_fixed(template, changed - free)
    held = _tensors(template)
    with torch.no_grad():
        for name in changed:
            held[name].copy_(current[name])
        for name, part in _sourced(template):
            prefix = f"{name}." if name else ""
            own = {each.removeprefix(prefix) for each in changed if _owner(template, each) == name}
            if own:
                _write(part, own)
    _require_same(model, _like(wrap(owned), model), template, free)
    return owned


def _restored(model: TorchEstimator) -> Any:
    """A copy of what the model was made of, whatever has been done to the parts since."""
    if not model.source.estimators:
        raise CannotUnwrap(
            f"{type(model).__name__} does not remember an estimator, because it comes out of a pickle or file; "
            "call unwrap(model, estimator) with the fitted estimator that it was made of."
        )
    memo: dict[int, Any] = {}
    result = None
    for _, part in _sourced(model):
        result = part.source.restored(memo)
    return result


def _sourced(model: TorchEstimator) -> list[tuple[str, TorchEstimator]]:
    """The estimators of a model by name, once each, the parts before the whole."""
    found: dict[int, tuple[str, TorchEstimator]] = {}
    for name, part in model.named_modules():
        if isinstance(part, TorchEstimator) and part.source.estimators:
            # Views of one module for several methods come from one estimator.
            found.setdefault(id(part.source), (name, part))
    return list(found.values())[::-1]


def _owner(model: TorchEstimator, tensor: str) -> str:
    """Name of the smallest estimator that a tensor belongs to."""
    name = tensor
    while name:
        name = name.rpartition(".")[0]
        part = model.get_submodule(name)
        if isinstance(part, TorchEstimator) and part.source.estimators:
            return name
    return ""


def _free(model: TorchEstimator) -> set[str]:
    """Tensors that no answer of the model depends on, or that it has invariants for."""
    asked: dict[str, frozenset[str]] = {"": frozenset(methods_of(model))}
    found: set[str] = set()
    for name, part in model.named_modules(remove_duplicate=False):
        prefix = f"{name}." if name else ""
        found |= {prefix + tensor for tensor in getattr(part, "free_tensors", ())}
        if isinstance(part, TorchEstimator) and part.source.estimators:
            if name:
                owner = _owner(model, name)
                whole = model.get_submodule(owner)
                asked[name] = whole.methods_asked(name.removeprefix(f"{owner}.") if owner else name, asked[owner])
            found |= {prefix + tensor for tensor, methods in part.read_by.items() if not asked[name] & set(methods)}
    return found


def _refuse_fixed(model: TorchEstimator, changed: set[str]) -> None:
    for name, part in model.named_modules(remove_duplicate=False):
        for tensor, reason in getattr(part, "fixed_tensors", {}).items():
            whole = f"{name}.{tensor}" if name else tensor
            if any(each == whole or each.startswith(f"{whole}.") for each in changed):
                raise CannotUnwrap(
                    f"unwrap: {whole!r} of {type(model).__name__} was changed, which scikit-learn cannot be told: "
                    f"{reason}; or freeze it in training."
                )


def _write(part: TorchEstimator, changed: set[str]) -> None:
    original = part.source.estimators[0][0]
    for tensor, attribute in part.fitted_attributes.items():
        if tensor in changed:
            owner, _, name = tensor.rpartition(".")
            write.attribute(original, attribute, getattr(part.get_submodule(owner), name))
    part.write_fitted(original, changed)


def _like(template: TorchEstimator, model: TorchEstimator) -> TorchEstimator:
    """A copy of ``template`` in the dtype of ``model``."""
    return template if model.anchor.dtype == template.anchor.dtype else copy.deepcopy(template).to(model.anchor.dtype)


def _tensors(model: nn.Module) -> dict[str, Tensor]:
    """All tensors but anchors, those that are shared under each of their names."""
    named = (*model.named_parameters(remove_duplicate=False), *model.named_buffers(remove_duplicate=False))
    return {name: tensor for name, tensor in named if name.rpartition(".")[2] != "anchor"}


def _equal(left: Tensor, right: Tensor) -> bool:
    right = right.to(left.device)
    return bool(((left == right) | ((left != left) & (right != right))).all())


def _close(left: Tensor, right: Tensor) -> bool:
    if not left.is_floating_point():
        return torch.equal(left, right.to(left.device))
    tolerance = _TOLERANCES.get(left.dtype, 1e-2)
    left, right = left.detach().double(), right.detach().double().to(left.device)
    finite = right.isfinite()
    scale = float(right[finite].abs().max()) if bool(finite.any()) else 0.0
    return _equal(left[~finite], right[~finite]) and bool(((left - right)[finite].abs() <= tolerance * scale).all())


def _settings(model: nn.Module) -> dict[str, Any]:
    """Classes and plain attributes of all modules, by dotted name."""
    found: dict[str, Any] = {}
    for name, part in model.named_modules(remove_duplicate=False):
        found[f"{name}.class"] = family_of(part).__name__
        for attribute, value in vars(part).items():
            if not attribute.startswith("_") and attribute not in _UNCOMPARED:
                found[f"{name}.{attribute}"] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    try:
        return to_plain(value, "")
    except ArtifactError:
        # A function, such as a user's own weights.
        return getattr(value, "__name__", type(value).__name__)


def _require_one_structure(model: TorchEstimator, template: TorchEstimator, advice: str) -> None:
    """The model is one of this estimator, but for the numbers in its tensors."""
    expected, actual = _settings(template), _settings(model)
    # What a file of an older version lacks has the class's default.
    differing = [name for name, value in expected.items() if actual.get(name, value) != value]
    differing += [name for name in actual if name not in expected]
    shapes = {name: tuple(tensor.shape) for name, tensor in _tensors(template).items()}
    others = {name: tuple(tensor.shape) for name, tensor in _tensors(model).items()}
    differing += sorted(name for name in {*shapes, *others} if shapes.get(name) != others.get(name))
    if differing:
        name = differing[0].lstrip(".")
        raise CannotUnwrap(
            f"unwrap: {name!r} of the model is {_shown(actual, others, differing[0])}, of its estimator "
            f"{_shown(expected, shapes, differing[0])}; {advice}"
        )


def _shown(settings: dict[str, Any], shapes: dict[str, tuple[int, ...]], name: str) -> str:
    value = settings.get(name, shapes.get(name, "not there"))
    return repr(value)[:80]


def _require_same(model: TorchEstimator, again: TorchEstimator, template: TorchEstimator, free: set[str]) -> None:
    """The new estimator is the model: its tensors to rounding, and its settings."""
    wrong: list[str] = []
    current, found = _tensors(model), _tensors(again)
    parts = {
        name: part for name, part in model.named_modules(remove_duplicate=False) if isinstance(part, TorchEstimator)
    }
    for name, tensor in current.items():
        if name not in free and (name not in found or not _close(tensor, found[name])):
            wrong.append(name)
    for name, part in parts.items():
        other = again.get_submodule(name).invariants()
        wrong += [
            f"{name}.{key}".lstrip(".") for key, value in part.invariants().items() if not _close(value, other[key])
        ]
    if wrong:
        raise CannotUnwrap(
            f"unwrap: {', '.join(map(repr, wrong[:4]))} of {type(model).__name__} cannot be told to scikit-learn, "
            "because no fitted attribute holds such numbers, or they have to follow from others that were changed "
            "without them; freeze them in training, or set them to what they were."
        )
    settings, expected = _settings(again), _settings(template)
    changed = [name for name, value in expected.items() if settings.get(name) != value]
    for name in changed:
        owner, _, attribute = name.rpartition(".")
        if attribute not in getattr(again.get_submodule(owner), "equivalent_settings", ()):
            raise CannotUnwrap(
                f"unwrap: with the new numbers scikit-learn would answer by another rule ({name.lstrip('.')}: "
                f"{settings.get(name)!r}, not {expected[name]!r}); keep the numbers that decide about it."
            )
