"""Makes ONNX graphs smaller: for a single row, a node costs as much as its arithmetic.

Constants are computed when the file is written, equal constants and equal nodes are kept once, and a few groups of
nodes that the exporter writes become fewer. Results stay what they were, but for the last bit of sums of squares and of
sums with a bias.
"""

import math
from typing import Any

import numpy as np
import onnx_ir as ir
from onnx_ir.passes import common
from onnxscript.optimizer import fold_constants_ir
from onnxscript.rewriter import RewritePass

from sk2torch.export.exact_constants import exact_rules
from sk2torch.export.graph_values import same_shape
from sk2torch.export.lean_rules import RULES
from sk2torch.export.product_rules import PRODUCT_RULES

_ELEMENTWISE = {
    *("Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Where"),
    *("Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Equal", "And", "Or"),
}
# A rule's result may be another's input.
_ROUNDS = 5
_UNBOUNDED = 2**62
# Constants are made in any case up to so many bytes.
_SMALL = 1024


def make_lean(model: Any) -> None:
    """Rewrite an ``onnx_ir`` model in place."""
    rewriting = RewritePass((*RULES, *PRODUCT_RULES))
    with exact_rules():
        for _ in range(_ROUNDS):
            fold_constants_ir(model, output_size_limit=_UNBOUNDED, should_fold=_is_worth, onnx_shape_inference=False)
            common.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(model)
            _lay_out(model)
            common.DeduplicateHashedInitializersPass(size_limit=_UNBOUNDED)(model)
            common.CommonSubexpressionEliminationPass()(model)
            _drop_expansions(model)
            is_done = not rewriting(model).modified
            common.RemoveUnusedNodesPass()(model)
            if is_done:
                break
    common.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(model)
    common.OutputFixPass()(model)
    common.NameFixPass()(model)
    _forget_origins(model)


def _is_worth(node: ir.Node) -> bool:
    """Whether to compute a node of constants: where the result is known to take no more bytes than they do."""
    given = [value.const_value for value in node.inputs if value is not None]
    results = [(value.shape, value.dtype) for value in node.outputs]
    if any(tensor is None for tensor in given) or len(results) > 1:
        return False
    shape, dtype = results[0]
    if shape is None or dtype is None or not shape.is_static():
        return False
    n_bytes = math.prod(shape.numpy()) * dtype.itemsize
    return n_bytes <= max(_SMALL, sum(tensor.nbytes for tensor in given if tensor is not None))


def _lay_out(model: ir.Model) -> None:
    """Give constants that were computed as transposed views memory of their own, which the next step reads."""
    for value in model.graph.initializers.values():
        if value.const_value is not None and value.dtype != ir.DataType.STRING:
            array = value.const_value.numpy()
            if not array.flags.c_contiguous:
                value.const_value = ir.tensor(np.ascontiguousarray(array), name=value.name)


def _drop_expansions(model: ir.Model) -> None:
    """Let element-wise nodes take as it is what was made as large as another of their inputs."""
    for node in ir.traversal.RecursiveGraphIterator(model.graph):
        if node.op_type != "Expand" or node.domain != "":
            continue
        for user, position in tuple(node.outputs[0].uses()):
            others = [value for k, value in enumerate(user.inputs) if k != position]
            if user.op_type in _ELEMENTWISE and any(same_shape(node.outputs[0], value) for value in others):
                user.replace_input_with(position, node.inputs[0])


def _forget_origins(model: ir.Model) -> None:
    """Drop what the exporter notes at each node: lines of source and paths of this machine, most of a small file."""
    for node in ir.traversal.RecursiveGraphIterator(model.graph):
        node.metadata_props.clear()
        for value in node.outputs:
            value.metadata_props.clear()
