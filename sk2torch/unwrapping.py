"""The way back: a module's current parameters as a fitted scikit-learn estimator."""

import copy
import warnings
from collections.abc import Iterable
from typing import Any

import torch

from sk2torch.base import CannotUnwrap, TorchEstimator, methods_of, wrap, write
from sk2torch.persistence.comparing import close, differing_settings, equal, tensors_of
from sk2torch.softening import is_soft

_ADVICE = "unwrap takes the numbers of a model, whose other settings have to stay as wrap made them."
_OTHER = "give unwrap the estimator that the model was made of."


def unwrap(model: TorchEstimator, estimator: Any = None, *, methods: Iterable[str] | None = None) -> Any:
    """A fitted scikit-learn estimator that answers as ``model`` does now.

    It has the class, the parameters and the attributes of the estimator that the model was made of, with the numbers
    that the model has by now; what they do not determine, such as losses and scores of the fit, is as it was. The
    estimator itself is not touched. The result is read again, and compared with the model.

    Args:
        model: what ``wrap`` gave, before or after training, on any device.
        estimator: the fitted estimator to start from. Needed for a model out of a pickle or file, which remembers none.
        methods: those that have to answer as the model's; all by default. What only others read may then follow from
            what these read: of a PCA that was trained by its ``transform``, the mean.

    Raises:
        CannotUnwrap: no estimator is remembered; ``estimator`` is another one; numbers were changed that no fitted
            attribute of scikit-learn holds.
    """
    if not isinstance(model, TorchEstimator):
        raise TypeError(f"unwrap: expected a model that sk2torch.wrap gave, got {type(model).__name__}.")
    if is_soft(model):
        raise CannotUnwrap(
            f"unwrap: the trees of {type(model).__name__} are soft, which scikit-learn's are not; unwrap what "
            "sk2torch.harden(model) gives."
        )
    with warnings.catch_warnings():
        # Of classes that scikit-learn will remove.
        warnings.simplefilter("ignore", FutureWarning)
        owned = _restored(model) if estimator is None else copy.deepcopy(estimator)
    template = wrap(owned)
    _require_one_structure(model, template, _ADVICE if estimator is None else _OTHER)
    current, before = tensors_of(model), tensors_of(_like(template, model))
    changed = {name for name, tensor in current.items() if not equal(tensor, before[name])}
    unread = _unread(template, frozenset(methods_of(model) if methods is None else methods))
    for name, reason in fixed_parameters(template).items():
        if name in changed - unread:
            raise CannotUnwrap(
                f"unwrap: {name!r} of {type(model).__name__} was changed, which scikit-learn cannot be told: {reason}; "
                "or freeze it in training."
            )
    held = tensors_of(template)
    with torch.no_grad():
        for name in changed:
            held[name].copy_(current[name])
        for name, part in _sourced(template):
            prefix = f"{name}." if name else ""
            own = {each.removeprefix(prefix) for each in changed - unread if _owner(template, each) == name}
            if own:
                _write(part, own)
    again = wrap(owned)
    _require_same_rules(again, template)
    _require_same(model, _like(again, model), unread)
    return owned


def fixed_parameters(model: TorchEstimator) -> dict[str, str]:
    """Names of the parameters whose change ``unwrap`` refuses, to be frozen in training, and why.

    Args:
        model: what ``wrap`` gave; one out of a pickle or file does not know the settings of the fit, and names fewer.
    """
    found: dict[str, str] = {}
    for name, part in model.named_modules():
        reasons: dict[str, str] = getattr(part, "fixed_tensors", {})
        for prefix, reason in reasons.items():
            start = f"{name}.{prefix}".lstrip(".")
            found |= {n: reason for n in tensors_of(model) if n == start or n.startswith(f"{start}.")}
    return found


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


def _unread(model: TorchEstimator, methods: frozenset[str]) -> set[str]:
    """Tensors that no answer of these methods depends on."""
    asked: dict[str, frozenset[str]] = {"": methods}
    found: set[str] = set()
    for name, part in model.named_modules(remove_duplicate=False):
        if isinstance(part, TorchEstimator) and part.source.estimators:
            if name:
                owner = _owner(model, name)
                within = name.removeprefix(f"{owner}.") if owner else name
                asked[name] = model.get_submodule(owner).methods_asked(within, asked[owner])
            prefix = f"{name}." if name else ""
            found |= {prefix + tensor for tensor, readers in part.read_by.items() if not asked[name] & set(readers)}
    return found


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


def _require_one_structure(model: TorchEstimator, template: TorchEstimator, advice: str) -> None:
    """The model is one of this estimator, but for the numbers in its tensors."""
    for name, (actual, expected) in differing_settings(model, template).items():
        raise CannotUnwrap(
            f"unwrap: {name!r} of the model is {str(actual)[:80]}, of its estimator {str(expected)[:80]}; {advice}"
        )


def _require_same(model: TorchEstimator, again: TorchEstimator, unread: set[str]) -> None:
    """The new estimator is the model, to rounding."""
    modules = dict(model.named_modules(remove_duplicate=False))
    free = {f"{name}.{t}".lstrip(".") for name, part in modules.items() for t in getattr(part, "free_tensors", ())}
    found = tensors_of(again)
    wrong = [n for n, tensor in tensors_of(model).items() if n not in free | unread and not close(tensor, found[n])]
    for name, part in modules.items():
        if isinstance(part, TorchEstimator):
            others = again.get_submodule(name).invariants()
            pairs = {f"{name}.{key}".lstrip("."): (value, others[key]) for key, value in part.invariants().items()}
            wrong += [key for key, pair in pairs.items() if not close(*pair)]
    reasons = {
        f"{name}.{tensor}".lstrip("."): reason
        for name, part in modules.items()
        for tensor, reason in getattr(part, "derived_tensors", {}).items()
    }
    if wrong and wrong[0] in reasons:
        raise CannotUnwrap(
            f"unwrap: {wrong[0]!r} of {type(model).__name__} does not fit the numbers that were changed: "
            f"{reasons[wrong[0]]}, in scikit-learn always; set it accordingly, or name the `methods` that have to "
            "answer as the model's, without those that read it."
        )
    if wrong:
        raise CannotUnwrap(
            f"unwrap: {', '.join(map(repr, wrong[:4]))} of {type(model).__name__} cannot be told to scikit-learn, as "
            "no fitted attribute holds such numbers; freeze them in training, or set them to what they were."
        )


def _require_same_rules(again: TorchEstimator, template: TorchEstimator) -> None:
    """The new numbers have not made scikit-learn answer in another way."""
    for name, (actual, expected) in differing_settings(again, template).items():
        owner, _, setting = name.rpartition(".")
        if setting not in getattr(again.get_submodule(owner), "equivalent_settings", ()):
            raise CannotUnwrap(
                f"unwrap: with the new numbers scikit-learn would answer by another rule ({name}: {actual}, not "
                f"{expected}); keep the numbers that decide about it."
            )
