"""Trees that learn: models with differentiable trees, and the way back."""

import copy
import math
from collections.abc import Callable
from typing import Any, TypeVar

from torch import nn

from sk2torch.base import TorchEstimator, UnsupportedParameter

T = TypeVar("T", bound=TorchEstimator)


def soften(model: T, temperature: float = 1.0) -> T:
    """A copy of a model whose trees are differentiable in inputs, thresholds and leaf values.

    An inner node sends a row left with probability ``sigmoid((threshold - x) / (temperature * scale))``; probabilities
    multiply along a path, and a tree answers with the expected value of its leaf. All trees within the model become
    soft, whatever is around them, and with them all methods that read leaf values; ``apply`` and ``decision_path`` stay
    hard. Thresholds and leaf values are parameters.

    ``scale``, a buffer of one number per feature, is the standard deviation of the feature's thresholds in the forest,
    so that one temperature suits features in different units. A feature with a single threshold ``t`` has ``|t|`` or
    the median of the other features' scales, whichever is smaller.

    Missing values and categories take the side that they have in the model, for certain. At a threshold itself both
    sides have one half; everywhere else the answers tend to the model's as the temperature tends to 0.

    Args:
        model: what ``wrap`` gave; it is not touched.
        temperature: above 0; ``set_temperature`` changes it.

    Raises:
        UnsupportedParameter: there are no trees, or soft ones; a temperature that is not above 0.
    """
    _check(model, "soften")
    value = _positive(temperature, "soften")
    if _soft_blocks(model):
        raise UnsupportedParameter(
            "soften: the trees of this model are soft; change them by set_temperature(model, t)."
        )
    dtype = model.anchor.dtype
    return _replaced(
        model,
        "soften",
        lambda block: block.soften(value, dtype),
        "has no trees; soften takes models of trees, and what contains them, before quantize",
    )


def harden(model: T) -> T:
    """A copy of a softened model with hard trees again, which have its thresholds and leaf values.

    ``harden(soften(model))`` answers exactly as ``model``. Trees of ``sklearn.tree`` compare ``float32(x)``: their
    thresholds are rounded down to float32, which does not change the answer. ``unwrap`` takes the result.

    Args:
        model: what ``soften`` gave, before or after training; it is not touched.

    Raises:
        UnsupportedParameter: there are no soft trees; a threshold is NaN.
    """
    _check(model, "harden")
    return _replaced(model, "harden", lambda block: block.harden(), "has no soft trees; harden takes what soften gave")


def set_temperature(model: nn.Module, temperature: float) -> None:
    """Set the temperature of all soft trees, in place: towards 0 they become hard.

    Args:
        model: what ``soften`` gave, or a module that holds such.
        temperature: above 0.

    Raises:
        UnsupportedParameter: there are no soft trees, or it is not above 0.
    """
    value = _positive(temperature, "set_temperature")
    blocks = _soft_blocks(model)
    if not blocks:
        raise UnsupportedParameter(f"set_temperature: {type(model).__name__} has no soft trees; call sk2torch.soften.")
    for block in blocks:
        block.temperature.fill_(value)


def is_soft(model: nn.Module) -> bool:
    """Whether some trees of the model are soft."""
    return bool(_soft_blocks(model))


def _soft_blocks(model: nn.Module) -> list[nn.Module]:
    return [module for module in model.modules() if hasattr(module, "harden")]


def _check(model: Any, verb: str) -> None:
    if not isinstance(model, TorchEstimator):
        raise TypeError(
            f"{verb}: expected a wrapped model, got {type(model).__name__}; call sk2torch.wrap(estimator) first."
        )


def _positive(temperature: float, verb: str) -> float:
    value = float(temperature)
    if not (value > 0 and math.isfinite(value)):
        raise UnsupportedParameter(
            f"{verb}: expected a temperature above 0, got {temperature}; harden gives the limit for 0."
        )
    return value


def _replaced(model: T, verb: str, convert: Callable[[Any], nn.Module], otherwise: str) -> T:
    """A copy with ``convert(block)`` in the place of each block that has the method ``verb``, shared ones too."""
    result = copy.deepcopy(model)
    found = [(parent, name, child) for parent in result.modules() for name, child in parent._modules.items()]
    found = [each for each in found if hasattr(each[2], verb)]
    if not found:
        raise UnsupportedParameter(f"{verb}: {type(model).__name__} {otherwise}.")
    made: dict[int, nn.Module] = {}
    for parent, name, child in found:
        if id(child) not in made:
            made[id(child)] = convert(child).train(child.training)
        setattr(parent, name, made[id(child)])
    return result
