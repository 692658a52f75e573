"""Distances of pairs of rows, added up feature by feature in scikit-learn's order.

The order of the sum decides which of two distances that are equal on paper is the smaller one, and
with it which neighbours are found.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from sk2torch.native import takes_addresses
from sk2torch.ops.layout import selected

METRICS = (
    "braycurtis",
    "canberra",
    "chebyshev",
    "correlation",
    "cosine",
    "dice",
    "euclidean",
    "hamming",
    "haversine",
    "jaccard",
    "kulsinski",
    "mahalanobis",
    "manhattan",
    "matching",
    "minkowski",
    "nan_euclidean",
    "rogerstanimoto",
    "russellrao",
    "seuclidean",
    "signed_braycurtis",
    "sokalsneath",
    "yule",
)


class Metric(NamedTuple):
    """What ``reduced_distance`` takes after the rows."""

    name: str
    power: float
    weights: Tensor


# Graphs hold this many steps of a sum one by one; longer sums are a cumulative one.
MAX_UNROLLED_STEPS = 16


def is_counted(metric: str) -> bool:
    """Whether the metric counts features of binary rows, which it takes as zeros and ones."""
    counts = ["dice", "jaccard", "kulsinski", "matching", "rogerstanimoto", "russellrao", "sokalsneath", "yule"]
    return metric in counts


def align_rows(x: Tensor, metric: str) -> Tensor:
    """What a metric does to each row alone, before pairs are formed; ``x`` has shape ``(n, n_features)``."""
    if metric == "euclidean":
        return x
    if is_counted(metric):
        return (x != 0).to(x.dtype)
    if metric == "correlation":
        x = x - x.mean(dim=1, keepdim=True)
        return x / x.square().sum(dim=1, keepdim=True).sqrt()
    if metric == "cosine":
        length = x.square().sum(dim=1, keepdim=True).sqrt()
        # scikit-learn leaves rows shorter than 10 epsilon of float64 as they are.
        return x / torch.where(length < 2.220446049250313e-15, torch.ones_like(length), length)
    return x


def reduced_distance(x: Tensor, y: Tensor, metric: str, power: float, weights: Tensor) -> Tensor:
    """A number that orders pairs as their distance does; ``functional.distances`` has the distance.

    ``euclidean``: ``sum (x - y)^2``; ``seuclidean``: ``sum (x - y)^2 / weights``; ``mahalanobis``:
    ``(x - y) weights (x - y)``; ``minkowski``: ``sum weights |x - y|^power``; ``haversine``: the squared sine of
    half the angle; ``nan_euclidean``: ``sum (x - y)^2`` of the features that both have, times ``n_features`` over
    their number. All others are the distance itself. ``signed_braycurtis`` is scipy's form of it, with
    ``sum |x + y|`` below the line.

    Args:
        x: shape ``(..., n_features)``, rows that went through ``align_rows``.
        y: the same; leading dimensions broadcast.
        metric: one of ``METRICS``.
        power: of ``minkowski``.
        weights: shape ``(n_features,)``, or square for ``mahalanobis``.

    Returns:
        shape ``(...)``.
    """
    if metric == "haversine":
        latitudes = selected(x, -1, 0), selected(y, -1, 0)
        first = torch.sin(0.5 * (latitudes[0] - latitudes[1]))
        second = torch.sin(0.5 * (selected(x, -1, 1) - selected(y, -1, 1)))
        return first * first + torch.cos(latitudes[0]) * torch.cos(latitudes[1]) * second * second
    if metric == "mahalanobis":
        difference = x - y
        return ((difference @ weights.T) * difference).sum(dim=-1)
    width = x.shape[-1]
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling() and width > MAX_UNROLLED_STEPS:
            first, second = _terms(x, y, weights, metric, power)
            if metric == "chebyshev":
                return first.amax(dim=-1)
            return _ratio(selected(first.cumsum(-1), -1, -1), selected(second.cumsum(-1), -1, -1), y, metric)
    first, second = _terms(selected(x, -1, 0), selected(y, -1, 0), weights[0], metric, power)
    for feature in range(1, width):
        more, also = _terms(selected(x, -1, feature), selected(y, -1, feature), weights[feature], metric, power)
        first = torch.maximum(first, more) if metric == "chebyshev" else first + more
        second = second + also
    return _ratio(first, second, y, metric)


def _terms(x: Tensor, y: Tensor, weight: Tensor, metric: str, power: float) -> tuple[Tensor, Tensor]:
    """What features add to the two sums that the metric is made of; the second may be a zero."""
    nothing = torch.zeros_like(weight)
    if metric == "cosine" or metric == "correlation":
        return x * y, nothing
    if metric == "yule":
        return x * (1.0 - y), (1.0 - x) * y
    if metric == "hamming":
        return (x != y).to(x.dtype), nothing
    if metric == "nan_euclidean":
        difference = x - y
        missing = torch.isnan(difference)
        squared = torch.where(missing, torch.zeros_like(difference), difference)
        return squared * squared, missing.logical_not().to(x.dtype)
    difference = x - y
    if metric == "euclidean":
        return difference * difference, nothing
    if metric == "seuclidean":
        return difference * difference / weight, nothing
    size = difference.abs()
    if metric == "manhattan" or metric == "chebyshev":
        return size, nothing
    if metric == "minkowski":
        return weight * torch.pow(size, power), nothing
    if metric == "braycurtis":
        return size, x.abs() + y.abs()
    if metric == "signed_braycurtis":
        return size, (x + y).abs()
    if metric == "canberra":
        total = x.abs() + y.abs()
        return size / torch.where(total > 0, total, torch.ones_like(total)), nothing
    # Features that differ, and those that both have.
    return size, x * y


def _ratio(first: Tensor, second: Tensor, y: Tensor, metric: str) -> Tensor:
    """The distance from its sums."""
    width = float(y.shape[-1])
    if metric == "cosine":
        return (1.0 - first).clamp(0.0, 2.0)
    if metric == "correlation":
        return 1.0 - first.clamp(-1.0, 1.0)
    if metric == "hamming" or metric == "matching":
        return first / width
    if metric == "dice":
        return first / (2.0 * second + first)
    if metric == "jaccard":
        either = first + second
        return first / torch.where(either == 0, torch.ones_like(either), either)
    if metric == "rogerstanimoto":
        return 2.0 * first / (width + first)
    if metric == "russellrao":
        return (width - second) / width
    if metric == "sokalsneath":
        return first / (0.5 * second + first)
    if metric == "kulsinski":
        return (first - second + width) / (first + width)
    if metric == "yule":
        both = (y.sum(dim=-1) - second).expand_as(first)
        odds = 2.0 * first * second
        below = both * (width - both - first - second) + first * second
        return torch.where(odds == 0, odds, odds / torch.where(odds == 0, torch.ones_like(below), below))
    if metric == "braycurtis":
        return first / torch.where(second > 0, second, torch.ones_like(second))
    if metric == "signed_braycurtis":
        return first / second
    if metric == "nan_euclidean":
        scaled = first / second.clamp(min=1.0) * width
        return torch.where(second > 0, scaled, torch.full_like(scaled, float("nan")))
    return first


def great_circle_angle(reduced: Tensor) -> Tensor:
    """``2 arcsin(sqrt(reduced))``, from functions that ONNX Runtime has in float64.

    Halving the angle three times makes the series of the arcsine short: ``sin^2(t / 2) = sin^2 t / (2 + 2 cos t)``.
    """
    squared = reduced
    for _ in range(3):
        squared = squared / (2.0 * (1.0 + (1.0 - squared).sqrt()))
    series = torch.ones_like(squared)
    for n in range(14, 0, -1):
        # Of the terms t_n of the series: t_n / t_(n - 1) = (2 n - 1)^2 / (2 n (2 n + 1)) squared.
        series = 1.0 + series * squared * (float((2 * n - 1) * (2 * n - 1)) / float(2 * n * (2 * n + 1)))
    return 16.0 * safe_root(squared) * series


def safe_root(x: Tensor) -> Tensor:
    """The square root, with the slope 0 at 0."""
    if not torch.jit.is_scripting():  # noqa: SIM102
        if takes_addresses(x) and not (torch.is_grad_enabled() and x.requires_grad):
            return x.sqrt()
    is_zero = x == 0
    return torch.where(is_zero, x, torch.where(is_zero, torch.ones_like(x), x).sqrt())
