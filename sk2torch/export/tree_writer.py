"""The nodes of an ONNX graph that evaluate a forest with ``TreeEnsemble``."""

from typing import Any

import numpy as np

from sk2torch.export.graph_values import constant
from sk2torch.export.tree_attributes import (
    DOMAIN,
    HostTrees,
    categorical_columns,
    double_thresholds,
    sums_exactly,
    tree_attributes,
)

# Up to so many nodes, float64 trees are as fast as float32 ones: for few rows a node of the graph counts more.
_SMALL_FOREST = 2**14


class TreeWriter:
    """Writes nodes for one forest and its input; what several placeholders share, before the first of them.

    Args:
        ir: the module ``onnx_ir``.
        root: the graph that takes the constants.
        first: the first placeholder of this forest.
        trees: the forest.
        names_leaves: a placeholder asks for the leaves.
    """

    def __init__(self, ir: Any, root: Any, first: Any, trees: HostTrees, names_leaves: bool) -> None:
        self.ir, self.root, self.place, self.trees = ir, root, first, trees
        self.names_leaves = names_leaves
        self.n_features = int(first.inputs[0].shape[1])
        self.columns: dict[Any, Any] = {}
        self.results: dict[tuple[Any, ...], Any] = {}
        self.number: Any = None
        self.leaf = np.flatnonzero(trees.is_leaf)
        self.place = _marker(ir, first)

    def leaves(self, node: Any) -> Any:
        """The node that each row reaches in each tree, int64, shape ``(n_samples, n_trees)``."""
        return self.write(node, "Gather", self.constant(self.leaf), self.leaf_number(), axis=0)

    def sums(self, node: Any, values: np.ndarray, n_groups: int, order_counts: bool) -> Any:
        """See ``ops.forest.forest_sums``.

        The operator adds where any order gives the same sum, or where its rounding cannot decide anything. Else it
        finds the leaves, or their only values, and the graph adds them in the order of the trees.

        Args:
            node: the placeholder.
            values: of each node of the forest.
            n_groups: see there.
            order_counts: whether the last bit of a sum may decide, as between two classes.
        """
        rounds, width = self.trees.roots.size // n_groups, n_groups * values.shape[1]
        start = node.inputs[8]
        row = _constant_row(start, width)
        if row is not None:
            # Of the first tree of each group: the same number as what the first addition gives.
            start, is_first = None, self.trees.tree < n_groups
            values = values.astype(np.promote_types(values.dtype, row.dtype))
            values[is_first] += row.reshape(n_groups, -1)[self.trees.tree[is_first]]
            for dtype, digits in ((np.float32, 24), (np.float64, 53)):
                if self.holds(dtype, values.dtype) and self.is_exact(values, digits):
                    return self.operator_sums(node, values, n_groups, dtype)
            if not order_counts and self.holds(values.dtype.type, values.dtype) and self.is_single(values):
                return self.operator_sums(node, values, n_groups, values.dtype.type)
        if values.shape[1] == 1 and width < 16 and self.gives_values(values.dtype):
            terms = self.ensemble(values[:, 0], self.trees.tree, self.trees.roots.size, values.dtype.type)
            return self.last_sum(node, terms, start, n_groups)
        parts = max(1, min(16, rounds, width // 8))
        size = -(-rounds // parts)
        sizes = [n_groups * min(size, rounds - k) for k in range(0, rounds, size)]
        numbers = self.split(node, self.leaf_number(), sizes)
        table = self.constant(values[self.leaf])
        total = start
        for part, n_trees in zip(numbers, sizes, strict=True):
            terms = self.write(node, "Gather", table, part, axis=0)
            if n_groups > 1:
                terms = self.write(node, "Reshape", terms, self.constant(np.array([0, n_trees // n_groups, width])))
            count = n_trees // n_groups
            if total is not None:
                total = self.write(node, "Unsqueeze", total, self.constant(np.array([1])))
                terms, count = self.write(node, "Concat", total, terms, axis=1), count + 1
            sums = self.write(node, "CumSum", terms, self.constant(np.array(1)))
            total = self.write(node, "Gather", sums, self.constant(np.array(count - 1)), axis=1)
        return total

    def last_sum(self, node: Any, terms: Any, start: Any, n_groups: int) -> Any:
        """``start`` and the terms, shape ``(n_samples, n_trees)``, added up in their order."""
        count, place = self.trees.roots.size // n_groups, np.array([-1])
        if n_groups > 1:
            terms = self.write(node, "Reshape", terms, self.constant(np.array([0, count, n_groups])))
            start = None if start is None else self.write(node, "Unsqueeze", start, self.constant(np.array([1])))
            place = np.array(-1)
        if start is not None:
            terms = self.write(node, "Concat", start, terms, axis=1)
        sums = self.write(node, "CumSum", terms, self.constant(np.array(1)))
        return self.write(node, "Gather", sums, self.constant(place), axis=1)

    def gives_values(self, dtype: Any) -> bool:
        """Whether the operator had better give the values of leaves than their numbers."""
        return self.is_small and not self.names_leaves and self.holds(dtype, dtype)

    @property
    def is_small(self) -> bool:
        """Whether a node less is worth more than smaller trees."""
        return self.trees.feature.size <= _SMALL_FOREST

    def holds(self, dtype: Any, result: Any) -> bool:
        """Whether the operator can compare in ``dtype`` and give sums of type ``result``."""
        return np.can_cast(self.trees.threshold.dtype, dtype) and (dtype == np.float32 or result == np.float64)

    def is_exact(self, values: np.ndarray, digits: int) -> bool:
        """Whether each leaf has one value at most that is not zero, and they add up exactly in any order."""
        return self.is_single(values) and sums_exactly(self.trees, values, digits)

    def is_single(self, values: np.ndarray) -> bool:
        """Whether each leaf has one value at most that is not zero."""
        return bool((np.count_nonzero(values[self.leaf], axis=1) <= 1).all())

    def operator_sums(self, node: Any, values: np.ndarray, n_groups: int, dtype: Any) -> Any:
        """Sums that the operator adds up."""
        kind = np.abs(values).argmax(axis=1)
        weight = values[np.arange(kind.size), kind]
        target = (self.trees.tree % n_groups) * values.shape[1] + kind
        sums = self.ensemble(weight, target, n_groups * values.shape[1], dtype)
        return sums if dtype == values.dtype else self.cast(node, sums, values.dtype)

    def leaf_number(self) -> Any:
        """The position among ``self.leaf`` of each reached leaf, int32, shape ``(n_samples, n_trees)``."""
        if self.number is None:
            number = np.zeros(self.trees.feature.size)
            number[self.leaf] = np.arange(self.leaf.size)
            is_double = self.is_small and self.place.inputs[0].dtype == self.ir.DataType.DOUBLE
            is_double |= self.leaf.size > 2**24 or not self.holds(np.float32, np.float64)
            dtype = np.float64 if is_double else np.float32
            reached = self.ensemble(number, self.trees.tree, self.trees.roots.size, dtype)
            self.number = self.cast(self.place, reached, np.int32)
        return self.number

    def ensemble(self, weight: np.ndarray, target: np.ndarray, n_targets: int, dtype: Any) -> Any:
        """The operator's result; see ``tree_attributes``."""
        key = (weight.tobytes(), target.tobytes(), n_targets, dtype)
        if key not in self.results:
            trees, x = self.trees, self.place.inputs[0]
            if dtype == np.float64 and trees.rounds_doubles and x.dtype == self.ir.DataType.DOUBLE:
                # Instead of rounding the columns.
                trees = trees._replace(threshold=double_thresholds(trees.threshold))
            else:
                x = self.compared(dtype)
            attributes = tree_attributes(trees, self.n_features, weight, target, n_targets, dtype)
            tensors = {k: self.ir.tensor(v) if isinstance(v, np.ndarray) else v for k, v in attributes.items()}
            self.results[key] = self.write(self.place, "TreeEnsemble", x, domain=DOMAIN, **tensors)
        return self.results[key]

    def compared(self, dtype: Any) -> Any:
        """The columns that the operator looks at, rounded as the forest does, in ``dtype``."""
        if dtype in self.columns:
            return self.columns[dtype]
        exact = self.trees.threshold.dtype.type
        if exact not in self.columns:
            x = self.place.inputs[0]
            if x.dtype != self.ir.DataType.from_numpy(np.dtype(exact)):
                x = self.cast(self.place, x, exact)
            self.columns[exact] = self.with_codes(x, exact)
        if dtype not in self.columns:
            self.columns[dtype] = self.cast(self.place, self.columns[exact], dtype)
        return self.columns[dtype]

    def with_codes(self, x: Any, dtype: Any) -> Any:
        """``x`` and, for each categorical column, 1 + ``ops.forest.reference.category_code``."""
        columns = categorical_columns(self.trees, self.n_features)
        if columns.size == 0:
            return x
        place, number = self.place, lambda value: self.constant(np.array(value, dtype=dtype))
        value = self.write(place, "Gather", x, self.constant(columns), axis=1)
        code = self.write(place, "Mod", self.write(place, "Floor", value), number(256), fmod=1)
        code = self.write(place, "Add", code, number(1))
        is_small = self.write(place, "Less", value, number(2147483648.0))
        is_code = self.write(place, "GreaterOrEqual", value, number(0))
        code = self.write(place, "Where", is_small, code, number(1))
        code = self.write(place, "Where", is_code, code, number(257))
        return self.write(place, "Concat", x, code, axis=1)

    def cast(self, place: Any, value: Any, dtype: Any) -> Any:
        """The value in another type."""
        return self.write(place, "Cast", value, to=int(self.ir.DataType.from_numpy(np.dtype(dtype))))

    def split(self, place: Any, value: Any, sizes: list[int]) -> list[Any]:
        """Columns of the value, so many at a time."""
        if len(sizes) == 1:
            return [value]
        node = self.ir.Node(
            "",
            "Split",
            [value, self.constant(np.array(sizes))],
            attributes=[self.ir.AttrInt64("axis", 1)],
            num_outputs=len(sizes),
        )
        place.graph.insert_before(place, node)
        return list(node.outputs)

    def write(self, place: Any, name: str, *inputs: Any, domain: str = "", **attributes: Any) -> Any:
        """The result of a new node before ``place``."""
        tape = self.ir.tape.Tape()
        result = tape.op(name, list(inputs), attributes, domain=domain)
        place.graph.insert_before(place, tape.nodes)
        return result

    def constant(self, array: np.ndarray) -> Any:
        """An initialiser."""
        return constant(self.ir, self.root, array)


def _marker(ir: Any, first: Any) -> Any:
    """A node in front of ``first`` with its input, which nothing uses."""
    marker = ir.Node("", "Identity", [first.inputs[0]])
    first.graph.insert_before(first, marker)
    return marker


def _constant_row(value: Any, width: int) -> np.ndarray | None:
    """What each row of a value is made of, where they are known to be all the same."""
    if value.const_value is not None:
        array = value.const_value.numpy()
        is_row = array.ndim > 0 and array.size == array.shape[-1] and array.size in (1, width)
        return np.broadcast_to(array.reshape(-1), (width,)) if is_row else None
    node = value.producer()
    if node is None or node.domain != "":
        return None
    if node.op_type == "ConstantOfShape":
        filling = node.attributes.get("value")
        return np.broadcast_to(np.zeros(1, np.float32) if filling is None else filling.as_tensor().numpy(), (width,))
    return _constant_row(node.inputs[0], width) if node.op_type == "Expand" else None
