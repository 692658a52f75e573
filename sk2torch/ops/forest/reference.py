"""Forest evaluation in plain torch: eager, TorchScript, and graphs that hold a loop instead of its steps."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from sk2torch.ops.loops import graph_loop

# Trees deeper than this stay a loop in compiled and exported graphs.
MAX_UNROLLED_STEPS = 8


def category_code(value: Tensor) -> Tensor:
    """``floor(value) mod 256``, and 256 for NaN and negative values; int64.

    The conversion of a double to ``uint8_t`` as compiled for x86: from 2**31 on it gives 0.
    """
    code = torch.where((value >= 0) & (value < 2147483648.0), value, torch.zeros_like(value)).long() % 256
    return torch.where(value >= 0, code, torch.full_like(code, 256))


def is_turned(n_nodes: int) -> bool:
    """Whether rows go down tree by tree, so that the nodes of one stay in a processor's cache: it does not hold all."""
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.jit.is_tracing():
            # Sizes are tensors, which are not to decide.
            return False
    return n_nodes > 131072


def next_node(
    node: Tensor,
    x: Tensor,
    codes: Tensor,
    feature: Tensor,
    threshold: Tensor,
    children: Tensor,
    category_row: Tensor,
    category_left: Tensor,
    n_trees: int,
    dim: int,
    has_categories: bool,
) -> Tensor:
    """One step down every tree from ``node``, shape ``(n_samples * n_trees,)``; see ``reached_nodes``.

    Args:
        x: turned if ``dim`` is 0, as ``codes``.
        codes: ``category_code`` of ``x``; ignored without categories.
        dim: of the columns: 1 if ``node`` is ordered by row, 0 if by tree.
    """
    shape = [x.shape[0], n_trees] if dim == 1 else [n_trees, x.shape[1]]
    # index_select and not brackets: several times faster on a CPU, and a plain Gather in ONNX.
    column = feature.index_select(0, node).reshape(shape)
    value = x.gather(dim, column).reshape(-1)
    # False for NaN, which therefore goes right.
    goes_left = value <= threshold.index_select(0, node)
    if has_categories:
        row = category_row.index_select(0, node)
        listed = category_left.index_select(0, 257 * row + codes.gather(dim, column).reshape(-1))
        # Row 0, of nodes that compare, lists nothing.
        goes_left = listed | (goes_left & (row == 0))
    return children.index_select(0, 2 * node + goes_left.logical_not().long())


def loop_down(
    node: Tensor, depth: int, step: Callable[..., Tensor], arrays: tuple[Tensor, ...], *settings: Any
) -> Tensor:
    """``step`` so many times from ``node``, as a loop of a graph."""

    def unfinished(count: Tensor, node: Tensor) -> Tensor:
        return count < depth

    def descend(count: Tensor, node: Tensor) -> tuple[Tensor, Tensor]:
        return count + 1, step(node, *arrays, *settings)

    start = torch.zeros((), dtype=torch.int64, device=node.device)
    return graph_loop(unfinished, descend, (start, node))[1]


def reached_nodes(
    x: Tensor,
    feature: Tensor,
    threshold: Tensor,
    children: Tensor,
    category_row: Tensor,
    category_left: Tensor,
    roots: Tensor,
    depth: int,
    has_categories: bool,
) -> Tensor:
    """The leaf of each tree that each row reaches, int64, shape ``(n_samples, n_trees)``.

    ``node <- children[2 * node + (0 if x[feature[node]] <= threshold[node] else 1)]``, ``depth``
    times from the roots. Leaves are their own children. NaN goes right.

    Args:
        x: shape ``(n_samples, n_columns)``.
        feature: int64, column that each node looks at, shape ``(n_nodes,)``.
        threshold: in the dtype of ``x``, shape ``(n_nodes,)``.
        children: int64, left and right child of each node in turn, shape ``(2 * n_nodes,)``.
        category_row: int64, per node its row of ``category_left``, 0 where it compares with the
            threshold.
        category_left: bool, rows of 257: which ``category_code`` goes left, flattened.
        roots: int64, shape ``(n_trees,)``.
        depth: the largest number of steps from a root to a leaf.
        has_categories: some node is categorical.
    """
    n_trees = roots.shape[0]
    dim = 0 if is_turned(feature.shape[0]) else 1
    turned = x.t().contiguous() if dim == 0 else x
    codes = category_code(turned) if has_categories else turned
    row = torch.zeros([x.shape[0]], dtype=torch.int64, device=x.device)
    node = (roots.unsqueeze(1 - dim) + row.unsqueeze(dim)).reshape(-1)
    if torch.jit.is_scripting():
        for _ in range(depth):
            node = next_node(
                node,
                turned,
                codes,
                feature,
                threshold,
                children,
                category_row,
                category_left,
                n_trees,
                dim,
                has_categories,
            )
    else:
        arrays = (turned, codes, feature, threshold, children, category_row, category_left)
        if depth > MAX_UNROLLED_STEPS and torch.compiler.is_compiling():
            node = loop_down(node, depth, next_node, arrays, n_trees, dim, has_categories)
        else:
            for _ in range(depth):
                node = next_node(node, *arrays, n_trees, dim, has_categories)
    return node.reshape(n_trees, x.shape[0]).t() if dim == 0 else node.reshape(x.shape[0], n_trees)


def _scan(values: Tensor, leaf: Tensor, start: Tensor) -> Tensor:
    n_trees, n_values = leaf.shape[1], values.shape[1]
    # Wide values in parts of the trees, to bound memory.
    parts = max(1, min(16, n_trees, n_values // 8))
    total = start
    for part in leaf.split(-(-n_trees // parts), dim=1):
        terms = values.index_select(0, part.reshape(-1)).reshape(part.shape[0], part.shape[1], n_values)
        total = torch.cat([total.unsqueeze(1), terms], dim=1).cumsum(1)[:, -1]
    return total


def sequential_sum(values: Tensor, leaf: Tensor, start: Tensor) -> Tensor:
    """``start + sum_t values[leaf[:, t]]``, added tree by tree so that it rounds as scikit-learn's sum.

    Args:
        values: shape ``(n_nodes, n_values)``.
        leaf: int64, shape ``(n_samples, n_trees)``.
        start: shape ``(n_samples, n_values)``.
    """
    if torch.jit.is_scripting():
        for tree in range(leaf.shape[1]):
            start = start + values.index_select(0, leaf[:, tree])
    else:
        if torch.compiler.is_compiling():
            return _scan(values, leaf, start)
        for tree in range(leaf.shape[1]):
            start = start + values.index_select(0, leaf[:, tree])
    return start


def passed_nodes(leaf: Tensor, parent: Tensor, depth: int, like: Tensor) -> Tensor:
    """1 at each leaf and all nodes above it, else 0, as a loop of a graph; shape ``(n_samples, n_nodes)``.

    Args:
        leaf: int64, shape ``(n_samples, n_trees)``.
        parent: int64, of each node; roots are their own; shape ``(n_nodes,)``.
        depth: the largest number of steps from a root to a leaf.
        like: has the dtype of the result.
    """

    def unfinished(step: Tensor, node: Tensor, result: Tensor) -> Tensor:
        return step <= depth

    def climb(step: Tensor, node: Tensor, result: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        result = result.scatter(1, node, torch.ones_like(node, dtype=result.dtype))
        return step + 1, parent.index_select(0, node.reshape(-1)).reshape(node.shape), result

    step = torch.zeros((), dtype=torch.int64, device=leaf.device)
    result = torch.zeros([leaf.shape[0], parent.shape[0]], dtype=like.dtype, device=leaf.device)
    return graph_loop(unfinished, climb, (step, leaf, result))[2]
