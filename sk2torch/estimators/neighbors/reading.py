"""Reading scikit-learn's neighbour searches."""

import numbers
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sk2torch.base import Column, UnsupportedParameter, read, refuse_integers
from sk2torch.blocks.neighbor_search import NeighborSearch
from sk2torch.functional.distances import MetricForm, metric_form
from sk2torch.ops.pairwise import SearchOrder
from sk2torch.ops.pairwise.distances import METRICS

# What scikit-learn searches through with a heap when it has no tree.
_HEAPED = (
    "braycurtis",
    "canberra",
    "chebyshev",
    "cityblock",
    "euclidean",
    "haversine",
    "infinity",
    "l1",
    "l2",
    "manhattan",
    "matching",
    "minkowski",
    "p",
    "seuclidean",
    "sokalmichener",
    "sqeuclidean",
)

# Of sparse queries, scikit-learn computes these as other functions.
_OTHER_IF_SPARSE = ("braycurtis", "haversine")


def read_search(estimator: Any, columns: list[Column], radius: Any = None) -> NeighborSearch:
    """The search of a fitted estimator of ``sklearn.neighbors``.

    Args:
        estimator: has ``_fit_X`` and ``_fit_method``.
        columns: of the input; those of precomputed distances cannot be sparse.
        radius: of neighbourhoods; None where it has none.

    Raises:
        UnsupportedParameter: a metric that is a function or an object, one with parameters that cannot be
            reproduced, and sparse precomputed distances.
    """
    name, metric = type(estimator).__name__, estimator.effective_metric_
    radius = float("nan") if radius is None else _number(name, "radius", radius)
    if estimator._fit_method != "brute":
        form, power, weights, rows = read_tree(name, estimator._tree)
        return NeighborSearch(rows, form, power, weights, tree_order(estimator._tree, rows.shape[0]), radius)
    _refuse_metric(name, metric)
    if metric == "precomputed":
        if hasattr(estimator._fit_X, "toarray"):
            raise UnsupportedParameter(
                f"{name}: expected precomputed distances as a dense matrix, got a sparse one, whose missing entries "
                "are no distances; fit on a dense matrix, or on the features themselves."
            )
        for column in columns:
            column.refuses_sparse = True
        rows = torch.zeros(estimator.n_samples_fit_, 0, dtype=torch.float64)
        return NeighborSearch(rows, MetricForm(metric), 2.0, rows.new_zeros(1), _in_order("index", rows), radius)
    rows, form = read.matrix(estimator._fit_X), metric_form(metric)
    if metric == "haversine" and rows.shape[1] != 2:
        raise UnsupportedParameter(
            f"{name}: expected latitude and longitude for metric='haversine', got {rows.shape[1]} features, for which "
            "scikit-learn raises; fit on two features."
        )
    if metric == "braycurtis" and not _is_heaped(estimator):
        form = MetricForm("signed_braycurtis")
    elif metric in _OTHER_IF_SPARSE:
        _refuse_other_tables(metric, rows, columns)
    power, weights = _parameters(name, form, estimator.effective_metric_params_, rows.shape[1])
    order = _in_order("heap" if _is_heaped(estimator) else "index", rows)
    return NeighborSearch(rows, form, power, weights, order, radius)


def _refuse_other_tables(metric: str, rows: Tensor, columns: list[Column]) -> None:
    """Note the tables for which scikit-learn computes a metric as another function."""
    if metric == "braycurtis" and bool((rows < 0).any()):
        # Of integers it is the one with signs.
        refuse_integers(metric, columns)
    for column in columns:
        column.refuses_sparse = True


def read_width(estimator: Any, search: NeighborSearch) -> int:
    """Width of the input; an estimator that was fitted on a tree does not know it."""
    return int(getattr(estimator, "n_features_in_", search.rows.shape[1]))


def read_n_neighbors(estimator: Any, extra: int = 0) -> int:
    """``n_neighbors``, of which there must be as many rows."""
    name, k, n_rows = type(estimator).__name__, estimator.n_neighbors, int(estimator.n_samples_fit_)
    if k is None or not 1 <= k + extra <= n_rows:
        raise UnsupportedParameter(
            f"{name}: expected n_neighbors from 1 to {n_rows - extra}, as there are {n_rows} rows, got {k!r}; set it "
            "to fewer."
        )
    return int(k) + extra


def read_weighting(estimator: Any) -> bool:
    """Whether neighbours count by the inverse of their distance."""
    weights = estimator.weights
    if weights not in (None, "uniform", "distance"):
        raise UnsupportedParameter(
            f"{type(estimator).__name__}: expected weights to be 'uniform', 'distance' or None, got {weights!r}, which "
            "takes lists of distances of different lengths; pass one of these, or search for the k nearest instead."
        )
    return weights == "distance"


def read_class_mode(estimator: Any) -> bool:
    """Whether scikit-learn counts the classes within the radius while it searches."""
    metric = "euclidean" if (estimator.metric, estimator.p) == ("minkowski", 2) else estimator.metric
    is_plain = estimator.weights == "uniform" and not estimator.outputs_2d_ and estimator._fit_method == "brute"
    counted = metric in _HEAPED and metric not in ("euclidean", "sqeuclidean")
    return is_plain and counted and estimator._fit_X.dtype == np.float64


def read_tree(name: str, tree: Any) -> tuple[MetricForm, float, Tensor, Tensor]:
    """Of a KDTree or BallTree: metric, power, weights and rows."""
    metric = tree.__getstate__()[-2]
    kind = type(metric).__name__.removesuffix("64").removesuffix("Distance").lower()
    kind = {"sokalmichener": "rogerstanimoto"}.get(kind, kind)
    _refuse_metric(name, kind)
    power, vector, matrix = metric.__getstate__()[:3]
    rows = read.matrix(np.asarray(tree.data))
    weights = torch.ones(rows.shape[1], dtype=torch.float64)
    if kind == "mahalanobis":
        weights = read.matrix(matrix)
    elif kind == "seuclidean" or (kind == "minkowski" and len(vector) == rows.shape[1] and np.any(vector)):
        weights = read.vector(vector)
    return MetricForm(kind), float(power), weights, rows


def tree_order(tree: Any, n_rows: int) -> SearchOrder:
    """The leaves of a KDTree or BallTree, and the bounds of its nodes."""
    _, members, nodes, bounds = (np.asarray(array) for array in tree.get_arrays())
    # The last level; the tree is whole.
    last = nodes[len(nodes) // 2 :]
    starts, ends = last["idx_start"], last["idx_end"]
    leaves = np.full((len(last), max(1, int((ends - starts).max()))), n_rows)
    for leaf, start, end in zip(leaves, starts, ends, strict=True):
        leaf[: end - start] = members[start:end]
    kind = "kd_tree" if len(bounds) == 2 else "ball_tree"
    upper = bounds[1] if kind == "kd_tree" else nodes["radius"].reshape(-1, 1)
    return SearchOrder(kind, read.integers(leaves), read.matrix(bounds[0]), read.tensor(upper))


def _in_order(name: str, rows: Tensor) -> SearchOrder:
    """Rows in blocks of 64 by index."""
    width = min(64, rows.shape[0])
    n_blocks = -(-rows.shape[0] // width)
    leaves = torch.arange(n_blocks * width).clamp(max=rows.shape[0]).reshape(n_blocks, width)
    return SearchOrder(name, leaves, rows.new_zeros(1, 1), rows.new_zeros(1, 1))


def _is_heaped(estimator: Any) -> bool:
    X = estimator._fit_X
    return X.dtype == np.float64 and estimator.effective_metric_ in _HEAPED


def _refuse_metric(name: str, metric: Any) -> None:
    known = isinstance(metric, str) and (metric_form(metric).metric in METRICS or metric == "precomputed")
    if not known:
        raise UnsupportedParameter(
            f"{name}: expected the name of a metric, got {metric!r}, whose code cannot become part of a graph; pass "
            "one of scikit-learn's names."
        )


def _parameters(name: str, form: MetricForm, params: dict[str, Any], n_features: int) -> tuple[float, Tensor]:
    """Power and weights of a metric."""
    given = {key: value for key, value in params.items() if value is not None}
    unknown = [key for key in given if key not in form.parameters]
    missing = [key for key in form.parameters if key in ("V", "VI") and key not in given]
    if unknown or missing:
        raise UnsupportedParameter(
            f"{name}: expected the metric's parameters to be {list(form.parameters)}, got {sorted(given)}; pass them "
            "in metric_params, without others."
        )
    weights = given.get("w", given.get("V", given.get("VI")))
    if weights is None:
        weights = torch.ones(n_features)
    return float(given.get("p", 2.0)), read.tensor(weights)


def _number(name: str, parameter: str, value: Any) -> float:
    if not isinstance(value, numbers.Real):
        raise UnsupportedParameter(f"{name}: expected {parameter} to be one number, got {value!r}; pass a float.")
    return float(value)
