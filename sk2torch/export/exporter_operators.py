"""The ONNX exporter's table of operators, read once, and operators that it lacks."""

import contextlib
import functools
import importlib
import types
from collections.abc import Callable, Iterator
from typing import Any

import torch


@functools.cache
def _operators() -> list[Any]:
    return importlib.import_module("torch.onnx._internal._lazy_import").onnxscript_apis.get_torchlib_ops()


@contextlib.contextmanager
def known_operators() -> Iterator[None]:
    """Within the block, the exporter keeps its table of operators, which takes longer to read than most models.

    Does nothing where this torch's exporter is built otherwise.
    """
    registration: Any = importlib.import_module("torch.onnx._internal.exporter._registration")
    original = getattr(registration, "onnxscript_apis", None)
    if not hasattr(original, "get_torchlib_ops"):
        yield
        return
    registration.onnxscript_apis = types.SimpleNamespace(get_torchlib_ops=_operators)
    try:
        yield
    finally:
        registration.onnxscript_apis = original


def more_translations() -> dict[Callable[..., Any], Callable[..., Any]]:
    """How to write operators that the exporter does not know, for ``custom_translation_table``."""
    operators: Any = importlib.import_module("onnxscript").opset18

    def int_mm(x: Any, y: Any) -> Any:
        return operators.MatMulInteger(x, y)

    return {torch.ops.aten._int_mm.default: int_mm}
