"""Groups of nodes in ONNX graphs that only shape, look up or place what others compute, as fewer nodes."""

from typing import Any

import numpy as np
import onnx_ir as ir
from onnxscript.rewriter.pattern import RewriteRuleClassBase

from sk2torch.export.graph_values import known_shape, only_element


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
