"""The order in which a query meets the leaves of scikit-learn's search trees."""

from typing import NamedTuple

import torch
from torch import Tensor

from sk2torch.ops.layout import selected
from sk2torch.ops.pairwise.distances import MAX_UNROLLED_STEPS, Metric, align_rows, great_circle_angle, reduced_distance


class SearchOrder(NamedTuple):
    """In which order rows are met, which decides among equal distances.

    Args:
        name: see ``nearest_rows``.
        leaves: int64, indices of the rows of each leaf, filled up with their number, shape ``(n_leaves, width)``; of a
            tree a power of two.
        lower: of each node, children of ``i`` being ``2 i + 1`` and ``2 i + 2``, the least corner
            (``"kd_tree"``) or the centre (``"ball_tree"``), shape ``(n_nodes, n_features)``.
        upper: the greatest corner, or the radius, shape ``(n_nodes, 1)``.
    """

    name: str
    leaves: Tensor
    lower: Tensor
    upper: Tensor


def visiting_order(x: Tensor, metric: Metric, order: SearchOrder) -> Tensor:
    """Leaves, the nearer child of every node first, where there is a tree; int64, shape ``(n, n_leaves)``."""
    n_leaves = order.leaves.shape[0]
    leaf = torch.arange(n_leaves, device=x.device)
    if n_leaves == 1 or (order.name != "kd_tree" and order.name != "ball_tree"):
        return leaf.unsqueeze(0) + torch.zeros_like(x[:, :1], dtype=torch.int64)
    bound = _box_distance(x, metric, order) if order.name == "kd_tree" else _ball_distance(x, metric, order)
    n_inner = n_leaves - 1
    children = bound[:, 1 : 2 * n_inner + 1].reshape(x.shape[0], n_inner, 2)
    right_first = (children[:, :, 0] <= children[:, :, 1]).logical_not().long()
    rank = torch.zeros_like(right_first[:, :1]) * leaf
    n_nodes = 1
    while n_nodes < n_leaves:
        # Of the level of n_nodes nodes: the ancestor of each leaf, and the side of it where the leaf is.
        part = n_leaves // (2 * n_nodes)
        ancestor = n_nodes - 1 + torch.div(leaf, 2 * part, rounding_mode="floor")
        side = torch.div(leaf, part, rounding_mode="floor") % 2
        # 1 where the leaf is in the child that comes second.
        rank = rank * 2 + (right_first.index_select(1, ancestor) - side).abs()
        n_nodes *= 2
    return torch.sort(rank, dim=1)[1]


def _box_distance(x: Tensor, metric: Metric, order: SearchOrder) -> Tensor:
    """The least reduced distance between ``x`` and the boxes; shape ``(n, n_nodes)``."""
    lower, upper, width = order.lower, order.upper, x.shape[1]
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling() and width > MAX_UNROLLED_STEPS:
            terms = _outside(x.unsqueeze(1), lower, upper, metric)
            return terms.amax(dim=-1) if metric.name == "chebyshev" else selected(terms.cumsum(-1), -1, -1)
    total = _outside(x[:, :1], lower[:, 0], upper[:, 0], metric)
    for feature in range(1, width):
        more = _outside(x[:, feature : feature + 1], lower[:, feature], upper[:, feature], metric)
        total = torch.maximum(total, more) if metric.name == "chebyshev" else total + more
    return total


def _outside(x: Tensor, lower: Tensor, upper: Tensor, metric: Metric) -> Tensor:
    below, above = lower - x, x - upper
    distance = 0.5 * ((below + below.abs()) + (above + above.abs()))
    if metric.name == "euclidean":
        return distance * distance
    return torch.pow(distance, metric.power) if metric.name == "minkowski" else distance


def holds_rows(rows: Tensor, metric: Metric, order: SearchOrder) -> bool:
    """Whether the boxes or balls of all nodes hold the rows of their leaves, to rounding: else a search misses rows.

    Args:
        rows: shape ``(m, n_features)``, aligned.
        metric: of the tree.
        order: the tree.
    """
    leaves = order.leaves
    n_leaves, m = leaves.shape[0], rows.shape[0]
    leaf, place = torch.nonzero(leaves < m, as_tuple=True)
    inside = rows[leaves[leaf, place]]
    slack = 64.0 * torch.finfo(rows.dtype).eps
    # Numbered from 1, node n is child of n // 2.
    node = leaf + n_leaves
    while n_leaves > 0:
        low, high = order.lower[node - 1], order.upper[node - 1]
        if order.name == "kd_tree":
            is_inside = (low <= inside) & (inside <= high)
        else:
            low = align_rows(low, metric.name)
            reduced = reduced_distance(inside, low, *metric)
            scale = 1.0 + high[:, 0] + (inside.abs() + low.abs()).amax(dim=1)
            is_inside = _beyond(reduced, high[:, 0] + slack * scale, metric) <= 0.0
        if not bool(is_inside.all()):
            return False
        node, n_leaves = node // 2, n_leaves // 2
    return True


def _ball_distance(x: Tensor, metric: Metric, order: SearchOrder) -> Tensor:
    """The least reduced distance between ``x`` and the balls; shape ``(n, n_nodes)``."""
    centers = align_rows(order.lower, metric.name)
    return _beyond(reduced_distance(x.unsqueeze(1), centers.unsqueeze(0), *metric), order.upper[:, 0], metric)


def _beyond(reduced: Tensor, radius: Tensor, metric: Metric) -> Tensor:
    """The reduced distance from a ball of what is at the reduced distance ``reduced`` from its centre."""
    name, power = metric.name, metric.power
    if name == "euclidean" or name == "seuclidean" or name == "mahalanobis":
        distance = (reduced.sqrt() - radius).clamp(min=0.0)
        return distance * distance
    if name == "minkowski":
        return torch.pow((torch.pow(reduced, 1.0 / power) - radius).clamp(min=0.0), power)
    if name == "haversine":
        # The reduced distance grows with the distance.
        return (great_circle_angle(reduced) - radius).clamp(min=0.0)
    return (reduced - radius).clamp(min=0.0)
