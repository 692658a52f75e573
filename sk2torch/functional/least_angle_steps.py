"""The steps of least angle regression, many targets at once; see ``least_angle``."""

import torch
from torch import Tensor

from sk2torch.functional.least_angle_path import Path, path_with


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


def advance_path(
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
        path = path_with(path, path.code, path.going & ~bails)
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
    return path_with(path, torch.where(is_beyond, between, path.code), going)


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


def _tiny() -> float:
    """float32's smallest normal number, scikit-learn's guard against division by zero."""
    return 1.1754943508222875e-38


def _joining_length(path: Path, correlation: Tensor, angle: Tensor, slope: Tensor, positive: bool) -> Tensor:
    """How far along the direction an atom joins, at most to the end of the residual; shape ``(n, 1)``."""
    tiny, inactive = _tiny(), ~path.active
    joining = _smallest_positive(correlation - path.covariance, angle - slope + tiny, inactive)
    length = torch.minimum(joining, correlation / angle)
    if positive:
        return length
    other = _smallest_positive(correlation + path.covariance, angle + slope + tiny, inactive)
    return torch.minimum(length, other)


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
    tiny = _tiny()
    direction = _product(path.inverse, path.sign)
    square = (direction * path.sign).sum(dim=1, keepdim=True)
    angle = torch.where(proceeds, square, torch.ones_like(square)).rsqrt()
    direction = direction * angle
    # scikit-learn rounds to 15 decimals.
    slope = torch.round(direction @ gram * 1e15) / 1e15
    length = _joining_length(path, correlation, angle, slope, positive)
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
        covariance=torch.where(proceeds & ~path.active, covariance, path.covariance),
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
