"""The lasso for many targets at once, by scikit-learn's coordinate descent."""

from typing import NamedTuple

import torch
from torch import Tensor

from sk2torch.ops.loops import graph_loop


class LassoTask(NamedTuple):
    """The arguments of ``lasso_codes``."""

    products: Tensor
    gram: Tensor
    squared_norm: Tensor
    alpha: float
    tolerance: float
    limit: int
    positive: bool
    screens: bool


class LassoCodes(NamedTuple):
    """Where each row is.

    Args:
        w: weights of the atoms, shape ``(n, n_atoms)``, as the next two.
        fitted: ``w @ gram``.
        included: bool, atoms that are not left out.
        going: bool, rows that have not ended, shape ``(n, 1)``.
    """

    w: Tensor
    fitted: Tensor
    included: Tensor
    going: Tensor


def diagonal_of(matrix: Tensor) -> Tensor:
    """The diagonal of a square matrix. Inductor's own lowering of ``diagonal`` warns about torch itself."""
    return matrix.reshape(-1)[:: matrix.shape[0] + 1]


def lasso_codes(
    products: Tensor,
    gram: Tensor,
    squared_norm: Tensor,
    alpha: float,
    tolerance: float,
    limit: int,
    positive: bool,
    screens: bool,
) -> Tensor:
    """Minimise ``|y - w D|^2 / 2 + alpha |w|_1`` over ``w``, one atom after another, from zero.

    A row ends, as in ``sklearn.linear_model.Lasso``, when a sweep has changed nothing by more than ``tolerance`` of
    the largest weight and the duality gap is at most ``tolerance |y|^2``.

    Args:
        products: ``y D.T``, shape ``(n, n_atoms)``.
        gram: ``D D.T``, shape ``(n_atoms, n_atoms)``.
        squared_norm: ``|y|^2``, shape ``(n, 1)``.
        alpha: above zero.
        tolerance: see above.
        limit: largest number of sweeps.
        positive: no weight below zero.
        screens: leave out atoms that the gap proves to have no weight, as scikit-learn does from 1.8 on.

    Returns:
        shape ``(n, n_atoms)``.
    """
    task = LassoTask(products, gram, squared_norm, alpha, tolerance, limit, positive, screens)
    start = _first_codes(task)
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling():
            return _loop(start, task)
    return _sweeps(start, task)


def _first_codes(task: LassoTask) -> LassoCodes:
    zero = torch.zeros_like(task.products)
    index = torch.arange(task.gram.shape[0], device=zero.device)
    included = (diagonal_of(task.gram) != 0) & (index >= zero)
    going = task.squared_norm == task.squared_norm
    codes = LassoCodes(zero, torch.zeros_like(zero), included, going)
    if not task.screens:
        return codes
    gap, distance, radius = _gap(codes, task)
    going = going & ~((gap >= 0) & (gap <= task.tolerance * task.squared_norm))
    return LassoCodes(codes.w, codes.fitted, included & (distance <= radius), going)


def _sweeps(codes: LassoCodes, task: LassoTask) -> Tensor:
    diagonal = diagonal_of(task.gram)
    # Atoms of length zero are never included.
    curvature = torch.where(diagonal == 0, torch.ones_like(diagonal), diagonal).unbind(0)
    rows, targets = task.gram.unbind(0), task.products.unbind(1)
    for sweep in range(task.limit):
        # Columns apart: fewer operations than on the matrix.
        before, allowed = codes.w.unbind(1), (codes.included & codes.going).unbind(1)
        fitted = codes.fitted
        after: list[Tensor] = []
        for k in range(len(rows)):
            target = targets[k] - fitted[:, k] + before[k] * curvature[k]
            new = _minimiser(target, before[k], allowed[k], curvature[k], task.alpha, task.positive)
            fitted = torch.addr(fitted, new - before[k], rows[k])
            after.append(new)
        w, checked = torch.stack(after, dim=1), codes.going
        if sweep < task.limit - 1:
            checked = checked & _has_settled(codes.w, w, task.tolerance)
        codes = _checked(LassoCodes(w, fitted, codes.included, codes.going), checked, task)
        if not bool(codes.going.any()):
            break
    return codes.w


def _has_settled(before: Tensor, after: Tensor, tolerance: float) -> Tensor:
    """Whether a sweep has changed each row's weights by little, bool of shape ``(n, 1)``."""
    largest = after.abs().amax(dim=1, keepdim=True)
    change = (after - before).abs().amax(dim=1, keepdim=True)
    is_zero = largest == 0
    return is_zero | (change / torch.where(is_zero, torch.ones_like(largest), largest) <= tolerance)


def _minimiser(target: Tensor, old: Tensor, allowed: Tensor, curvature: Tensor, alpha: float, positive: bool) -> Tensor:
    """The best weight of one atom in the allowed rows."""
    new = torch.nn.functional.softshrink(target, alpha)
    if positive:
        new = new.clamp(min=0.0)
    return torch.where(allowed, new / curvature, old)


def _gap(codes: LassoCodes, task: LassoTask) -> tuple[Tensor, Tensor, Tensor]:
    """Duality gap ``(n, 1)``, distance of each atom to its bound ``(n, n_atoms)``, what the gap covers ``(n, 1)``."""
    w, fitted, alpha = codes.w, codes.fitted, task.alpha
    products, squared_norm = task.products, task.squared_norm
    agreement = (w * products).sum(dim=1, keepdim=True)
    residual = squared_norm + (w * fitted).sum(dim=1, keepdim=True) - 2.0 * agreement
    slope = products - fitted
    dual_norm = (slope if task.positive else slope.abs()).amax(dim=1, keepdim=True)
    is_above = dual_norm > alpha
    scale = torch.where(is_above, alpha / torch.where(is_above, dual_norm, torch.ones_like(dual_norm)), 1.0)
    primal = 0.5 * residual + alpha * w.abs().sum(dim=1, keepdim=True)
    gap = primal - (scale * (squared_norm - agreement) - 0.5 * scale.square() * residual)
    diagonal = diagonal_of(task.gram)
    length = torch.where(diagonal == 0, torch.ones_like(diagonal), diagonal).sqrt()
    distance = (1.0 - (slope / dual_norm.clamp(min=alpha)).abs()) / length
    return gap, distance, (2.0 * gap.abs()).sqrt() / alpha


def _checked(codes: LassoCodes, checked: Tensor, task: LassoTask) -> LassoCodes:
    """End the checked rows whose gap is small enough; screen the atoms of the others."""
    gap, distance, radius = _gap(codes, task)
    w, fitted, included = codes.w, codes.fitted, codes.included
    going = codes.going & ~(checked & (gap <= task.tolerance * task.squared_norm))
    if task.screens:
        removed = checked & going & included & (distance > radius)
        fitted = fitted - torch.where(removed, w, torch.zeros_like(w)) @ task.gram
        w = torch.where(removed, torch.zeros_like(w), w)
        included = included & ~removed
    return LassoCodes(w, fitted, included, going)


def _loop(codes: LassoCodes, task: LassoTask) -> Tensor:
    """The same sweeps as one loop over single steps: its graph has one size for any number of atoms."""
    gram, products, limit = task.gram, task.products, task.limit
    if torch.compiler.is_exporting():
        # An exported loop has no gradient, and is not to be asked for one.
        gram, products = gram.detach(), products.detach()
        task = task._replace(products=products, gram=gram, squared_norm=task.squared_norm.detach())
    n_atoms = gram.shape[0]
    start = torch.zeros(1, dtype=torch.int64, device=gram.device)

    def unfinished(step: Tensor, before: Tensor, *codes: Tensor) -> Tensor:
        return (step[0] < limit * n_atoms) & LassoCodes(*codes).going.any()

    def advance(step: Tensor, before: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        codes, k = LassoCodes(*state), step % n_atoms
        before = torch.where(k == 0, codes.w, before)
        row, old = gram.index_select(0, k), codes.w.index_select(1, k)
        curvature = row.index_select(1, k)
        curvature = torch.where(curvature == 0, torch.ones_like(curvature), curvature)
        target = products.index_select(1, k) - codes.fitted.index_select(1, k) + old * curvature
        allowed = (codes.included & codes.going).index_select(1, k)
        new = _minimiser(target, old, allowed, curvature, task.alpha, task.positive)
        w = torch.where(torch.arange(n_atoms, device=k.device) == k, new, codes.w)
        is_last = step >= (limit - 1) * n_atoms
        checked = codes.going & (k == n_atoms - 1) & (_has_settled(before, w, task.tolerance) | is_last)
        moved = LassoCodes(w, codes.fitted + (new - old) * row, codes.included, codes.going)
        w, fitted, included, going = _checked(moved, checked, task)
        return step + 1, before, w, fitted, included & True, going

    state = (start, codes.w + 0.0, *codes)
    return graph_loop(unfinished, advance, state)[2]
