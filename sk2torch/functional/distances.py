"""Distances between rows, by scikit-learn's names, as its neighbour searches compute them."""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from sk2torch.ops.pairwise import align_rows, great_circle_angle, reduced_distance, safe_root


class MetricForm(NamedTuple):
    """How a metric is computed.

    Args:
        metric: one of ``ops.pairwise.distances.METRICS``.
        is_reduced: the distance is the number that orders pairs, without a root.
        parameters: names of what scikit-learn takes for it.
    """

    metric: str
    is_reduced: bool = False
    parameters: tuple[str, ...] = ()


# Those that scikit-learn has other names for, or that have parameters; all others have their own name.
_FORMS: dict[str, MetricForm] = {
    "l2": MetricForm("euclidean"),
    "sqeuclidean": MetricForm("euclidean", is_reduced=True),
    "l1": MetricForm("manhattan"),
    "cityblock": MetricForm("manhattan"),
    "infinity": MetricForm("chebyshev"),
    "minkowski": MetricForm("minkowski", parameters=("p", "w")),
    "p": MetricForm("minkowski", parameters=("p", "w")),
    "seuclidean": MetricForm("seuclidean", parameters=("V",)),
    "mahalanobis": MetricForm("mahalanobis", parameters=("VI",)),
    "sokalmichener": MetricForm("rogerstanimoto"),
}

# Metrics whose reduced distance is not the distance.
_WITH_ROOT = ("euclidean", "haversine", "mahalanobis", "minkowski", "nan_euclidean", "seuclidean")


def metric_form(name: str) -> MetricForm:
    """The form of a metric by scikit-learn's name."""
    return _FORMS.get(name, MetricForm(name))


def from_reduced(reduced: Tensor, metric: str, power: float) -> Tensor:
    """The distance that ``ops.pairwise.reduced_distance`` is the reduced one of."""
    if metric == "minkowski":
        is_zero = reduced == 0
        return torch.where(is_zero, reduced, torch.pow(torch.where(is_zero, 1.0, reduced), 1.0 / power))
    if metric == "haversine":
        return great_circle_angle(reduced)
    has_root = metric == "euclidean" or metric == "seuclidean" or metric == "mahalanobis" or metric == "nan_euclidean"
    return safe_root(reduced) if has_root else reduced


def reduced_radius(radius: float, form: MetricForm, power: float) -> float:
    """The reduced distance of rows that are ``radius`` apart; used when a model is converted."""
    if form.is_reduced or form.metric not in _WITH_ROOT:
        return radius
    if form.metric == "minkowski":
        return math.pow(radius, power) if radius < math.inf else math.inf
    if form.metric == "haversine":
        return math.sin(0.5 * radius) ** 2 if radius < math.pi else math.inf
    return radius * radius


def pairwise_distance(x: Tensor, y: Tensor, metric: str, power: float, weights: Tensor) -> Tensor:
    """Distances of all pairs; shape ``(n, m)`` for rows ``x (n, n_features)`` and ``y (m, n_features)``.

    Args:
        x: rows.
        y: rows.
        metric: see ``ops.pairwise.reduced_distance``; also ``power`` and ``weights``.
    """
    left, right = align_rows(x, metric), align_rows(y, metric)
    reduced = reduced_distance(left.unsqueeze(1), right.unsqueeze(0), metric, power, weights)
    return from_reduced(reduced, metric, power)
