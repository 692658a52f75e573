"""Pairwise reduction: sums of ``w_j k(x, y_j)`` over stored rows, without holding all of ``k(x, y)``.

A kernel is a link applied to a statistic of two rows, which is how a fused kernel computes it: one
tile of the statistic, the link in registers, then the sum. ``weighted_sum`` is the one entry point;
a back end that replaces the reference keeps its signature.
"""

from sk2torch.ops.pairwise.distances import align_rows, great_circle_angle, reduced_distance, safe_root
from sk2torch.ops.pairwise.heap import stable_sort
from sk2torch.ops.pairwise.nearest import nearest_rows
from sk2torch.ops.pairwise.reference import group_sums, weighted_sum
from sk2torch.ops.pairwise.statistics import pairwise_kernel

__all__ = [
    "align_rows",
    "great_circle_angle",
    "group_sums",
    "nearest_rows",
    "pairwise_kernel",
    "reduced_distance",
    "safe_root",
    "stable_sort",
    "weighted_sum",
]
