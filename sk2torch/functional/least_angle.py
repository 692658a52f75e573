"""Least angle regression for many targets at once, with the lasso's modification or without."""

from typing import NamedTuple

import torch
from torch import Tensor


class Path(NamedTuple):
    """Where each row is on its path.

    Args:
        code: weights of the atoms, shape ``(n, n_atoms)``, as the next six.
        previous: ``code`` a step earlier.
        covariance: of atoms that are not active with the residual, as scikit-learn keeps it.
        sign: of the covariance of active atoms, else 0.
        active: bool.
        position: int64, scikit-learn's order of the atoms: the active ones first.
        invalid: bool, shape ``(n, 1)``, as the next four; the path is a matter of rounding, see ``least_angle_codes``.
        alpha: penalty a step earlier.
        step: int64, number of steps.
        drops: bool, the last step ended where a weight changes its sign.
        going: bool.
        inverse: of the active atoms' Gram matrix, else 0, shape ``(n, n_atoms, n_atoms)``.
    """

    code: Tensor
    previous: Tensor
    covariance: Tensor
    sign: Tensor
    active: Tensor
    position: Tensor
    invalid: Tensor
    alpha: Tensor
    step: Tensor
    drops: Tensor
    going: Tensor
    inverse: Tensor


def least_angle_codes(
    products: Tensor,
    gram: Tensor,
    n_features: int,
    alpha: float,
    limit: int,
    is_lasso: bool,
    positive: bool,
    block_elements: int = 4194304,
) -> Tensor:
    """The end of the path of ``sklearn.linear_model.lars_path_gram``.

    Rows come out as NaN where rounding decides on scikit-learn's path: where an atom is met that depends linearly on
    the active ones, and where two weights of the lasso become zero in the same step.

    Args:
        products: of the rows with the atoms, shape ``(n, n_atoms)``.
        gram: of the atoms with each other, shape ``(n_atoms, n_atoms)``.
        n_features: scikit-learn's ``n_samples``, by which it divides the penalty.
        alpha: penalty at which the path ends.
        limit: largest number of steps.
        is_lasso: weights that change their sign leave the active set.
        positive: no weight below zero; for the lasso.
        block_elements: size of the largest temporary in eager and scripted mode; a graph has one block.

    Returns:
        shape ``(n, n_atoms)``.
    """
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling():
            return _loop(products, gram, n_features, alpha, limit, is_lasso, positive)
    n_atoms = gram.shape[0]
    blocks: list[Tensor] = []
    rows = max(1, block_elements // (n_atoms * n_atoms))
    for start in range(0, max(1, products.shape[0]), rows):
        block = products[start : start + rows]
        path = _start(block)
        for _ in range(limit + 1):
            if not bool(path.going.any()):
                break
            path = _advance(path, block, gram, n_features, alpha, limit, is_lasso, positive)
        blocks.append(_end(path))
    return torch.cat(blocks) if len(blocks) > 1 else blocks[0]


def _start(products: Tensor) -> Path:
    n_atoms = products.shape[1]
    zero = torch.zeros_like(products)
    position = torch.arange(n_atoms, device=products.device) + torch.zeros_like(products, dtype=torch.int64)
    is_first = position[:, :1] == 0
    return Path(
        code=zero,
        previous=zero.clone(),
        covariance=products + 0.0,
        sign=zero.clone(),
        active=position < 0,
        position=position,
        invalid=~is_first,
        alpha=zero[:, :1].clone(),
        step=position[:, :1].clone(),
        drops=position[:, :1] < 0,
        going=is_first,
        inverse=zero.unsqueeze(2) * torch.zeros_like(zero).unsqueeze(1),
    )


def _end(path: Path) -> Tensor:
    return torch.where(path.invalid, torch.full_like(path.code, float("nan")), path.code)


def _column(values: Tensor, is_column: Tensor) -> Tensor:
    """The value of the one column of each row that is marked, shape ``(n, 1)``; 0 where none is."""
    return torch.where(is_column, values, torch.zeros_like(values)).sum(dim=1, keepdim=True)


def _product(matrix: Tensor, vector: Tensor) -> Tensor:
    """Row by row ``matrix @ vector``."""
    return (matrix * vector.unsqueeze(1)).sum(dim=2)


def _outer(vector: Tensor) -> Tensor:
    return vector.unsqueeze(2) * vector.unsqueeze(1)


def _smallest_positive(numerator: Tensor, denominator: Tensor, allowed: Tensor) -> Tensor:
    """The smallest quotient above zero among the allowed ones, shape ``(n, 1)``; infinity where none is."""
    # Guarded twice, for the gradient's sake.
    usable = allowed & (denominator != 0)
    quotient = numerator / torch.where(usable, denominator, torch.ones_like(denominator))
    return torch.where(usable & (quotient > 0), quotient, torch.full_like(quotient, float("inf"))).amin(
        dim=1, keepdim=True
    )


def _advance(
    path: Path,
    products: Tensor,
    gram: Tensor,
    n_features: int,
    alpha_min: float,
    limit: int,
    is_lasso: bool,
    positive: bool,
) -> Path:
    """One pass of scikit-learn's loop for the rows that go on."""
    inactive = ~path.active
    size = path.covariance if positive else path.covariance.abs()
    largest = torch.where(inactive, size, torch.full_like(size, -float("inf"))).amax(dim=1, keepdim=True)
    n_atoms = size.shape[1]
    place = torch.where(inactive & (size == largest), path.position, n_atoms).amin(dim=1, keepdim=True)
    correlation = torch.where(inactive.any(dim=1, keepdim=True), largest, torch.zeros_like(largest))
    alpha = correlation / n_features
    path = _stopped(path, alpha, alpha_min, limit)
    path = _with_atom(path, gram, place, positive)
    proceeds = path.going
    if is_lasso:
        bails = proceeds & (path.step > 0) & (path.alpha < alpha)
        proceeds = proceeds & ~bails
        path = Path(
            code=path.code,
            previous=path.previous,
            covariance=path.covariance,
            sign=path.sign,
            active=path.active,
            position=path.position,
            invalid=path.invalid,
            alpha=path.alpha,
            step=path.step,
            drops=path.drops,
            going=path.going & ~bails,
            inverse=path.inverse,
        )
    return _moved(path, products, gram, correlation, alpha, proceeds, is_lasso, positive)


def _stopped(path: Path, alpha: Tensor, alpha_min: float, limit: int) -> Path:
    """End rows at the wanted penalty, interpolating between the last two steps, and at the limit of steps."""
    # float32's machine epsilon.
    tolerance = 1.1920928955078125e-07
    is_end = path.going & (alpha <= alpha_min + tolerance)
    is_beyond = is_end & ((alpha - alpha_min).abs() > tolerance) & (path.step > 0)
    change = torch.where(is_beyond, path.alpha - alpha, torch.ones_like(alpha))
    between = path.previous + (path.alpha - alpha_min) / change * (path.code - path.previous)
    is_full = path.active.all(dim=1, keepdim=True)
    going = path.going & ~is_end & (path.step < limit) & ~is_full
    return Path(
        code=torch.where(is_beyond, between, path.code),
        previous=path.previous,
        covariance=path.covariance,
        sign=path.sign,
        active=path.active,
        position=path.position,
        invalid=path.invalid,
        alpha=path.alpha,
        step=path.step,
        drops=path.drops,
        going=going,
        inverse=path.inverse,
    )


def _with_atom(path: Path, gram: Tensor, place: Tensor, positive: bool) -> Path:
    """Add the atom at ``place`` to the rows that go on; rows in which it depends on the active ones end."""
    adding = path.going & ~path.drops
    chosen = path.position == place
    unit = chosen.to(gram.dtype)
    row = unit @ gram
    solution = _product(path.inverse, torch.where(path.active, row, torch.zeros_like(row)))
    square = (_column(row, chosen) - (row * solution).sum(dim=1, keepdim=True)).abs()
    added = adding & (square.sqrt() >= 1e-7)
    is_degenerate = adding & ~added
    factor = torch.where(added, 1.0 / torch.where(added, square, torch.ones_like(square)), torch.zeros_like(square))
    count = path.active.sum(dim=1, keepdim=True)
    position = torch.where(chosen, count, torch.where(path.position == count, place, path.position))
    sign = torch.ones_like(path.sign) if positive else path.covariance.sign()
    return Path(
        code=path.code,
        previous=path.previous,
        covariance=path.covariance,
        sign=torch.where(added & chosen, sign, path.sign),
        active=path.active | (added & chosen),
        position=torch.where(added, position, path.position),
        invalid=path.invalid | is_degenerate,
        alpha=path.alpha,
        step=path.step,
        drops=path.drops,
        going=path.going & ~is_degenerate,
        inverse=path.inverse + factor.unsqueeze(2) * _outer(unit - solution),
    )


def _moved(
    path: Path,
    products: Tensor,
    gram: Tensor,
    correlation: Tensor,
    alpha: Tensor,
    proceeds: Tensor,
    is_lasso: bool,
    positive: bool,
) -> Path:
    """Move along the equiangular direction until an atom joins or a weight changes its sign."""
    tiny = 1.1754943508222875e-38
    direction = _product(path.inverse, path.sign)
    square = (direction * path.sign).sum(dim=1, keepdim=True)
    angle = torch.where(proceeds, square, torch.ones_like(square)).rsqrt()
    direction = direction * angle
    # scikit-learn rounds to 15 decimals.
    slope = torch.round(direction @ gram * 1e15) / 1e15
    inactive = ~path.active
    length = torch.minimum(
        _smallest_positive(correlation - path.covariance, angle - slope + tiny, inactive), correlation / angle
    )
    if not positive:
        other = _smallest_positive(correlation + path.covariance, angle + slope + tiny, inactive)
        length = torch.minimum(length, other)
    ratio = -path.code / torch.where(path.active, direction + tiny, torch.ones_like(direction))
    crossing = _smallest_positive(-path.code, direction + tiny, path.active)
    drops = proceeds & (crossing < length)
    crossed = drops & path.active & (ratio == crossing)
    if is_lasso:
        length = torch.where(drops, crossing, length)
    code = torch.where(path.active, path.code + length * direction, torch.zeros_like(path.code))
    covariance = path.covariance - length * slope
    moved = Path(
        code=torch.where(proceeds, code, path.code),
        previous=torch.where(proceeds, path.code, path.previous),
        covariance=torch.where(proceeds & inactive, covariance, path.covariance),
        sign=torch.where(crossed, -path.sign, path.sign),
        active=path.active,
        position=path.position,
        invalid=path.invalid,
        alpha=torch.where(proceeds, alpha, path.alpha),
        step=path.step + proceeds.long(),
        drops=drops | (path.drops & ~proceeds),
        going=path.going,
        inverse=path.inverse,
    )
    return _without_atom(moved, products, gram, crossed) if is_lasso else moved


def _without_atom(path: Path, products: Tensor, gram: Tensor, crossed: Tensor) -> Path:
    """Drop the marked atom, at most one in a row."""
    is_dropping = crossed.any(dim=1, keepdim=True)
    column = (path.inverse * crossed.to(gram.dtype).unsqueeze(1)).sum(dim=2)
    pivot = torch.where(is_dropping, _column(column, crossed), torch.ones_like(path.alpha))
    kept = (~crossed).to(gram.dtype)
    inverse = (path.inverse - _outer(column) / pivot.unsqueeze(2)) * _outer(kept)
    active = path.active & ~crossed
    last = active.sum(dim=1, keepdim=True)
    place = torch.where(crossed, path.position, 0).amax(dim=1, keepdim=True)
    shifts = is_dropping & (path.position > place) & (path.position <= last)
    return Path(
        code=path.code,
        previous=path.previous,
        covariance=torch.where(crossed, products - path.code @ gram, path.covariance),
        sign=torch.where(crossed, torch.zeros_like(path.sign), path.sign),
        active=active,
        position=torch.where(crossed, last, path.position - shifts.long()),
        invalid=path.invalid | (crossed.sum(dim=1, keepdim=True) > 1),
        alpha=path.alpha,
        step=path.step,
        drops=path.drops,
        going=path.going & (crossed.sum(dim=1, keepdim=True) <= 1),
        inverse=inverse,
    )


def _loop(
    products: Tensor, gram: Tensor, n_features: int, alpha: float, limit: int, is_lasso: bool, positive: bool
) -> Tensor:
    """The passes as one loop of a graph."""
    if torch.compiler.is_exporting():
        # An exported loop has no gradient, and is not to be asked for one.
        products, gram = products.detach(), gram.detach()

    def unfinished(count: Tensor, *path: Tensor) -> Tensor:
        return (count[0] <= limit) & Path(*path).going.any()

    def advance(count: Tensor, *path: Tensor) -> tuple[Tensor, ...]:
        moved = _advance(Path(*path), products, gram, n_features, alpha, limit, is_lasso, positive)
        return (count + 1, *(value.clone() for value in moved))

    start = torch.zeros(1, dtype=torch.int64, device=products.device)
    return _end(Path(*torch._higher_order_ops.while_loop(unfinished, advance, (start, *_start(products)))[1:]))
