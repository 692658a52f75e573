"""The order in which a query meets the leaves of scikit-learn's search trees."""

import torch
from torch import Tensor

from sk2torch.ops.layout import selected
from sk2torch.ops.pairwise.distances import MAX_UNROLLED_STEPS, align_rows, great_circle_angle, reduced_distance


def visiting_order(
    x: Tensor, lower: Tensor, upper: Tensor, n_leaves: int, tree: str, metric: str, power: float, weights: Tensor
) -> Tensor:
    """Leaves of a whole binary tree, the nearer child of every node first; int64, shape ``(n, n_leaves)``.

    Args:
        x: shape ``(n, n_features)``.
        lower: of each node, children of ``i`` being ``2 i + 1`` and ``2 i + 2``, the least corner
            (``"kd_tree"``) or the centre (``"ball_tree"``), shape ``(n_nodes, n_features)``.
        upper: the greatest corner, or the radius, shape ``(n_nodes, 1)``.
        n_leaves: a power of two, but where there is no tree.
        tree: ``"kd_tree"`` or ``"ball_tree"``; all others have the leaves in order.
        metric: see ``reduced_distance``; also ``power`` and ``weights``.
    """
    leaf = torch.arange(n_leaves, device=x.device)
    if n_leaves == 1 or (tree != "kd_tree" and tree != "ball_tree"):
        return leaf.unsqueeze(0) + torch.zeros_like(x[:, :1], dtype=torch.int64)
    if tree == "kd_tree":
        bound = _box_distance(x, lower, upper, metric, power)
    else:
        bound = _ball_distance(x, lower, upper, metric, power, weights)
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


def _box_distance(x: Tensor, lower: Tensor, upper: Tensor, metric: str, power: float) -> Tensor:
    """The least reduced distance between ``x`` and the boxes; shape ``(n, n_nodes)``."""
    width = x.shape[1]
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling() and width > MAX_UNROLLED_STEPS:
            terms = _outside(x.unsqueeze(1), lower, upper, metric, power)
            return terms.amax(dim=-1) if metric == "chebyshev" else selected(terms.cumsum(-1), -1, -1)
    total = _outside(x[:, :1], lower[:, 0], upper[:, 0], metric, power)
    for feature in range(1, width):
        more = _outside(x[:, feature : feature + 1], lower[:, feature], upper[:, feature], metric, power)
        total = torch.maximum(total, more) if metric == "chebyshev" else total + more
    return total


def _outside(x: Tensor, lower: Tensor, upper: Tensor, metric: str, power: float) -> Tensor:
    below, above = lower - x, x - upper
    distance = 0.5 * ((below + below.abs()) + (above + above.abs()))
    if metric == "euclidean":
        return distance * distance
    return torch.pow(distance, power) if metric == "minkowski" else distance


def _ball_distance(x: Tensor, centers: Tensor, radius: Tensor, metric: str, power: float, weights: Tensor) -> Tensor:
    """The least reduced distance between ``x`` and the balls; shape ``(n, n_nodes)``."""
    centers = align_rows(centers, metric)
    reduced = reduced_distance(x.unsqueeze(1), centers.unsqueeze(0), metric, power, weights)
    if metric == "euclidean" or metric == "seuclidean" or metric == "mahalanobis":
        distance = (reduced.sqrt() - radius[:, 0]).clamp(min=0.0)
        return distance * distance
    if metric == "minkowski":
        return torch.pow((torch.pow(reduced, 1.0 / power) - radius[:, 0]).clamp(min=0.0), power)
    if metric == "haversine":
        # The reduced distance grows with the distance.
        return (great_circle_angle(reduced) - radius[:, 0]).clamp(min=0.0)
    return (reduced - radius[:, 0]).clamp(min=0.0)
