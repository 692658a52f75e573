"""Forest evaluation: the node that each row reaches in each tree, and sums of leaf values."""

from sk2torch.ops.forest.arrays import TreeArrays
from sk2torch.ops.forest.evaluation import direct_sums, forest_leaves, forest_sums, grouped_sum, rows_at_a_time
from sk2torch.ops.forest.operators import (
    exported_operators,
    leaves_operator,
    sums_operator,
    takes_kernel,
    takes_operator,
)
from sk2torch.ops.forest.packed import forget_packed
from sk2torch.ops.forest.ranked import stored_leaves, stored_sums
from sk2torch.ops.forest.reference import category_code, passed_nodes, reached_nodes, sequential_sum
from sk2torch.ops.forest.soft import leaf_probabilities, threshold_spreads, tree_levels

__all__ = [
    "TreeArrays",
    "category_code",
    "direct_sums",
    "exported_operators",
    "forest_leaves",
    "forest_sums",
    "forget_packed",
    "grouped_sum",
    "leaf_probabilities",
    "leaves_operator",
    "passed_nodes",
    "reached_nodes",
    "rows_at_a_time",
    "sequential_sum",
    "stored_leaves",
    "stored_sums",
    "sums_operator",
    "takes_kernel",
    "takes_operator",
    "threshold_spreads",
    "tree_levels",
]
