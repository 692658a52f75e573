"""The nearest stored rows in plain torch, a block of rows at a time, ties included.

scikit-learn keeps the ``k`` smallest distances in a heap and takes no other that is merely as small as the
largest of them. Which of several rows at one distance it finds hence depends on the order in which it meets
them. Rows without ties take a selection of the smallest; for the others the heap is run through.
"""

import torch
from torch import Tensor

from sk2torch.ops.layout import selected
from sk2torch.ops.loops import graph_loop
from sk2torch.ops.pairwise.distances import Metric, reduced_distance
from sk2torch.ops.pairwise.heap import empty_heap, heap_order, heap_push, poured_heap, stable_sort
from sk2torch.ops.pairwise.search_tree import SearchOrder, visiting_order

# Stored rows of one block of distances in graphs.
GRAPH_BLOCK_ROWS = 1024
# Rows beyond those asked for to which graphs take exact distances, so that rounding leaves out none of the nearest.
GRAPH_SPARE_ROWS = 8


def nearest_rows(
    x: Tensor,
    rows: Tensor,
    k: int,
    metric: str,
    power: float,
    weights: Tensor,
    order: str,
    leaves: Tensor,
    lower: Tensor,
    upper: Tensor,
    block_queries: int = 256,
    block_rows: int = 1024,
) -> Tensor:
    """Indices of the ``k`` rows at the smallest distances, nearest first; int64, shape ``(n, k)``.

    Memory is bounded by a block of distances and the result. Gradients do not pass.

    Args:
        x: shape ``(n, n_features)``, aligned (see ``align_rows``).
        rows: the same, shape ``(m, n_features)``.
        k: at most ``m``.
        metric: see ``reduced_distance``; also ``power`` and ``weights``.
        order: how ties are decided: ``"index"`` takes the lowest indices; the others have the heap meet the
            rows by index (``"heap"``) or leaf by leaf of a k-d tree (``"kd_tree"``) or a ball tree
            (``"ball_tree"``), the nearest leaf first.
        leaves: see ``SearchOrder``; also ``lower`` and ``upper``.
        block_queries: rows of ``x`` that are worked on at a time.
        block_rows: stored rows of one block of distances.
    """
    x, rows = x.detach(), rows.detach()
    form, search = Metric(metric, power, weights), SearchOrder(order, leaves, lower, upper)
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling():
            return _nearest_in_graph(x, rows, k, form, search)
    parts: list[Tensor] = []
    for start in range(0, max(1, x.shape[0]), block_queries):
        queries = x[start : start + block_queries]
        values, found = _smallest(queries, rows, min(k + 1, rows.shape[0]), form, order == "index", block_rows)
        found = found[:, :k]
        tied = torch.nonzero(_has_ties(values))[:, 0]
        if order != "index" and tied.shape[0] > 0:
            found = found.index_copy(0, tied, _by_heap(queries[tied], rows, k, form, search))
        parts.append(found)
    return torch.cat(parts) if len(parts) > 1 else parts[0]


def _has_ties(values: Tensor) -> Tensor:
    return (values[:, 1:] == values[:, :-1]).any(dim=1)


def _smallest(
    x: Tensor, rows: Tensor, k: int, metric: Metric, is_stable: bool, block_rows: int
) -> tuple[Tensor, Tensor]:
    """The ``k`` smallest reduced distances and their indices; of equal ones the lowest index if stable."""
    best = torch.zeros([x.shape[0], 0], dtype=x.dtype, device=x.device)
    index = torch.zeros([x.shape[0], 0], dtype=torch.int64, device=x.device)
    for start in range(0, rows.shape[0], block_rows):
        block = rows[start : start + block_rows]
        values = reduced_distance(x.unsqueeze(1), block.unsqueeze(0), *metric)
        places = torch.arange(start, start + block.shape[0], device=x.device).expand_as(values)
        best, index = torch.cat([best, values], dim=1), torch.cat([index, places], dim=1)
        size = min(k, best.shape[1])
        if is_stable:
            best, position = stable_sort(best, 1)
            best, position = best[:, :size], position[:, :size]
        else:
            best, position = torch.topk(best, size, dim=1, largest=False)
        index = index.gather(1, position)
    return best, index


def _by_heap(x: Tensor, rows: Tensor, k: int, metric: Metric, order: SearchOrder) -> Tensor:
    """The rows that the heap holds after it has met all of them, leaf by leaf."""
    visits, leaves = visiting_order(x, metric, order), order.leaves
    values, index = empty_heap(x, k)
    for visit in range(leaves.shape[0]):
        points = leaves.index_select(0, visits[:, visit])
        exists = points < rows.shape[0]
        met = rows[torch.where(exists, points, torch.zeros_like(points))]
        distance = reduced_distance(x.unsqueeze(1), met, *metric)
        distance = torch.where(exists, distance, torch.full_like(distance, torch.inf))
        # Most are too far for any heap.
        wanted: list[int] = torch.nonzero((distance < values[:, :1]).any(dim=0))[:, 0].tolist()
        for slot in wanted:
            values, index = heap_push(values, index, distance[:, slot], points[:, slot])
    if order.name == "heap":
        values, index = poured_heap(values, index, k)
    return heap_order(values, index, k)


def _nearest_in_graph(x: Tensor, rows: Tensor, k: int, metric: Metric, order: SearchOrder) -> Tensor:
    size = min(k + 1, rows.shape[0])
    if metric.name == "euclidean" and rows.shape[0] > 2 * size + GRAPH_SPARE_ROWS:
        values, found = _smallest_by_product(x, rows, size, metric)
    elif rows.shape[0] <= GRAPH_BLOCK_ROWS:
        values = reduced_distance(x.unsqueeze(1), rows.unsqueeze(0), *metric)
        values, found = stable_sort(values, 1)
        values, found = values[:, :size], found[:, :size]
    else:
        n_blocks = torch.full((), -(-rows.shape[0] // GRAPH_BLOCK_ROWS), dtype=torch.int64, device=x.device)
        values, found = _smallest_by_loop(x, rows, size, metric, n_blocks)
    found = found[:, :k]
    if order.name == "index":
        return found
    n_leaves, width = order.leaves.shape
    tied = _has_ties(values)
    is_tied = tied.sum().clamp(max=1)
    visits = _visits_in_graph(x, metric, order, is_tied)
    flat = order.leaves.reshape(-1)
    steps = is_tied * (n_leaves * width)

    def unfinished(step: Tensor, values: Tensor, index: Tensor) -> Tensor:
        return step < steps

    def meet(step: Tensor, values: Tensor, index: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        visit = torch.div(step, width, rounding_mode="floor")
        leaf = visits.index_select(1, visit.reshape(1))[:, 0]
        point = flat.index_select(0, leaf * width + (step - visit * width))
        exists = point < rows.shape[0]
        met = rows.index_select(0, torch.where(exists, point, 0))
        distance = reduced_distance(x, met, *metric)
        values, index = heap_push(values, index, torch.where(exists, distance, torch.inf), point)
        return step + 1, values, index

    start = torch.zeros((), dtype=torch.int64, device=x.device)
    _, values, index = graph_loop(unfinished, meet, (start, *empty_heap(x, k)))
    if order.name == "heap":
        values, index = poured_heap(values, index, k)
    return torch.where(tied.unsqueeze(1), heap_order(values, index, k), found)


def _visits_in_graph(x: Tensor, metric: Metric, order: SearchOrder, steps: Tensor) -> Tensor:
    """``visiting_order``, as a loop of one step; zeros where ``steps`` is 0, as most batches have no ties."""

    def unfinished(step: Tensor, visits: Tensor) -> Tensor:
        return step < steps

    def visit(step: Tensor, visits: Tensor) -> tuple[Tensor, Tensor]:
        return step + 1, visiting_order(x, metric, order)

    start = torch.zeros((), dtype=torch.int64, device=x.device)
    nothing = torch.zeros([x.shape[0], order.leaves.shape[0]], dtype=torch.int64, device=x.device)
    return graph_loop(unfinished, visit, (start, nothing))[1]


def _smallest_by_product(x: Tensor, rows: Tensor, k: int, metric: Metric) -> tuple[Tensor, Tensor]:
    """``_smallest`` of Euclidean distances: exact ones of the rows that come first by ``y^2 - 2 x y``.

    All others are farther, where the bound of the product's rounding says so; else distances to all rows are taken.
    """
    squared, length = (x * x).sum(dim=1), (rows * rows).sum(dim=1)
    rough, near = torch.topk(length - x @ (2.0 * rows).T, 2 * k + GRAPH_SPARE_ROWS, dim=1, largest=False)
    # By index, so that a stable sort decides among equal ones as that of all the rows.
    near = torch.sort(near, dim=1)[0]
    chosen = rows.index_select(0, near.reshape(-1)).reshape(near.shape[0], near.shape[1], rows.shape[1])
    difference = x.unsqueeze(1) - chosen
    values, place = stable_sort(selected((difference * difference).cumsum(-1), -1, -1), 1)
    values, near = values[:, :k], near.gather(1, place[:, :k])
    slack = 16.0 * (x.shape[1] + 8.0) * torch.finfo(x.dtype).eps * (squared + length.amax(dim=0))
    # False with NaN and infinity.
    is_sure = ((rough[:, -1] + squared) - values[:, -1] > slack).unsqueeze(1)
    n_blocks = -(-rows.shape[0] // GRAPH_BLOCK_ROWS)
    steps = is_sure.logical_not().sum().clamp(max=1) * n_blocks
    exact, index = _smallest_by_loop(x, rows, k, metric, steps)
    return torch.where(is_sure, values, exact), torch.where(is_sure, near, index)


def _smallest_by_loop(x: Tensor, rows: Tensor, k: int, metric: Metric, n_blocks: Tensor) -> tuple[Tensor, Tensor]:
    """``_smallest`` of the first ``n_blocks`` blocks of rows, stable."""
    n_rows = rows.shape[0]
    offsets = torch.arange(GRAPH_BLOCK_ROWS, device=x.device)

    def unfinished(step: Tensor, best: Tensor, index: Tensor) -> Tensor:
        return step < n_blocks

    def merge(step: Tensor, best: Tensor, index: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        places = step * GRAPH_BLOCK_ROWS + offsets
        block = rows.index_select(0, places.clamp(max=n_rows - 1))
        values = reduced_distance(x.unsqueeze(1), block.unsqueeze(0), *metric)
        values = torch.where(places < n_rows, values, torch.inf)
        best, index = torch.cat([best, values], dim=1), torch.cat([index, places.expand_as(values)], dim=1)
        position = stable_sort(best, 1)[1][:, :k]
        # Not a part of the sorted values, whose strides are not those of the state for a single row.
        return step + 1, best.gather(1, position), index.gather(1, position)

    start = torch.zeros((), dtype=torch.int64, device=x.device)
    shape = x[:, :1].expand(x.shape[0], k)
    state = (start, torch.full_like(shape, torch.inf), torch.zeros_like(shape, dtype=torch.int64))
    _, best, index = graph_loop(unfinished, merge, state)
    return best, index
