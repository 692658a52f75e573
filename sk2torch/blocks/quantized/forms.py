"""Which form stands for a block in which mode of quantization."""

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, TypeVar

import torch
from torch import Tensor, nn

_PACKAGE = "sk2torch.blocks.quantized"
_FORMS: dict[tuple[type[nn.Module], str], Any] = {}

T = TypeVar("T", bound=type[nn.Module])


class Int8Matrix(NamedTuple):
    """``values * scale.unsqueeze(1)`` stands for a matrix.

    Args:
        values: int8, shape ``(n_rows, n_columns)``.
        scale: shape ``(n_rows,)``, in the dtype of the matrix.
    """

    values: Tensor
    scale: Tensor


class Int8Input(NamedTuple):
    """``(values - zero_point) * scale`` stands for the input of a linear map; values are -128 to 127."""

    scale: float
    zero_point: int


class Numbers(Protocol):
    """What forms are made with: a library's choice of scales.

    Args:
        leaf_dtype: of the values of leaves; None to keep them as they are.
    """

    leaf_dtype: torch.dtype | None

    def int8(self, matrix: Tensor) -> Int8Matrix:
        """A matrix in eight bits, symmetric, with a scale per row."""
        ...

    def calibrated(self, block: nn.Module, weight: Tensor, bias: Tensor) -> tuple[Int8Matrix, Int8Input] | None:
        """Weights and input of a linear map in eight bits, by the inputs that ``block`` had in calibration, if any."""
        ...

    def fake_quantized(self, weight: Tensor, bias: Tensor) -> nn.Module:
        """A linear map that rounds as the dynamic mode does, and passes gradients on."""
        ...


def quantized_form(block: type[nn.Module], *modes: str) -> Callable[[T], T]:
    """Class decorator: in these modes, this module takes the place of a block of exactly that class.

    The class has ``of(block, mode, numbers)``, a class method that gives the module, or None to keep the block.
    """

    def decorate(form: T) -> T:
        for mode in modes:
            _FORMS[block, mode] = form
        return form

    return decorate


def discover_forms() -> None:
    """Import every form."""
    package = importlib.import_module(_PACKAGE)
    for info in pkgutil.iter_modules(package.__path__, f"{_PACKAGE}."):
        importlib.import_module(info.name)


def form_of(block: nn.Module, mode: str) -> Any:
    """The class of the form of ``block`` in ``mode``, or None."""
    discover_forms()
    return _FORMS.get((type(block), mode))


def modes_for(model: nn.Module) -> list[str]:
    """The modes in which some block of ``model`` has a form, sorted."""
    discover_forms()
    classes = {type(module) for module in model.modules()}
    return sorted({mode for block, mode in _FORMS if block in classes})
