"""Class probabilities from the probabilities of pairs, as libsvm has them."""

import torch
from torch import Tensor

from sk2torch.ops.loops import graph_loop


def coupled_probabilities(pairwise: Tensor) -> Tensor:
    """Minimise ``p' Q p`` over class probabilities ``p`` as libsvm does; shape ``(n_samples, n_classes)``.

    ``Q[t, t] = sum_j r[j, t]^2`` and ``Q[t, j] = -r[j, t] r[t, j]``. From ``p = 1 / k``, sweeps over
    the classes end when ``max |Q p - p' Q p| < 0.005 / k``, at the latest after ``max(100, k)``: the
    result is the iterate, not the minimum. (Wu, Lin and Weng 2004, method 2.)

    Args:
        pairwise: ``r[i, a, b]``, the probability of class ``a`` among ``a`` and ``b``; zero for
            ``a = b``; shape ``(n_samples, n_classes, n_classes)``.
    """
    n_classes = pairwise.shape[2]
    classes = torch.arange(n_classes, device=pairwise.device)
    diagonal = pairwise.square().sum(dim=1)
    # The products are zero on the diagonal, where the pair probabilities are.
    matrix = -pairwise * pairwise.transpose(1, 2) + torch.diag_embed(diagonal)
    gradient = matrix.sum(dim=2) / n_classes
    value = gradient.sum(dim=1, keepdim=True) / n_classes
    # Compiled, a gradient comes back only from what depends on the input before the loop.
    p = torch.ones_like(diagonal) / n_classes + 0 * diagonal
    active = value == value
    limit = max(100, n_classes)
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling():
            return _loop(matrix, p, gradient, value, active, limit)
    for _ in range(limit):
        active = active & _has_not_converged(gradient, value)
        # Where no row moves any more, further sweeps would cost time and change nothing.
        if not bool(active.any()):
            break
        for t in range(n_classes):
            p, gradient, value = _step(matrix, p, gradient, value, active, classes[t : t + 1])
    return p


def _loop(matrix: Tensor, p: Tensor, gradient: Tensor, value: Tensor, active: Tensor, limit: int) -> Tensor:
    """The same sweeps as one loop over single steps: its graph has one size for any number of classes."""
    n_classes = p.shape[1]
    start = torch.zeros(1, dtype=torch.int64, device=p.device)
    if torch.compiler.is_exporting():
        # An exported loop has no gradient, and is not to be asked for one.
        matrix, p, gradient, value = matrix.detach(), p.detach(), gradient.detach(), value.detach()

    def unfinished(step: Tensor, p: Tensor, gradient: Tensor, value: Tensor, active: Tensor) -> Tensor:
        return (step[0] < limit * n_classes) & active.any()

    def advance(step: Tensor, p: Tensor, gradient: Tensor, value: Tensor, active: Tensor) -> tuple[Tensor, ...]:
        t = step % n_classes
        active = active & (_has_not_converged(gradient, value) | (t > 0))
        return step + 1, *_step(matrix, p, gradient, value, active, t), active

    return graph_loop(unfinished, advance, (start, p, gradient, value, active))[1]


def _has_not_converged(gradient: Tensor, value: Tensor) -> Tensor:
    return (gradient - value).abs().amax(dim=1, keepdim=True) >= 0.005 / gradient.shape[1]


def _step(
    matrix: Tensor, p: Tensor, gradient: Tensor, value: Tensor, active: Tensor, t: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Minimise over ``p[t]`` in the active rows, rescale ``p`` to sum to 1, and update ``Q p`` and ``p' Q p``."""
    row = matrix.index_select(1, t)[:, 0]
    slope, curvature = gradient.index_select(1, t), row.index_select(1, t)
    unit = (torch.arange(p.shape[1], device=p.device) == t).to(p.dtype)
    change = (value - slope) / curvature
    total = 1 + change
    value = (value + change * (change * curvature + 2 * slope)) / total / total
    return torch.where(active, (p + change * unit) / total, p), (gradient + change * row) / total, value
