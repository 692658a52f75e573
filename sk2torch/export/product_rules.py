"""Groups of nodes in ONNX graphs for which products of matrices can stand."""

from typing import Any

import numpy as np
import onnx_ir as ir
from onnxscript.rewriter.pattern import RewriteRuleClassBase

from sk2torch.export.graph_values import only_element

# Largest error of a sum that a rewritten group may make, relative to the size of such sums.
_TOLERANCE = 1e-10
# Rows at which that size is looked up.
_PROBES = 64


def _array(value: ir.Value | None) -> np.ndarray | None:
    return None if value is None or value.const_value is None else value.const_value.numpy()


def _constant(op: Any, array: np.ndarray) -> Any:
    return op.Constant(value=ir.tensor(np.array(array, order="C")))


class UnitRowProduct(RewriteRuleClassBase):
    """``Gemm(x / |x|, w, b)`` is ``Gemm(x, w) / |x| + b``: it divides what is narrower.

    ``|x|`` is the root of the sum of squares of the row, so the product overflows only where the squares do.
    """

    def pattern(self, op: Any, x: Any, length: Any, weight: Any, bias: Any) -> Any:
        return op.Gemm(op.Div(x, length), weight, bias, _outputs=["product"])

    def check(self, context: Any, x: Any, length: Any, weight: Any, bias: Any, product: Any) -> bool:
        table = _array(weight)
        given = product.producer().attributes
        if table is None or any(given.get_float(name, 1.0) != 1.0 for name in ("alpha", "beta")):
            return False
        is_turned = given.get_int("transB", 0) == 1
        n_inputs, n_outputs = table.shape[::-1] if is_turned else table.shape
        return n_outputs < n_inputs and not given.get_int("transA", 0) and _is_length(length, x)

    def rewrite(self, op: Any, x: Any, length: Any, weight: Any, bias: Any, product: Any) -> Any:
        turned = product.producer().attributes.get_int("transB", 0)
        return op.Add(op.Div(op.Gemm(x, weight, transB=turned), length), bias)


def _is_length(length: ir.Value, x: ir.Value) -> bool:
    """Whether a value is the root of the rows' sums of squares, or of 1 where they are zero."""
    root = length.producer()
    if root is None or root.op_type != "Sqrt":
        return False
    squares = root.inputs[0].producer()
    if squares is not None and squares.op_type == "Where":
        squares = squares.inputs[2].producer()
    return squares is not None and squares.op_type == "ReduceSumSquare" and squares.inputs[0] is x


class SquaredExponential(RewriteRuleClassBase):
    """``exp(-gamma |x - y|^2)`` of all pairs of rows, from one product of rows with their squares.

    ``-gamma |x - y|^2 = [x - c, |x - c|^2] [2 gamma (y - c), -gamma] - gamma |y - c|^2``, with ``c`` the mean of the
    constant rows ``y``. Of what is rounded, at most ``(n_features + 4) epsilon (8 gamma max |y - c|^2 + 1)`` shows in
    a kernel's value: far rows have small ones. So it is done where all that is computed from the values are sums with
    constant weights, and these are small enough.
    """

    def pattern(self, op: Any, x: Any, places: Any, rows: Any, two: Any, axes: Any, factor: Any) -> Any:
        difference = op.Sub(op.Unsqueeze(x, places), rows)
        total = op.ReduceSum(op.Pow(difference, two), axes, keepdims=0)
        return op.Exp(op.Mul(factor, total), _outputs=["kernel"])

    def check(
        self, context: Any, x: Any, places: Any, rows: Any, two: Any, axes: Any, factor: Any, kernel: Any
    ) -> bool:
        table, gamma = _array(rows), only_element(factor)
        is_plain = only_element(places) == 1 and only_element(two) == 2 and only_element(axes) in (2, -1)
        if not is_plain or table is None or gamma is None or x.shape is None or x.dtype != ir.DataType.DOUBLE:
            return False
        weights = [_weights(user, position) for user, position in kernel.uses()]
        is_known = table.ndim == 2 and len(x.shape) == 2 and gamma < 0 and not kernel.is_graph_output()
        return is_known and bool(weights) and all(w is not None and _is_safe(table, -gamma, w) for w in weights)

    def rewrite(self, op: Any, x: Any, rows: Any, factor: Any, **_: Any) -> Any:
        table, gamma = _array(rows), -only_element(factor)
        center = table.mean(axis=0)
        near = table - center
        shifted = op.Sub(x, _constant(op, center))
        squares = op.ReduceSumSquare(shifted, _constant(op, np.array([1])), keepdims=1)
        factors = np.concatenate([2 * gamma * near.T, np.full((1, len(near)), -gamma)])
        exponent = op.Gemm(
            op.Concat(shifted, squares, axis=1),
            _constant(op, factors),
            _constant(op, -gamma * np.square(near).sum(axis=1)),
        )
        return op.Exp(exponent)


def _weights(user: ir.Node, position: int) -> np.ndarray | None:
    """The table that a node, or the one after a factor, multiplies its input with, shape ``(n_rows, n_sums)``."""
    if user.domain != "":
        return None
    if user.op_type == "Mul":
        factor = only_element(user.inputs[1 - position])
        tables = [_weights(*use) for use in user.outputs[0].uses()]
        is_known = factor is not None and bool(tables) and not user.outputs[0].is_graph_output()
        found = [table for table in tables if table is not None]
        return factor * np.concatenate(found, axis=1) if is_known and len(found) == len(tables) else None
    if user.op_type not in ("MatMul", "Gemm") or position != 0 or user.attributes.get_int("transA", 0):
        return None
    table = _array(user.inputs[1])
    if table is None or table.ndim != 2:
        return None
    return table.T if user.attributes.get_int("transB", 0) else table


def _is_safe(rows: np.ndarray, gamma: float, weights: np.ndarray) -> bool:
    """Whether the rounding of ``SquaredExponential`` is small beside the sums at some of the rows."""
    near = rows - rows.mean(axis=0)
    size = (rows.shape[1] + 4) * (8 * gamma * np.square(near).sum(axis=1).max() + 1)
    error = np.finfo(np.float64).eps * size * np.abs(weights).sum(axis=0)
    probes = near[:: max(1, len(near) // _PROBES)]
    values = np.exp([-gamma * np.square(near - probe).sum(axis=1) for probe in probes])
    return bool((error <= _TOLERANCE * np.abs(values @ weights).max(axis=0)).all())


PRODUCT_RULES = (UnitRowProduct.rule(), SquaredExponential.rule())
