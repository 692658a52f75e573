"""Pairwise reduction: sums of ``w_j k(x, y_j)`` over stored rows, without holding all of ``k(x, y)``.

A kernel is a link applied to a statistic of two rows, which is how a fused kernel computes it: one
tile of the statistic, the link in registers, then the sum. ``weighted_sum`` is the one entry point;
a back end that replaces the reference keeps its signature.
"""

from sk2torch.ops.pairwise.reference import group_sums, weighted_sum
from sk2torch.ops.pairwise.statistics import pairwise_kernel

__all__ = ["group_sums", "pairwise_kernel", "weighted_sum"]
