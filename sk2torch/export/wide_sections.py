"""Bounds the memory of an ONNX graph: the parts with wide rows take many rows in blocks.

A section is what computes, from tensors of one narrow row per sample, others of that kind by way of wide ones, such as
the kernel between the samples and all the support vectors. It becomes ``If(n <= block, section, Loop(section))``.
So does a whole graph without wide rows whose nodes write many numbers for each sample.
"""

import importlib
import itertools
import math
import re
from collections.abc import Iterable
from typing import Any

from sk2torch.export.wide_blocks import write_blocks

# Operators whose results are not rows of samples, even if as many.
_UNORDERED = {"NonZero", "Unique", "Compress"}
# Numbers of a row from which it is wide, and of the widest tensor of a block, which should stay in a processor's cache.
WIDE, BLOCK_ELEMENTS = 512, 2**18
# The same for a whole graph: numbers that all of its nodes write for a sample, and of the widest tensor of a block.
LONG_WAY, GRAPH_ELEMENTS = 1024, 2**16
# How many times as much as its border holds such a graph must write.
SHARE = 4


def bound_memory(model: Any) -> None:
    """Rewrite the wide sections of an ``onnx_ir`` model whose samples do not depend on each other."""
    ir: Any = importlib.import_module("onnx_ir")
    common = importlib.import_module("onnx_ir.passes.common")
    # Of operators that were put in place of others.
    common.ShapeInferencePass()(model)
    graph = model.graph
    batch = str(graph.inputs[0].shape[0])
    varying = _varying(graph)
    sections = _whole(graph, _wide_parts(graph, batch), batch, varying)
    sections = _apart(graph, [s for s in sections if _is_fit(graph, s, batch, varying)], batch, varying)
    elements = BLOCK_ELEMENTS
    if not sections:
        elements = GRAPH_ELEMENTS
        sections = [nodes for nodes in [_after_inputs(graph, varying)] if _is_long(graph, nodes, batch, varying)]
    if not sections:
        return
    # Those of bodies, of which there will be copies.
    common.LiftSubgraphInitializersToMainGraphPass()(model)
    for section in sections:
        nodes = [node for node in graph if node in section]
        inputs, outputs = _boundary(graph, nodes, batch, varying)
        widest = max(_node_width(node, batch) for node in nodes)
        # They take the place of values that a later section may read.
        varying |= set(write_blocks(ir, graph, nodes, inputs, outputs, max(16, elements // widest)))
    graph.sort()
    common.RemoveUnusedNodesPass()(model)
    common.NameFixPass()(model)


def _after_inputs(graph: Any, varying: set[Any]) -> set[Any]:
    """All nodes that depend on the graph's input."""
    return {node for node in graph if any(value in varying for value in node.outputs)}


def _is_long(graph: Any, section: set[Any], batch: str, varying: set[Any]) -> bool:
    """Whether all nodes can be computed in blocks, and write much more than what they are given and give."""
    nodes = [node for node in graph if node in section]
    inputs, outputs = _boundary(graph, nodes, batch, varying)
    if not _can_split(nodes, inputs, outputs, batch):
        return False
    written = sum(_width(value, batch) for node in nodes for value in node.outputs)
    return written >= max(LONG_WAY, SHARE * sum(_width(value, batch) for value in (*inputs, *outputs)))


def _whole(graph: Any, parts: list[set[Any]], batch: str, varying: set[Any]) -> list[set[Any]]:
    """Closed sections that hold the parts and share no nodes."""
    while True:
        closed = [_closed(graph, set(part), batch, varying) for part in parts]
        merged = _merged(closed)
        if len(merged) == len(closed):
            return merged
        parts = merged


def _is_fit(graph: Any, section: set[Any], batch: str, varying: set[Any]) -> bool:
    """Whether the section can be computed in blocks, and memory is gained by it."""
    nodes = [node for node in graph if node in section]
    inputs, outputs = _boundary(graph, nodes, batch, varying)
    if not _can_split(nodes, inputs, outputs, batch):
        return False
    widest = max(_node_width(node, batch) for node in nodes)
    # What is wide outside needs the memory anyway.
    return widest > 2 * max(_width(value, batch) for value in (*inputs, *outputs))


def _can_split(nodes: list[Any], inputs: list[Any], outputs: list[Any], batch: str) -> bool:
    """Whether the nodes, with these tables as border, can be computed in blocks."""
    is_table = bool(inputs and outputs) and all(_is_table(value, batch) for value in outputs)
    return is_table and not any(node.op_type in _UNORDERED for node in nodes)


def _apart(graph: Any, sections: list[set[Any]], batch: str, varying: set[Any]) -> list[set[Any]]:
    """Sections of which no two need each other's results; those that do become one, or the first of them remains."""
    while (pair := _mutual(graph, sections)) is not None:
        first, second = (sections[k] for k in pair)
        others = [section for k, section in enumerate(sections) if k not in pair]
        joined = _whole(graph, [first | second, *others], batch, varying)
        fits = all(_is_fit(graph, section, batch, varying) for section in joined)
        sections = joined if fits else [first, *others]
    return sections


def _mutual(graph: Any, sections: list[set[Any]]) -> tuple[int, int] | None:
    """The positions of two sections of which each needs what the other gives."""
    later = [_after_sections(graph, section, sections) for section in sections]
    pairs = itertools.combinations(range(len(sections)), 2)
    return next(((i, j) for i, j in pairs if sections[j] <= later[i] and sections[i] <= later[j]), None)


def _after_sections(graph: Any, section: set[Any], sections: list[set[Any]]) -> set[Any]:
    """The nodes that need the section, where a section needs what any of its nodes needs."""
    reached, size = set(section), 0
    while len(reached) != size:
        size = len(reached)
        reached = _after(graph, reached)
        reached = reached.union(*(other for other in sections if other & reached))
    return reached


def _width(value: Any, batch: str) -> int:
    """Numbers of a sample in a value; 0 where it has none or their number is not known."""
    if value is None or value.shape is None:
        return 0
    sizes, depends = [], False
    for dim in value.shape:
        if isinstance(dim, int):
            sizes.append(dim)
        else:
            multiple = re.fullmatch(rf"(?:(\d+)\*)?{re.escape(batch)}", str(dim))
            if multiple is None:
                return 0
            depends = True
            sizes.append(int(multiple[1] or 1))
    return math.prod(sizes) if depends else 0


def _node_width(node: Any, batch: str) -> int:
    """Of the widest tensor that a node reads or makes."""
    inner = [_node_width(n, batch) for g in _bodies(node) for n in g]
    return max([_width(v, batch) for v in (*node.inputs, *node.outputs)] + inner, default=0)


def _bodies(node: Any) -> list[Any]:
    return [a.as_graph() for a in node.attributes.values() if a.type.name == "GRAPH"]


def reads(node: Any) -> Iterable[Any]:
    """The values that a node takes, those that its bodies take from outside included."""
    for value in node.inputs:
        if value is not None:
            yield value
    for body in _bodies(node):
        own = set(body.inputs).union(*(n.outputs for n in body))
        for value in (*(v for n in body for v in reads(n)), *body.outputs):
            if value not in own:
                yield value


def _varying(graph: Any) -> set[Any]:
    """The values that depend on the graph's input."""
    varying = set(graph.inputs)
    for node in graph:
        if any(value in varying for value in reads(node)):
            varying.update(node.outputs)
    return varying


def _is_table(value: Any, batch: str) -> bool:
    """Whether it has a row per sample, and as many numbers in each."""
    shape = value.shape
    return (
        shape is not None
        and len(shape) > 0
        and str(shape[0]) == batch
        and all(isinstance(dim, int) for dim in list(shape)[1:])
        and value.dtype is not None
    )


def _wide_parts(graph: Any, batch: str) -> list[set[Any]]:
    """Nodes with wide tensors, put together where they share one."""
    parts: list[set[Any]] = []
    for node in graph:
        if _node_width(node, batch) <= WIDE:
            continue
        shared = {value.producer() for value in reads(node) if _width(value, batch) > WIDE} - {None}
        touched = [part for part in parts if part & shared]
        parts = [part for part in parts if not part & shared] + [{node}.union(*touched)]
    return parts


def _closed(graph: Any, part: set[Any], batch: str, varying: set[Any]) -> set[Any]:
    """The part, with what must be computed from the block: what has no row per sample, and what lies between."""
    size = -1
    while len(part) != size:
        size = len(part)
        for node in list(part):
            for value in reads(node):
                producer = value.producer()
                if value in varying and producer is not None and not _is_table(value, batch):
                    part.add(producer)
        part |= _after(graph, part) & _before(graph, part)
    return part


def _after(graph: Any, part: set[Any]) -> set[Any]:
    reached: set[Any] = set(part)
    for node in graph:
        if any(value.producer() in reached for value in reads(node)):
            reached.add(node)
    return reached


def _before(graph: Any, part: set[Any]) -> set[Any]:
    reached: set[Any] = set(part)
    for node in reversed(graph):
        if node in reached:
            reached |= {value.producer() for value in reads(node)} - {None}
    return reached


def _merged(parts: list[set[Any]]) -> list[set[Any]]:
    """Parts that share nodes as one."""
    merged: list[set[Any]] = []
    for part in parts:
        touched = [other for other in merged if other & part]
        merged = [other for other in merged if not other & part] + [part.union(*touched)]
    return merged


def _boundary(graph: Any, section: list[Any], batch: str, varying: set[Any]) -> tuple[list[Any], list[Any]]:
    """The tables that a section takes, and the values of it that are needed outside."""
    inside = set(section)
    taken = dict.fromkeys(v for node in section for v in reads(node) if v.producer() not in inside and v in varying)
    needed = {v for node in graph if node not in inside for v in reads(node)} | set(graph.outputs)
    given = [v for node in section for v in node.outputs if v in needed]
    return (list(taken), given) if all(_is_table(value, batch) for value in taken) else ([], [])
