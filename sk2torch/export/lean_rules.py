"""Groups of nodes in ONNX graphs that fewer nodes can stand for."""

from typing import Any

import numpy as np
import onnx_ir as ir
from onnxscript.rewriter.pattern import RewriteRuleClassBase

from sk2torch.export.graph_values import only_element

_INTEGERS = (ir.DataType.INT64, ir.DataType.INT32)
_FLOATS = (ir.DataType.DOUBLE, ir.DataType.FLOAT)


def known_shape(value: ir.Value | None) -> list[str] | None:
    """The sizes of a value, names of dynamic ones included; None where one is not known."""
    dims = None if value is None or value.shape is None else [str(dim) for dim in value.shape]
    return None if dims is None or "None" in dims else dims


def same_shape(one: ir.Value | None, other: ir.Value | None) -> bool:
    """Whether two values are known to have the same shape."""
    return known_shape(one) is not None and known_shape(one) == known_shape(other)


def _scalar(op: Any, number: Any, dtype: ir.DataType) -> Any:
    return op.Constant(value=ir.tensor(np.array(number, dtype=dtype.numpy())))


class KeptDimension(RewriteRuleClassBase):
    """``Unsqueeze(Reduce(x, axes), axes)`` is the reduction that keeps its dimensions."""

    def __init__(self, operator: str) -> None:
        super().__init__(f"KeptDimension{operator}")
        self.operator = operator

    def pattern(self, op: Any, x: Any, axes: Any, places: Any) -> Any:
        reduced = getattr(op, self.operator)(x, axes, keepdims=0, _outputs=["reduced"])
        return op.Unsqueeze(reduced, places)

    def check(self, context: Any, x: Any, axes: Any, places: Any, **_: Any) -> bool:
        if axes.const_value is None or places.const_value is None or x.shape is None:
            return False
        rank = len(x.shape)
        given = [np.atleast_1d(v.const_value.numpy()) % rank for v in (axes, places)]
        return given[0].size > 0 and np.array_equal(*given)

    def rewrite(self, op: Any, x: Any, axes: Any, **_: Any) -> Any:
        return getattr(op, self.operator)(x, axes, keepdims=1)


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


class LookUp(RewriteRuleClassBase):
    """``Gather`` takes places of any shape: neither they nor the results need be reshaped."""

    def pattern(self, op: Any, table: Any, places: Any, flat: Any, shape: Any) -> Any:
        found = op.Gather(table, op.Reshape(places, flat, _outputs=["row"]), axis=0)
        return op.Reshape(found, shape, _outputs=["result"])

    def check(self, context: Any, table: Any, places: Any, row: Any, result: Any, **_: Any) -> bool:
        dims, width = known_shape(places), known_shape(table)
        is_flat = row.shape is not None and len(row.shape) == 1
        return is_flat and dims is not None and width is not None and known_shape(result) == dims + width[1:]

    def rewrite(self, op: Any, table: Any, places: Any, **_: Any) -> Any:
        return op.Gather(table, places, axis=0)


class RowLookUp(RewriteRuleClassBase):
    """``GatherND`` of places of one number each is ``Gather``."""

    def pattern(self, op: Any, table: Any, places: Any, axes: Any) -> Any:
        return op.GatherND(table, op.Unsqueeze(places, axes), _outputs=["found"])

    def check(self, context: Any, places: Any, axes: Any, found: Any, **_: Any) -> bool:
        is_plain = found.producer().attributes.get_int("batch_dims", 0) == 0
        return is_plain and places.shape is not None and only_element(axes) in (-1, len(places.shape))

    def rewrite(self, op: Any, table: Any, places: Any, **_: Any) -> Any:
        return op.Gather(table, places, axis=0)


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


class ComplementColumn(RewriteRuleClassBase):
    """``Unsqueeze(c - x)`` is ``c - Unsqueeze(x)`` for a number ``c``, so that the column of ``x`` is made once."""

    def pattern(self, op: Any, number: Any, x: Any, axes: Any) -> Any:
        return op.Unsqueeze(op.Sub(number, x), axes)

    def check(self, context: Any, number: Any, **_: Any) -> bool:
        return only_element(number) is not None and len(number.const_value.shape) == 0

    def rewrite(self, op: Any, number: Any, x: Any, axes: Any) -> Any:
        return op.Sub(number, op.Unsqueeze(x, axes))


class SigmoidColumn(RewriteRuleClassBase):
    """``Unsqueeze(Sigmoid(x))`` is ``Sigmoid(Unsqueeze(x))``, where ``x`` may have been a column."""

    def pattern(self, op: Any, x: Any, axes: Any) -> Any:
        return op.Unsqueeze(op.Sigmoid(x), axes)

    def rewrite(self, op: Any, x: Any, axes: Any) -> Any:
        return op.Sigmoid(op.Unsqueeze(x, axes))


class OnlyColumn(RewriteRuleClassBase):
    """The only column of a table, as a column, is the table."""

    def __init__(self, is_gathered: bool) -> None:
        super().__init__(f"OnlyColumn{is_gathered}", remove_nodes=False)
        self.is_gathered = is_gathered

    def pattern(self, op: Any, x: Any, place: Any, axes: Any) -> Any:
        vector = op.Gather(x, place, axis=1) if self.is_gathered else op.Squeeze(x, place)
        return op.Unsqueeze(vector, axes)

    def check(self, context: Any, x: Any, place: Any, axes: Any) -> bool:
        if x.shape is None or len(x.shape) != 2 or x.shape[1] != 1 or only_element(axes) not in (1, -1):
            return False
        # A gathered place is a number: of a list of them, the column would remain.
        is_vector = place.const_value is not None and (not self.is_gathered or len(place.const_value.shape) == 0)
        return is_vector and only_element(place) in ((0, -1) if self.is_gathered else (1, -1))

    def rewrite(self, op: Any, x: Any, **_: Any) -> Any:
        return op.Identity(x)


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


class SamePlaces(RewriteRuleClassBase):
    """The place of an extreme, looked up among 0, 1, 2, …, is itself."""

    def pattern(self, op: Any, table: Any, place: Any) -> Any:
        return op.Gather(table, place, axis=0)

    def check(self, context: Any, table: Any, place: Any) -> bool:
        producer = place.producer()
        if producer is None or producer.op_type not in ("ArgMin", "ArgMax") or table.const_value is None:
            return False
        is_vector = table.dtype == ir.DataType.INT64 and len(table.const_value.shape) == 1
        return is_vector and np.array_equal(table.const_value.numpy(), np.arange(table.const_value.size))

    def rewrite(self, op: Any, place: Any, **_: Any) -> Any:
        return op.Identity(place)


class FlatVector(RewriteRuleClassBase):
    """``Reshape(x, [-1])`` of a vector is the vector."""

    def pattern(self, op: Any, x: Any, shape: Any) -> Any:
        return op.Reshape(x, shape)

    def check(self, context: Any, x: Any, shape: Any) -> bool:
        is_flat = shape.const_value is not None and shape.const_value.numpy().tolist() == [-1]
        return is_flat and x.shape is not None and len(x.shape) == 1

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
