"""The lasso for many targets at once, by scikit-learn's coordinate descent."""

import torch
from torch import Tensor


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
    n_atoms = gram.shape[0]
    index = torch.arange(n_atoms, device=products.device)
    w, fitted = torch.zeros_like(products), torch.zeros_like(products)
    included = (diagonal_of(gram) != 0) & (index >= torch.zeros_like(products))
    going = squared_norm == squared_norm
    if screens:
        bound = tolerance * squared_norm
        gap, distance, radius = _gap(w, fitted, products, gram, squared_norm, alpha, positive)
        going = going & ~((gap >= 0) & (gap <= bound))
        included = included & (distance <= radius)
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling():
            return _loop(
                w, fitted, included, going, products, gram, squared_norm, alpha, tolerance, limit, positive, screens
            )
    diagonal = diagonal_of(gram)
    # Atoms of length zero are never included.
    curvature = torch.where(diagonal == 0, torch.ones_like(diagonal), diagonal).unbind(0)
    rows, targets = gram.unbind(0), products.unbind(1)
    for sweep in range(limit):
        # Columns apart: fewer operations than on the matrix.
        before, allowed = w.unbind(1), (included & going).unbind(1)
        after: list[Tensor] = []
        for k in range(n_atoms):
            target = targets[k] - fitted[:, k] + before[k] * curvature[k]
            new = _minimiser(target, before[k], allowed[k], curvature[k], alpha, positive)
            fitted = torch.addr(fitted, new - before[k], rows[k])
            after.append(new)
        new_w = torch.stack(after, dim=1)
        checked = going & _has_settled(w, new_w, tolerance) if sweep < limit - 1 else going
        w, fitted, included, going = _check(
            checked, new_w, fitted, included, going, products, gram, squared_norm, alpha, tolerance, positive, screens
        )
        if not bool(going.any()):
            break
    return w


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


def _gap(
    w: Tensor, fitted: Tensor, products: Tensor, gram: Tensor, squared_norm: Tensor, alpha: float, positive: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Duality gap ``(n, 1)``, distance of each atom to its bound ``(n, n_atoms)``, what the gap covers ``(n, 1)``."""
    agreement = (w * products).sum(dim=1, keepdim=True)
    residual = squared_norm + (w * fitted).sum(dim=1, keepdim=True) - 2.0 * agreement
    slope = products - fitted
    dual_norm = (slope if positive else slope.abs()).amax(dim=1, keepdim=True)
    is_above = dual_norm > alpha
    scale = torch.where(is_above, alpha / torch.where(is_above, dual_norm, torch.ones_like(dual_norm)), 1.0)
    primal = 0.5 * residual + alpha * w.abs().sum(dim=1, keepdim=True)
    gap = primal - (scale * (squared_norm - agreement) - 0.5 * scale.square() * residual)
    diagonal = diagonal_of(gram)
    length = torch.where(diagonal == 0, torch.ones_like(diagonal), diagonal).sqrt()
    distance = (1.0 - (slope / dual_norm.clamp(min=alpha)).abs()) / length
    return gap, distance, (2.0 * gap.abs()).sqrt() / alpha


def _check(
    checked: Tensor,
    w: Tensor,
    fitted: Tensor,
    included: Tensor,
    going: Tensor,
    products: Tensor,
    gram: Tensor,
    squared_norm: Tensor,
    alpha: float,
    tolerance: float,
    positive: bool,
    screens: bool,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """End the checked rows whose gap is small enough; screen the atoms of the others."""
    gap, distance, radius = _gap(w, fitted, products, gram, squared_norm, alpha, positive)
    going = going & ~(checked & (gap <= tolerance * squared_norm))
    if screens:
        removed = checked & going & included & (distance > radius)
        fitted = fitted - torch.where(removed, w, torch.zeros_like(w)) @ gram
        w = torch.where(removed, torch.zeros_like(w), w)
        included = included & ~removed
    return w, fitted, included, going


def _loop(
    w: Tensor,
    fitted: Tensor,
    included: Tensor,
    going: Tensor,
    products: Tensor,
    gram: Tensor,
    squared_norm: Tensor,
    alpha: float,
    tolerance: float,
    limit: int,
    positive: bool,
    screens: bool,
) -> Tensor:
    """The same sweeps as one loop over single steps: its graph has one size for any number of atoms."""
    n_atoms = gram.shape[0]
    if torch.compiler.is_exporting():
        # An exported loop has no gradient, and is not to be asked for one.
        products, gram, squared_norm = products.detach(), gram.detach(), squared_norm.detach()
    start = torch.zeros(1, dtype=torch.int64, device=w.device)

    def unfinished(step: Tensor, w: Tensor, before: Tensor, fitted: Tensor, included: Tensor, going: Tensor) -> Tensor:
        return (step[0] < limit * n_atoms) & going.any()

    def advance(
        step: Tensor, w: Tensor, before: Tensor, fitted: Tensor, included: Tensor, going: Tensor
    ) -> tuple[Tensor, ...]:
        k = step % n_atoms
        before = torch.where(k == 0, w, before)
        row, old = gram.index_select(0, k), w.index_select(1, k)
        curvature = row.index_select(1, k)
        curvature = torch.where(curvature == 0, torch.ones_like(curvature), curvature)
        target = products.index_select(1, k) - fitted.index_select(1, k) + old * curvature
        allowed = (included & going).index_select(1, k)
        new = _minimiser(target, old, allowed, curvature, alpha, positive)
        w = torch.where(torch.arange(n_atoms, device=k.device) == k, new, w)
        is_last = step >= (limit - 1) * n_atoms
        checked = going & (k == n_atoms - 1) & (_has_settled(before, w, tolerance) | is_last)
        w, fitted, included, going = _check(
            checked,
            w,
            fitted + (new - old) * row,
            included,
            going,
            products,
            gram,
            squared_norm,
            alpha,
            tolerance,
            positive,
            screens,
        )
        return step + 1, w, before, fitted, included & True, going

    state = (start, w, w + 0.0, fitted, included, going)
    return torch._higher_order_ops.while_loop(unfinished, advance, state)[1]
