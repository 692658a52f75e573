"""Keeps the ONNX exporter and its graph optimizer from rounding constants."""

import contextlib
import importlib
import types
from collections.abc import Iterator
from typing import Any

import numpy as np

from sk2torch.base import ArtifactError

_MODULE = "torch.onnx._internal.exporter._building"
_FUNCTION = "_get_or_create_constant"
_MATCHER = "onnxscript.rewriter._matcher"


def _needs_float64(value: Any) -> bool:
    with np.errstate(over="ignore"):
        return isinstance(value, float) and value == value and float(np.float32(value)) != value


@contextlib.contextmanager
def exact_constants() -> Iterator[None]:
    """Within the block, the exporter writes a float that float32 does not hold exactly as float64.

    The exporter writes every Python float without a known type as a float32 constant and casts it to
    float64 afterwards: ``x + 0.1`` would be off by 1e-9. For graphs that compute in float64.

    Raises:
        ArtifactError: this torch's exporter is built otherwise; a wrong number is worse than none.
    """
    building = importlib.import_module(_MODULE)
    original = getattr(building, _FUNCTION, None)
    if original is None:
        raise ArtifactError(
            "this version of torch has another ONNX exporter, which may round float64 constants; "
            "export with torch 2.11 to 2.13, or wrap the model with dtype=torch.float32."
        )
    ir = importlib.import_module("onnxscript.ir")

    def get_or_create_constant(farm: Any, value: Any, dtype: Any, opset: Any) -> Any:
        if dtype == ir.DataType.FLOAT and _needs_float64(value):
            dtype = ir.DataType.DOUBLE
        return original(farm, value, dtype, opset)

    setattr(building, _FUNCTION, get_or_create_constant)
    try:
        yield
    finally:
        setattr(building, _FUNCTION, original)


@contextlib.contextmanager
def exact_rules() -> Iterator[None]:
    """Within the block, the graph optimizer takes a scalar for 0 or 1 only if it is.

    It takes those within 1e-8 of 0 or 1e-5 of 1 for them, and leaves out ``x + 1e-9`` or ``x * 1.000001``.

    Raises:
        ArtifactError: this onnxscript's optimizer is built otherwise.
    """
    matcher = importlib.import_module(_MATCHER)
    if not hasattr(matcher, "math"):
        raise ArtifactError(
            "this version of onnxscript has another optimizer, which may leave out constants near 0 and 1; "
            "export with onnxscript 0.5 to 0.7."
        )
    original = matcher.math
    matcher.math = types.SimpleNamespace(isclose=lambda a, b, **_: a == b)
    try:
        yield
    finally:
        matcher.math = original
