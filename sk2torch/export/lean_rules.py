"""Groups of nodes in ONNX graphs that fewer nodes can stand for."""

from typing import Any

import numpy as np
import onnx_ir as ir
from onnxscript.rewriter.pattern import RewriteRuleClassBase

from sk2torch.export.graph_values import only_element
from sk2torch.export.lean_shape_rules import (
    ComplementColumn,
    FlatVector,
    KeptDimension,
    LookUp,
    OnlyColumn,
    RowLookUp,
    SamePlaces,
    SigmoidColumn,
)

_INTEGERS = (ir.DataType.INT64, ir.DataType.INT32)
_FLOATS = (ir.DataType.DOUBLE, ir.DataType.FLOAT)


def _scalar(op: Any, number: Any, dtype: ir.DataType) -> Any:
    return op.Constant(value=ir.tensor(np.array(number, dtype=dtype.numpy())))


class SquareSum(RewriteRuleClassBase):
    """``ReduceSum(Pow(x, 2))`` is ``ReduceSumSquare(x)``, of tables, for which ONNX Runtime is faster with it."""

    def pattern(self, op: Any, x: Any, two: Any, axes: Any) -> Any:
        return op.ReduceSum(op.Pow(x, two), axes, _outputs=["total"])

    def check(self, context: Any, x: Any, two: Any, axes: Any, **_: Any) -> bool:
        is_table = x.dtype in _FLOATS and x.shape is not None and len(x.shape) == 2
        return is_table and only_element(two) == 2 and axes.const_value is not None and axes.const_value.size > 0

    def rewrite(self, op: Any, x: Any, axes: Any, total: Any, **_: Any) -> Any:
        keepdims = total.producer().attributes.get_int("keepdims", 1)
        return op.ReduceSumSquare(x, axes, keepdims=keepdims)


class ChosenInteger(RewriteRuleClassBase):
    """``k * Cast(condition)`` is ``Where(condition, k, 0)``."""

    def pattern(self, op: Any, condition: Any, factor: Any) -> Any:
        return op.Mul(op.Cast(condition, _outputs=["cast"]), factor)

    def check(self, context: Any, condition: Any, factor: Any, cast: Any, **_: Any) -> bool:
        return condition.dtype == ir.DataType.BOOL and factor.dtype in _INTEGERS and only_element(factor) is not None

    def rewrite(self, op: Any, condition: Any, factor: Any, **_: Any) -> Any:
        return op.Where(condition, factor, _scalar(op, 0, factor.dtype))


class ShiftedChoice(RewriteRuleClassBase):
    """``Where(condition, a, b) - c`` of integers is ``Where(condition, a - c, b - c)``."""

    def pattern(self, op: Any, condition: Any, yes: Any, no: Any, shift: Any) -> Any:
        return op.Sub(op.Where(condition, yes, no), shift)

    def check(self, context: Any, condition: Any, yes: Any, no: Any, shift: Any, **_: Any) -> bool:
        numbers = (yes, no, shift)
        if condition.shape is None or shift.dtype not in _INTEGERS or any(only_element(v) is None for v in numbers):
            return False
        return all(len(value.const_value.shape) <= len(condition.shape) for value in numbers)

    def rewrite(self, op: Any, condition: Any, yes: Any, no: Any, shift: Any) -> Any:
        numbers = [_scalar(op, only_element(value) - only_element(shift), shift.dtype) for value in (yes, no)]
        return op.Where(condition, *numbers)


class NegatedChoice(RewriteRuleClassBase):
    """``Cast(Not(condition))`` is ``Where(condition, 0, 1)``."""

    def pattern(self, op: Any, condition: Any) -> Any:
        return op.Cast(op.Not(condition), _outputs=["cast"])

    def check(self, context: Any, condition: Any, cast: Any, **_: Any) -> bool:
        return cast.producer().attributes.get_int("to") in _INTEGERS

    def rewrite(self, op: Any, condition: Any, cast: Any, **_: Any) -> Any:
        dtype = ir.DataType(cast.producer().attributes.get_int("to"))
        return op.Where(condition, _scalar(op, 0, dtype), _scalar(op, 1, dtype))


class Affine(RewriteRuleClassBase):
    """``MatMul(x, w) + b`` of tables is one ``Gemm``."""

    def pattern(self, op: Any, x: Any, weight: Any, bias: Any) -> Any:
        return op.Add(op.MatMul(x, weight), bias)

    def check(self, context: Any, x: Any, weight: Any, bias: Any) -> bool:
        if x.dtype not in _FLOATS or any(v.shape is None for v in (x, weight)) or bias.const_value is None:
            return False
        # A bias of one row, which Gemm repeats.
        is_row = bias.const_value.size in (1, weight.shape[-1]) and len(bias.const_value.shape) < 2
        return is_row and len(x.shape) == 2 and len(weight.shape) == 2

    def rewrite(self, op: Any, x: Any, weight: Any, bias: Any) -> Any:
        return op.Gemm(x, weight, bias)


class VectorProduct(RewriteRuleClassBase):
    """A table times a vector is a table times a column: ONNX Runtime refuses the former for no rows."""

    def pattern(self, op: Any, x: Any, vector: Any) -> Any:
        return op.MatMul(x, vector)

    def check(self, context: Any, x: Any, vector: Any) -> bool:
        is_vector = vector.const_value is not None and len(vector.const_value.shape) == 1
        return is_vector and x.shape is not None and len(x.shape) == 2

    def rewrite(self, op: Any, x: Any, vector: Any) -> Any:
        column = op.Constant(value=ir.tensor(np.ascontiguousarray(vector.const_value.numpy()[:, None])))
        return op.Squeeze(op.MatMul(x, column), op.Constant(value=ir.tensor(np.array([1]))))


class TimesOne(RewriteRuleClassBase):
    """``1 * x`` is ``x``."""

    def __init__(self, is_first: bool) -> None:
        super().__init__(f"TimesOne{is_first}")
        self.is_first = is_first

    def pattern(self, op: Any, one: Any, x: Any) -> Any:
        return op.Mul(one, x) if self.is_first else op.Mul(x, one)

    def check(self, context: Any, one: Any, x: Any) -> bool:
        return only_element(one) == 1 and len(one.const_value.shape) == 0 and x.shape is not None

    def rewrite(self, op: Any, x: Any, **_: Any) -> Any:
        return op.Identity(x)


class TwoProbabilities(RewriteRuleClassBase):
    """``1 - p`` and ``p`` for ``p = Sigmoid(x)`` are ``Sigmoid([-x, x])``, unless a logarithm would see their zeros."""

    def pattern(self, op: Any, x: Any, one: Any) -> Any:
        second = op.Sigmoid(x)
        return op.Concat(op.Sub(one, second), second, axis=1, _outputs=["pair"])

    def check(self, context: Any, x: Any, one: Any, pair: Any) -> bool:
        is_column = x.dtype in _FLOATS and x.shape is not None and len(x.shape) == 2 and x.shape[1] == 1
        return is_column and only_element(one) == 1 and pair.is_graph_output() and not pair.uses()

    def rewrite(self, op: Any, x: Any, **_: Any) -> Any:
        signs = op.Constant(value=ir.tensor(np.array([-1.0, 1.0], dtype=x.dtype.numpy())))
        return op.Sigmoid(op.Mul(x, signs))


RULES = (
    *(KeptDimension.rule(name) for name in ("ReduceSum", "ReduceSumSquare", "ReduceMax", "ReduceMin", "ReduceMean")),
    SquareSum.rule(),
    ChosenInteger.rule(),
    ShiftedChoice.rule(),
    NegatedChoice.rule(),
    LookUp.rule(),
    RowLookUp.rule(),
    Affine.rule(),
    ComplementColumn.rule(),
    SigmoidColumn.rule(),
    OnlyColumn.rule(True),
    OnlyColumn.rule(False),
    VectorProduct.rule(),
    TimesOne.rule(True),
    TimesOne.rule(False),
    SamePlaces.rule(),
    FlatVector.rule(),
    TwoProbabilities.rule(),
)
