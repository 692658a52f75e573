"""Non-negative factors ``W`` of ``x ~ W H`` for fixed components ``H``, by coordinate descent.

The stopping rules look at all rows together. Rows are therefore to be given together, too.
"""

import torch
from torch import Tensor

from sk2torch.ops.loops import graph_loop


def coordinate_descent(x: Tensor, components: Tensor, l1: float, l2: float, tolerance: float, limit: int) -> Tensor:
    """Minimise ``|x - W H|^2 / 2 + l1 sum(W) + l2 |W|^2 / 2`` over ``W >= 0``, one component after another.

    Ends when the sum of the projected gradients' absolute values over a sweep is at most ``tolerance``
    times that of the first sweep.

    Args:
        x: shape ``(n, n_features)``.
        components: ``H``, shape ``(n_components, n_features)``.
        l1: penalty of the absolute values.
        l2: penalty of the squares.
        tolerance: see above.
        limit: largest number of sweeps.

    Returns:
        ``W``, shape ``(n, n_components)``.
    """
    n_components = components.shape[0]
    index = torch.arange(n_components, device=x.device)
    gram = components @ components.T + torch.diag_embed(l2 * torch.ones_like(components[:, 0]))
    products = x @ components.T - l1
    w = torch.zeros_like(products)
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling():
            return _descent_loop(w, gram, products, tolerance, limit)
    first = torch.zeros_like(gram[0, 0])
    for sweep in range(limit):
        violation = torch.zeros_like(first)
        for k in range(n_components):
            w, change = _descend(w, index[k : k + 1], gram, products)
            violation = violation + change
        if sweep == 0:
            first = violation
        if bool(first == 0) or bool(violation / first <= tolerance):
            break
    return w


def _descend(w: Tensor, k: Tensor, gram: Tensor, products: Tensor) -> tuple[Tensor, Tensor]:
    """Minimise over column ``k`` of ``w``; also the sum of the projected gradients' absolute values."""
    row, old = gram.index_select(0, k), w.index_select(1, k)
    gradient = w @ row.T - products.index_select(1, k)
    curvature = row.index_select(1, k)
    is_flat = curvature == 0
    new = (old - gradient / torch.where(is_flat, torch.ones_like(curvature), curvature)).clamp(min=0.0)
    at_bound = old == 0
    violation = torch.where(at_bound, gradient.clamp(max=0.0), gradient).abs().sum()
    is_column = torch.arange(w.shape[1], device=w.device) == k
    return torch.where(is_column & ~is_flat[0], new, w), violation


def _descent_loop(w: Tensor, gram: Tensor, products: Tensor, tolerance: float, limit: int) -> Tensor:
    """The same sweeps as one loop over single steps: its graph has one size for any number of components."""
    n_components = gram.shape[0]
    if torch.compiler.is_exporting():
        # An exported loop has no gradient, and is not to be asked for one.
        gram, products = gram.detach(), products.detach()
    start = torch.zeros(1, dtype=torch.int64, device=w.device)
    zero = (0.0 * gram[:1, 0]).detach()
    going = start == 0

    def unfinished(step: Tensor, w: Tensor, violation: Tensor, first: Tensor, going: Tensor) -> Tensor:
        return (step[0] < limit * n_components) & going[0]

    def advance(step: Tensor, w: Tensor, violation: Tensor, first: Tensor, going: Tensor) -> tuple[Tensor, ...]:
        k = step % n_components
        w, change = _descend(w, k, gram, products)
        violation = torch.where(k == 0, torch.zeros_like(violation), violation) + change
        first = torch.where(step < n_components, violation, first)
        is_done = (first == 0) | (violation / first <= tolerance)
        return step + 1, w, violation, first, ~((k == n_components - 1) & is_done)

    return graph_loop(unfinished, advance, (start, w, zero, zero + 1.0, going))[1]
