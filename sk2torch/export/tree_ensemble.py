"""Trees in an ONNX graph as the operator ``TreeEnsemble`` of ai.onnx.ml, which ONNX Runtime has for CPUs.

The exported program keeps the operators of ``ops.forest``; the exporter writes them as nodes of a domain of our own,
which are replaced here once the trees are at hand as constants.
"""

import importlib
from collections.abc import Callable
from typing import Any

import torch

from sk2torch.base import ArtifactError
from sk2torch.export.graph_values import take_place
from sk2torch.export.tree_attributes import DOMAIN, VERSION, HostTrees
from sk2torch.export.tree_writer import TreeWriter

_OURS = "sk2torch"
# Operators that change little where an input does, and those of which that holds for the first input.
_SMOOTH = {"Add", "Sub", "Mul", "Neg", "Exp", "Sigmoid", "Softmax", "Concat", "Identity"}
_SMOOTH_IN_FIRST = {
    *("Div", "ReduceSum", "ReduceMean", "Gather", "Slice", "Squeeze", "Unsqueeze", "Reshape", "Transpose", "Expand")
}
_UNBOUNDED = 2**62
_ARRAYS = ["feature", "threshold", "children", "category_row", "category_left", "roots"]
_TYPES = ["tensor(float)", "tensor(double)", "tensor(int64)", "tensor(bool)"]


def translations() -> dict[Callable[..., Any], Callable[..., Any]]:
    """How the exporter writes the operators of trees, for ``custom_translation_table``."""
    leaves = _placeholder("ForestLeaves", ["x", *_ARRAYS], [])
    sums = _placeholder("ForestSums", ["x", *_ARRAYS, "values", "start"], ["n_groups"])

    def forest_leaves(*arguments: Any) -> Any:
        return leaves(*arguments[:7])

    def forest_sums(*arguments: Any) -> Any:
        return sums(*arguments[:7], *arguments[9:11], n_groups=arguments[11])

    operators = torch.ops.sk2torch
    return {operators.forest_leaves.default: forest_leaves, operators.forest_sums.default: forest_sums}


def _placeholder(name: str, inputs: list[str], integers: list[str]) -> Callable[..., Any]:
    """An operator of our domain that the exporter can write."""
    defs: Any = importlib.import_module("onnx").defs
    values: Any = importlib.import_module("onnxscript").values
    schema = defs.OpSchema(
        name,
        _OURS,
        1,
        inputs=[defs.OpSchema.FormalParameter(parameter, f"T{k}") for k, parameter in enumerate(inputs)],
        outputs=[defs.OpSchema.FormalParameter("result", "R")],
        type_constraints=[*((f"T{k}", _TYPES, "") for k in range(len(inputs))), ("R", _TYPES, "")],
        attributes=[defs.OpSchema.Attribute(i, defs.OpSchema.AttrType.INT) for i in integers],
    )
    return values.Op(values.Opset(_OURS, 1), name, schema)


def place_trees(model: Any) -> None:
    """Replace the placeholders in an ``onnx_ir`` model by ``TreeEnsemble`` and what adds its leaves up.

    Raises:
        ArtifactError: trees that are not constants of the graph.
    """
    ir: Any = importlib.import_module("onnx_ir")
    writers: dict[tuple[int, ...], TreeWriter] = {}
    nodes = [node for node in ir.traversal.RecursiveGraphIterator(model.graph) if node.domain == _OURS]
    _compute_constants(model, nodes)
    named = {_key(node) for node in nodes if node.op_type == "ForestLeaves"}
    for node in nodes:
        inputs = node.inputs
        if any(value is None or value.const_value is None for value in inputs[1:8]):
            raise ArtifactError(
                "trees='TreeEnsemble' needs trees that are constants of the graph; export with trees='standard'."
            )
        key = _key(node)
        if key not in writers:
            arrays = [value.const_value.numpy() for value in inputs[1:7]]
            arrays[4] = arrays[4].reshape(-1, 257)
            writers[key] = TreeWriter(ir, model.graph, node, HostTrees(*arrays), key in named)
        writer = writers[key]
        if node.op_type == "ForestLeaves":
            result = writer.leaves(node)
        else:
            values, n_groups = inputs[7].const_value.numpy(), node.attributes["n_groups"].as_int()
            order_counts = node.graph is not model.graph or not _is_smooth(node.outputs[0])
            result = writer.sums(node, values, n_groups, order_counts)
        take_place(node.graph, node.outputs[0], result)
        node.graph.remove(node, safe=True)
    importlib.import_module("onnx_ir.passes.common").RemoveUnusedNodesPass()(model)
    model.graph.opset_imports.pop(_OURS, None)
    if nodes:
        model.graph.opset_imports[DOMAIN] = VERSION


def _key(node: Any) -> tuple[int, ...]:
    """The forest of a placeholder and its input."""
    return tuple(id(part) for part in (node.graph, *node.inputs[:7]))


def _is_smooth(value: Any) -> bool:
    """Whether all that is computed from a value, up to the graph's outputs, changes little where the value does."""
    return all(
        (user.op_type in _SMOOTH or (position == 0 and user.op_type in _SMOOTH_IN_FIRST))
        and user.domain == ""
        and _is_smooth(user.outputs[0])
        for user, position in value.uses()
    )


def _compute_constants(model: Any, placeholders: list[Any]) -> None:
    """Compute what the trees are unpacked from, whatever their size."""
    waiting = [value for node in placeholders for value in node.inputs[1:8] if value is not None]
    above: set[Any] = set()
    while waiting:
        node = waiting.pop().producer()
        if node is not None and node not in above:
            above.add(node)
            waiting += [value for value in node.inputs if value is not None]
    if above:
        fold: Any = importlib.import_module("onnxscript.optimizer").fold_constants_ir
        unbounded = {"input_size_limit": _UNBOUNDED, "output_size_limit": _UNBOUNDED}
        fold(model, **unbounded, should_fold=lambda node: node in above, onnx_shape_inference=False)
