"""What to make of the leaves that rows reach: values, one-hot columns, paths."""

import torch
from torch import Tensor

from sk2torch.functional.graphs import ragged_graph, row_graph
from sk2torch.ops.forest import passed_nodes


def leaf_values(leaf: Tensor, values: Tensor) -> Tensor:
    """See ``Forest.terms``."""
    return values.index_select(0, leaf.reshape(-1)).reshape(leaf.shape[0], leaf.shape[1], values.shape[1])


def one_hot_leaves(leaf: Tensor, column: Tensor, n_columns: int, x: Tensor) -> Tensor:
    """See ``Forest.one_hot``."""
    chosen = column.index_select(0, leaf.reshape(-1)).reshape(leaf.shape)
    return row_graph(torch.ones_like(chosen, dtype=x.dtype), chosen, n_columns)


def path_graph(leaf: Tensor, parent: Tensor, depth: int, x: Tensor) -> Tensor:
    """See ``Forest.path``."""
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling():
            return passed_nodes(leaf, parent, depth, x)
    passed = [leaf]
    for _ in range(depth):
        passed.append(parent.index_select(0, passed[-1].reshape(-1)).reshape(leaf.shape))
    nodes = torch.sort(torch.cat(passed, dim=1), dim=1)[0]
    # Short paths have their root more than once.
    is_new = torch.cat([torch.ones_like(nodes[:, :1], dtype=torch.bool), nodes[:, 1:] != nodes[:, :-1]], dim=1)
    index = nodes[is_new]
    return ragged_graph(torch.ones_like(index, dtype=x.dtype), index, is_new.sum(dim=1), parent.shape[0])
