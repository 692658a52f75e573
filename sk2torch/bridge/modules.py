"""Modules from what a user gives: a class with its arguments, a function that makes one, or an instance."""

import copy
from typing import Any

import torch
from torch import nn

from sk2torch.bridge.batches import evaluating, one_tensor


def fresh_module(given: Any, settings: dict[str, Any], name: str) -> nn.Module:
    """A module of our own: a copy of an instance, or what a class or function makes of ``settings``.

    Raises:
        TypeError: it is or gives no module, or an instance comes with settings.
    """
    if isinstance(given, nn.Module):
        if settings:
            raise TypeError(
                f"{name}__{next(iter(settings))}: the {name} is an instance already; give its class, "
                f"{type(given).__name__}, and all of its arguments."
            )
        return copy.deepcopy(given)
    if not callable(given):
        raise TypeError(f"{name}: expected an nn.Module, its class or a function that makes one, got {given!r}.")
    made = given(**settings)
    if not isinstance(made, nn.Module):
        raise TypeError(f"{name}: expected a module, got a {type(made).__name__}.")
    return made


def settle(module: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """The output for a few rows; lazy modules take their shapes from them."""
    with evaluating(module):
        return one_tensor(module(x.clone()), len(x), module)
