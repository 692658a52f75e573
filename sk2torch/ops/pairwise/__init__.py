"""Pairwise reduction: sums of ``w_j k(x, y_j)`` over stored rows, without holding all of ``k(x, y)``.

A kernel is a link applied to a statistic of two rows, which is how a fused kernel computes it: one
tile of the statistic, the link in registers, then the sum. ``reductions`` has the entry points and chooses
between back ends: compiled code for processors, Triton for GPUs, plain torch for graphs and all else.
"""

from sk2torch.ops.pairwise.distances import align_rows, great_circle_angle, reduced_distance, safe_root
from sk2torch.ops.pairwise.heap import stable_sort
from sk2torch.ops.pairwise.native_densities import density_sums
from sk2torch.ops.pairwise.native_few import few_means, nearest_of_few
from sk2torch.ops.pairwise.nearest import nearest_rows
from sk2torch.ops.pairwise.nearest_operator import (
    found_neighbors,
    is_recorded,
    known_distance,
    paired_distance,
)
from sk2torch.ops.pairwise.reductions import arg_min, log_sum, pairwise_kernel, weighted_sum
from sk2torch.ops.pairwise.reference import group_sums, log_sum_exp
from sk2torch.ops.pairwise.search_tree import SearchOrder

__all__ = [
    "SearchOrder",
    "align_rows",
    "arg_min",
    "density_sums",
    "few_means",
    "found_neighbors",
    "great_circle_angle",
    "group_sums",
    "is_recorded",
    "known_distance",
    "log_sum",
    "log_sum_exp",
    "nearest_of_few",
    "nearest_rows",
    "paired_distance",
    "pairwise_kernel",
    "reduced_distance",
    "safe_root",
    "stable_sort",
    "weighted_sum",
]
