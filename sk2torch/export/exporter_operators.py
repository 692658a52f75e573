"""Lets the ONNX exporter read its table of operators once."""

import contextlib
import functools
import importlib
import types
from collections.abc import Iterator
from typing import Any


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
