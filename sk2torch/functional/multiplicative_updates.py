"""Non-negative factors ``W`` of ``x ~ W H`` for fixed components ``H``, by multiplicative updates.

The stopping rules look at all rows together. Rows are therefore to be given together, too.
"""

import torch
from torch import Tensor
from torch.nn.functional import linear

from sk2torch.ops.loops import graph_loop


def _epsilon() -> float:
    """float32's machine epsilon, scikit-learn's guard against division by zero."""
    return 1.1920928955078125e-07


def initial_factors(x: Tensor, n_components: int) -> Tensor:
    """The start of the multiplicative updates: ``sqrt(mean(x) / n_components)`` everywhere."""
    share = torch.sqrt(x.mean() / n_components)
    return share * torch.ones([x.shape[0], n_components], dtype=x.dtype, device=x.device)


def multiplicative_step(x: Tensor, w: Tensor, components: Tensor, beta: float, l1: Tensor, l2: float) -> Tensor:
    """One multiplicative update of ``W`` for the beta-divergence ``d(x | W H)``.

    ``W * (((W H)^(beta - 2) * x) H.T / ((W H)^(beta - 1) H.T + l1 + l2 W))^gamma``, where gamma is
    ``1 / (2 - beta)`` below 1, ``1 / (beta - 1)`` above 2 and else 1.

    Args:
        x: shape ``(n, n_features)``.
        w: shape ``(n, n_components)``.
        components: ``H``, shape ``(n_components, n_features)``.
        beta: 2 for squared errors, 1 for Kullback-Leibler, 0 for Itakura-Saito.
        l1: penalty of the absolute values, shape ``()``.
        l2: penalty of the squares.
    """
    if beta == 2.0:
        # Not a transpose, which is an alias that a loop's body may not have.
        numerator = linear(x, components)
        denominator = w @ linear(components, components)
    else:
        product = w @ components
        # No negative power of zero.
        safe = product.clamp(min=_epsilon()) if beta < 2.0 else product
        if beta == 1.0:
            numerator = linear(x / safe, components)
            denominator = components.sum(dim=1).expand(w.shape)
        else:
            numerator = linear(x * safe.pow(beta - 2.0), components)
            floored = product.clamp(min=_epsilon()) if beta < 1.0 else product
            denominator = linear(floored.pow(beta - 1.0), components)
    denominator = denominator + l1
    if l2 > 0.0:
        denominator = denominator + l2 * w
    ratio = numerator / torch.where(denominator == 0, torch.full_like(denominator, _epsilon()), denominator)
    if beta < 1.0:
        ratio = ratio.pow(1.0 / (2.0 - beta))
    elif beta > 2.0:
        ratio = ratio.pow(1.0 / (beta - 1.0))
    return w * ratio


def divergence(x: Tensor, w: Tensor, components: Tensor, beta: float) -> Tensor:
    """``sqrt(2 d(x | W H))`` for the beta-divergence ``d``, with scikit-learn's treatment of zeros; shape ``()``."""
    product = w @ components
    if beta == 2.0:
        return (x - product).square().sum().sqrt()
    is_positive = x > _epsilon()
    ones = torch.ones_like(x)
    x = torch.where(is_positive, x, ones)
    safe = torch.where(is_positive, product.clamp(min=_epsilon()), ones)
    if beta == 1.0:
        terms = x * (x / safe).log()
        total = (torch.where(is_positive, terms - x, torch.zeros_like(x))).sum() + product.sum()
    elif beta == 0.0:
        ratio = x / safe
        total = torch.where(is_positive, ratio - ratio.log(), torch.zeros_like(x)).sum() - ones.sum()
    else:
        terms = x.pow(beta) - (beta * x) * safe.pow(beta - 1.0)
        total = torch.where(is_positive, terms, torch.zeros_like(x)).sum() + ((beta - 1.0) * product.pow(beta)).sum()
        total = total / (beta * (beta - 1.0))
    return (2.0 * total).clamp(min=0.0).sqrt()


def multiplicative_updates(
    x: Tensor,
    components: Tensor,
    beta: float,
    l1: float,
    l2: float,
    tolerance: float,
    limit: int,
    by_change: bool,
) -> Tensor:
    """Multiplicative updates from ``initial_factors`` until they change little.

    Args:
        x: shape ``(n, n_features)``.
        components: ``H``, shape ``(n_components, n_features)``.
        beta: see ``multiplicative_step``, as ``l1`` and ``l2``.
        tolerance: zero for always ``limit`` updates. Else they end after one that moves ``W`` by at most
            ``tolerance |W|`` (``by_change``), or after every tenth that has lowered the divergence in ten by less
            than ``tolerance`` times the first.
        limit: largest number of updates.
        by_change: the rule.

    Returns:
        ``W``, shape ``(n, n_components)``.
    """
    w = initial_factors(x, components.shape[0])
    if not torch.jit.is_scripting():  # noqa: SIM102
        if torch.compiler.is_compiling():
            return _update_loop(x, w, components, beta, l1, l2, tolerance, limit, by_change)
    first = divergence(x, w, components, beta)
    last = first
    # scikit-learn's NMF adds the penalty once more to what it has kept of the step before.
    grows = beta == 1.0 and not by_change
    penalty = torch.full_like(first, l1)
    for step in range(1, limit + 1):
        new = _update(x, w, components, beta, penalty, l2, by_change)
        change = torch.linalg.norm(new - w) / torch.linalg.norm(new)
        w = new
        if grows:
            penalty = penalty + l1
        if tolerance > 0.0:
            if by_change:
                if bool(change <= tolerance):
                    break
            elif step % 10 == 0:
                error = divergence(x, w, components, beta)
                if bool((last - error) / first < tolerance):
                    break
                last = error
    return w


def _update(x: Tensor, w: Tensor, components: Tensor, beta: float, l1: Tensor, l2: float, by_change: bool) -> Tensor:
    w = multiplicative_step(x, w, components, beta, l1, l2)
    if beta < 1.0 and not by_change:
        # NMF sets tiny factors to zero, MiniBatchNMF's transform does not.
        w = torch.where(w < 2.220446049250313e-16, torch.zeros_like(w), w)
    return w


def _update_loop(
    x: Tensor,
    w: Tensor,
    components: Tensor,
    beta: float,
    l1: float,
    l2: float,
    tolerance: float,
    limit: int,
    by_change: bool,
) -> Tensor:
    """The updates as one loop of a graph."""
    if torch.compiler.is_exporting():
        # An exported loop has no gradient, and is not to be asked for one.
        x, w, components = x.detach(), w.detach(), components.detach()
    first = divergence(x, w, components, beta).reshape(1)
    grows = beta == 1.0 and not by_change
    start = torch.zeros(1, dtype=torch.int64, device=w.device)

    def unfinished(step: Tensor, w: Tensor, last: Tensor, going: Tensor) -> Tensor:
        return (step[0] < limit) & going[0]

    def advance(step: Tensor, w: Tensor, last: Tensor, going: Tensor) -> tuple[Tensor, ...]:
        step = step + 1
        penalty = l1 * step[0].to(w.dtype) if grows else torch.full_like(w[:1, 0].sum(), l1)
        new = _update(x, w, components, beta, penalty, l2, by_change)
        if tolerance <= 0.0:
            return step, new, last + 0.0, going | (step > 0)
        if by_change:
            change = ((new - w).square().sum().sqrt() / new.square().sum().sqrt()).reshape(1)
            return step, new, last + 0.0, ~(change <= tolerance)
        is_tenth = step % 10 == 0
        error = divergence(x, new, components, beta).reshape(1)
        is_done = is_tenth & ((last - error) / first < tolerance)
        return step, new, torch.where(is_tenth, error, last), ~is_done

    return graph_loop(unfinished, advance, (start, w, first + 0.0, start == 0))[1]
