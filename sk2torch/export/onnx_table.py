"""The raw table as input of an ONNX graph, and original labels as output: words become codes and back inside of it.

One input a column, of shape ``(batch, 1)``: strings for columns of text, numbers for all others. An empty string stands
for a missing value (for None, where None is a category of its own).
"""

import itertools

import numpy as np
import onnx_ir as ir

from sk2torch.base import METHODS, TorchEstimator
from sk2torch.base.columns import UNKNOWN, Column
from sk2torch.base.decoding import output_decoding
from sk2torch.base.encoding import InputEncoding
from sk2torch.export.onnx_feeds import MISSING, words_of

_DOMAIN = "ai.onnx.ml"
_OPSET = 4


def obstacle(model: TorchEstimator, methods: list[str]) -> str | None:
    """Why a graph cannot take the table, or None where it can."""
    encoding = model.encoding
    if type(encoding) is not InputEncoding or encoding.n_dims != 2 or any(METHODS[m].kind == "input" for m in methods):
        return "its input is no table"
    for column in encoding.columns or ():
        reason = column_obstacle(column)
        if reason is not None:
            return f"column {column.name!r} {reason}"
    return None


def column_obstacle(column: Column) -> str | None:
    """Why a graph cannot take this column, or None where it can."""
    if column.readers:
        return "holds documents, which are tokenised outside of the graph"
    if column.missing_words:
        return "holds numbers, and words for missing ones"
    if not column.is_text:
        return None
    if column.passed_on:
        return "is text that the model hands on, known or not"
    if not all(isinstance(word, str) or word is None for word in column.vocabulary):
        return "mixes words with other values"
    if MISSING in column.vocabulary:
        return "has the empty string as a category, which stands for a missing value in the graph"
    return None


def has_words(model: TorchEstimator) -> bool:
    """Whether the input holds text."""
    return any(column.is_text for column in model.encoding.columns or ())


def label_classes(model: TorchEstimator) -> np.ndarray | None:
    """Class labels that are words of one output, else None."""
    classes = output_decoding(model).classes
    if classes is None or isinstance(classes, list):
        return None
    listed = np.asarray(classes)
    is_words = listed.dtype.kind in "UO" and all(isinstance(label, str) for label in listed.tolist())
    return listed if is_words else None


def input_names(encoding: InputEncoding, taken: set[str]) -> list[str]:
    """A name per column: its own, or ``x0``, ``x1``, … where it has none or another, or an output, has the same."""
    columns = encoding.columns or []
    names = [
        column.name if isinstance(column.name, str) and column.name else f"x{j}" for j, column in enumerate(columns)
    ]
    is_free = len(set(names)) == len(names) and not taken & set(names)
    return names if is_free else [f"x{j}" for j in range(len(names))]


def take_columns(graph: ir.Graph, encoding: InputEncoding) -> list[str]:
    """Replace the graph's one input by one per column; their names."""
    given = graph.inputs[0]
    dtype = given.dtype or ir.DataType.DOUBLE
    batch = given.shape[0] if given.shape is not None else "batch"
    names = input_names(encoding, {str(value.name) for value in graph.outputs})
    inputs, nodes, parts = [], [], []
    for name, column in zip(names, encoding.columns or (), strict=True):
        kind = ir.DataType.STRING if column.is_text else dtype
        value = ir.Value(name=name, type=ir.TensorType(kind), shape=ir.Shape([batch, 1]))
        inputs.append(value)
        if column.is_text:
            nodes.append(_coded(value, column, dtype))
            value = nodes[-1].outputs[0]
        parts.append(value)
    nodes.append(ir.node("Concat", inputs=parts, attributes={"axis": 1}))
    table = nodes[-1].outputs[0]
    table.name, table.type, table.shape = "encoded_table", given.type, given.shape
    ir.convenience.replace_all_uses_with(given, table)
    graph.inputs.clear()
    graph.inputs.extend(inputs)
    if len(graph) > 0:
        graph.insert_before(graph[0], nodes)
    return names


def _coded(words: ir.Value, column: Column, dtype: ir.DataType) -> ir.Node:
    """Words to codes; unknown ones to ``UNKNOWN``."""
    listed = words_of(column)
    codes = [float(code) for code in column.vocabulary.values()]
    if MISSING not in listed:
        listed, codes = [*listed, MISSING], [*codes, float("nan")]
    number = dtype.numpy()
    attributes = {
        "keys_tensor": ir.StringTensor([word.encode() for word in listed], shape=ir.Shape([len(listed)]), name="words"),
        "values_tensor": ir.tensor(np.array(codes, dtype=number), name="codes"),
        "default_tensor": ir.tensor(np.array([UNKNOWN], dtype=number), name="unknown"),
    }
    node = ir.node("LabelEncoder", inputs=[words], attributes=attributes, domain=_DOMAIN)
    node.outputs[0].name = f"{words.name}_encoded"
    return node


def give_labels(graph: ir.Graph, name: str, classes: np.ndarray) -> None:
    """Replace the output ``name``, indices of classes, by the classes."""
    position = next(k for k, value in enumerate(graph.outputs) if value.name == name)
    index = graph.outputs[position]
    index.name = f"{name}_index"
    attributes = {
        "keys_int64s": list(range(len(classes))),
        "values_strings": [str(label) for label in classes.tolist()],
    }
    node = ir.node("LabelEncoder", inputs=[index], attributes=attributes, domain=_DOMAIN)
    label = node.outputs[0]
    label.name, label.type, label.shape = name, ir.TensorType(ir.DataType.STRING), index.shape
    graph.append(node)
    graph.outputs[position] = label


def _give_way(graph: ir.Graph) -> None:
    """Rename values inside of a graph that are called like one of its inputs or outputs: columns have any name."""
    nodes = list(ir.traversal.RecursiveGraphIterator(graph))
    attributes = [a for node in nodes for a in node.attributes.values() if a.type == ir.AttributeType.GRAPH]
    inner = [attribute.as_graph() for attribute in attributes]
    values = [output for node in nodes for output in node.outputs]
    values += [value for g in (graph, *inner) for value in g.initializers.values()]
    values += [value for g in inner for value in g.inputs]
    fixed = [*graph.inputs, *graph.outputs]
    taken = {str(value.name) for value in fixed}
    known = taken | {str(value.name) for value in values}
    for value in values:
        if value.name in taken and all(value is not other for other in fixed):
            value.name = next(name for k in itertools.count() if (name := f"{value.name}_{k}") not in known)
            known.add(value.name)


def with_table(program: ir.Model, model: TorchEstimator, names: dict[str, list[str]]) -> list[str] | None:
    """Make a graph take the table and give the labels, as far as there are words; its inputs if they are columns."""
    inputs = take_columns(program.graph, model.encoding) if has_words(model) else None
    classes = label_classes(model)
    labels = [m for m in names if METHODS[m].kind == "labels" and len(names[m]) == 1] if classes is not None else []
    for method in labels:
        give_labels(program.graph, names[method][0], classes)
    _give_way(program.graph)
    if inputs is not None or labels:
        program.opset_imports[_DOMAIN] = max(_OPSET, program.opset_imports.get(_DOMAIN, 0))
    return inputs
