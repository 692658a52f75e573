"""Writes a section of an ONNX graph twice: for few rows as it is, or nearly, and in a loop over blocks of rows."""

from typing import Any

import numpy as np

from sk2torch.export.graph_values import constant, take_place

# Up to so many rows, ONNX Runtime takes longer for a product with a long column than for its terms and their sum.
FEW_ROWS, LONG = 8, 512


def write_blocks(ir: Any, graph: Any, section: list[Any], inputs: list[Any], outputs: list[Any], rows: int) -> Any:
    """Replace nodes by ``If(n <= rows, nodes, Loop(nodes))``; the last block has rows of the one before as well.

    With products of rows and a long column, the nodes are for ``FEW_ROWS`` at most, and have sums for the products.

    Args:
        ir: the module ``onnx_ir``.
        graph: of the section.
        section: nodes in order.
        inputs: the tables that the section takes, of a row per sample.
        outputs: the tables that it gives.
        rows: of a block.

    Returns:
        What takes the place of ``outputs``.
    """
    writer = _Writer(ir, graph, rows)
    few = writer.copy(section, {}, "few_", keeps_shapes=True)
    if any(_long_column(node) is not None for node in section):
        rows = FEW_ROWS
    then_branch = writer.branch(few, [few[id(value)] for value in outputs])
    else_branch = writer.loop(section, inputs, outputs)
    count = writer.node("Shape", [inputs[0]], start=0, end=1)
    is_few = writer.node("LessOrEqual", [count.outputs[0], writer.constant([rows])])
    attributes = [ir.AttrGraph("then_branch", then_branch), ir.AttrGraph("else_branch", else_branch)]
    choice = ir.Node("", "If", [is_few.outputs[0]], attributes=attributes, num_outputs=len(outputs))
    graph.insert_before(section[0], [count, is_few, choice])
    for value, result in zip(outputs, choice.outputs, strict=True):
        take_place(graph, value, result)
    graph.remove(list(section), safe=False)
    return choice.outputs


class _Writer:
    """Copies nodes and makes new ones.

    Args:
        ir: the module ``onnx_ir``.
        root: the graph that takes the constants.
        rows: of a block.
    """

    def __init__(self, ir: Any, root: Any, rows: int) -> None:
        self.ir, self.root, self.rows = ir, root, rows
        self.label = f"{len(root.initializers)}_"
        self.nodes: list[Any] = []
        self.n_made = 0

    def node(self, name: str, inputs: list[Any], **attributes: int) -> Any:
        """A new node of one output."""
        listed = [self.ir.AttrInt64(key, value) for key, value in attributes.items()]
        made = self.ir.Node("", name, inputs, attributes=listed, num_outputs=1)
        # Names of one graph do not show in another.
        self.n_made += 1
        made.outputs[0].name = f"block_{self.label}{self.n_made}"
        return made

    def write(self, name: str, *inputs: Any, **attributes: int) -> Any:
        """The result of a new node among ``self.nodes``."""
        self.nodes.append(self.node(name, list(inputs), **attributes))
        return self.nodes[-1].outputs[0]

    def constant(self, value: Any) -> Any:
        """An initialiser."""
        return constant(self.ir, self.root, np.array(value))

    def copy(self, nodes: list[Any], values: dict[int, Any], prefix: str, keeps_shapes: bool) -> dict[int, Any]:
        """Copies of nodes, in ``self.nodes``, and of their values, by the ids of the originals.

        Args:
            nodes: in order.
            values: what stands for values that are not made by the nodes; all others are themselves.
            prefix: of names.
            keeps_shapes: copies have the shapes of the originals, else their numbers of rows are not known.
        """
        self.nodes = []
        for node in nodes:
            values |= {id(v): self.twin(v, prefix, keeps_shapes) for v in node.outputs}
            attributes = [self.attribute(a, values, prefix, keeps_shapes) for a in node.attributes.values()]
            inputs = [None if v is None else values.get(id(v), v) for v in node.inputs]
            outputs = [values[id(v)] for v in node.outputs]
            column = _long_column(node) if keeps_shapes else None
            if column is not None:
                self.write_sums(inputs, column, outputs)
                continue
            self.nodes.append(self.ir.Node(node.domain, node.op_type, inputs, attributes=attributes, outputs=outputs))
        return values

    def write_sums(self, inputs: list[Any], column: np.ndarray, outputs: list[Any]) -> None:
        """The product of rows and a column, plus a number if there is one, as sums of terms."""
        terms = self.write("Mul", inputs[0], self.constant(column))
        shift = inputs[2] if len(inputs) > 2 else None
        given = [terms, self.constant([1])]
        if shift is not None:
            given = [self.write("ReduceSum", *given, keepdims=1), shift]
        attributes = [] if shift is not None else [self.ir.AttrInt64("keepdims", 1)]
        name = "ReduceSum" if shift is None else "Add"
        self.nodes.append(self.ir.Node("", name, given, attributes=attributes, outputs=outputs))

    def twin(self, value: Any, prefix: str, keeps_shapes: bool) -> Any:
        """A value like another."""
        name = None if value.name is None else f"{prefix}{self.label}{value.name}"
        shape = value.shape
        if shape is not None and not keeps_shapes:
            shape = self.ir.Shape([dim if isinstance(dim, int) else None for dim in shape])
        return self.ir.Value(name=name, type=value.type, shape=shape)

    def attribute(self, attribute: Any, values: dict[int, Any], prefix: str, keeps_shapes: bool) -> Any:
        """The attribute itself, or the copy of a graph."""
        if attribute.type.name != "GRAPH":
            return attribute
        body = attribute.as_graph()
        values |= {id(v): self.twin(v, prefix, keeps_shapes) for v in body.inputs}
        kept = self.nodes
        values |= self.copy(list(body), values, prefix, keeps_shapes)
        inputs = [values[id(v)] for v in body.inputs]
        outputs = [values.get(id(v), v) for v in body.outputs]
        copied = self.ir.Graph(inputs, outputs, nodes=self.nodes, name=prefix + self.label + (body.name or ""))
        self.nodes = kept
        return self.ir.AttrGraph(attribute.name, copied)

    def branch(self, values: dict[int, Any], outputs: list[Any]) -> Any:
        """A graph without inputs, of ``self.nodes``."""
        return self.ir.Graph([], outputs, nodes=self.nodes, name=f"few_rows_{self.label}")

    def loop(self, section: list[Any], inputs: list[Any], outputs: list[Any]) -> Any:
        """The branch of many rows."""
        self.nodes = []
        zero, one = self.constant([0]), self.constant([1])
        count = self.write("Shape", inputs[0], start=0, end=1)
        # As many rows in each, so that the last repeats few of the one before.
        limit = self.constant([self.rows])
        n_blocks = self.write("Div", self.write("Add", count, self.constant([self.rows - 1])), limit)
        size = self.write("Div", self.write("Sub", self.write("Add", count, n_blocks), one), n_blocks)
        last = self.write("Sub", count, size)
        whole = self.write("Div", self.write("Sub", count, one), size)
        trips = self.write("Squeeze", self.write("Add", whole, one))
        before = self.nodes
        body = self.body(section, inputs, outputs, (size, last, zero))
        self.nodes = before
        loop = self.ir.Node(
            "",
            "Loop",
            [trips, self.constant(True)],
            attributes=[self.ir.AttrGraph("body", body)],
            num_outputs=len(outputs),
        )
        for k, stack in enumerate(loop.outputs):
            stack.name = f"stack_{self.label}{k}"
        self.nodes.append(loop)
        # Of the last block only what no other has.
        kept = self.write("Mul", whole, size)
        rest = self.write("Sub", kept, count)
        end = self.constant([2**62])
        results = []
        for value, stack in zip(outputs, loop.outputs, strict=True):
            shape = self.constant([-1, *list(value.shape)[1:]])
            table = self.write("Reshape", stack, shape)
            head = self.write("Slice", table, zero, kept, zero)
            result = self.write("Concat", head, self.write("Slice", table, rest, end, zero), axis=0)
            result.dtype, result.shape = value.dtype, value.shape
            results.append(result)
        return self.ir.Graph([], results, nodes=self.nodes, name=f"many_rows_{self.label}")

    def body(self, section: list[Any], inputs: list[Any], outputs: list[Any], places: tuple[Any, Any, Any]) -> Any:
        """The section for one block."""
        ir, (size, last, zero) = self.ir, places
        step = ir.Value(name=f"step_{self.label}", type=ir.TensorType(ir.DataType.INT64), shape=ir.Shape([]))
        goes_on = ir.Value(name=f"goes_on_{self.label}", type=ir.TensorType(ir.DataType.BOOL), shape=ir.Shape([]))
        self.nodes = []
        start = self.write("Min", self.write("Mul", step, size), last)
        stop = self.write("Add", start, size)
        blocks = {id(value): self.write("Slice", value, start, stop, zero) for value in inputs}
        before = self.nodes
        values = self.copy(section, blocks, "block_", keeps_shapes=False)
        self.nodes = before + self.nodes
        still = self.write("Identity", goes_on)
        still.dtype, still.shape = ir.DataType.BOOL, ir.Shape([])
        given = [values[id(value)] for value in outputs]
        return ir.Graph([step, goes_on], [still, *given], nodes=self.nodes, name=f"block_{self.label}")


def _long_column(node: Any) -> np.ndarray | None:
    """The column that a node multiplies tables of rows with, if it is long; a number may be added to the product."""
    if node.domain != "" or node.op_type not in ("MatMul", "Gemm") or len(node.inputs[0].shape or ()) != 2:
        return None
    factors = [node.attributes.get_float(name, 1.0) for name in ("alpha", "beta")]
    numbers = [value.const_value for value in node.inputs[1:] if value is not None]
    if factors != [1.0, 1.0] or node.attributes.get_int("transA", 0) or any(n is None for n in numbers):
        return None
    table = numbers[0].numpy().T if node.attributes.get_int("transB", 0) else numbers[0].numpy()
    is_column = table.ndim == 2 and table.shape[1] == 1 and table.shape[0] >= LONG
    return table[:, 0] if is_column and all(n.size == 1 for n in numbers[1:]) else None
