"""The nearest stored rows by the fastest code for the device, as an operator of torch.

``torch.compile`` takes it as it is; TorchScript, exported graphs and transforms of functions have ``nearest_rows``.
"""

from typing import Any, cast

import torch
from torch import Tensor

from sk2torch.ops.pairwise.distances import align_rows, reduced_distance
from sk2torch.ops.pairwise.native_nearest import native_nearest
from sk2torch.ops.pairwise.nearest import nearest_rows

# Size of the largest temporary of distances to found rows.
_BLOCK_ELEMENTS = 2097152


def is_recorded(x: Tensor, rows: Tensor) -> bool:
    """Whether gradients of distances are wanted."""
    return torch.is_grad_enabled() and (x.requires_grad or rows.requires_grad)


def found_neighbors(
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
) -> tuple[Tensor, Tensor]:
    """Indices as of ``nearest_rows``, and the reduced distances to these rows, each of shape ``(n, k)``.

    Gradients do not pass.
    """
    answer = _nearest_neighbors if torch.compiler.is_compiling() else _search
    if order == "ball_tree":
        # The centres of balls are rows as well.
        lower = align_rows(lower, metric)
    if is_recorded(x, rows):
        x, rows = x.detach(), rows.detach()
    return answer(x, rows, k, metric, power, weights, order, leaves, lower, upper)


def paired_distance(x: Tensor, rows: Tensor, index: Tensor, metric: str, power: float, weights: Tensor) -> Tensor:
    """Reduced distances between each row of ``x`` and the rows at its row of ``index``; shaped as ``index``."""
    chosen = rows.index_select(0, index.reshape(-1)).reshape(index.shape[0], index.shape[1], rows.shape[1])
    return reduced_distance(x.unsqueeze(1), chosen, metric, power, weights)


def known_distance(
    x: Tensor, rows: Tensor, index: Tensor, reduced: Tensor, metric: str, power: float, weights: Tensor
) -> Tensor:
    """``reduced``, with the gradients of ``paired_distance``; not for compiled graphs."""
    return cast(Tensor, _KnownDistance.apply(x, rows, index, reduced, metric, power, weights))


class _KnownDistance(torch.autograd.Function):
    """``paired_distance`` that is known already; its gradients are those of the formula."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        rows: Tensor,
        index: Tensor,
        reduced: Tensor,
        metric: str,
        power: float,
        weights: Tensor,
    ) -> Tensor:
        """``reduced`` as it is; all others as of ``paired_distance``."""
        ctx.save_for_backward(x, rows, index, weights)
        ctx.metric, ctx.power = metric, power
        return reduced.view_as(reduced)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """With respect to ``x`` and ``rows``."""
        x, rows, index, weights = ctx.saved_tensors
        is_recorded = torch.is_grad_enabled()
        with torch.enable_grad():
            inputs = [x.view_as(x), rows.view_as(rows)] if is_recorded else [x.detach(), rows.detach()]
            wanted = [t for t, needed in zip(inputs, ctx.needs_input_grad, strict=False) if needed]
            for tensor in wanted:
                tensor.requires_grad_(True)
            reduced = paired_distance(inputs[0], inputs[1], index, ctx.metric, ctx.power, weights)
            found = iter(torch.autograd.grad(reduced, wanted, grads[0], create_graph=is_recorded))
        by_x, by_rows = (next(found) if needed else None for needed in ctx.needs_input_grad[:2])
        return by_x, by_rows, None, None, None, None, None


def _search(
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
) -> tuple[Tensor, Tensor]:
    settings = (metric, power, weights)
    found = native_nearest(x, rows, k, *settings, order, leaves, lower, upper)
    if found is None:
        # Of its own memory, as the operator promises.
        index = nearest_rows(x, rows, k, *settings, order, leaves, lower, upper).contiguous()
        return index, _distances(x, rows, index, *settings)
    index, values, lost = found
    if lost is not None:
        x = x[lost]
        index[lost] = nearest_rows(x, rows, k, *settings, order, leaves, lower, upper)
        values[lost] = _distances(x, rows, index[lost], *settings)
    return index, values


def _distances(x: Tensor, rows: Tensor, index: Tensor, metric: str, power: float, weights: Tensor) -> Tensor:
    """``paired_distance`` in blocks."""
    step = max(1, _BLOCK_ELEMENTS // max(1, index.shape[1] * rows.shape[1]))
    starts = range(0, max(1, x.shape[0]), step)
    parts = [(x[start : start + step], index[start : start + step]) for start in starts]
    return torch.cat([paired_distance(part, rows, chosen, metric, power, weights) for part, chosen in parts])


_nearest_neighbors = torch.library.custom_op("sk2torch::nearest_neighbors", _search, mutates_args=())


@_nearest_neighbors.register_fake
def _(x: Tensor, rows: Tensor, k: int, *rest: Any) -> tuple[Tensor, Tensor]:
    return x.new_empty(x.shape[0], k, dtype=torch.int64), x.new_empty(x.shape[0], k)
