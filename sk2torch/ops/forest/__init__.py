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
from sk2torch.ops.forest.ranked import ranked_leaves, ranked_sums, widened
from sk2torch.ops.forest.ranked_reference import ranked_nodes
from sk2torch.ops.forest.ranks import RankedColumns, rounded_down
from sk2torch.ops.forest.reference import category_code, passed_nodes, reached_nodes, sequential_sum
from sk2torch.ops.forest.soft import leaf_probabilities, threshold_spreads, tree_levels
from sk2torch.ops.forest.tiles import compared_columns, takes_tiles, tiled_leaves, tiled_sums

__all__ = [
    "RankedColumns",
    "TreeArrays",
    "category_code",
    "compared_columns",
    "direct_sums",
    "exported_operators",
    "forest_leaves",
    "forest_sums",
    "forget_packed",
    "grouped_sum",
    "leaf_probabilities",
    "leaves_operator",
    "passed_nodes",
    "ranked_leaves",
    "ranked_nodes",
    "ranked_sums",
    "reached_nodes",
    "rounded_down",
    "rows_at_a_time",
    "sequential_sum",
    "sums_operator",
    "takes_kernel",
    "takes_operator",
    "takes_tiles",
    "threshold_spreads",
    "tiled_leaves",
    "tiled_sums",
    "tree_levels",
    "widened",
]
